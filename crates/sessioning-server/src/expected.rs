//! What a value must be, in the words of those who write JSON or TOML.

/// What serde says a value must be, in usual words: `must be an integer of at least 0`.
pub(crate) fn demanded(said: &str) -> Option<String> {
    let (_, expected) = said.strip_prefix("invalid ")?.rsplit_once(", expected ")?;
    Some(format!("must be {}", kind(expected)))
}

/// A type of Rust's, as JSON has it.
fn kind(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "u8" => "an integer of 0 to 255",
        "u16" | "u32" | "u64" | "usize" => "an integer of at least 0",
        "f32" | "f64" => "a number",
        expected if expected.starts_with("struct ") => "an object",
        expected => expected,
    }
}
