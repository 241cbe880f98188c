//! What an application adds to a session: metadata about where it is used, and data of its own.

use std::fmt;

use serde_json::{Map, Value};

/// Where a session is used, as the application saw it: for lists that a person reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    ip: Option<Box<str>>,
    user_agent: Option<Box<str>>,
    label: Option<Box<str>>,
}

impl Metadata {
    /// The most characters an address may have: the longest text of an IPv6 address with a zone.
    pub const MAX_IP: usize = 64;
    /// The most characters a user agent may have.
    pub const MAX_USER_AGENT: usize = 512;
    /// The most characters a label may have.
    pub const MAX_LABEL: usize = 128;

    /// Metadata of these parts, each of which may be missing.
    ///
    /// Notes never refuse a login: a part over its limit is cut and ends in `…`, and U+FFFD stands for each control
    /// character.
    #[must_use]
    pub fn new(ip: Option<&str>, user_agent: Option<&str>, label: Option<&str>) -> Self {
        let note = |text: Option<&str>, most| text.map(|text| note(text, most));
        Self {
            ip: note(ip, Self::MAX_IP),
            user_agent: note(user_agent, Self::MAX_USER_AGENT),
            label: note(label, Self::MAX_LABEL),
        }
    }

    /// The client's address.
    #[must_use]
    pub fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }

    /// The client's program.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// A name that the application or its user gave the session, such as "kitchen tablet".
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

/// A text of at most that many characters, none of them a control character.
fn note(text: &str, most: usize) -> Box<str> {
    let plain = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    match text.char_indices().nth(most.saturating_sub(1)) {
        // More than one character is left: the last one that fits says so.
        Some((last, letter)) if text.len() > last + letter.len_utf8() => {
            text[..last].chars().map(plain).chain(['…']).collect::<String>().into()
        }
        _ => text.chars().map(plain).collect::<String>().into(),
    }
}

/// The application's own data in a session: a JSON object of at most 4 KiB, kept as its text.
///
/// It is parsed to be checked when it comes in and to be patched, and never to be stored, cached or shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data(Option<Box<str>>);

impl Data {
    /// The most bytes of JSON text, without white space.
    pub const MAX_BYTES: usize = 4096;
    /// The most objects and lists within one another; whoever reads a session with its data around it needs room.
    pub const MAX_DEPTH: usize = 64;

    /// Reads the JSON text of an object.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object, or too large.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        Self::bounded(&parsed(text)?)
    }

    /// Takes back what [`to_json`](Self::to_json) gave, from a store that knows by a checksum that nobody changed it.
    pub(crate) fn from_kept(text: &str) -> Self {
        Self((text != EMPTY).then(|| text.into()))
    }

    /// This data with a patch applied.
    ///
    /// # Errors
    ///
    /// When it would be too large.
    pub fn patched(&self, patch: &Patch) -> Result<Self, DataError> {
        let mut value = Value::Object(parsed(self.to_json())?);
        json_patch::merge(&mut value, &patch.0);
        match value {
            Value::Object(map) => Self::bounded(&map),
            _ => Err(DataError::NotAnObject),
        }
    }

    /// # Errors
    ///
    /// When it cannot be kept: what is stored is its text, so that has to be read back as the very same.
    fn bounded(map: &Map<String, Value>) -> Result<Self, DataError> {
        let text = serde_json::to_string(map).map_err(|_| DataError::NotAnObject)?;
        if text.len() > Self::MAX_BYTES {
            Err(DataError::TooLarge)
        } else if map.values().map(depth).max().unwrap_or(0) >= Self::MAX_DEPTH {
            Err(DataError::TooDeep)
        } else if parsed(&text).is_ok_and(|read| read == *map) {
            Ok(Self::from_kept(&text))
        } else {
            Err(DataError::Reserved)
        }
    }

    /// The JSON text, without white space.
    #[must_use]
    pub fn to_json(&self) -> &str {
        self.0.as_deref().unwrap_or(EMPTY)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The text of data with nothing in it, for which no memory is taken.
const EMPTY: &str = "{}";

fn parsed(text: &str) -> Result<Map<String, Value>, DataError> {
    serde_json::from_str(text).map_err(|_| DataError::NotAnObject)
}

/// How many objects and lists are within one another.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A change of session data: a JSON merge patch (RFC 7396), in which `null` removes a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch(Value);

impl Patch {
    /// Reads the JSON text of an object.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        Ok(Self(Value::Object(parsed(text)?)))
    }
}

