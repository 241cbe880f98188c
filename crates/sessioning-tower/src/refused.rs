//! Why a handler does not get what it asks for, as an answer.

use std::fmt;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sessioning_api::{Code, Problem};

use crate::Error;

/// Why a handler does not get a session, or a login was not done. As a response: an RFC 9457 problem.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused {
    /// Nobody is logged in: 401.
    NotLoggedIn,
    /// A page of another origin made the browser send this: 403.
    CrossOrigin,
    /// The backend failed, or refused: its own status, 503 where it is unavailable. No cookie is cleared.
    Failed(Error),
    /// The route is not behind a [`SessionLayer`](crate::SessionLayer): 500.
    NoLayer,
}

/// A failure beneath an answer, for the layer to log.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) Arc<Error>);

impl Refused {
    fn problem(&self) -> Problem {
        match self {
            Self::NotLoggedIn => Problem::new(Code::SessionInvalid),
            Self::CrossOrigin => Problem::new(Code::OriginRefused),
            Self::Failed(error) => error.problem().clone(),
            Self::NoLayer => Problem::new(Code::Internal),
        }
    }
}

impl Refused {
    /// After how many seconds to try again.
    fn retry_after(&self) -> u64 {
        match self {
            Self::Failed(error) => error.retry_after().map_or(1, |after| after.as_secs().max(1)),
            _ => 1,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after()));
            }
            _ => {}
        }
        if let Self::Failed(error) = self {
            response.extensions_mut().insert(Cause(Arc::new(error)));
        }
        response
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("nobody is logged in"),
            Self::CrossOrigin => f.write_str("a page of another origin made the browser send this"),
            Self::Failed(error) => error.fmt(f),
            Self::NoLayer => {
                f.write_str("the route is not behind a SessionLayer: add .layer(…) to its router")
            }
        }
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}
