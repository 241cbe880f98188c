//! Four moments in which session middleware logs somebody in again, or out for nothing, each played on the same small
//! application over [sessioning-tower](sessioning_tower) and over [tower-sessions](tower_sessions).
//!
//! `cargo run -p races` plays them and prints a table.

mod app;
mod browser;
mod races;
mod with_sessioning;
mod with_tower_sessions;

pub use app::App;
pub use races::{Race, Row, play};
pub use with_sessioning::with_sessioning;
pub use with_tower_sessions::with_tower_sessions;
