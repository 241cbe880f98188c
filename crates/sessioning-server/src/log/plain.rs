//! What callers and operators wrote, fit to be shown.

use std::borrow::Cow;

/// What a caller sent, fit for a line: control characters escaped, tokens and keys cut, at most 300 characters.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    const MOST: usize = 300;
    let harmless = text.len() <= MOST
        && !text.contains("ses_")
        && !text.contains("sk_")
        && !text.chars().any(char::is_control);
    if harmless {
        return text.into();
    }
    let mut line = String::new();
    for character in text.chars().take(MOST) {
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
    for secret in ["ses_", "sk_"] {
        if let Some(start) = line.find(secret) {
            line.truncate(start + secret.len());
            line.push('…');
        }
    }
    line.into()
}

/// The same text without the secret parts of keys and tokens in it; borrowed if there are none.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(secret) = first_secret(rest) {
        shown.push_str(&rest[..secret]);
        shown.push('…');
        let end = rest[secret..].find(|next: char| !is_of_a_secret(next));
        rest = end.map_or("", |end| &rest[secret + end..]);
    }
    if shown.is_empty() { text.into() } else { (shown + rest).into() }
}

/// Where what follows a key's or a token's prefix begins.
fn first_secret(text: &str) -> Option<usize> {
    /// Fewer digits of a secret are no use to anybody.
    const FEWEST: usize = 8;
    let begins = |prefix: &'static str| {
        let found = text.match_indices(prefix).map(|(at, prefix)| (at, at + prefix.len()));
        let is_secret = |(at, end): &(usize, usize)| {
            let digits = text[*end..].chars().take_while(char::is_ascii_hexdigit).count();
            digits >= FEWEST && !text[..*at].ends_with(|before: char| before.is_ascii_alphanumeric())
        };
        found.filter(is_secret).map(|(_, end)| end).next()
    };
    ["ses_", "sk_"].into_iter().filter_map(begins).min()
}

fn is_of_a_secret(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::{masked, plain};

    #[test]
    fn keys_and_tokens_are_masked_and_the_rest_stays() {
        assert_eq!(masked("cannot read sk_0123456789abcdef_ff: no"), "cannot read sk_…: no");
        assert_eq!(masked("'ses_0123456789' and /x/sk_01234567.toml"), "'ses_…' and /x/sk_….toml");
        assert_eq!(masked("sk_0123456789"), "sk_…");
        for harmless in ["", "sk_file", "ses_", "courses_0123456789", "/run/secrets/sk_key", "ä"] {
            assert!(matches!(masked(harmless), std::borrow::Cow::Borrowed(_)), "{harmless}");
        }
    }

    #[test]
    fn what_callers_send_cannot_break_a_line_or_leak_a_token() {
        assert_eq!(plain("alice"), "alice");
        assert_eq!(plain("a\r\n\u{1b}[31mb"), "a\\r\\n\\u{1b}[31mb");
        assert_eq!(plain("my ses_0123456789"), "my ses_…");
        assert_eq!(plain(&"x".repeat(5000)).len(), 300);
    }
}
