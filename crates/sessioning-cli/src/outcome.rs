//! How a command ends when it does not succeed, and the exit code that says so.

use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

use sessioning::ErrorKind as StoreError;
use sessioning_client::ErrorKind;
use sessioning_server::config::{ConfigError, StoreUrl};
use sessioning_server::{ServeError, masked};

use crate::place::Place;

/// A command that did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Other = 1,
    Usage = 2,
    NoSession = 3,
    NotAllowed = 4,
    Unavailable = 5,
}

impl Failure {
    /// A key or a token that was given where something else belongs is not repeated.
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: masked(&message.into()).into_owned() }
    }

    pub(crate) fn no_session() -> Self {
        Self::new(Kind::NoSession, "no such session: it has ended, or the token is not one")
    }

    /// What was given cannot be a token, and why not.
    pub(crate) fn no_token(fault: &dyn Error) -> Self {
        Self::new(Kind::NoSession, format!("no such session: what was given is no session token: {fault}"))
    }

    pub(crate) fn no_session_of(id: &str) -> Self {
        Self::new(Kind::NoSession, format!("no such session: {id} has ended, or is no session's id"))
    }

    /// Nobody can be asked.
    pub(crate) fn nobody_to_ask(what: &str) -> Self {
        let hint = "there is no terminal to ask at; with --yes it is done unasked. Nothing was revoked";
        Self::new(Kind::Usage, format!("{what} But {hint}"))
    }

    /// The person who was asked did not say yes.
    pub(crate) fn not_confirmed() -> Self {
        Self::new(Kind::Other, "not confirmed: nothing was revoked (--yes is for scripts)")
    }

    /// Somebody else is at it.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(Kind::Other, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn other(what: impl Display, error: &dyn Error) -> Self {
        Self::new(Kind::Other, format!("{what}: {}", causes(error)))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }

    pub(crate) fn code_name(&self) -> &'static str {
        match self.kind {
            Kind::Other => "failure",
            Kind::Usage => "usage",
            Kind::NoSession => "no_session",
            Kind::NotAllowed => "not_allowed",
            Kind::Unavailable => "unavailable",
        }
    }

    /// What a call to the service there failed with.
    pub(crate) fn of_call(place: &Place, error: &sessioning_client::Error) -> Self {
        let (kind, hint) = match error.kind() {
            ErrorKind::Unavailable => (Kind::Unavailable, "; is it running? Start it with: sessioning serve"),
            ErrorKind::NotAllowed => {
                (Kind::NotAllowed, "; give a key that may in SESSIONING_API_KEY or --api-key-file")
            }
            ErrorKind::Unusable => (Kind::Usage, ""),
            ErrorKind::Unexpected => (Kind::Other, "; is that the right port? --url names another"),
            _ => (Kind::Other, ""),
        };
        let hint = match (kind, error.status(), error.retry_after()) {
            // Whatever answered is running.
            (Kind::Unavailable, Some(_), Some(after)) => format!("; try again in {} s", after.as_secs()),
            (Kind::Unavailable, Some(_), None) => String::new(),
            _ => hint.into(),
        };
        Self::new(kind, format!("{place}: {}{hint}", causes(error)))
    }
}

impl Failure {
    /// What the store at `url` failed with.
    pub(crate) fn of_store(url: &StoreUrl, error: &sessioning::Error) -> Self {
        let kind = match error.kind() {
            StoreError::Unavailable | StoreError::TimedOut | StoreError::Overloaded => Kind::Unavailable,
            _ => Kind::Other,
        };
        Self::new(kind, format!("{url}: {}", causes(error)))
    }

    /// The same, and what it means for what was under way.
    pub(crate) fn and_then_say(self, what: &dyn Display) -> Self {
        Self { message: format!("{}; {what}", self.message), ..self }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::Usage, causes(&error))
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let kind = match error {
            ServeError::Config(_)
            | ServeError::OtherStore { .. }
            | ServeError::Unprotected(_)
            | ServeError::AdminUnprotected(_) => Kind::Usage,
            ServeError::Store(ref error)
                if matches!(error.kind(), StoreError::Unavailable | StoreError::TimedOut) =>
            {
                Kind::Unavailable
            }
            _ => Kind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

/// An error with everything beneath it that says something new.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}
