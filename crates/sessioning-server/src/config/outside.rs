//! Text from the environment, from flags and from files, as editors, shells and secret stores leave it.

use std::fmt;

/// Whether white space may be inside a text: it may in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// It may; line ends may not.
    Spaces,
    /// It may not.
    Nothing,
}

/// The text without white space and a byte order mark at its ends.
///
/// # Errors
///
/// When it holds white space, or another control character, where it cannot be meant.
pub fn tidy(text: &str, inside: Inside) -> Result<&str, Untidy> {
    let text = text.trim_matches(|end: char| end.is_whitespace() || end == '\u{feff}');
    let is_wrong = |character: char| {
        character.is_control()
            || character == '\u{feff}'
            || (inside == Inside::Nothing && character.is_whitespace())
    };
    match text.chars().find(|character| is_wrong(*character)) {
        None => Ok(text),
        Some(character) => Err(Untidy(character)),
    }
}

/// The character that a text holds and cannot mean. The text is not repeated: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untidy(char);

impl fmt::Display for Untidy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            '\n' | '\r' => f.write_str("there is a line end inside the value; write it as one line"),
            space if space.is_whitespace() => f.write_str("there is white space inside the value; remove it"),
            other => write!(
                f,
                "there is a control character inside the value ({}); remove it",
                other.escape_unicode()
            ),
        }
    }
}

impl std::error::Error for Untidy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_trimmed_and_the_inside_is_refused() {
        for written in ["x y", "x y\n", " x y\r\n", "\u{feff}x y\t", "\u{feff} x y\u{a0}"] {
            assert_eq!(tidy(written, Inside::Spaces), Ok("x y"), "{written:?}");
            assert_eq!(tidy(written, Inside::Nothing), Err(Untidy(' ')), "{written:?}");
        }
        for (written, said) in
            [("a\nb", "line end"), ("a\0b", "control character"), ("a\u{feff}b", "control")]
        {
            let error = tidy(written, Inside::Spaces).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(tidy(" \n\u{feff}", Inside::Nothing), Ok(""));
    }
}
