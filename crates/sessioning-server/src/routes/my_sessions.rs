//! `/v1/my/sessions`: "your devices", for whoever holds a token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::{Extension, Json};
use sessioning::{Demand, Owner};
use sessioning_api::{Code, Problem, Revoked, SessionPage};

use crate::access::Caller;
use crate::app::App;
use crate::check::holder;
use crate::log::audit;
use crate::openapi::NotLoggedIn;
use crate::params::{self, Id, PageQuery};
use crate::problem::ApiError;
use crate::token::Sent;

/// Lists the holder's sessions. That is no use of them.
#[utoipa::path(get, path = "/v1/my/sessions", tag = "session", operation_id = "list_my_sessions",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of sessions", body = SessionPage),
        NotLoggedIn,
    ))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    Sent(token): Sent,
) -> Result<Json<SessionPage>, ApiError> {
    let query: PageQuery = params::query(&uri)?;
    let session = holder(&app, &caller.namespace, token.as_ref(), Demand::QUIET).await?;
    page(&app, session.owner(), &query).await
}

/// The page of an owner's list that a query asks for.
pub(crate) async fn page(app: &App, owner: &Owner, query: &PageQuery) -> Result<Json<SessionPage>, ApiError> {
    let after = match &query.cursor {
        None => None,
        Some(text) => {
            let known = app.cursors.read(owner, text).await?;
            Some(known.ok_or_else(|| ApiError::invalid("the cursor is not one of this list"))?)
        }
    };
    let page = app.sessioning.list(owner, after, query.limit()).await?;
    let next_cursor = match page.next {
        None => None,
        Some(id) => Some(app.cursors.write(owner, id).await?),
    };
    Ok(Json(SessionPage { items: page.sessions.iter().map(Into::into).collect(), next_cursor }))
}

/// Ends one of the holder's sessions.
#[utoipa::path(delete, path = "/v1/my/sessions/{id}", tag = "session", operation_id = "end_my_session",
    params(("id" = String, Path, format = "uuid")),
    responses(
        (status = 204, description = "It has ended"),
        NotLoggedIn,
        (status = 404, description = "`not_found`: the holder has no such session", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Sent(token): Sent,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    let session = holder(&app, &caller.namespace, token.as_ref(), Demand::default()).await?;
    if !app.sessioning.revoke_own(session.owner(), id).await? {
        return Err(ApiError::new(Code::NotFound));
    }
    audit!(info, Revoke, "[v1.revoke] Ended session {id}, asked by the holder of {}", session.id());
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the holder's sessions but the one that asks.
#[utoipa::path(delete, path = "/v1/my/sessions", tag = "session", operation_id = "end_my_other_sessions",
    responses(
        (status = 200, description = "How many have ended", body = Revoked),
        NotLoggedIn,
    ))]
pub(crate) async fn end_others(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Sent(token): Sent,
) -> Result<Json<Revoked>, ApiError> {
    let session = holder(&app, &caller.namespace, token.as_ref(), Demand::default()).await?;
    let ended = app.sessioning.revoke_user(session.owner(), Some(session.id())).await?;
    audit!(
        info,
        Revoke,
        "[v1.revoke] Ended {} other sessions, asked by the holder of {}",
        ended.len(),
        session.id()
    );
    Ok(Json(revoked(ended.len())))
}

pub(crate) fn revoked(count: usize) -> Revoked {
    Revoked { revoked: u64::try_from(count).unwrap_or(u64::MAX) }
}
