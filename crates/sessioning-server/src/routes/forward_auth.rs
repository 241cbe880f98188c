//! `/v1/forward-auth` and `/v1/forward-auth/{policy}`: nginx, Caddy, Traefik, HAProxy and Apache ask here about a
//! visitor, whose request they tell of in headers. Any method, and no body is ever waited for: nginx announces the
//! visitor's, which it does not send.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::Response;

use crate::access::Caller;
use crate::app::App;
use crate::log::Folded;
use crate::problem::ApiError;
use crate::proxy::{Policy, Visit, decide, faulty};

/// Lets whoever is logged in pass.
pub(crate) async fn required(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, ApiError> {
    decide(&app, &caller, &Policy::default(), &Visit::forwarded(&parts, &app), &parts.headers).await
}

/// Lets those pass whom the policy in the path does.
pub(crate) async fn by_policy(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(policy): Path<String>,
    parts: Parts,
) -> Result<Response, ApiError> {
    let policy = policy.parse::<Policy>().map_err(|why| {
        let line = format_args!("[proxy] A proxy asked about a visitor under a policy that is none: {why}");
        app.folds.say(Folded::Refusal, "policy", &caller, line);
        faulty(ApiError::invalid(why))
    })?;
    decide(&app, &caller, &policy, &Visit::forwarded(&parts, &app), &parts.headers).await
}
