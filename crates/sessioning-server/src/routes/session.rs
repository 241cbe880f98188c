//! `/v1/session`: the session that the request's own token opens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use sessioning::Session;
use sessioning_api::{FoundSession, Problem};

use crate::access::Caller;
use crate::app::App;
use crate::check::holder;
use crate::log::request::note_id;
use crate::log::{Folded, audit};
use crate::params::{self, DemandQuery};
use crate::problem::ApiError;
use crate::token::{Sent, visitors_host};

/// Tells whose session it is.
///
/// Every reason why a token opens nothing gets the same answer. The `ETag` is the session's version, for
/// `If-Match`.
#[utoipa::path(get, path = "/v1/session", tag = "session", operation_id = "check_session", params(DemandQuery),
    responses(
        (status = 200, description = "The session", body = FoundSession, headers(("ETag" = String))),
        (status = 401, description = "`session_invalid`: not logged in; `step_up_required`: the user has to \
            authenticate again", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    Sent(token): Sent,
) -> Result<Response, ApiError> {
    let demand = params::query::<DemandQuery>(&uri)?.demand()?;
    let session = holder(&app, &caller.namespace, token.as_ref(), demand).await?;
    Ok(found(&session))
}

/// A session, with its version as the `ETag`.
pub(crate) fn found(session: &Session) -> Response {
    let tag = HeaderValue::from_str(&etag(session.version())).unwrap_or(HeaderValue::from_static("\"\""));
    ([(header::ETAG, tag)], Json(FoundSession { session: session.into() })).into_response()
}

/// How a version looks as an entity tag.
pub(crate) fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// Logs out.
///
/// Any token gets 204, also one that opened nothing: what matters to its holder is that it opens nothing in this
/// namespace now.
/// A browser that asks is told to forget the cookie, in every scope that it may have one in, and what it keeps of this
/// origin. `X-Forwarded-Host` names the host that it asked.
#[utoipa::path(delete, path = "/v1/session", tag = "session", operation_id = "delete_session",
    responses(
        (status = 204, description = "The token opens nothing now"),
        (status = 401, description = "`session_invalid`: there was no token", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Sent(token): Sent,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(token) = token {
        note_id(token.id());
        let (deleted, id) = (app.sessioning.delete(&caller.namespace, &token).await?, token.id());
        if deleted {
            audit!(info, End, "[v1.delete] Deleted session: {id}");
        } else {
            let line = format_args!("[v1.delete] No such session: {id}");
            app.folds.say(Folded::NoSession, "delete", id, line);
        }
    }
    let removals = app.cookie.remove_others(visitors_host(&headers), None).into_iter();
    // ASVS 5.0, 14.3.1.
    let forget = HeaderValue::from_static("\"cache\", \"storage\"");
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), forget);
    for removal in removals.chain([app.cookie.remove()]).filter_map(|it| HeaderValue::from_str(&it).ok()) {
        response.headers_mut().append(header::SET_COOKIE, removal);
    }
    Ok(response)
}
