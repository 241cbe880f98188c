//! Sessions in MongoDB: the engine for more than one machine, and for a database shared with the original.
//!
//! [`MongoDb`] keeps the store contract on plain single-document operations, without transactions, change streams
//! or update pipelines. Each method is one such operation, or a sequence in which any step may be the last: a
//! process that dies in between leaves nothing that lets anybody in.
//!
//! There are two [layouts](Layout): `native`, which keeps digests, and `concept`, the original's own documents.

mod concerns;
mod config;
mod document;
mod error;
mod generations;
mod owners;
mod server;
mod store;
mod upsert;

pub use config::{LONGEST_DEADLINE, Layout, MongoSettings, MongoUrl, MongoUrlError, Reads};
pub use server::Server;
pub use store::{Access, MongoDb};
