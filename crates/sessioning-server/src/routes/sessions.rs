//! `POST /v1/sessions`: begins a session for a user who has been authenticated.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use sessioning::{NewSession, Owner, Session, SessionToken, User};
use sessioning_api::{Code, CreateSession, IssuedSession, Problem, SessionView, TokenText};

use crate::access::Caller;
use crate::app::App;
use crate::body;
use crate::log::request::{note_session, note_user};
use crate::log::{audit, plain};
use crate::problem::ApiError;
use crate::token::visitors_host;

/// Begins a session for a user who has been authenticated.
///
/// Never sent again by itself: after an answer that did not arrive, ask again and get another session.
#[utoipa::path(post, path = "/v1/sessions", tag = "application", operation_id = "create_session",
    request_body = CreateSession,
    responses(
        (status = 201, description = "The session, and its token", body = IssuedSession),
        (status = 409, description = "`version_conflict`: the user's sessions were revoked meanwhile",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_user`, `timeout_too_long`, `limit_reached`", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: CreateSession = body::json(&headers, body, &app.config.limits).await?;
    let user: User = wanted.user.parse().map_err(|error| ApiError::because(Code::InvalidUser, error))?;
    note_user(&user);
    let created =
        app.sessioning.create(Owner::new(caller.namespace, user), NewSession::try_from(&wanted)?).await?;
    note_session(&created.session);
    let (id, user) = (created.session.id(), plain(&wanted.user));
    audit!(info, Create, "[v1.create] Successfully created session: {id} for user: {user}");
    for evicted in &created.evicted {
        audit!(info, End, "[v1.create] Ended session {evicted}, the oldest of user: {user}, over the limit");
    }
    Ok((StatusCode::CREATED, Json(issued(&app, &created.token, &created.session, &headers))).into_response())
}

/// A session with its new token, for the application to hand on.
pub(crate) fn issued(
    app: &App,
    token: &SessionToken,
    session: &Session,
    headers: &HeaderMap,
) -> IssuedSession {
    let (text, session) = (token.expose(), SessionView::from(session));
    // A token is plain and short: no cookie refuses it.
    let set_cookie = app.cookie.set(&text, session.life().unwrap_or(u64::MAX)).unwrap_or_default();
    let mut set_cookies = app.cookie.remove_others(visitors_host(headers), None);
    set_cookies.push(set_cookie.clone());
    IssuedSession {
        session,
        set_cookie: TokenText::new(set_cookie),
        set_cookies: set_cookies.into_iter().map(TokenText::new).collect(),
        token: TokenText::new(text.to_string()),
    }
}
