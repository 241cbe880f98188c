//! `PATCH /v1/session/data`: the application's own data.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use sessioning::{Changed, Demand, Invalid, Patch, PatchRefused};
use sessioning_api::{Code, FoundSession, Problem, SessionData, refuse_prototypes_in_patch};

use super::session::{etag, found};
use crate::access::Caller;
use crate::app::App;
use crate::body;
use crate::check::{holder, refused};
use crate::openapi::{Conflict, NotLoggedIn};
use crate::problem::ApiError;
use crate::token::Sent;

/// Patches the application's data: a JSON merge patch, RFC 7396.
///
/// Of two patches of different members at once both survive. With `If-Match`, only the version that the client
/// has seen is changed. A proxy that compresses answers makes a weak tag of theirs (`W/"1"`), and a weak tag matches nothing:
/// let it pass the service's answers on as they are.
#[utoipa::path(patch, path = "/v1/session/data", tag = "session", operation_id = "patch_session_data",
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that the session must still have")),
    request_body(content((SessionData = "application/merge-patch+json"), (SessionData = "application/json"))),
    responses(
        (status = 200, description = "The session as it is now", body = FoundSession,
            headers(("ETag" = String))),
        NotLoggedIn,
        Conflict,
        (status = 412, description = "`precondition_failed`: the session has another version than `If-Match` names",
            body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Sent(token): Sent,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let kinds = ["application/merge-patch+json", "application/json"];
    let text = body::object(&headers, body, &app.config.limits, &kinds).await?;
    let text = std::str::from_utf8(&text).map_err(ApiError::invalid)?;
    let no_object = "the body must be a JSON object";
    refuse_prototypes_in_patch(&serde_json::from_str(text).map_err(|_| ApiError::invalid(no_object))?)?;
    let patch = Patch::from_json(text).map_err(|_| ApiError::invalid(no_object))?;
    let token = token.ok_or_else(|| refused(&app, "data", None, Invalid::Unknown))?;
    let version = match Condition::of(&headers) {
        Condition::None => None,
        // Several tags: it has to be one of them, and that very one has to stay until the write.
        Condition::OneOf(tags) => {
            let session = holder(&app, &caller.namespace, Some(&token), Demand::default()).await?;
            if !tags.contains(&etag(session.version())) {
                return Err(ApiError::new(Code::PreconditionFailed));
            }
            Some(session.version())
        }
    };
    match app.sessioning.patch_data(&caller.namespace, &token, &patch, version).await? {
        Changed::Done(session) => {
            tracing::debug!("[v1.data] Patched session: {}", session.id());
            Ok(found(&session))
        }
        Changed::Refused(PatchRefused::OtherVersion) => Err(ApiError::new(Code::PreconditionFailed)),
        Changed::Refused(PatchRefused::Data(error)) => Err(ApiError::invalid(error)),
        Changed::Invalid(reason) => Err(refused(&app, "data", Some(&token), reason)),
        Changed::Conflict => Err(ApiError::new(Code::VersionConflict)),
    }
}

/// What `If-Match` asks, RFC 9110, section 13.1.1. Weak tags match nothing.
enum Condition {
    /// Nothing, or `*`: that there is a session.
    None,
    OneOf(Vec<String>),
}

impl Condition {
    fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Self::None;
        }
        let tags = values.flat_map(|value| value.to_str().unwrap_or("\"\"").split(','));
        let tags: Vec<_> = tags.map(|tag| tag.trim().to_owned()).collect();
        if tags.iter().any(|tag| tag == "*") { Self::None } else { Self::OneOf(tags) }
    }
}
