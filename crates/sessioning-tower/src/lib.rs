//! Sessions for axum, and for anything built on tower: who is logged in, login, logout, "your devices".
//!
//! ```
//! use axum::{Router, response::Redirect, routing::{get, post}};
//! use sessioning::{Memory, Sessioning};
//! use sessioning_tower::{CurrentUser, Refused, SessionLayer, Visitor};
//!
//! async fn greet(user: Option<CurrentUser>) -> String {
//!     user.map_or("Who are you?".into(), |CurrentUser(user)| format!("Hello, {user}"))
//! }
//!
//! async fn log_in(visitor: Visitor) -> Result<Redirect, Refused> {
//!     // Once their password has been checked.
//!     visitor.login("alice").await?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! async fn log_out(visitor: Visitor) -> Result<Redirect, Refused> {
//!     visitor.logout().await?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! let sessions = SessionLayer::in_process(Sessioning::new(Memory::new()));
//! let app: Router = Router::new()
//!     .route("/", get(greet))
//!     .route("/login", post(log_in))
//!     .route("/logout", post(log_out))
//!     .layer(sessions);
//! ```
//!
//! The layer works over a [`sessioning::Sessioning`] in this process, or over a [`Client`] of the
//! service: handlers cannot tell. What it promises:
//!
//! * Nothing is loaded before a handler asks, and nothing is saved behind its back: login, logout, renewal and
//!   patches of data are calls that have succeeded, or not, when they return.
//! * Asking who is logged in is a use of the session, but on routes behind [`SessionLayer::quiet`].
//! * A store that fails is 503, never "not logged in": no cookie is cleared, nobody is let in.
//! * A token that was not issued opens nothing and is never adopted; a logout is not undone by a slow request.
//! * An answer that depends on who asks says so to caches: `Cache-Control: no-store` and `Vary`.
//! * A request that a page of another origin made a browser send gets no session for what may change things: 403.

mod backend;
mod error;
mod extract;
mod layer;
mod refused;
mod sent;
mod service;
mod session;
mod visitor;

pub use backend::{Backend, InProcess};
pub use error::Error;
pub use extract::CurrentUser;
pub use layer::SessionLayer;
pub use refused::Refused;
pub use service::SessionService;
pub use session::Session;
pub use sessioning_api::{
    Authenticated, CookieError, CookieSettings, CreateSession, IssuedSession, Metadata, SameSite,
    SessionCookie, SessionView, TokenText,
};
pub use sessioning_client::Client;
pub use visitor::Visitor;