/// Why a text cannot be session data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataError {
    /// It is no JSON object.
    NotAnObject,
    /// Its text is longer than [`Data::MAX_BYTES`].
    TooLarge,
    /// It is nested deeper than [`Data::MAX_DEPTH`].
    TooDeep,
    /// It has a member by whose name the JSON library marks numbers.
    Reserved,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "data must be a JSON object",
            Self::TooLarge => "data must be at most 4096 bytes of JSON",
            Self::TooDeep => "data must be nested at most 64 deep",
            Self::Reserved => "data must not have a member named $serde_json::private::Number",
        })
    }
}

impl std::error::Error for DataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_a_json_object_of_at_most_4_kib() {
        assert_eq!(Data::from_json(r#" {"a": 1.0} "#).unwrap().to_json(), r#"{"a":1.0}"#);
        for bad in ["[]", "1", "", "{", "null"] {
            assert_eq!(Data::from_json(bad), Err(DataError::NotAnObject));
        }
        let of = |len: usize| format!(r#"{{"k":"{}"}}"#, "x".repeat(len - 8));
        assert!(Data::from_json(&of(4096)).is_ok());
        assert_eq!(Data::from_json(&of(4097)), Err(DataError::TooLarge));
    }

    #[test]
    fn numbers_come_through_as_they_were_sent() {
        let text = r#"{"big":123456789012345678901234567890,"exact":2.50,"far":1e+400,"list":[-0,1.0]}"#;
        let data = Data::from_json(text).unwrap();
        assert_eq!(data.to_json(), text);
        let patched = data.patched(&Patch::from_json(r#"{"exact":0.10}"#).unwrap()).unwrap();
        assert_eq!(patched.to_json(), text.replace("2.50", "0.10"));
    }

    #[test]
    fn data_with_nothing_in_it_takes_no_memory() {
        let patch = Patch::from_json(r#"{"a":null}"#).unwrap();
        let emptied = Data::from_json(r#"{"a":1}"#).unwrap().patched(&patch).unwrap();
        for empty in [emptied, Data::from_json(" { } ").unwrap(), Data::from_kept("{}")] {
            assert_eq!((&empty, empty.0.is_none(), empty.to_json()), (&Data::default(), true, "{}"));
        }
    }

    /// The library keeps numbers as text under that name; an object that has it beside others would not be read
    /// back from what is stored, and the session be lost with it.
    #[test]
    fn what_would_not_be_read_back_is_refused() {
        let odd = r#"{"keep":1,"x":{"a":1,"$serde_json::private::Number":"abc"}}"#;
        assert_eq!(Data::from_json(odd), Err(DataError::Reserved));
        let patched = Data::default().patched(&Patch::from_json(odd).unwrap());
        assert_eq!(patched, Err(DataError::Reserved));
        assert!(DataError::Reserved.to_string().contains("must not have a member named"));
    }

    #[test]
    fn data_is_nested_at_most_64_deep() {
        let nested = |depth: usize| format!(r#"{{"k":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(Data::from_json(&nested(63)).is_ok());
        assert_eq!(Data::from_json(&nested(64)), Err(DataError::TooDeep));
        let objects = format!("{}1{}", r#"{"k":"#.repeat(65), "}".repeat(65));
        assert_eq!(Data::from_json(&objects).unwrap_err().to_string(), "data must be nested at most 64 deep");
    }

    #[test]
    fn a_patch_sets_and_removes_members_and_keeps_the_bound() {
        let data = Data::from_json(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let patch = Patch::from_json(r#"{"a":null,"b":{"c":4},"e":[null]}"#).unwrap();
        assert_eq!(data.patched(&patch).unwrap().to_json(), r#"{"b":{"c":4,"d":3},"e":[null]}"#);
        let large = Patch::from_json(&format!(r#"{{"k":"{}"}}"#, "x".repeat(4096))).unwrap();
        assert_eq!(data.patched(&large), Err(DataError::TooLarge));
        for bad in ["[]", "null", "1", "{"] {
            assert_eq!(Patch::from_json(bad), Err(DataError::NotAnObject));
        }
    }

    #[test]
    fn metadata_is_cut_at_its_limits_and_never_refused() {
        let label = "é".repeat(129);
        let metadata = Metadata::new(Some("::1\n\u{85}"), Some(&"x".repeat(512)), Some(&label));
        assert_eq!(metadata.ip(), Some("::1\u{fffd}\u{fffd}"));
        assert_eq!(metadata.user_agent(), Some("x".repeat(512).as_str()));
        assert_eq!(metadata.label(), Some(format!("{}…", "é".repeat(127)).as_str()));
        let again = Metadata::new(metadata.ip(), metadata.user_agent(), metadata.label());
        assert_eq!(again, metadata, "what was cut is not cut again");
        assert_eq!(Metadata::new(None, Some(""), None).user_agent(), Some(""));
    }
}
