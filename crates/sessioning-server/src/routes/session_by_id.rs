//! `/v1/sessions/{id}`: any session, for an operator.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sessioning_api::{Code, FoundSession, Problem};

use super::session::found;
use crate::access::Caller;
use crate::app::App;
use crate::log::{Folded, audit};
use crate::params::Id;
use crate::problem::ApiError;

/// Shows a session by its public id.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "operator", operation_id = "describe_session",
    params(("id" = String, Path, format = "uuid")),
    responses(
        (status = 200, description = "The session", body = FoundSession, headers(("ETag" = String))),
        (status = 404, description = "`not_found`: there is no such live session", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn describe(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<Response, ApiError> {
    let session = app.sessioning.describe(&caller.namespace, id).await?;
    session.map(|session| found(&session)).ok_or_else(|| ApiError::new(Code::NotFound))
}

/// Revokes a session by its public id; 204 also when it was gone already.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "operator", operation_id = "revoke_session",
    params(("id" = String, Path, format = "uuid")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "`not_found`: the id is none", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    let ended = app.sessioning.revoke(&caller.namespace, id).await?;
    if ended {
        audit!(info, Revoke, "[v1.revoke] Revoked session: {id}, asked by {caller}");
    } else {
        let line = format_args!("[v1.revoke] No such session: {id}, asked by {caller}");
        app.folds.say(Folded::NoSession, "revoke", id, line);
    }
    Ok(StatusCode::NO_CONTENT)
}
