//! Finds the session token in the places where a request may carry one.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use sessioning::SessionToken;
use sessioning_api::{Code, is_same_origin};

use crate::access::bearers;
use crate::app::App;
use crate::problem::ApiError;

const SESSION_TOKEN: &str = "x-session-token";
const PREFIX: &[u8] = b"ses_";

/// What a request carries as its session token; `None` when that is no token of ours.
///
/// A request that carries nothing is not logged in, and gets no further.
pub(crate) struct Sent(pub(crate) Option<SessionToken>);

impl FromRequestParts<Arc<App>> for Sent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let found = find(&parts.headers, app).map_err(|error| remove_two(error, parts, app))?;
        let Some((place, text)) = found else {
            // The answer is that to a bad token; the log is where a header of the wrong name is looked for.
            let cookie = app.cookie.name();
            tracing::debug!(
                "[v1] No token was sent: it goes into X-Session-Token, Authorization: Bearer, or the cookie {cookie}"
            );
            return Err(ApiError::new(Code::SessionInvalid));
        };
        if place == Place::Cookie && !parts.method.is_safe() {
            let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
            check_origin(&parts.headers, host)?;
        }
        let text = std::str::from_utf8(text).unwrap_or_default();
        Ok(Self(app.token(text)))
    }
}

/// The same answer, which takes away every cookie of the name if there were two that differ: left there, they would lock
/// the browser out until the older one expires.
fn remove_two(error: ApiError, parts: &Parts, app: &App) -> ApiError {
    let cookies = parts.headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    if app.cookie.find(cookies).is_ok() {
        return error;
    }
    let others = app.cookie.remove_others(visitors_host(&parts.headers), Some(parts.uri.path()));
    let removals = others.into_iter().chain([app.cookie.remove()]);
    error.removing(removals.filter_map(|removal| HeaderValue::from_str(&removal).ok()).collect())
}

/// The host that the visitor's browser asked, as whoever passes their request on says, or as they say themselves. It is
/// believed for nothing but which cookies to take away.
pub(crate) fn visitors_host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get("x-forwarded-host").or_else(|| headers.get(header::HOST))?;
    host.to_str().ok()?.split(',').next().map(str::trim)
}

impl App {
    /// The token that a text is: one of ours, or one of another system, where its sessions were taken over.
    pub(crate) fn token(&self, text: &str) -> Option<SessionToken> {
        let own = SessionToken::parse(text).ok();
        own.or_else(|| SessionToken::import(text).ok().filter(|_| self.config.imports_tokens()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Header,
    Cookie,
}

/// The one token in `Authorization: Bearer`, `X-Session-Token` or the session cookie.
///
/// # Errors
///
/// When there are two that differ: one of them is not its sender's.
pub(crate) fn find<'a>(headers: &'a HeaderMap, app: &App) -> Result<Option<(Place, &'a [u8])>, ApiError> {
    let ambiguous = |why: &dyn std::fmt::Display| ApiError::because(Code::TokenAmbiguous, why);
    // Any other bearer token is somebody else's and counts as absent.
    let is_token = |text: &&[u8]| {
        text.starts_with(PREFIX) || std::str::from_utf8(text).is_ok_and(|text| app.token(text).is_some())
    };
    let bearers = bearers(headers).filter(is_token);
    let own = headers.get_all(SESSION_TOKEN).iter().map(HeaderValue::as_bytes);
    let cookies = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let cookie = app.cookie.find(cookies).map_err(|error| ambiguous(&error))?;
    let in_headers = bearers.chain(own).map(|text| (Place::Header, text));
    let all = in_headers.chain(cookie.map(|text| (Place::Cookie, text)));
    let mut all = all.filter(|(_, text)| !text.is_empty());
    let Some(first) = all.next() else { return Ok(None) };
    if all.any(|(_, other)| other != first.1) {
        return Err(ambiguous(&"send one token, in one place"));
    }
    Ok(Some(first))
}

/// A browser sends the cookie with whatever a page asks it to send, so the page must be of this very origin
/// (ASVS 5.0, 3.5.1). What says nothing of an origin is no browser.
pub(crate) fn check_origin(headers: &HeaderMap, host: Option<&str>) -> Result<(), ApiError> {
    // Two of a name name no origin: whoever reads the other one sees another page.
    let text = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let (first, other) = (values.next()?, values.next());
        Some(first.to_str().ok().filter(|_| other.is_none()).unwrap_or_default())
    };
    if is_same_origin(text("sec-fetch-site"), text("origin"), host) {
        return Ok(());
    }
    let why = "a cookie counts only in requests of this origin; send the token in X-Session-Token instead";
    Err(ApiError::because(Code::OriginRefused, why))
}
