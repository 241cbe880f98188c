//! What reverse proxies ask before they let a visitor on: may they pass, and who are they?
//!
//! Proxies hand most statuses on and turn the others into errors of their own, so there are four: 200 lets pass, 401
//! and 403 do not, 503 says that nobody knows. Whatever else goes wrong is one of these.

mod names;
mod policy;

use std::sync::Once;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sessioning::{Checked, Session};
use sessioning_api::{Code, moment};

use crate::access::Caller;
use crate::app::App;
use crate::check::{check, invalid, lacking};
use crate::guard::host;
use crate::log::request::note_namespace;
use crate::log::{Folded, plain};
use crate::problem::ApiError;
use crate::source::is_from_proxy;
use crate::token::{Place, check_origin, find};

use names::refuse_lookalikes;
pub(crate) use policy::Policy;

const STATUS: HeaderName = HeaderName::from_static("x-session-status");
const USER: HeaderName = HeaderName::from_static("x-session-user");
const ID: HeaderName = HeaderName::from_static("x-session-id");
const EXPIRES: HeaderName = HeaderName::from_static("x-session-expires");

const METHOD: &str = "x-forwarded-method";

/// What stands for nobody: percent-encoding never yields parentheses, so no user is named so.
const NOBODY: &str = "(none)";
/// What JavaScript's `encodeURIComponent` leaves, but for its parentheses and the like: RFC 3986's unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request that a visitor sent to the proxy, as far as the proxy may be believed about it.
pub(crate) struct Visit {
    method: Option<Method>,
    host: Option<String>,
}

impl Visit {
    /// The request itself is the visitor's (Envoy).
    pub(crate) fn as_sent(parts: &Parts) -> Self {
        Self { method: Some(parts.method.clone()), host: host(&parts.uri, &parts.headers).map(Into::into) }
    }

    /// Headers tell of the visitor's request. From anybody but a configured proxy they tell nothing.
    pub(crate) fn forwarded(parts: &Parts, app: &App) -> Self {
        let is_believed = is_from_proxy(&parts.extensions, &app.config.proxy.trusted);
        if !is_believed && parts.headers.contains_key(METHOD) {
            warn_of_disbelief();
        }
        let told = |name: &str| parts.headers.get(name).filter(|_| is_believed)?.to_str().ok();
        Self {
            // One that cannot be read is not taken for one that changes nothing.
            method: told(METHOD).map(|method| method.parse().unwrap_or(Method::POST)),
            host: told("x-forwarded-host").map(Into::into),
        }
    }
}

/// Says, once, what is not looked at because of a setting that is missing.
fn warn_of_disbelief() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            "[proxy] A proxy that proxy.trusted does not name tells of a visitor's request: whether another site's \
             page sent it is not looked at. List the proxy's address there, such as proxy.trusted = [\"127.0.0.1\"]"
        );
    });
}

/// Lets the visitor pass with an empty 200 (Envoy denies at a 204) that says who they are, or says why not.
pub(crate) async fn decide(
    app: &App,
    caller: &Caller,
    policy: &Policy,
    visit: &Visit,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    refuse_lookalikes(app, headers)?;
    if policy.open {
        return Ok(().into_response());
    }
    let namespace = caller.within(policy.namespace.as_ref()).map_err(faulty)?;
    note_namespace(namespace);
    // Of two tokens that differ one is not its sender's, so neither counts.
    let Ok(Some((place, text))) = find(headers, app) else { return nobody(policy) };
    if place == Place::Cookie && visit.method.as_ref().is_some_and(|method| !method.is_safe()) {
        let host = visit.host.as_deref();
        check_origin(headers, host)
            .inspect_err(|error| say_refused(app, "origin", &plain(host.unwrap_or_default()), error))?;
    }
    let token = app.token(std::str::from_utf8(text).unwrap_or_default());
    match check(app, namespace, token.as_ref(), policy.demand).await? {
        Checked::Live(session) => Ok(passing(&session)),
        Checked::Invalid(_) if policy.anonymous => Ok(anonymous()),
        Checked::Invalid(reason) => Err(invalid(app, "proxy", token.as_ref(), reason)),
        Checked::StepUp(session, lack) => Err(lacking("proxy", &session, policy.demand, lack)),
    }
}

/// Says why a visitor was refused, whom the proxy shows a page of its own.
fn say_refused(app: &App, what: &'static str, about: &str, error: &ApiError) {
    let line = format_args!("[proxy] A visitor was refused with 403: {}", error.problem);
    app.folds.say(Folded::Refusal, what, about, line);
}

/// The answer to a visitor who sent no token: nothing was checked.
fn nobody(policy: &Policy) -> Result<Response, ApiError> {
    if policy.anonymous { Ok(anonymous()) } else { Err(ApiError::new(Code::SessionInvalid)) }
}

/// Every answer that lets pass carries every header, and none is empty: a proxy that copies them overwrites what the
/// visitor sent under these names.
fn passing(session: &Session) -> Response {
    let ends = session.idle_expires_at().into_iter().chain(session.expires_at()).min();
    let user = utf8_percent_encode(session.user().as_str(), ENCODED).to_string();
    pass(["active", &user, &session.id().to_string(), &ends.map_or("never".into(), moment)])
}

fn anonymous() -> Response {
    pass(["anonymous", NOBODY, NOBODY, NOBODY])
}

fn pass(values: [&str; 4]) -> Response {
    let mut response = ().into_response();
    for (name, value) in [STATUS, USER, ID, EXPIRES].into_iter().zip(values) {
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(NOBODY));
        response.headers_mut().insert(name, value);
    }
    response
}

/// A fault of the proxy's own, such as a missing key, in a status that proxies hand on: it must not look to their
/// visitors as if they were not logged in.
pub(crate) fn faulty(error: ApiError) -> ApiError {
    if error.problem.status == 503 {
        return error;
    }
    let failed = error.failed_checks();
    let why = error.problem.detail.unwrap_or(error.problem.title);
    let faulty =
        ApiError::because(Code::ScopeMissing, format_args!("the proxy is not set up for this: {why}"));
    failed.map_or(faulty.clone(), |failed| faulty.counting(failed))
}
