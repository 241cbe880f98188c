//! Errors as answers. What is logged is logged by the edge; turning an error into an answer does nothing else.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sessioning::{CreateError, Error};
use sessioning_api::{Code, Problem};

use crate::failures::FailedChecks;
use crate::log::plain;

/// A problem on its way out; the edge writes its body, which names the request.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) problem: Box<Problem>,
    /// The cause, for the log alone.
    pub(crate) cause: Option<Error>,
    challenge: Challenge,
    /// The tokens that opened nothing, or the key that is none, where that is the problem.
    failed_checks: Option<FailedChecks>,
    /// What takes cookies away, where they are the problem. Boxed, for few errors have it.
    removals: Option<Box<Removals>>,
}

/// The values of `Set-Cookie` headers.
#[derive(Clone, Debug)]
struct Removals(Vec<HeaderValue>);

/// The authentication that would do, where one is missing (RFC 9470).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Challenge {
    pub(crate) max_age: Option<Duration>,
    pub(crate) level: Option<u8>,
}

impl ApiError {
    pub(crate) fn new(code: Code) -> Self {
        Problem::new(code).into()
    }

    /// A problem and what exactly it is; a detail may repeat what the caller sent, but no token or key of it.
    pub(crate) fn because(code: Code, detail: impl std::fmt::Display) -> Self {
        Problem::new(code).because(detail).into()
    }

    /// The request is not what the route takes.
    pub(crate) fn invalid(why: impl std::fmt::Display) -> Self {
        Self::because(Code::InvalidRequest, why)
    }

    pub(crate) fn challenging(self, challenge: Challenge) -> Self {
        Self { challenge, ..self }
    }

    pub(crate) fn counting(self, failed: FailedChecks) -> Self {
        Self { failed_checks: Some(failed), ..self }
    }

    pub(crate) fn failed_checks(&self) -> Option<FailedChecks> {
        self.failed_checks
    }

    pub(crate) fn removing(self, removals: Vec<HeaderValue>) -> Self {
        Self { removals: Some(Box::new(Removals(removals))), ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The headers that go with the problem, whatever the body looks like, and what it counts as.
    pub(crate) fn add_headers(&self, response: &mut Response) {
        if let Some(failed) = self.failed_checks {
            response.extensions_mut().insert(failed);
        }
        let headers = response.headers_mut();
        match self.status() {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, self.challenge.header(self.problem.code));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            }
            _ => {}
        }
        for removal in self.removals.iter().flat_map(|removals| &removals.0) {
            headers.append(header::SET_COOKIE, removal.clone());
        }
    }
}

impl Challenge {
    fn header(self, code: Code) -> HeaderValue {
        if code != Code::StepUpRequired {
            return HeaderValue::from_static("Bearer");
        }
        let mut text = String::from("Bearer error=\"insufficient_user_authentication\"");
        if let Some(level) = self.level {
            text.push_str(&format!(", acr_values=\"{level}\""));
        }
        if let Some(age) = self.max_age {
            text.push_str(&format!(", max_age=\"{}\"", age.as_secs()));
        }
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        let problem = Problem { detail: problem.detail.map(|detail| plain(&detail).into_owned()), ..problem };
        Self {
            problem: Box::new(problem),
            cause: None,
            challenge: Challenge::default(),
            failed_checks: None,
            removals: None,
        }
    }
}

impl From<Error> for ApiError {
    /// An error of the store is never "not logged in".
    fn from(error: Error) -> Self {
        Self { cause: Some(error.clone()), ..Problem::from(&error).into() }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Failed(error) => error.into(),
            other => Problem::from(&other).into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        self.add_headers(&mut response);
        response.extensions_mut().insert(self);
        response
    }
}
