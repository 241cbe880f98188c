//! Sessions: a user's logged-in state, kept across requests.
//!
//! [`Sessioning`] is the whole of it: [`create`](Sessioning::create) begins a session once a user has been
//! authenticated, [`check`](Sessioning::check) tells whose request it is, [`delete`](Sessioning::delete) logs
//! out for good. What it knows lives in a [`Store`]: [`Memory`], [`Embedded`] (durable on the local disk), or
//! either of them behind a bounded cache, [`Cached`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sessioning::{Memory, NewSession, Owner, Sessioning};
//!
//! let sessioning = Sessioning::new(Memory::new());
//! let alice: Owner = "alice".parse()?;
//!
//! let created = sessioning.create(alice.clone(), NewSession::default()).await?;
//! let session = sessioning.check(alice.namespace(), &created.token).await?.live();
//! assert_eq!(session.map(|session| session.user().to_string()), Some("alice".into()));
//!
//! assert!(sessioning.delete(alice.namespace(), &created.token).await?);
//! assert!(sessioning.check(alice.namespace(), &created.token).await?.live().is_none());
//! # Ok(()) }
//! ```

mod authentication;
mod clock;
mod copy;
mod data;
mod error;
mod owner;
mod policy;
mod profile;
mod random;
mod session;
mod sessioning;
pub mod store;
mod timeout;
mod token;

pub use crate::authentication::{Authentication, AuthenticationError, Demand, StepUp};
pub use crate::clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use crate::copy::{Copy, CopyError, CopyReport, Phase, Progress};
pub use crate::data::{Data, DataError, Metadata, Patch};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::owner::{Namespace, NamespaceError, Owner, User, UserError};
pub use crate::policy::{Deadlines, Expiry, OnLimit, Policy, TimeoutTooLong, Verdict};
pub use crate::profile::{Profile, UnknownProfile};
pub use crate::random::{OsRandom, Random};
pub use crate::session::{Previous, Record, Session};
pub use crate::sessioning::{
    Changed, Checked, CreateError, Created, Draft, Invalid, NewSession, Page, PatchRefused, Renewed,
    Sessioning,
};
pub use crate::store::{Cached, Embedded, Memory, Store};
pub use crate::timeout::{Timeout, TimeoutError, Timeouts};
pub use crate::token::{Digest, Malformed, SessionId, SessionToken, checksum};
