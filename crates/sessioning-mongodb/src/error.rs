//! What the driver reports, as errors of a store.

use std::fmt;

use mongodb::error::{CommandError, Error as DriverError, ErrorKind as DriverKind, WriteFailure};
use sessioning::{Error, ErrorKind};

/// The server's code for a unique key that is taken.
pub(crate) const DUPLICATE_KEY: i32 = 11000;
/// The server's codes for "you may not": unauthorized, authentication failed, and what Atlas answers.
const NOT_ALLOWED: [i32; 3] = [13, 18, 8000];

/// The server's codes for an index that cannot be made: cannot create, options conflict, keys conflict, key taken.
const INDEX_CONFLICTS: [i32; 4] = [67, 85, 86, DUPLICATE_KEY];

/// The codes of servers that speak the protocol for what they have not built: command not supported, not implemented.
const NOT_BUILT: [i32; 2] = [115, 238];

/// The server's code for "needs to be a member of a replica set".
const NOT_A_REPLICA_SET: i32 = 123;

/// What the driver said, as far as it may be told: a server's message may quote a document, and so a token.
#[derive(Debug)]
struct Told(String);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Told {}

/// A cause in words of our own.
pub(crate) fn told(why: impl fmt::Display) -> impl std::error::Error + Send + Sync + 'static {
    Told(why.to_string())
}

/// A failed operation, whose outcome is unknown.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands errors over")]
pub(crate) fn failed(error: DriverError) -> Error {
    Error::new(ErrorKind::Unavailable).with_source(Told(tell(&error)))
}

/// What is wrong with the data or the driver, not with the connection.
pub(crate) fn unavailable(why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Unavailable).with_source(told(why))
}

/// Whether an insert failed for this reason alone: the key is taken.
pub(crate) fn is_taken(error: &DriverError) -> bool {
    matches!(&*error.kind, DriverKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE_KEY)
}

/// Whether an upsert came too late: another one has made the document.
pub(crate) fn is_overtaken(error: &DriverError) -> bool {
    is_taken(error) || matches!(&*error.kind, DriverKind::Command(command) if command.code == DUPLICATE_KEY)
}

/// Whether the server does not have what was asked of it.
pub(crate) fn is_not_built(error: &DriverError) -> bool {
    matches!(&*error.kind, DriverKind::Command(command) if NOT_BUILT.contains(&command.code))
}

/// Whether an index could not be made because one that is there, or a document, stands against it.
pub(crate) fn is_conflict_of_indexes(error: &DriverError) -> bool {
    matches!(&*error.kind, DriverKind::Command(command) if INDEX_CONFLICTS.contains(&command.code))
}

/// Whether a read that a majority has to confirm was refused because the server is alone, or knows no such reads.
pub(crate) fn is_no_replica_set(error: &DriverError) -> bool {
    let alone = matches!(&*error.kind, DriverKind::Command(command) if command.code == NOT_A_REPLICA_SET);
    alone || is_not_built(error)
}

/// Why the server will not have us; `None` for errors that trying again may mend.
pub(crate) fn refusal(error: &DriverError) -> Option<String> {
    let advice = "check the user, the password and authSource in the URL, and the user's roles";
    match &*error.kind {
        DriverKind::Command(command) if NOT_ALLOWED.contains(&command.code) => {
            Some(format!("{}; {advice}", tell(error)))
        }
        DriverKind::Authentication { .. } => Some(format!("{}; {advice}", tell(error))),
        DriverKind::InvalidArgument { .. } | DriverKind::InvalidTlsConfig { .. } => Some(tell(error)),
        _ => None,
    }
}

fn tell(error: &DriverError) -> String {
    match &*error.kind {
        // Not the server's own words: they quote the command, and that the documents.
        DriverKind::Command(CommandError { code, code_name, .. }) => {
            format!("MongoDB answered error {code} {code_name}")
        }
        DriverKind::Write(WriteFailure::WriteError(error)) => {
            format!("MongoDB answered write error {}", error.code)
        }
        DriverKind::Write(WriteFailure::WriteConcernError(error)) => {
            format!("MongoDB could not confirm a write: {} {}", error.code, error.code_name)
        }
        DriverKind::ServerSelection { message, .. } => format!("no MongoDB server can be reached: {message}"),
        DriverKind::Io(error) => format!("the connection to MongoDB failed: {error}"),
        DriverKind::ConnectionPoolCleared { .. } => "the connection to MongoDB was lost".into(),
        DriverKind::DnsResolve { message, .. } => {
            format!("the name of MongoDB's host is not known: {message}")
        }
        DriverKind::Authentication { message, .. } => format!("MongoDB refused the login: {message}"),
        DriverKind::InvalidArgument { message, .. } | DriverKind::InvalidTlsConfig { message, .. } => {
            message.clone()
        }
        _ => "the MongoDB driver failed".into(),
    }
}
