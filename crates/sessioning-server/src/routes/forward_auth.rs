//! `/v1/forward-auth` and `/v1/forward-auth/{policy}`: nginx, Caddy, Traefik, HAProxy and Apache ask here about a
//! visitor, whose request they tell of in headers. Any method, and no body is ever waited for: nginx announces the
//! visitor's, which it does not send.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use sessioning_api::Code;

use crate::access::Caller;
use crate::app::App;
use crate::log::Folded;
use crate::problem::ApiError;
use crate::proxy::{Policy, Visit, decide};

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
        let error = ApiError::because(Code::InvalidPolicy, format_args!("policy: {why}"));
        let line = format_args!("[proxy] A proxy was refused, not its visitor: {}", error.problem);
        app.folds.say(Folded::Refusal, "policy", &caller, line);
        error
    })?;
    decide(&app, &caller, &policy, &Visit::forwarded(&parts, &app), &parts.headers).await
}
