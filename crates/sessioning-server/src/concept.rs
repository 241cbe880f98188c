//! What the concept surface takes from JavaScript: how it reads a body, and how it writes a value into a text.

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 128;

/// The fields of a body or an answer. Wiped on drop: one of them may be a token.
#[derive(Default, Serialize)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn of(name: &str, text: &str) -> Self {
        Self(Map::from_iter([(name.to_owned(), text.into())]))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The fields of a body. An empty or unparsable body, and one that is no object, has none.
pub(crate) fn fields(body: &[u8]) -> Fields {
    // Nearly always it is UTF-8, which is found out faster than it is mended.
    let mended = std::str::from_utf8(body).is_err().then(|| String::from_utf8_lossy(body).into_owned());
    let mended = mended.map(Zeroizing::new);
    let text =
        mended.as_ref().map_or_else(|| std::str::from_utf8(body).unwrap_or_default(), |text| text.as_str());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if too_deep(text) {
        return Fields::default();
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    // Its own limit is one level less than ours, which is checked already.
    reader.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(fields)) => Fields(fields),
        Ok(_) | Err(_) => Fields::default(),
    }
}

fn too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// A value as JavaScript's template literal writes it; a missing one is `undefined`.
pub(crate) fn template(value: Option<&Value>) -> String {
    match value {
        None => "undefined".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(_)) => "[object Object]".into(),
        Some(Value::Array(items)) => items.iter().map(item).collect::<Vec<_>>().join(","),
        // Every number is a double there: too large ones are infinite.
        Some(Value::Number(number)) => {
            let number = number.as_str().parse().unwrap_or(f64::NAN);
            ryu_js::Buffer::new().format(number).to_owned()
        }
    }
}

/// An array joins nothing for `null`.
fn item(value: &Value) -> String {
    if value.is_null() { String::new() } else { template(Some(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(session: &str) -> String {
        let body = format!(r#"{{"session": {session}}}"#);
        template(fields(body.as_bytes()).get("session"))
    }

    #[test]
    fn values_are_written_as_javascript_writes_them() {
        for (value, text) in [
            ("null", "null"),
            ("true", "true"),
            (r#""a\nb""#, "a\nb"),
            ("1", "1"),
            ("1.0", "1"),
            ("-0", "0"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"),
            ("0.1", "0.1"),
            ("1e-7", "1e-7"),
            ("1e999", "Infinity"),
            ("-1e999", "-Infinity"),
            ("[1,[2,null],{}]", "1,2,,[object Object]"),
            ("[]", ""),
            (r#"{"$ne": null}"#, "[object Object]"),
        ] {
            assert_eq!(rendered(value), text, "{value}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for body in ["", "{", "[]", "1", "null", "\"x\"", "{} {}", r#"{"a": "\ud800"}"#] {
            assert!(fields(body.as_bytes()).0.is_empty(), "{body}");
        }
        assert_eq!(template(fields(b"{").get("session")), "undefined");
    }

    #[test]
    fn a_byte_order_mark_duplicate_keys_and_bad_utf_8_are_no_obstacle() {
        assert_eq!(fields("\u{feff}{\"a\":1}".as_bytes()).0.len(), 1);
        assert_eq!(template(fields(br#"{"a":1,"a":2}"#).get("a")), "2");
        assert_eq!(template(fields(b"{\"a\":\"\xff\"}").get("a")), "\u{fffd}");
    }

    #[test]
    fn nesting_is_read_to_128_levels() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            fields(format!(r#"{{"a":{open}{close}}}"#).as_bytes()).0.len()
        };
        assert_eq!((nested(127), nested(128), nested(129), nested(100_000)), (1, 1, 0, 0));
        assert_eq!(fields(format!(r#"{{"a":"{}\""}}"#, "[".repeat(500)).as_bytes()).0.len(), 1);
    }
}
