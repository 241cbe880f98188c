//! `/livez` and `/readyz`, on the admin listener.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use sessioning_api::{Code, Problem};

use crate::app::App;
use crate::edge::Causes;
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
