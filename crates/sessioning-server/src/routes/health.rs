//! `/livez`, `/readyz` and `/metrics`, on the admin listener.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sessioning_api::{Code, Problem};

use crate::app::App;
use crate::edge::Causes;
use crate::metrics::Exposition;
use crate::problem::ApiError;

/// The process runs.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// Requests would be served; if not, the problem's detail says why not.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<(StatusCode, &'static str), ApiError> {
    if app.is_draining() {
        return Err(ApiError::because(Code::Overloaded, "the service is stopping"));
    }
    match app.sessioning.store().ready().await {
        Ok(()) => Ok((StatusCode::OK, "ok\n")),
        Err(error) => Err(Problem::new(Code::StoreUnavailable).because(Causes(&error)).into()),
    }
}

/// What has been counted, in the OpenMetrics format, which Prometheus reads.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, Exposition::CONTENT_TYPE)], app.exposition.text())
}
