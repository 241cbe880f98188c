//! `/v1/users/{user}/sessions`: all sessions of a user, for an operator.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::{Extension, Json};
use sessioning::Owner;
use sessioning_api::{Revoked, SessionPage};

use super::my_sessions::{page, revoked};
use crate::access::Caller;
use crate::app::App;
use crate::log::{audit, plain};
use crate::openapi::InvalidUser;
use crate::params::{self, ExceptQuery, PageQuery, UserInPath};
use crate::problem::ApiError;

/// Lists a user's sessions.
#[utoipa::path(get, path = "/v1/users/{user}/sessions", tag = "operator", operation_id = "list_user_sessions",
    params(("user" = String, Path), PageQuery),
    responses(
        (status = 200, description = "A page of sessions", body = SessionPage),
        InvalidUser,
    ))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    UserInPath(user): UserInPath,
) -> Result<Json<SessionPage>, ApiError> {
    let query: PageQuery = params::query(&uri)?;
    page(&app, &Owner::new(caller.namespace, user), &query).await
}

/// Revokes all sessions of a user, or all but one.
///
/// Complete: every session whose creation was acknowledged earlier is dead afterwards, and a create that was under
/// way is dead or refused.
#[utoipa::path(delete, path = "/v1/users/{user}/sessions", tag = "operator",
    operation_id = "revoke_user_sessions", params(("user" = String, Path), ExceptQuery),
    responses(
        (status = 200, description = "How many have ended", body = Revoked),
        InvalidUser,
    ))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    UserInPath(user): UserInPath,
) -> Result<Json<Revoked>, ApiError> {
    let keep = params::query::<ExceptQuery>(&uri)?.id()?;
    let owner = Owner::new(caller.namespace.clone(), user);
    let ended = app.sessioning.revoke_user(&owner, keep).await?;
    let (count, user) = (ended.len(), plain(owner.user().as_str()).into_owned());
    audit!(info, Revoke, "[v1.revoke] Revoked {count} sessions of user: {user}, asked by {caller}");
    Ok(Json(revoked(count)))
}
