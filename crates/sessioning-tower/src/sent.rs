//! What a request carries: a token, and signs of who made the browser send it.

use axum::extract::OriginalUri;
use http::HeaderValue;
use http::header::{self, HeaderName};
use http::request::Parts;
use http::uri::{Authority, Uri};
use sessioning_api::{SessionCookie, TokenText, is_same_origin};

const BEARER: &str = "bearer ";
/// What tells our tokens from other people's in `Authorization`.
const PREFIX: &str = "ses_";
/// The longest text that is looked at as a token.
const MAX_TOKEN: usize = 1024;
/// The most cookies that differ whose sessions a login or a logout ends.
const MOST_REFUSED: usize = 8;

/// What a request carries.
pub(crate) struct Sent {
    /// The one token in the session cookie or in `Authorization: Bearer`; of two that differ, neither.
    pub(crate) token: Option<TokenText>,
    /// The session cookies, if they differ.
    pub(crate) refused: Vec<TokenText>,
    /// Whether there is a session cookie.
    pub(crate) has_cookie: bool,
    /// Whether there are two of them that differ.
    pub(crate) is_ambiguous: bool,
    pub(crate) place: Place,
    /// Whether it may change things only if no other origin's page caused it, and one did.
    pub(crate) is_foreign: bool,
}

impl Sent {
    pub(crate) fn of(parts: &Parts, cookie: &SessionCookie) -> Self {
        let cookies = || parts.headers.get_all(header::COOKIE).iter().map(|header| header.as_bytes());
        let found = cookie.find(cookies());
        if let Err(error) = &found {
            tracing::debug!("{error}");
        }
        let (in_cookie, is_clear) = (found.as_ref().ok().copied().flatten(), found.is_ok());
        let bearer = bearer(parts);
        let token = match (in_cookie, bearer) {
            _ if !is_clear => None,
            (Some(cookie), Some(bearer)) if cookie != bearer.as_bytes() => None,
            (in_cookie, bearer) => in_cookie.or(bearer.map(str::as_bytes)),
        };
        // What holds the token itself was made to by nobody else; a browser's cookie, and a login without any, may be.
        let is_by_hand = bearer.is_some() && in_cookie.is_none() && is_clear;
        let refused = cookie.values(cookies()).filter(|_| !is_clear).filter_map(text).take(MOST_REFUSED);
        Self {
            token: token.and_then(text).map(|text| TokenText::new(text.into())),
            refused: refused.map(|text| TokenText::new(text.into())).collect(),
            has_cookie: in_cookie.is_some() || !is_clear,
            is_ambiguous: !is_clear,
            place: Place::of(parts),
            is_foreign: !parts.method.is_safe() && !is_by_hand && !is_own(parts),
        }
    }
}

/// Where the browser sent the request, for the cookies of other domains and paths.
pub(crate) struct Place {
    uri: Uri,
    host: Option<HeaderValue>,
}

impl Place {
    fn of(parts: &Parts) -> Self {
        let header = |name: HeaderName| parts.headers.get(name).cloned();
        let host = header(HeaderName::from_static("x-forwarded-host")).or_else(|| header(header::HOST));
        // Under `nest` the path in the request is what is left of it.
        let uri = parts.extensions.get().map_or(&parts.uri, |OriginalUri(uri)| uri);
        Self { uri: uri.clone(), host }
    }

    /// The host, as a proxy in front or the request itself names it. It only says which cookies to take away.
    pub(crate) fn host(&self) -> Option<&str> {
        let named = self.host.as_ref().and_then(|host| host.to_str().ok()?.split(',').next());
        named.map(str::trim).or_else(|| self.uri.authority().map(Authority::as_str))
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }
}

/// What could be a token at all.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(text)
}

/// One of our tokens in `Authorization`. The scheme's case does not count (RFC 9110, section 11.1).
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_at_checked(BEARER.len())?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case(BEARER) && credential.starts_with(PREFIX)).then_some(credential)
}

fn is_own(parts: &Parts) -> bool {
    let header = |name: HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = parts.uri.authority().map(Authority::as_str).or_else(|| header(header::HOST));
    is_same_origin(header(HeaderName::from_static("sec-fetch-site")), header(header::ORIGIN), host)
}
