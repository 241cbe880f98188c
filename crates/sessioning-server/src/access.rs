//! Who may call: finds the API key, its scope and the namespace, before any route runs.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sessioning::Namespace;
use sessioning_api::{Code, OAuthError};

use crate::app::App;
use crate::config::Config;
use crate::edge::route;
use crate::failures::FailedChecks;
use crate::keys::{Keys, Scope};
use crate::listen::Connection;
use crate::log::Folded;
use crate::log::request::{note_key, note_namespace};
use crate::problem::ApiError;
use crate::proxy::faulty;
use crate::source::{self, Peer, Source};

const API_KEY: &str = "x-api-key";
const NAMESPACE: &str = "x-session-namespace";

/// How a surface words its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// RFC 9457.
    V1,
    /// `{"error": …, "error_description": …}`, RFC 6749.
    OAuth,
    /// `{"error": …}`
    Concept,
}

impl Surface {
    /// The surface that a path belongs to.
    pub(crate) fn of(config: &Config, path: &str) -> Self {
        if matches!(path, "/v1/introspect" | "/v1/revoke") {
            return Self::OAuth;
        }
        let rest = path.strip_prefix(config.concept.base_path.as_str());
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !path.starts_with("/v1/") {
            Self::Concept
        } else {
            Self::V1
        }
    }

    pub(crate) fn render(self, error: ApiError) -> Response {
        let body = match self {
            Self::V1 => return error.into_response(),
            Self::OAuth => Json(json!(OAuthError {
                error: oauth_code(error.problem.code).into(),
                error_description: error.problem.to_string(),
            })),
            Self::Concept => Json(json!({ "error": error.problem.to_string() })),
        };
        let mut response = (error.status(), body).into_response();
        error.add_headers(&mut response);
        response.extensions_mut().insert(Cause(error.cause));
        response
    }
}

/// Why the store failed, for the log, of an answer that is no problem document.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) Option<sessioning::Error>);

/// What OAuth calls it: RFC 6749, section 5.2; RFC 6750, section 3.1; RFC 6749, section 4.1.2.1.
fn oauth_code(code: Code) -> &'static str {
    match code {
        Code::ApiKeyInvalid => "invalid_client",
        Code::ScopeMissing => "insufficient_scope",
        Code::OriginRefused => "access_denied",
        Code::StoreUnavailable | Code::Overloaded | Code::RateLimited => "temporarily_unavailable",
        Code::Internal => "server_error",
        _ => "invalid_request",
    }
}

/// What a route's callers have to have.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: Arc<App>,
    pub(crate) scope: Scope,
}

/// Who calls, as far as it matters.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Where they may act.
    pub(crate) namespace: Namespace,
    /// The public half of their key; `None` where no keys are configured.
    key: Option<String>,
    /// Whether they may act in no other namespace.
    pub(crate) is_bound: bool,
}

impl Caller {
    /// The namespace that they ask for, if they may act there; else their own.
    pub(crate) fn within<'a>(&'a self, asked: Option<&'a Namespace>) -> Result<&'a Namespace, ApiError> {
        match asked {
            Some(asked) if self.is_bound && *asked != self.namespace => Err(bound_to(&self.namespace)),
            asked => Ok(asked.unwrap_or(&self.namespace)),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "key {key}"),
            None => f.write_str("a caller without a key"),
        }
    }
}

/// Lets a request with the scope on to its route, which finds the [`Caller`] in the extensions.
///
/// What fails too often from one address elsewhere is answered 429: bad keys, and the checks of callers without a
/// key. With a good key, and from this machine or a proxy that is believed, nothing is counted: it is their visitors'.
pub(crate) async fn access(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let app = &gate.app;
    let surface = Surface::of(&app.config, request.uri().path());
    let elsewhere = source::elsewhere(&request, &app.config.proxy.trusted);
    let (counted, response) = match allowed(app, gate.scope, request.headers()) {
        Ok(caller) => {
            let counted = elsewhere.filter(|_| caller.key.is_none());
            showed_key(&request, &caller);
            request.extensions_mut().insert(caller);
            (counted, next.run(request).await)
        }
        Err(error) => {
            say_refused(app, &request, &error);
            (elsewhere, surface.render(error))
        }
    };
    within_limit(app, counted, response, |error| surface.render(error))
}

/// Counts bad keys where none is needed.
pub(crate) async fn count_bad_keys(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let elsewhere = source::elsewhere(&request, &app.config.proxy.trusted);
    let response = next.run(request).await;
    within_limit(&app, elsewhere, response, ApiError::into_response)
}

/// An answer, unless too much that it tells of failed from one source.
fn within_limit(
    app: &App,
    source: Option<Source>,
    response: Response,
    render: impl FnOnce(ApiError) -> Response,
) -> Response {
    match source.map(|source| app.failures.count(source, &response)) {
        Some(Err(error)) => {
            app.metrics.limited();
            render(error)
        }
        Some(Ok(())) | None => response,
    }
}

/// A connection on which a good key was shown is not one of its address's share.
fn showed_key(request: &Request, caller: &Caller) {
    if caller.key.is_some()
        && let Some(connection) = request.extensions().get::<Arc<Connection>>()
    {
        connection.count_no_more();
    }
}

