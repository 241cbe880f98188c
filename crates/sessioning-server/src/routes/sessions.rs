//! `POST /v1/sessions`: begins a session for a user who has been authenticated.

use std::fmt::Display;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use sessioning::{Created, Data, Namespace, NewSession, Owner, Session, Timeout};
use sessioning_api::{Code, CreateSession, CreatedSession, TokenText, set_cookie};

use crate::app::App;
use crate::log::plain;
use crate::problem::ApiError;
use crate::{body, view};

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(namespace): Extension<Namespace>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: CreateSession = body::json(&headers, body, &app.config.limits).await?;
    let user = wanted.user.parse().map_err(|error| ApiError::because(Code::InvalidUser, error))?;
    let created = app.sessioning.create(Owner::new(namespace, user), new_session(&wanted)?).await?;
    let (id, user) = (created.session.id(), plain(&wanted.user));
    tracing::info!("[v1.create] Successfully created session: {id} for user: {user}");
    Ok((StatusCode::CREATED, Json(answer(&created))).into_response())
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
        Some(data) => Data::from_json(&serde_json::to_string(data).map_err(invalid)?).map_err(invalid)?,
        None => Data::default(),
    };
    Ok(NewSession {
        idle_timeout: timeout("idle_timeout", wanted.idle_timeout.as_deref())?,
        absolute_timeout: timeout("absolute_timeout", wanted.absolute_timeout.as_deref())?,
        metadata: metadata.map_err(invalid)?,
        data,
    })
}

fn timeout(name: &str, text: Option<&str>) -> Result<Option<Timeout>, ApiError> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|error: sessioning::TimeoutError| invalid(format_args!("{name}: {error}")))
}

fn invalid(why: impl Display) -> ApiError {
    ApiError::because(Code::InvalidRequest, why)
}

fn answer(created: &Created) -> CreatedSession {
    let token = created.token.expose();
    CreatedSession {
        session: view::session(&created.session),
        set_cookie: TokenText::new(set_cookie(&token, life_in_seconds(&created.session))),
        token: TokenText::new(token.to_string()),
    }
}

/// How long the session lasts at most from now; a cookie that outlives it is harmless, but pointless.
fn life_in_seconds(session: &Session) -> u64 {
    let life = session.expires_at().map(|end| end.as_millis() - session.created_at().as_millis());
    life.map_or(u64::MAX, |millis| u64::try_from(millis / 1000).unwrap_or(0))
}
