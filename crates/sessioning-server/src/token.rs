//! Finds the session token in the places where a request may carry one.

use axum::http::{HeaderMap, HeaderValue, header};
use sessioning::SessionToken;
use sessioning_api::{COOKIE_NAME, Code, find_cookie};

use crate::access::bearers;
use crate::problem::ApiError;

const SESSION_TOKEN: &str = "x-session-token";
const PREFIX: &[u8] = b"ses_";

/// The token of a request: from `Authorization: Bearer`, `X-Session-Token` or the session cookie.
///
/// `None` when there is none; `Some(None)` when what is there is no token of ours.
///
/// # Errors
///
/// When it carries two that differ: one of them is not its sender's.
pub(crate) fn find(headers: &HeaderMap) -> Result<Option<Option<SessionToken>>, ApiError> {
    let ambiguous = |why: &dyn std::fmt::Display| ApiError::because(Code::TokenAmbiguous, why);
    let bearers = bearers(headers).filter(|text| text.starts_with(PREFIX));
    let cookies = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let cookie = find_cookie(cookies, COOKIE_NAME).map_err(|error| ambiguous(&error))?;
    let own = headers.get_all(SESSION_TOKEN).iter().map(HeaderValue::as_bytes);
    let mut found = bearers.chain(own).chain(cookie).filter(|text| !text.is_empty());
    let Some(first) = found.next() else { return Ok(None) };
    if found.any(|other| other != first) {
        return Err(ambiguous(&"send one token, in one place"));
    }
    let text = std::str::from_utf8(first).unwrap_or_default();
    Ok(Some(SessionToken::parse(text).ok()))
}
