//! What travels over the wire: requests, answers and problems, shared by the server and its clients.
//!
//! Wire types are not domain types: times are RFC 3339 text, durations text such as `30m`, nothing is checked
//! beyond its shape.

mod cookie;
mod problem;
mod session;

pub use cookie::{COOKIE_NAME, TwoCookies, find_cookie, set_cookie};
pub use problem::{Code, Problem};
pub use session::{CreateSession, CreatedSession, FoundSession, Metadata, SessionView, TokenText};
