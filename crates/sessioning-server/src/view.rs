//! Sessions as the wire shows them.

use jiff::Timestamp as Moment;
use sessioning::{Session, Timestamp};
use sessioning_api::{Metadata, SessionView};

/// RFC 3339 with milliseconds and `Z`; a moment beyond the year 9999 is the last one before it.
pub(crate) fn moment(at: Timestamp) -> String {
    let moment = Moment::from_millisecond(at.as_millis()).unwrap_or(Moment::MAX);
    format!("{moment:.3}")
}

pub(crate) fn session(session: &Session) -> SessionView {
    let metadata = session.metadata();
    SessionView {
        id: session.id().to_string(),
        user: session.user().to_string(),
        created_at: moment(session.created_at()),
        last_seen: moment(session.last_seen()),
        idle_expires_at: session.idle_expires_at().map(moment),
        expires_at: session.expires_at().map(moment),
        authenticated_at: moment(session.authenticated_at()),
        amr: session.methods().to_vec(),
        level: session.level(),
        metadata: Metadata {
            ip: metadata.ip().map(Into::into),
            user_agent: metadata.user_agent().map(Into::into),
            label: metadata.label().map(Into::into),
        },
        data: serde_json::from_str(&session.data().to_json()).unwrap_or_default(),
    }
}
