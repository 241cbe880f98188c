//! `/v1/session`: the session that the request's own token opens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use sessioning::{Checked, Namespace};
use sessioning_api::{Code, FoundSession};

use crate::app::App;
use crate::problem::ApiError;
use crate::{token, view};

/// `GET`: whose it is. Every reason why a token opens nothing gets the same answer.
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    Extension(namespace): Extension<Namespace>,
    headers: HeaderMap,
) -> Result<Json<FoundSession>, ApiError> {
    let no_session = || ApiError::new(Code::SessionInvalid);
    let token = token::find(&headers)?.flatten().ok_or_else(no_session)?;
    match app.sessioning.check(&namespace, &token).await? {
        Checked::Live(session) => Ok(Json(FoundSession { session: view::session(&session) })),
        Checked::Invalid(reason) => {
            tracing::debug!("[v1.check] No such session: {} ({reason:?})", token.id());
            Err(no_session())
        }
    }
}

/// `DELETE`: logs out. Any token gets 204: what matters to its holder is that it opens nothing now.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(namespace): Extension<Namespace>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let sent = token::find(&headers)?.ok_or_else(|| ApiError::new(Code::SessionInvalid))?;
    if let Some(token) = sent {
        let deleted = app.sessioning.delete(&namespace, &token).await?;
        let said = if deleted { "Deleted session" } else { "No such session" };
        tracing::info!("[v1.delete] {said}: {}", token.id());
    }
    Ok(StatusCode::NO_CONTENT)
}
