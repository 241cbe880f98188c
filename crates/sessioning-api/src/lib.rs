//! What travels over the wire: requests, answers and problems, shared by the server and its clients.
//!
//! Wire types are not domain types: times are RFC 3339 text, durations text such as `30m`, nothing is checked
//! beyond its shape.

mod cookie;
mod cookie_scope;
#[cfg(feature = "domain")]
mod domain;
mod member;
mod oauth;
mod origin;
mod problem;
mod session;
mod strict;

pub use cookie::{CookieError, CookieSettings, SameSite, SessionCookie, TwoCookies};
#[cfg(feature = "domain")]
pub use domain::moment;
pub use member::{refuse_prototypes, refuse_prototypes_in_patch};
pub use oauth::{Introspection, IntrospectionForm, OAuthError, TokenForm};
pub use origin::{is_origin_of, is_same_origin};
pub use problem::{Code, Problem};
#[cfg(feature = "openapi")]
pub use session::SessionData;
pub use session::{
    Authenticated, CheckSessions, CheckVerdict, CheckedSession, CheckedSessions, CreateSession, Everyone,
    FoundSession, IssuedSession, Metadata, RenewSession, RevokeEveryone, Revoked, RevokedEveryone,
    SessionPage, SessionView, TokenText,
};
