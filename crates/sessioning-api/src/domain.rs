//! Between the wire and the domain: for whoever runs sessions in process.

use jiff::Timestamp as Moment;
use sessioning::{
    Authentication, CreateError, Data, Error, ErrorKind, NewSession, Session, Timeout, TimeoutError,
    Timestamp,
};

use crate::{Authenticated, Code, CreateSession, Metadata, Problem, SessionView, refuse_prototypes};

/// RFC 3339 with milliseconds and `Z`; a moment beyond the year 9999 is the last one before it.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let moment = Moment::from_millisecond(at.as_millis()).unwrap_or(Moment::MAX);
    format!("{moment:.3}")
}

impl From<&Session> for SessionView {
    fn from(session: &Session) -> Self {
        let metadata = session.metadata();
        Self {
            id: session.id().to_string(),
            user: session.user().to_string(),
            created_at: moment(session.created_at()),
            last_seen: moment(session.last_seen()),
            idle_expires_at: session.idle_expires_at().map(moment),
            expires_at: session.expires_at().map(moment),
            authenticated_at: moment(session.authenticated_at()),
            amr: session.methods().iter().map(ToString::to_string).collect(),
            level: session.level(),
            metadata: Metadata {
                ip: metadata.ip().map(Into::into),
                user_agent: metadata.user_agent().map(Into::into),
                label: metadata.label().map(Into::into),
            },
            data: serde_json::from_str(session.data().to_json()).unwrap_or_default(),
        }
    }
}

impl TryFrom<&CreateSession> for NewSession {
    /// `invalid_request`, with what is wrong.
    type Error = Problem;

    fn try_from(wanted: &CreateSession) -> Result<Self, Problem> {
        let metadata = wanted.metadata.clone().unwrap_or_default();
        let (ip, user_agent, label) = (metadata.ip, metadata.user_agent, metadata.label);
        let data = match &wanted.data {
            Some(data) => {
                refuse_prototypes(data)?;
                Data::from_json(&serde_json::to_string(data).map_err(invalid)?).map_err(invalid)?
            }
            None => Data::default(),
        };
        let authenticated = wanted.authenticated.as_ref().map(Authentication::try_from).transpose()?;
        Ok(Self {
            idle_timeout: timeout("idle_timeout", wanted.idle_timeout.as_deref())?,
            absolute_timeout: timeout("absolute_timeout", wanted.absolute_timeout.as_deref())?,
            authentication: authenticated.unwrap_or_default(),
            metadata: sessioning::Metadata::new(ip.as_deref(), user_agent.as_deref(), label.as_deref()),
            data,
        })
    }
}

fn timeout(name: &str, text: Option<&str>) -> Result<Option<Timeout>, Problem> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|error: TimeoutError| invalid(format_args!("{name}: {error}")))
}

impl TryFrom<&Authenticated> for Authentication {
    /// `invalid_request`: the methods cannot be kept.
    type Error = Problem;

    fn try_from(done: &Authenticated) -> Result<Self, Problem> {
        Self::new(done.amr.clone(), done.level).map_err(invalid)
    }
}

fn invalid(why: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidRequest).because(why)
}

impl From<&Error> for Problem {
    /// An error of the store is never "not logged in".
    fn from(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Overloaded => Self::new(Code::Overloaded),
            ErrorKind::Unsupported(why) => Self::new(Code::NotSupported).because(why),
            _ => Self::new(Code::StoreUnavailable),
        }
    }
}

impl From<&CreateError> for Problem {
    fn from(error: &CreateError) -> Self {
        match error {
            CreateError::TimeoutTooLong(why) => Self::new(Code::TimeoutTooLong).because(why),
            CreateError::Failed(error) => error.into(),
            CreateError::Revoked => Self::new(Code::VersionConflict).because(error),
            other => Self::new(Code::LimitReached).because(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_store_is_never_not_logged_in() {
        let halted = ErrorKind::Halted { cause: "no such file".into() };
        for kind in
            [ErrorKind::Unavailable, ErrorKind::TimedOut, ErrorKind::NoSpace, ErrorKind::SyncFailed, halted]
        {
            assert_eq!(Problem::from(&Error::from(kind)).code, Code::StoreUnavailable);
        }
        assert_eq!(Problem::from(&Error::from(ErrorKind::Overloaded)).code, Code::Overloaded);
    }

    #[test]
    fn sec_02_a_random_source_that_fails_is_503() {
        let error = CreateError::Failed(ErrorKind::Random.into());
        assert_eq!(Problem::from(&error).status, 503);
    }
}
