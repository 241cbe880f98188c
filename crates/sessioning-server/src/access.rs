//! Who may call: finds the API key, its scope and the namespace, before any route runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sessioning::Namespace;
use sessioning_api::Code;

use crate::app::App;
use crate::config::Config;
use crate::keys::{Keys, Scope};
use crate::problem::ApiError;

const API_KEY: &str = "x-api-key";
const NAMESPACE: &str = "x-session-namespace";

/// How a surface words its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// RFC 9457.
    V1,
    /// `{"error": …}`
    Concept,
}

impl Surface {
    /// The surface that a path belongs to.
    pub(crate) fn of(config: &Config, path: &str) -> Self {
        let rest = path.strip_prefix(config.concept.base_path.as_str());
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !path.starts_with("/v1/") {
            Self::Concept
        } else {
            Self::V1
        }
    }

    pub(crate) fn render(self, error: ApiError) -> Response {
        match self {
            Self::V1 => error.into_response(),
            Self::Concept => {
                let status = StatusCode::from_u16(error.problem.status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, Json(json!({ "error": error.problem.to_string() }))).into_response()
            }
        }
    }
}

/// What a route's callers have to have.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: Arc<App>,
    pub(crate) scope: Scope,
}

/// Lets a request with the scope on to its route, which finds the caller's [`Namespace`] in the extensions.
pub(crate) async fn access(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match allowed(&gate.app, gate.scope, request.headers()) {
        Ok(namespace) => {
            request.extensions_mut().insert(namespace);
            next.run(request).await
        }
        Err(error) => Surface::of(&gate.app.config, request.uri().path()).render(error),
    }
}

/// The namespace in which a caller may act, if they may act at all.
pub(crate) fn allowed(app: &App, scope: Scope, headers: &HeaderMap) -> Result<Namespace, ApiError> {
    let asked = asked_namespace(headers)?;
    let keys = &app.keys;
    if keys.is_empty() {
        return Ok(asked.unwrap_or_default());
    }
    let text = key_text(headers)?.ok_or_else(|| ApiError::new(Code::ApiKeyInvalid))?;
    let key = keys.find(text).ok_or_else(|| ApiError::new(Code::ApiKeyInvalid))?;
    if !key.scopes.contains(&scope) {
        return Err(ApiError::because(Code::ScopeMissing, format_args!("it needs the scope {scope}")));
    }
    match (&key.namespace, asked) {
        (Some(bound), Some(asked)) if *bound != asked => {
            Err(ApiError::because(Code::ScopeMissing, format_args!("it is bound to the namespace {bound}")))
        }
        (Some(bound), _) => Ok(bound.clone()),
        (None, asked) => Ok(asked.unwrap_or_default()),
    }
}

/// Whether a caller may know what runs here: whoever has a key, or everybody where there are none.
pub(crate) fn is_known(app: &App, headers: &HeaderMap) -> bool {
    let keys = &app.keys;
    keys.is_empty() || matches!(key_text(headers), Ok(Some(text)) if keys.find(text).is_some())
}

fn asked_namespace(headers: &HeaderMap) -> Result<Option<Namespace>, ApiError> {
    let Some(value) = headers.get(NAMESPACE) else { return Ok(None) };
    let namespace = value.to_str().unwrap_or_default().parse();
    namespace.map(Some).map_err(|error| ApiError::because(Code::InvalidRequest, error))
}

/// The key in `X-Api-Key`, or the Bearer credential that looks like one.
fn key_text(headers: &HeaderMap) -> Result<Option<&[u8]>, ApiError> {
    let bearers = bearers(headers).filter(|text| Keys::looks_like_one(text));
    let mut keys = headers.get_all(API_KEY).iter().map(HeaderValue::as_bytes).chain(bearers);
    let first = keys.next();
    if keys.any(|other| Some(other) != first) {
        return Err(ApiError::because(Code::InvalidRequest, "the request carries two different API keys"));
    }
    Ok(first)
}

/// The credentials of `Authorization: Bearer`, whoever's they are. The scheme's case does not count, RFC 9110.
pub(crate) fn bearers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, credential) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| credential.trim_ascii())
    })
}
