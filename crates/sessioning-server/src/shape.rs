//! Reads text of a known shape, and says which field of it is wrong, by the name that its sender wrote.
//!
//! What stood there is never repeated: it may have been a token.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_path_to_error::{Path, deserialize};

use crate::expected::demanded;
use crate::problem::ApiError;

/// JSON of a known shape.
///
/// # Errors
///
/// When it is not JSON, or has another shape.
pub(crate) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(text).map_err(|error| {
        if !error.is_data() {
            return ApiError::invalid(format_args!("the body is not JSON: {error}"));
        }
        // Only what is wrong is read again, with an eye on where it stands.
        let mut again = serde_json::Deserializer::from_slice(text);
        explained(deserialize::<_, T>(&mut again)).err().unwrap_or_else(|| ApiError::invalid(error))
    })
}

/// A query of a known shape. The types refuse unknown names: a misspelt demand must not be no demand.
///
/// # Errors
///
/// When it has another one.
pub(crate) fn query<'a, T: Deserialize<'a>>(query: &'a str) -> Result<T, ApiError> {
    let fields = form_urlencoded::parse(query.as_bytes());
    explained(deserialize(serde_urlencoded::Deserializer::new(fields)))
}

/// A whole number from `LEAST` to `MOST` in a query.
///
/// # Errors
///
/// When it is something else.
pub(crate) fn integer<'de, D, T, const LEAST: u16, const MOST: u16>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u16>,
{
    let number = String::deserialize(from)?.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
    let wrong = || serde::de::Error::custom(format_args!("must be an integer of {LEAST} to {MOST}"));
    number.and_then(|number| T::try_from(number).ok()).map(Some).ok_or_else(wrong)
}

fn explained<T, E: std::fmt::Display>(read: Result<T, serde_path_to_error::Error<E>>) -> Result<T, ApiError> {
    read.map_err(|error| ApiError::invalid(sentence(error.path(), &error.inner().to_string())))
}

/// What serde says, in the words of those who write JSON.
fn sentence(path: &Path, said: &str) -> String {
    let said = said.split(" at line ").next().unwrap_or_default();
    let path = path.to_string();
    let place = if path == "." { "the body" } else { &path };
    let quoted = |after: &str| said.strip_prefix(after)?.split('`').next();
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = quoted("missing field `") {
        format!("{} is missing", inside(name))
    } else if let Some(name) = quoted("duplicate field `") {
        format!("{} stands there twice", inside(name))
    } else if let Some((_, known)) =
        said.strip_prefix("unknown field `").and_then(|it| it.split_once("`, expected "))
    {
        format!("{place} is not a field: write {}", known.trim_start_matches("one of "))
    } else if let Some(must) = demanded(said) {
        format!("{place} {must}")
    } else if let Some((_, known)) =
        said.strip_prefix("unknown variant `").and_then(|it| it.split_once("`, expected "))
    {
        format!("{place} must be {known}")
    } else if said.ends_with("was not `true` or `false`") {
        format!("{place} must be true or false")
    } else if said.starts_with("must ") {
        format!("{place} {said}")
    } else {
        format!("{place}: {said}")
    }
}

#[cfg(test)]
mod tests {
    use sessioning_api::{CheckSessions, CreateSession, RenewSession, RevokeEveryone};

    use super::*;

    fn said<T: DeserializeOwned>(text: &str) -> String {
        json::<T>(text.as_bytes()).err().unwrap().problem.detail.unwrap()
    }

    #[test]
    fn a_problem_names_the_field_as_its_sender_wrote_it() {
        for (text, expected) in [
            ("{}", "user is missing"),
            (r#"{"user":5}"#, "user must be a string"),
            (r#"{"user":"a","user":"b"}"#, "user stands there twice"),
            (r#"{"user":"a","metadata":{"user_agent":5}}"#, "metadata.user_agent must be a string"),
            (r#"{"user":"a","metadata":{"user_agent":["x"]}}"#, "metadata.user_agent must be a string"),
            (r#"{"user":"a","metadata":["x"]}"#, "metadata must be an object"),
            (
                r#"{"user":"a","metadata":{"browser":"x"}}"#,
                "metadata.browser is not a field: write `ip`, `user_agent`, `label`",
            ),
            (
                r#"{"user":"a","authenticated":{"level":-1}}"#,
                "authenticated.level must be an integer of 0 to 255",
            ),
            (
                r#"{"user":"a","authenticated":{"level":"2"}}"#,
                "authenticated.level must be an integer of 0 to 255",
            ),
            (r#"{"user":"a","authenticated":{"amr":["pwd",1]}}"#, "authenticated.amr[1] must be a string"),
            (r#"{"user":"a","authenticated":{"amr":"pwd"}}"#, "authenticated.amr must be a list"),
            (r#"{"user":"a","data":[]}"#, "data must be an object"),
            (r#"{"user":"a","idle_timeout":30}"#, "idle_timeout must be a string"),
        ] {
            assert_eq!(said::<CreateSession>(text), expected, "{text}");
        }
        let unknown = said::<CreateSession>(r#"{"user":"a","idle":"1h"}"#);
        assert!(unknown.starts_with("idle is not a field: write `user`, `idle_timeout`, "), "{unknown}");
        assert_eq!(said::<RenewSession>(r#"{"user":"a"}"#), "user is not a field: write `authenticated`");
        assert_eq!(said::<RevokeEveryone>(r#"{"confirm":"all"}"#), "confirm must be `everyone`");
        assert_eq!(
            said::<RevokeEveryone>(r#"{"confirm":"everyone","all_namespaces":1}"#),
            "all_namespaces must be true or false"
        );
    }

    #[test]
    fn what_stood_there_is_not_repeated() {
        for text in
            [r#"{"tokens":"ses_x"}"#, r#"{"tokens":[{"ses_x":1}]}"#, r#"{"tokens":[],"min_level":"ses_x"}"#]
        {
            let said = said::<CheckSessions>(text);
            assert!(!said.contains("ses_x"), "{said}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let said = said::<CreateSession>(r#"{"user":"#);
        assert_eq!(said, "the body is not JSON: EOF while parsing a value at line 1 column 8");
    }
}
