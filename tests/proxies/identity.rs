//! Who the application is told that a visitor is.

use crate::application::{NAMES, Seen};
use crate::stage::Stage;

/// A user whose name needs encoding, and how it is told.
pub const USER: &str = "älice smith";
pub const ENCODED: &str = "%C3%A4lice%20smith";

/// Begins a session of that user: its token and its id.
pub fn begin(stage: &Stage, user: &str) -> (String, String) {
    stage.service.begin(&serde_json::json!({ "user": user }).to_string())
}

/// Asserts that the application was told that it is this session, and nothing else, in any spelling.
pub fn assert_identity(seen: &Seen, user: &str, id: &str) {
    // What is named there is dropped by whoever comes next.
    let connection = seen.header("connection").unwrap_or_default().to_lowercase();
    assert!(!connection.contains("session"), "{}", seen.head);
    assert_eq!(seen.header("host"), Some("app.example"), "{}", seen.head);
    let told = seen.identity();
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, NAMES, "{}", seen.head);
    let values: Vec<&str> = told.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values[1..], [id, "active", user], "{}", seen.head);
    assert!(values[0].ends_with('Z') && values[0].starts_with("20"), "{}", seen.head);
}

/// Asserts that the application was told that it is nobody.
pub fn assert_anonymous(seen: &Seen) {
    let told = seen.identity();
    let values: Vec<&str> = told.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["(none)", "(none)", "anonymous", "(none)"], "{}", seen.head);
}

/// Asserts that the application was told nothing.
pub fn assert_nobody(seen: &Seen) {
    assert_eq!(seen.identity(), [], "{}", seen.head);
}
