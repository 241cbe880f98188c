//! Typed Rust client of the sessioning service.
//!
//! ```no_run
//! # async fn example() -> Result<(), sessioning_client::Error> {
//! use sessioning_client::{Client, CreateSession};
//!
//! let client = Client::new("http://127.0.0.1:7377")?;
//! let created = client.create(&CreateSession { user: "alice".into(), ..Default::default() }).await?;
//! let session = client.check(created.token.expose()).await?;
//! assert_eq!(session.map(|session| session.user), Some("alice".into()));
//! client.delete(created.token.expose()).await?;
//! # Ok(()) }
//! ```

mod base;
mod client;
mod error;

pub use base::is_of_this_machine;
pub use client::Client;
pub use error::{Error, ErrorKind};
pub use sessioning_api::{
    Authenticated, Code, CreateSession, FoundSession, IssuedSession, Metadata, Problem, SessionPage,
    SessionView, TokenText,
};
