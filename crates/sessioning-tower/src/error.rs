//! What a backend failed at.

use std::fmt;

use sessioning::CreateError;
use sessioning_api::{Code, Problem};
use sessioning_client::ErrorKind;

/// Why a backend gave no answer about sessions: a problem, and for the log what is beneath it.
///
/// "Not logged in" is an answer, not an error.
#[derive(Debug)]
pub struct Error {
    problem: Box<Problem>,
    source: Option<Source>,
}

type Source = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    fn new(code: Code, source: impl Into<Source>) -> Self {
        Self { problem: Box::new(Problem::new(code)), source: Some(source.into()) }
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
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), source: None }
    }
}

impl From<sessioning::Error> for Error {
    fn from(error: sessioning::Error) -> Self {
        Self { problem: Box::new(Problem::from(&error)), source: Some(error.into()) }
    }
}

impl From<CreateError> for Error {
    fn from(error: CreateError) -> Self {
        Self { problem: Box::new(Problem::from(&error)), source: Some(error.into()) }
    }
}

impl From<sessioning_client::Error> for Error {
    fn from(error: sessioning_client::Error) -> Self {
        match (error.kind(), error.problem()) {
            (ErrorKind::Refused, Some(problem)) => problem.clone().into(),
            // The application is not set up; its visitors must not take that for "log in".
            (ErrorKind::NotAllowed, _) => Self::new(Code::Internal, error),
            _ => Self::new(Code::StoreUnavailable, error),
        }
    }
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
