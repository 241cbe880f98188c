//! `/v1/ext-authz/{*path}`: Envoy and the Kubernetes Gateway API ask here about a visitor; behind the prefix, the
//! request line is the visitor's own, so nothing in it is a setting.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;

use crate::access::Caller;
use crate::app::App;
use crate::problem::ApiError;
use crate::proxy::{Policy, Visit, decide};

/// Lets whoever is logged in pass.
pub(crate) async fn required(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, ApiError> {
    decide(&app, &caller, &Policy::default(), &Visit::as_sent(&parts), &parts.headers).await
}
