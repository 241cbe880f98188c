//! `/v1/introspect` (RFC 7662) and `/v1/revoke` (RFC 7009): for clients that speak OAuth.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use sessioning::{Demand, Session, SessionToken};
use sessioning_api::{Introspection, IntrospectionForm, OAuthError, TokenForm};

use crate::access::{Caller, Surface};
use crate::app::App;
use crate::body::{self, Form};
use crate::check::check;
use crate::failures::FailedChecks;
use crate::log::request::note_id;
use crate::log::{Folded, audit};
use crate::problem::ApiError;

/// Tells whether a token opens a session, and whose (RFC 7662).
#[utoipa::path(post, path = "/v1/introspect", tag = "application", operation_id = "introspect",
    request_body(content = IntrospectionForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What is known of the token", body = Introspection),
        (status = 400, description = "`invalid_request`", body = OAuthError),
        (status = 401, description = "`invalid_client`: the API key is missing or wrong", body = OAuthError),
    ))]
pub(crate) async fn introspect(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let fields = body::form(&headers, body, &app.config.limits).await.map_err(refuse)?;
    let (token, demand) =
        token(&app, &fields).and_then(|token| Ok((token, use_of(&fields)?))).map_err(refuse)?;
    let checked = check(&app, &caller.namespace, token.as_ref(), demand).await;
    let checked = checked.map_err(|error| refuse(error.into()))?;
    let Some(session) = checked.live() else {
        let mut response = Json(Introspection::default()).into_response();
        response.extensions_mut().insert(FailedChecks::ONE);
        return Ok(response);
    };
    Ok(Json(introspection(&session)).into_response())
}

/// Logs out the holder of a token (RFC 7009); 200 also when the token opened nothing.
#[utoipa::path(post, path = "/v1/revoke", tag = "application", operation_id = "revoke",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token opens nothing now"),
        (status = 400, description = "`invalid_request`", body = OAuthError),
        (status = 401, description = "`invalid_client`: the API key is missing or wrong", body = OAuthError),
    ))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Response> {
    let fields = body::form(&headers, body, &app.config.limits).await.map_err(refuse)?;
    if let Some(token) = token(&app, &fields).map_err(refuse)? {
        note_id(token.id());
        let ended = app.sessioning.delete(&caller.namespace, &token).await;
        let id = token.id();
        if ended.map_err(|error| refuse(error.into()))? {
            audit!(info, End, "[v1.revoke] Deleted session: {id}");
        } else {
            let line = format_args!("[v1.revoke] No such session: {id}");
            app.folds.say(Folded::NoSession, "delete", id, line);
        }
    }
    Ok(StatusCode::OK)
}

/// The token of the form; `None` if what is there is no token of ours.
fn token(app: &App, fields: &Form) -> Result<Option<SessionToken>, ApiError> {
    match only(fields, "token")? {
        Some(text) => Ok(app.token(text)),
        None => Err(ApiError::invalid("the form has no token")),
    }
}

/// Whether the introspection is a use of the session.
fn use_of(fields: &Form) -> Result<Demand, ApiError> {
    match only(fields, "touch")? {
        None | Some("true") => Ok(Demand::default()),
        Some("false") => Ok(Demand::QUIET),
        Some(_) => Err(ApiError::invalid("touch must be true or false")),
    }
}

/// The value of a field, which may be missing, but not come twice.
fn only<'a>(fields: &'a Form, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(ApiError::invalid(format_args!("the form has two of {name}"))),
    }
}

fn refuse(error: ApiError) -> Response {
    Surface::OAuth.render(error)
}

fn introspection(session: &Session) -> Introspection {
    let seconds = |at: sessioning::Timestamp| at.as_millis().div_euclid(1000);
    let ends = session.idle_expires_at().into_iter().chain(session.expires_at()).min();
    Introspection {
        active: true,
        sub: Some(session.user().to_string()),
        sid: Some(session.id().to_string()),
        iat: Some(seconds(session.created_at())),
        exp: ends.map(seconds),
        auth_time: Some(seconds(session.authenticated_at())),
        amr: (!session.methods().is_empty())
            .then(|| session.methods().iter().map(ToString::to_string).collect()),
        acr: Some(session.level().to_string()),
    }
}
