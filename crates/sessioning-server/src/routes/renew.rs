//! `POST /v1/session/renew`: a new token for the session that the old one opens.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use sessioning::{Authentication, Changed, Invalid};
use sessioning_api::{Code, IssuedSession, RenewSession};

use super::sessions::issued;
use crate::access::Caller;
use crate::app::App;
use crate::body;
use crate::check::refused;
use crate::log::audit;
use crate::log::request::{note_id, note_session};
use crate::openapi::{Conflict, NotLoggedIn, NotSupported};
use crate::problem::ApiError;
use crate::token::Sent;

/// Renews a session: a new token, the old one is dead in the same write.
///
/// With `authenticated` its user has just proved again who they are (step-up). Its user, id and absolute end stay.
/// After a 503, or no answer, either token may be the valid one; exactly one is.
#[utoipa::path(post, path = "/v1/session/renew", tag = "session", operation_id = "renew_session",
    request_body = RenewSession,
    responses(
        (status = 200, description = "The session, and its new token", body = IssuedSession),
        NotLoggedIn,
        Conflict,
        NotSupported,
    ))]
pub(crate) async fn renew(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Sent(token): Sent,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IssuedSession>, ApiError> {
    let wanted: RenewSession = body::json_or_default(&headers, body, &app.config.limits).await?;
    let new = wanted.authenticated.as_ref().map(Authentication::try_from).transpose()?;
    let token = token.ok_or_else(|| refused(&app, "renew", None, Invalid::Unknown))?;
    note_id(token.id());
    let stepped_up = new.is_some();
    match app.sessioning.renew(&caller.namespace, &token, new).await? {
        Changed::Done(renewed) => {
            note_session(&renewed.session);
            let how = if stepped_up { ", with a new authentication" } else { "" };
            audit!(info, Renew, "[v1.renew] Renewed session: {}{how}", renewed.session.id());
            Ok(Json(issued(&app, &renewed.token, &renewed.session, &headers)))
        }
        Changed::Invalid(reason) => Err(refused(&app, "renew", Some(&token), reason)),
        Changed::Conflict => Err(ApiError::new(Code::VersionConflict)),
    }
}
