//! `GET /`: a line that says what runs here, to those who may know.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sessioning_api::Code;

use crate::access::{Surface, is_known};
use crate::app::App;
use crate::problem::ApiError;

pub(crate) async fn root(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<String, ApiError> {
    if is_known(&app, &headers)? {
        Ok(format!("sessioning {}, store {}\n", env!("CARGO_PKG_VERSION"), app.config.store))
    } else {
        Ok("sessioning\n".into())
    }
}

/// What every unknown path gets: the original's words under the concept's base path, a problem elsewhere.
pub(crate) async fn not_found(State(app): State<Arc<App>>, uri: axum::http::Uri) -> Response {
    match Surface::of(&app.config, uri.path()) {
        Surface::Concept => concept_not_found().await,
        surface => surface.render(ApiError::new(Code::NotFound)),
    }
}

/// Also what a concept path gets by any method but POST.
pub(crate) async fn concept_not_found() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")];
    (StatusCode::NOT_FOUND, kind, "404 Not Found").into_response()
}

/// What every unknown path gets on the admin listener. No problem, so that no client takes it for the service's answer.
pub(crate) async fn admin_not_found() -> Response {
    let name = [(header::SERVER, "the admin listener of sessioning")];
    let paths =
        "/livez, /readyz, /metrics and /openapi.json are here; sessions are at the address under listen\n";
    (StatusCode::NOT_FOUND, name, paths).into_response()
}

pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(Code::MethodNotAllowed)
}
