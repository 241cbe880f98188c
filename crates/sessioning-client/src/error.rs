//! What can go wrong, sorted by who can do something about it.

use std::fmt;

use sessioning_api::{Code, Problem};

/// Why a call gave no answer about sessions. "Not logged in" is an answer, not an error.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    problem: Option<Box<Problem>>,
    source: Option<reqwest::Error>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service or its store is unavailable; trying later may help. Says nothing about any session.
    Unavailable,
    /// The API key is missing, wrong, or lacks the scope; or this host or origin may not call.
    NotAllowed,
    /// The service refused the request as it is.
    Refused,
    /// The URL, the key or the token cannot be sent.
    Unusable,
    /// What answered is not the service, or not a version that this client knows.
    Unexpected,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind, problem: None, source: None }
    }

    pub(crate) fn of_problem(problem: Problem) -> Self {
        let kind = match problem.code {
            Code::StoreUnavailable | Code::Overloaded | Code::RequestTimeout => ErrorKind::Unavailable,
            Code::ApiKeyInvalid | Code::ScopeMissing | Code::OriginRefused => ErrorKind::NotAllowed,
            Code::Internal | Code::SessionInvalid => ErrorKind::Unexpected,
            _ => ErrorKind::Refused,
        };
        Self { kind, problem: Some(Box::new(problem)), source: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the service said, if it said something.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_deref()
    }
}

impl From<reqwest::Error> for Error {
    fn from(source: reqwest::Error) -> Self {
        let kind = if source.is_builder() {
            ErrorKind::Unusable
        } else if source.is_decode() {
            ErrorKind::Unexpected
        } else {
            ErrorKind::Unavailable
        };
        Self { kind, problem: None, source: Some(source.without_url()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(problem) = &self.problem {
            return problem.fmt(f);
        }
        f.write_str(match self.kind {
            ErrorKind::Unavailable => "the service cannot be reached",
            ErrorKind::NotAllowed => "the service does not allow this",
            ErrorKind::Refused => "the service refused the request",
            ErrorKind::Unusable => "the URL, the API key or the token cannot be sent",
            ErrorKind::Unexpected => "what answered is not a sessioning service that this client knows",
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
