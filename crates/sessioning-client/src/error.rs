//! What can go wrong, sorted by who can do something about it.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, SERVER};
use reqwest::{Response, StatusCode};
use sessioning_api::{Code, Problem};

/// Why a call gave no answer about sessions. "Not logged in" is an answer, not an error.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    problem: Option<Box<Problem>>,
    /// What cannot be sent, and why.
    unusable: Option<(&'static str, &'static str)>,
    /// How what answered names itself.
    server: Option<String>,
    source: Option<reqwest::Error>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service or its store is unavailable, or takes no more requests for now; trying later may help. Says nothing
    /// about any session.
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
        Self {
            kind,
            status: None,
            retry_after: None,
            problem: None,
            unusable: None,
            server: None,
            source: None,
        }
    }

    /// What cannot be sent, and why. Its text is not repeated.
    pub(crate) fn unusable(what: &'static str, why: &'static str) -> Self {
        Self { unusable: Some((what, why)), ..Self::new(ErrorKind::Unusable) }
    }

    /// The error that an answer is which was not asked for.
    pub(crate) async fn of_answer(answer: Response) -> Self {
        let (status, headers) = (answer.status(), answer.headers());
        let (retry_after, is_problem) = (seconds(headers), is_problem(headers));
        let server =
            headers.get(SERVER).and_then(|name| Some(name.to_str().ok()?.chars().take(80).collect()));
        // Only the service's own word counts: a proxy in between has statuses and pages of its own.
        let problem = if is_problem { answer.json::<Problem>().await.ok() } else { None };
        let problem = problem.filter(|problem| problem.status == status.as_u16());
        let kind =
            problem.as_ref().map_or_else(|| kind_of_status(status), |problem| kind_of_code(problem.code));
        Self { status: Some(status), retry_after, server, problem: problem.map(Box::new), ..Self::new(kind) }
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The HTTP status that came, if one came: of the service, or of something in between.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status.map(|status| status.as_u16())
    }

    /// When to try again, if the answer said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What the service said, if it said something.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_deref()
    }
}

fn kind_of_code(code: Code) -> ErrorKind {
    match code {
        Code::StoreUnavailable | Code::Overloaded | Code::RequestTimeout | Code::RateLimited => {
            ErrorKind::Unavailable
        }
        Code::ApiKeyInvalid | Code::ScopeMissing | Code::InvalidPolicy | Code::OriginRefused => {
            ErrorKind::NotAllowed
        }
        Code::Internal | Code::SessionInvalid => ErrorKind::Unexpected,
        _ => ErrorKind::Refused,
    }
}

/// What an answer means that is not the service's own.
fn kind_of_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        408 | 429 | 502 | 503 | 504 => ErrorKind::Unavailable,
        _ => ErrorKind::Unexpected,
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()?.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/problem+json"))
}

/// `Retry-After` in seconds, at most a day. A date in it is not read: the service sends none.
fn seconds(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.min(86_400).into()))
}

impl From<reqwest::Error> for Error {
    fn from(source: reqwest::Error) -> Self {
        let kind = if source.is_builder() {
            ErrorKind::Unusable
        } else if source.is_decode() || is_no_http(&source) {
            ErrorKind::Unexpected
        } else {
            ErrorKind::Unavailable
        };
        Self { source: Some(source.without_url()), ..Self::new(kind) }
    }
}

/// Whether something answered that was no HTTP.
fn is_no_http(error: &reqwest::Error) -> bool {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.filter_map(|cause| cause.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(problem) = &self.problem {
            return problem.fmt(f);
        }
        if let Some((what, why)) = self.unusable {
            return write!(f, "{what} {why}");
        }
        if let Some(status) = self.status {
            let server = self.server.as_ref().map(|server| format!(", {server}")).unwrap_or_default();
            let status = status.as_u16();
            return write!(
                f,
                "what answered (HTTP {status}{server}) is not a sessioning service that this client knows"
            );
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
