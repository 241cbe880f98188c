//! `POST /v1/sessions`: begins a session for a user who has been authenticated.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use sessioning::{Authentication, Data, NewSession, Owner, Session, SessionToken, Timeout};
use sessioning_api::{Authenticated, Code, CreateSession, IssuedSession, Problem, TokenText};

use crate::access::Caller;
use crate::app::App;
use crate::log::plain;
use crate::problem::ApiError;
use crate::{body, view};

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
    let user = wanted.user.parse().map_err(|error| ApiError::because(Code::InvalidUser, error))?;
    let created = app.sessioning.create(Owner::new(caller.namespace, user), new_session(&wanted)?).await?;
    let (id, user) = (created.session.id(), plain(&wanted.user));
    tracing::info!("[v1.create] Successfully created session: {id} for user: {user}");
    for evicted in &created.evicted {
        tracing::info!("[v1.create] Ended session {evicted}, the oldest of user: {user}, over the limit");
    }
    Ok((StatusCode::CREATED, Json(issued(&app, &created.token, &created.session))).into_response())
}

/// What is asked for, in the domain's types.
fn new_session(wanted: &CreateSession) -> Result<NewSession, ApiError> {
    let metadata = wanted.metadata.clone().unwrap_or_default();
    let metadata = sessioning::Metadata::new(
        metadata.ip.as_deref(),
        metadata.user_agent.as_deref(),
        metadata.label.as_deref(),
    );
    let data = match &wanted.data {
        Some(data) => {
            let text = serde_json::to_string(data).map_err(ApiError::invalid)?;
            Data::from_json(&text).map_err(ApiError::invalid)?
        }
        None => Data::default(),
    };
    Ok(NewSession {
        idle_timeout: timeout("idle_timeout", wanted.idle_timeout.as_deref())?,
        absolute_timeout: timeout("absolute_timeout", wanted.absolute_timeout.as_deref())?,
        authentication: authentication(wanted.authenticated.as_ref())?.unwrap_or_default(),
        metadata: metadata.map_err(ApiError::invalid)?,
        data,
    })
}

fn timeout(name: &str, text: Option<&str>) -> Result<Option<Timeout>, ApiError> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|error: sessioning::TimeoutError| ApiError::invalid(format_args!("{name}: {error}")))
}

/// An act of authentication, in the domain's types.
///
/// # Errors
///
/// When its methods cannot be kept.
pub(crate) fn authentication(done: Option<&Authenticated>) -> Result<Option<Authentication>, ApiError> {
    let known = done.map(|done| Authentication::new(done.amr.clone(), done.level));
    known.transpose().map_err(ApiError::invalid)
}

/// A session with its new token, for the application to hand on.
pub(crate) fn issued(app: &App, token: &SessionToken, session: &Session) -> IssuedSession {
    let text = token.expose();
    // A token is plain and short: no cookie refuses it.
    let set_cookie = app.cookie.set(&text, life_in_seconds(session)).unwrap_or_default();
    IssuedSession {
        session: view::session(session),
        set_cookie: TokenText::new(set_cookie),
        token: TokenText::new(text.to_string()),
    }
}

/// How long the session lasts at most from its last use on; a cookie that outlives it is harmless, but pointless.
fn life_in_seconds(session: &Session) -> u64 {
    let life = session.expires_at().map(|end| end.as_millis() - session.last_seen().as_millis());
    life.map_or(u64::MAX, |millis| u64::try_from(millis / 1000).unwrap_or(0))
}
