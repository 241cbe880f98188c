//! Names that members of session data must not have.

use serde_json::{Map, Value};

use crate::{Code, Problem};

/// What JavaScript takes for the prototype of an object, where members are copied by assigning (`Object.assign`).
const PROTOTYPE: &str = "__proto__";

/// Refuses data that has a member named `__proto__` at any depth.
///
/// # Errors
///
/// `invalid_request`, naming the member.
pub fn refuse_prototypes(data: &Map<String, Value>) -> Result<(), Problem> {
    refuse(in_object(data, false))
}

/// Refuses a merge patch that would put such a member into the data. It may remove one.
///
/// # Errors
///
/// `invalid_request`, naming the member.
pub fn refuse_prototypes_in_patch(patch: &Map<String, Value>) -> Result<(), Problem> {
    refuse(in_object(patch, true))
}

fn refuse(found: Option<String>) -> Result<(), Problem> {
    match found {
        None => Ok(()),
        Some(path) => Err(Problem::new(Code::InvalidRequest).because(format_args!(
            "data{path}: JavaScript takes a member of this name for an object's prototype; give it another name"
        ))),
    }
}

/// The path of a member that is refused. `is_patch`: a `null` here removes it.
fn in_object(members: &Map<String, Value>, is_patch: bool) -> Option<String> {
    members.iter().find_map(|(name, value)| {
        if name == PROTOTYPE && !(is_patch && value.is_null()) {
            return Some(format!(".{name}"));
        }
        in_value(value, is_patch).map(|path| format!(".{name}{path}"))
    })
}

fn in_value(value: &Value, is_patch: bool) -> Option<String> {
    match value {
        Value::Object(members) => in_object(members, is_patch),
        // A list is put in whole, with each `null` in it.
        Value::Array(items) => {
            let found = |(at, item)| in_value(item, false).map(|path| format!("[{at}]{path}"));
            items.iter().enumerate().find_map(found)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        refuse_prototypes(&serde_json::from_str(text).unwrap()).err()?.detail
    }

    fn refused_patch(text: &str) -> Option<String> {
        refuse_prototypes_in_patch(&serde_json::from_str(text).unwrap()).err()?.detail
    }

    #[test]
    fn a_member_named_proto_is_refused_at_any_depth_and_named() {
        for (text, path) in [
            (r#"{"__proto__":{"isAdmin":true}}"#, "data.__proto__"),
            (r#"{"\u005f_proto__":1}"#, "data.__proto__"),
            (r#"{"a":1,"b":{"c":{"__proto__":{}}}}"#, "data.b.c.__proto__"),
            (r#"{"a":[1,[{"__proto__":null}]]}"#, "data.a[1][0].__proto__"),
            (r#"{"a":{"__proto__":{"b":null}}}"#, "data.a.__proto__"),
        ] {
            for said in [refused(text).unwrap(), refused_patch(text).unwrap()] {
                assert!(said.starts_with(&format!("{path}: JavaScript takes")), "{said}");
            }
        }
    }

    #[test]
    fn every_other_member_is_taken_and_a_patch_removes_one_that_is_there() {
        let other = r#"{"proto":1,"__proto":2,"constructor":{"prototype":3},"a":"__proto__"}"#;
        assert_eq!((refused(other), refused_patch(other)), (None, None));
        for text in [r#"{"__proto__":null}"#, r#"{"a":{"__proto__":null}}"#] {
            assert!(refused(text).is_some() && refused_patch(text).is_none(), "{text}");
        }
    }
}
