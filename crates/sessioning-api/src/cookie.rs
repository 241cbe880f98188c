//! The session cookie, made and found.

use std::fmt;

/// The name of the session cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`
/// (RFC 6265bis, section 4.1.3.2).
pub const COOKIE_NAME: &str = "__Host-session";

/// The longest a browser keeps a cookie (RFC 6265bis): 400 days, in seconds.
const LONGEST: u64 = 400 * 24 * 60 * 60;

/// The value of a `Set-Cookie` header that gives a token to a browser for `max_age` seconds, at most 400 days.
///
/// How long it lives decides nothing about the session.
#[must_use]
pub fn set_cookie(token: &str, max_age: u64) -> String {
    let max_age = max_age.min(LONGEST);
    format!("{COOKIE_NAME}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age}")
}

/// A request carries two cookies of the same name: somebody planted one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoCookies;

impl fmt::Display for TwoCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request carries two cookies named {COOKIE_NAME}")
    }
}

impl std::error::Error for TwoCookies {}

/// The value of the cookie of that name in the `Cookie` headers of a request.
///
/// Byte-exact and case-sensitive: only spaces and tabs around a pair are dropped, nothing is decoded.
///
/// # Errors
///
/// When there are two of that name, equal or not.
pub fn find_cookie<'a>(
    headers: impl IntoIterator<Item = &'a [u8]>,
    name: &str,
) -> Result<Option<&'a [u8]>, TwoCookies> {
    let mut found = None;
    let pairs = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
    for pair in pairs.map(trim) {
        let Some(value) = pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) else {
            continue;
        };
        if found.replace(value).is_some() {
            return Err(TwoCookies);
        }
    }
    Ok(found)
}

fn trim(mut pair: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = pair {
        pair = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = pair {
        pair = rest;
    }
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &str) -> Result<Option<&[u8]>, TwoCookies> {
        find_cookie([header.as_bytes()], COOKIE_NAME)
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(find("a=b; __Host-session=t;\tc=d "), Ok(Some(&b"t"[..])));
        assert_eq!(find("__Host-session="), Ok(Some(&b""[..])));
        assert_eq!(find(""), Ok(None));
    }

    #[test]
    fn names_are_exact() {
        for other in [
            "=__Host-session=t",
            "__host-session=t",
            "x__Host-session=t",
            "__Host-session2=t",
            "\u{a0}__Host-session=t",
            "$Version=1,__Host-session=t",
            "__Host-session",
        ] {
            assert_eq!(find(other), Ok(None), "{other}");
        }
    }

    #[test]
    fn two_of_a_name_are_refused() {
        assert_eq!(find("__Host-session=t; __Host-session=t"), Err(TwoCookies));
        let headers = [b"__Host-session=a".as_slice(), b"__Host-session=b"];
        assert_eq!(find_cookie(headers, COOKIE_NAME), Err(TwoCookies));
    }

    #[test]
    fn a_cookie_lives_at_most_400_days() {
        assert!(set_cookie("t", u64::MAX).ends_with("; Max-Age=34560000"));
        assert!(
            set_cookie("t", 60).starts_with("__Host-session=t; Path=/; Secure; HttpOnly; SameSite=Lax; ")
        );
    }
}
