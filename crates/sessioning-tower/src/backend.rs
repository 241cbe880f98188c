//! What keeps the sessions: the library in this process, or the service.

mod client;
mod in_process;

use async_trait::async_trait;
use serde_json::{Map, Value};
use sessioning_api::{Authenticated, CreateSession, IssuedSession, SessionView};

use crate::Error;

pub use in_process::InProcess;

/// Keeps sessions, for a [`SessionLayer`](crate::SessionLayer).
///
/// In every method, `None` means that the token opens no session: not logged in. An error means that nobody knows.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Begins a session.
    async fn create(&self, new: &CreateSession) -> Result<IssuedSession, Error>;

    /// The session that the token opens. It has been used then.
    async fn check(&self, token: &str) -> Result<Option<SessionView>, Error>;

    /// The same without using it: it ends as if nobody had asked.
    async fn peek(&self, token: &str) -> Result<Option<SessionView>, Error>;

    /// Gives the session a new token, and with `authenticated` a new authentication of its user. The old token is
    /// dead in the same write.
    async fn renew(
        &self,
        token: &str,
        authenticated: Option<Authenticated>,
    ) -> Result<Option<IssuedSession>, Error>;

    /// Patches the application's data with a JSON merge patch; the session as it is then.
    async fn patch_data(&self, token: &str, patch: &Map<String, Value>)
    -> Result<Option<SessionView>, Error>;

    /// Ends the session, if there is one, for good.
    async fn delete(&self, token: &str) -> Result<(), Error>;

    /// Some sessions of the holder, at most a thousand, in the order in which they began.
    async fn list(&self, token: &str) -> Result<Option<Vec<SessionView>>, Error>;

    /// Ends one session of the holder by its public id; whether they had it.
    async fn end(&self, token: &str, id: &str) -> Result<Option<bool>, Error>;

    /// Ends all sessions of the holder but this one; how many.
    async fn end_others(&self, token: &str) -> Result<Option<u64>, Error>;
}

/// The most sessions in a list.
const MOST: usize = 1000;
