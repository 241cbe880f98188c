//! What a backend failed at.

use std::fmt;
use std::time::Duration;

use sessioning::CreateError;
use sessioning_api::{Code, Problem};
use sessioning_client::ErrorKind;

/// Why a backend gave no answer about sessions: a problem, and for the log what is beneath it.
///
/// "Not logged in" is an answer, not an error.
#[derive(Debug)]
pub struct Error {
    problem: Box<Problem>,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

type Source = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    fn new(code: Code, source: impl Into<Source>) -> Self {
        Self { source: Some(source.into()), ..Problem::new(code).into() }
    }

    /// What the visitor may know of it.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Whether trying later may help: the store or the service is unavailable.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.problem.status == 503
    }

    /// When to try again, if the service said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), retry_after: None, source: None }
    }
}

impl From<sessioning::Error> for Error {
    fn from(error: sessioning::Error) -> Self {
        let problem = Problem::from(&error);
        Self { source: Some(error.into()), ..problem.into() }
    }
}

impl From<CreateError> for Error {
    fn from(error: CreateError) -> Self {
        let problem = Problem::from(&error);
        Self { source: Some(error.into()), ..problem.into() }
    }
}

impl From<sessioning_client::Error> for Error {
    fn from(error: sessioning_client::Error) -> Self {
        match (error.kind(), error.problem()) {
            // No status of the service's may read as "log in" to a visitor, or as a limit on what they sent.
            (ErrorKind::Refused, Some(problem)) if is_the_callers(problem.code) => problem.clone().into(),
            // The application is not set up.
            (ErrorKind::NotAllowed | ErrorKind::Refused, _) => Self::new(Code::Internal, error),
            _ => Self { retry_after: error.retry_after(), ..Self::new(Code::StoreUnavailable, error) },
        }
    }
}

/// Whether a refusal is of what the handler asked for, and not of how this application calls the service.
fn is_the_callers(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidRequest
            | Code::VersionConflict
            | Code::PreconditionFailed
            | Code::BodyTooLarge
            | Code::InvalidUser
            | Code::TimeoutTooLong
            | Code::LimitReached
            | Code::NotSupported
    )
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