fn say_refused(app: &App, request: &Request, error: &ApiError) {
    let from = source::named(request, &app.config.proxy.trusted);
    let (route, problem) = (route(request.extensions().get()), &error.problem);
    let line = format_args!("[access] A request to {route} from {from} was refused: {problem}");
    app.folds.say(Folded::Refusal, problem.code.title(), &from, line);
}

/// Lets a proxy that may check tokens on to its route, where failed checks are not counted: they are its visitors'.
///
/// All else that a request carries is what the visitor sent, so the key is looked for in `X-Api-Key` alone, which
/// the proxy overwrites, and no header names a namespace.
pub(crate) async fn access_of_proxy(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let key = one_of(request.headers().get_all(API_KEY).iter().map(HeaderValue::as_bytes));
    match key.and_then(|key| entitled(&app, Scope::Check, key, None)) {
        Ok(caller) => {
            showed_key(&request, &caller);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => {
            let from = source::named(&request, &app.config.proxy.trusted);
            let problem = &error.problem;
            let line = format_args!(
                "[proxy] A proxy was refused, not its visitor: {problem} (X-Api-Key), from {from}"
            );
            app.folds.say(Folded::Refusal, "proxy", &from, line);
            // The address that a header names is the visitor's, whose fault it is not.
            let peer = request.extensions().get::<Peer>();
            let elsewhere = peer.and_then(|peer| peer.counted(&app.config.proxy.trusted));
            within_limit(&app, elsewhere, faulty(error).into_response(), |error| {
                faulty(error).into_response()
            })
        }
    }
}

/// In which namespace and as whom a caller may act, if they may act at all.
pub(crate) fn allowed(app: &App, scope: Scope, headers: &HeaderMap) -> Result<Caller, ApiError> {
    entitled(app, scope, key_text(headers)?, asked_namespace(headers)?)
}

fn entitled(
    app: &App,
    scope: Scope,
    key: Option<&[u8]>,
    asked: Option<Namespace>,
) -> Result<Caller, ApiError> {
    let caller = known(app, scope, key, asked)?;
    note_namespace(&caller.namespace);
    Ok(caller)
}

fn known(app: &App, scope: Scope, key: Option<&[u8]>, asked: Option<Namespace>) -> Result<Caller, ApiError> {
    let keys = app.keys();
    if keys.is_empty() && scope == Scope::Admin && !app.config.listen.is_local() {
        // Whoever opened the service to a network did not mean that anybody there may log everybody out.
        let why = "configure a key with the scope admin: others than this machine can call";
        return Err(ApiError::because(Code::ApiKeyInvalid, why));
    }
    if keys.is_empty() {
        return Ok(Caller { namespace: asked.unwrap_or_default(), key: None, is_bound: false });
    }
    let text = key.ok_or_else(|| ApiError::new(Code::ApiKeyInvalid))?;
    let (id, key) = keys.find(text).ok_or_else(bad_key)?;
    note_key(id);
    if !key.scopes.contains(&scope) {
        return Err(ApiError::because(Code::ScopeMissing, format_args!("it needs the scope {scope}")));
    }
    let bound = key.namespace.clone();
    let caller =
        Caller { is_bound: bound.is_some(), namespace: bound.unwrap_or_default(), key: Some(id.into()) };
    let namespace = caller.within(asked.as_ref())?.clone();
    Ok(Caller { namespace, ..caller })
}

/// The answer to a key that is used beyond its one namespace.
pub(crate) fn bound_to(namespace: &Namespace) -> ApiError {
    ApiError::because(Code::ScopeMissing, format_args!("it is bound to the namespace {namespace}"))
}

/// Whether a caller may know what runs here: whoever has a key, or everybody where there are none.
///
/// # Errors
///
/// When the key is none, or two were sent.
pub(crate) fn is_known(app: &App, headers: &HeaderMap) -> Result<bool, ApiError> {
    let keys = app.keys();
    match key_text(headers)? {
        _ if keys.is_empty() => Ok(true),
        None => Ok(false),
        Some(text) if keys.find(text).is_some() => Ok(true),
        Some(_) => Err(bad_key()),
    }
}

fn bad_key() -> ApiError {
    ApiError::new(Code::ApiKeyInvalid).counting(FailedChecks::ONE)
}

fn asked_namespace(headers: &HeaderMap) -> Result<Option<Namespace>, ApiError> {
    let mut values = headers.get_all(NAMESPACE).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.any(|other| other != value) {
        return Err(ApiError::invalid("the request names two different namespaces"));
    }
    let namespace = value.to_str().unwrap_or_default().parse();
    namespace.map(Some).map_err(ApiError::invalid)
}

/// The key in `X-Api-Key`, or the Bearer credential that looks like one.
fn key_text(headers: &HeaderMap) -> Result<Option<&[u8]>, ApiError> {
    let bearers = bearers(headers).filter(|text| Keys::looks_like_one(text));
    one_of(headers.get_all(API_KEY).iter().map(HeaderValue::as_bytes).chain(bearers))
}

fn one_of<'a>(mut keys: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, ApiError> {
    let first = keys.next();
    if keys.any(|other| Some(other) != first) {
        return Err(ApiError::invalid("the request carries two different API keys"));
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
