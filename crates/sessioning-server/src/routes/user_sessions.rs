//! `/v1/users/{user}/sessions`: all sessions of a user, for an operator; `/v1/users/sessions?user=…` for any user, also one
//! that no path can name (`.`, `..`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::{Extension, Json};
use sessioning::{Owner, SessionId, User};
use sessioning_api::{Revoked, SessionPage};

use super::my_sessions::{page, revoked};
use crate::access::Caller;
use crate::app::App;
use crate::log::{audit, plain};
use crate::openapi::InvalidUser;
use crate::params::{self, ExceptQuery, PageQuery, UserExceptQuery, UserInPath, UserPageQuery};
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
    revoke_but(&app, &caller, user, keep).await
}

/// Lists a user's sessions, whatever the user is called.
///
/// For users that no path can name (`.`, `..`), and those with a slash in their names, which some proxies take for a part of
/// the path.
#[utoipa::path(get, path = "/v1/users/sessions", tag = "operator", operation_id = "list_sessions_of_user",
    params(UserPageQuery),
    responses(
        (status = 200, description = "A page of sessions", body = SessionPage),
        InvalidUser,
    ))]
pub(crate) async fn list_any(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<SessionPage>, ApiError> {
    let (user, query) = params::query::<UserPageQuery>(&uri)?.parts()?;
    page(&app, &Owner::new(caller.namespace, user), &query).await
}

/// Revokes all sessions of a user, or all but one, whatever the user is called.
#[utoipa::path(delete, path = "/v1/users/sessions", tag = "operator", operation_id = "revoke_sessions_of_user",
    params(UserExceptQuery),
    responses(
        (status = 200, description = "How many have ended", body = Revoked),
        InvalidUser,
    ))]
pub(crate) async fn revoke_any(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Revoked>, ApiError> {
    let (user, keep) = params::query::<UserExceptQuery>(&uri)?.parts()?;
    revoke_but(&app, &caller, user, keep).await
}

async fn revoke_but(
    app: &App,
    caller: &Caller,
    user: User,
    keep: Option<SessionId>,
) -> Result<Json<Revoked>, ApiError> {
    let owner = Owner::new(caller.namespace.clone(), user);
    let ended = app.sessioning.revoke_user(&owner, keep).await?;
    let (count, user) = (ended.len(), plain(owner.user().as_str()).into_owned());
    audit!(info, Revoke, "[v1.revoke] Revoked {count} sessions of user: {user}, asked by {caller}");
    Ok(Json(revoked(count)))
}
