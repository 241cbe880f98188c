//! Errors as answers. What is logged is logged by the edge; turning an error into an answer does nothing else.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sessioning::{CreateError, Error, ErrorKind};
use sessioning_api::{Code, Problem};

/// A problem on its way out; the edge writes its body, which names the request.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) problem: Box<Problem>,
    /// The cause, for the log alone.
    pub(crate) cause: Option<Error>,
}

impl ApiError {
    pub(crate) fn new(code: Code) -> Self {
        Problem::new(code).into()
    }

    pub(crate) fn because(code: Code, detail: impl std::fmt::Display) -> Self {
        Problem::new(code).because(detail).into()
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), cause: None }
    }
}

impl From<Error> for ApiError {
    /// An error of the store is never "not logged in".
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Overloaded => Code::Overloaded,
            _ => Code::StoreUnavailable,
        };
        Self { problem: Box::new(Problem::new(code)), cause: Some(error) }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::TimeoutTooLong(why) => Self::because(Code::TimeoutTooLong, why),
            CreateError::Failed(error) => error.into(),
            CreateError::Revoked => Self::because(Code::VersionConflict, error),
            other => Self::because(Code::LimitReached, other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}
