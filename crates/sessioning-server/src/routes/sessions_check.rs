//! `POST /v1/sessions/check`: many checks in one request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::stream::{self, StreamExt, TryStreamExt};
use sessioning::Checked;
use sessioning_api::{CheckSessions, CheckVerdict, CheckedSession, CheckedSessions};

use crate::access::Caller;
use crate::app::App;
use crate::body;
use crate::check::check_one_of_many;
use crate::failures::FailedChecks;
use crate::params::demand;
use crate::problem::ApiError;

const MOST: usize = 1000;
/// How many are looked up at once.
const AT_ONCE: usize = 32;

/// Checks up to 1,000 tokens.
///
/// One verdict each, in order. When the store fails for one, the whole request fails: half an answer would be
/// taken for the whole.
#[utoipa::path(post, path = "/v1/sessions/check", tag = "application", operation_id = "check_sessions",
    request_body = CheckSessions,
    responses((status = 200, description = "The verdicts", body = CheckedSessions)))]
pub(crate) async fn check_many(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wanted: CheckSessions = body::json(&headers, body, &app.config.limits).await?;
    if wanted.tokens.len() > MOST {
        return Err(ApiError::invalid(format_args!("tokens must be at most {MOST}")));
    }
    let demand = demand(wanted.max_age.as_deref(), wanted.min_level, wanted.touch)?;
    let checks = stream::iter(wanted.tokens).map(|text| {
        let (app, namespace) = (Arc::clone(&app), caller.namespace.clone());
        async move {
            let token = app.token(text.expose());
            check_one_of_many(&app, &namespace, token.as_ref(), demand).await
        }
    });
    let results: Vec<_> = checks.buffered(AT_ONCE).map_ok(result).try_collect().await?;
    let failed = results.iter().filter(|result| result.verdict == CheckVerdict::SessionInvalid).count();
    let failed = FailedChecks {
        count: u32::try_from(failed).unwrap_or(u32::MAX),
        nothing_else: failed == results.len(),
    };
    let mut response = Json(CheckedSessions { results }).into_response();
    response.extensions_mut().insert(failed);
    Ok(response)
}

fn result(checked: Checked) -> CheckedSession {
    let verdict = match &checked {
        Checked::Live(_) => CheckVerdict::Live,
        Checked::StepUp(..) => CheckVerdict::StepUpRequired,
        Checked::Invalid(_) => CheckVerdict::SessionInvalid,
    };
    CheckedSession { verdict, session: checked.live().as_ref().map(Into::into) }
}
