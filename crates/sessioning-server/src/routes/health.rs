//! `/livez`, `/readyz` and `/metrics`, on the admin listener, and the probe for balancers on the main one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use sessioning_api::{Code, Problem};

use crate::access::allowed;
use crate::app::App;
use crate::edge::Causes;
use crate::keys::Scope;
use crate::metrics::Exposition;
use crate::problem::ApiError;

/// The process runs.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// Requests would be served. If not, the problem's detail says why not, to callers who may know; so does the text if
/// the wall clock is wrong.
pub(crate) async fn readyz(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<String, ApiError> {
    let may_know = || !app.admin_needs_key() || allowed(&app, Scope::Admin, &headers).is_ok();
    match ready(&app).await {
        Ok(()) => match app.clock_note().filter(|_| may_know()) {
            Some(note) => Ok(format!("ok, but {note}\n")),
            None => Ok("ok\n".into()),
        },
        Err(error) if may_know() => Err(error),
        Err(error) => Err(Problem::new(error.problem.code).into()),
    }
}

/// The same for load balancers, which have no key: a status and nothing else.
pub(crate) async fn probe(State(app): State<Arc<App>>) -> StatusCode {
    match ready(&app).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn ready(app: &App) -> Result<(), ApiError> {
    if app.is_draining() {
        return Err(ApiError::because(Code::Overloaded, "the service is stopping"));
    }
    let ready = app.readiness.of(|| app.sessioning.store().ready()).await;
    ready.map_err(|error| Problem::new(Code::StoreUnavailable).because(Causes(&error)).into())
}

/// What has been counted, in the OpenMetrics format, which Prometheus reads.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, Exposition::CONTENT_TYPE)], app.exposition.text())
}
