//! The outermost layer: names each request, bounds its head, writes problems, and logs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use sessioning::Error;
use sessioning_api::Code;

use crate::access::Cause;
use crate::app::App;
use crate::descriptors;
use crate::log::Folded;
use crate::log::request::{during, note_end};
use crate::problem::ApiError;
use crate::source;

const MAX_URI: usize = 8 * 1024;
const MAX_HEADERS: usize = 16 * 1024;
const MAX_REQUEST_ID: usize = 64;
const REQUEST_ID: &str = "x-request-id";

pub(crate) async fn edge(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let client = source::address_of(&request, &app.config.proxy.trusted);
    during(id.clone(), client, answer(&app, request, id, next)).await
}

async fn answer(app: &App, mut request: Request, id: HeaderValue, next: Next) -> Response {
    let began = Instant::now();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = known(request.method());
    let line = tracing::enabled!(tracing::Level::DEBUG).then(|| Line::begin(&request));
    // Nothing behind here has a use for it, and everything behind here can log it.
    request.headers_mut().remove(REQUEST_ID);
    let mut response = match oversized(&request) {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    let error = response.extensions_mut().remove::<ApiError>();
    if let Some(error) = &error {
        write_problem(&mut response, error, &id);
    }
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.metrics.answered(method, route(path.as_ref()), status, took);
    note_end(status, took);
    let cause = match error {
        Some(error) => error.cause,
        None => response.extensions_mut().remove::<Cause>().and_then(|Cause(cause)| cause),
    };
    log(app, cause.as_ref(), line);
    let headers = response.headers_mut();
    // Every answer here is about a session, or about who may ask: no cache may keep it (ASVS 14.3.2).
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REQUEST_ID, id);
    if app.is_draining() {
        // So that no client sends its next request over a connection that is about to end.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The pattern of the route that a request takes: for metrics and logs, so nothing that a caller chooses.
pub(crate) fn route(path: Option<&MatchedPath>) -> &str {
    path.map_or("none", MatchedPath::as_str)
}

/// A method's name if it is one that a route may have, likewise.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The caller's own name for the request if it is a sane one, else one of ours.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    if let Some(given) = headers.get(REQUEST_ID) {
        let bytes = given.as_bytes();
        // A token would be short enough and plain enough; it must not get into a log this way.
        let secret = bytes.starts_with(b"ses_") || bytes.starts_with(b"sk_");
        if (1..=MAX_REQUEST_ID).contains(&bytes.len()) && bytes.iter().all(sane) && !secret {
            return given.clone();
        }
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::from_str(&format!("{:08x}-{number}", *START)).unwrap_or(HeaderValue::from_static("-"))
}

/// Tells the requests of one run of the service from those of another.
static START: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
    let mut bytes = [0; 4];
    // Without random bytes there is no service to speak of; a name need not be what fails.
    let _ = getrandom::fill(&mut bytes);
    u32::from_be_bytes(bytes)
});

fn oversized(request: &Request) -> Option<ApiError> {
    let uri = request.uri();
    let uri_len = uri.path().len() + uri.query().map_or(0, str::len);
    if uri_len > MAX_URI {
        return Some(ApiError::because(Code::UriTooLong, format_args!("the most is {MAX_URI} bytes")));
    }
    let headers = request.headers().iter();
    let bytes: usize = headers.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (bytes > MAX_HEADERS)
        .then(|| ApiError::because(Code::HeadersTooLarge, format_args!("the most is {MAX_HEADERS} bytes")))
}

fn write_problem(response: &mut Response, error: &ApiError, id: &HeaderValue) {
    let mut problem = error.problem.clone();
    problem.request_id = id.to_str().ok().map(Into::into);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
}

fn log(app: &App, cause: Option<&Error>, line: Option<Line>) {
    if let Some(cause) = cause {
        let cause = Causes(cause);
        let line = format_args!("the store failed: {cause}");
        if app.folds.first(Folded::Failure, "request", &cause, line).is_some() {
            tracing::error!(%cause, "the store failed");
        }
    }
    if let Some(Line { method, path }) = line {
        tracing::debug!(%method, path = %Masked(&path), "request");
    }
}

/// What a line about a request says of it; gathered only where lines are wanted.
struct Line {
    method: Method,
    path: String,
}

impl Line {
    fn begin(request: &Request) -> Self {
        Self { method: request.method().clone(), path: request.uri().path().to_owned() }
    }
}

/// A path for the log: escaped, and without what looks like a secret that somebody put there.
struct Masked<'a>(&'a str);

impl std::fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, segment) in self.0.split('/').enumerate() {
            if number > 0 {
                f.write_str("/")?;
            }
            let plain = percent_decode_str(segment).decode_utf8_lossy();
            if plain.contains("ses_") || plain.contains("sk_") {
                f.write_str("…")?;
            } else {
                write!(f, "{}", segment.escape_debug())?;
            }
        }
        Ok(())
    }
}

/// An error with everything beneath it.
pub(crate) struct Causes<'a>(pub(crate) &'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        match descriptors::remedy(self.0) {
            Some(remedy) => write!(f, " ({remedy})"),
            None => Ok(()),
        }
    }
}
