//! Names of headers that an application may take for one of ours.

use axum::http::{HeaderMap, HeaderName};
use sessioning_api::Code;

use super::{EXPIRES, ID, STATUS, USER, say_refused};
use crate::app::App;
use crate::problem::ApiError;

/// The token is the visitor's own. The other four a proxy overwrites or removes, so a visitor's are of no use.
const EXPECTED: [HeaderName; 5] = [STATUS, USER, ID, EXPIRES, HeaderName::from_static("x-session-token")];

/// CGI, WSGI and PHP know a header by its letters and digits: `X!Session!User` is to them what `X-Session-User` is.
const FOLDED: &[u8] = b"x_session_";

/// Refuses a visitor who sent a header that an application could take for one of ours: not every proxy can remove it.
pub(super) fn refuse_lookalikes(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(name) = headers.keys().find(|name| is_lookalike(name)) else { return Ok(()) };
    let name = name.as_str().escape_default();
    let error = ApiError::because(
        Code::OriginRefused,
        format_args!("the visitor sent the header {name}, and X-Session-… is for the proxy to set"),
    );
    say_refused(app, "name", "visitors", &error);
    Err(error)
}

fn is_lookalike(name: &HeaderName) -> bool {
    let start = name.as_str().as_bytes().iter().take(FOLDED.len());
    let folded = start.map(|letter| if letter.is_ascii_alphanumeric() { *letter } else { b'_' });
    folded.eq(FOLDED.iter().copied()) && !EXPECTED.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_any_separators_is_a_lookalike() {
        for one in b"!#$%&'*+-.^_`|~".map(char::from) {
            for two in b"!#$%&'*+-.^_`|~".map(char::from) {
                for rest in ["User", "STATUS", "Policy", "x", ""] {
                    let name: HeaderName = format!("X{one}Session{two}{rest}").parse().unwrap();
                    let expected = one == '-' && two == '-' && matches!(rest, "User" | "STATUS");
                    assert_eq!(is_lookalike(&name), !expected, "{name}");
                }
            }
        }
        for odd in
            ["x-session-user.", "x-session-user-", "x-session_token", "x-session-id2", "x-session-tokens"]
        {
            assert!(is_lookalike(&odd.parse().unwrap()), "{odd}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for name in
            ["x-session", "x-sessions-user", "xx-session-user", "session-user", "x-ses-sion-user", "x"]
        {
            assert!(!is_lookalike(&name.parse().unwrap()), "{name}");
        }
    }
}
