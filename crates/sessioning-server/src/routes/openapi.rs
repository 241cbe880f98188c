//! `GET /openapi.json`: the v1 surface, for programs that read such descriptions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use sessioning_api::Code;
use utoipa::openapi::OpenApi;

use crate::access::is_known;
use crate::app::App;
use crate::problem::ApiError;
use crate::router::document;

/// To those who may know what runs here.
pub(crate) async fn openapi(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<&'static OpenApi>, ApiError> {
    if is_known(&app, &headers)? { Ok(Json(document())) } else { Err(ApiError::new(Code::ApiKeyInvalid)) }
}
