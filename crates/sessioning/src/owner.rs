//! Whose a session is: a user in a namespace.

use std::fmt;
use std::str::FromStr;

/// The application's own id of a person: opaque, 1 to 256 bytes of UTF-8 without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User(Box<str>);

impl User {
    /// The most bytes a user may have.
    pub const MAX_BYTES: usize = 256;

    /// The user's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for User {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        let fits = (1..=Self::MAX_BYTES).contains(&text.len());
        if fits && !text.chars().any(char::is_control) { Ok(Self(text.into())) } else { Err(UserError) }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserError;

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("user must be a string of 1 to 256 bytes without control characters")
    }
}

impl std::error::Error for UserError {}

/// A set of users and sessions of its own: 1 to 64 of `[A-Za-z0-9_.-]`, `default` unless told otherwise.
///
/// A token of one namespace is not found in another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(Box<str>);

impl Namespace {
    /// The most bytes a namespace may have.
    pub const MAX_BYTES: usize = 64;

    /// The namespace's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self("default".into())
    }
}

impl FromStr for Namespace {
    type Err = NamespaceError;

    fn from_str(text: &str) -> Result<Self, NamespaceError> {
        if is_plain(text, Self::MAX_BYTES) { Ok(Self(text.into())) } else { Err(NamespaceError) }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is 1 to `max` of `[A-Za-z0-9_.-]`: a name that is the same wherever it is written.
pub(crate) fn is_plain(text: &str, max: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=max).contains(&text.len()) && text.bytes().all(plain)
}

/// A text that cannot be a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamespaceError;

impl fmt::Display for NamespaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a namespace is 1 to 64 of the characters A-Z, a-z, 0-9, _, . and -")
    }
}

impl std::error::Error for NamespaceError {}

/// A user in a namespace: what sessions belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    namespace: Namespace,
    user: User,
}

impl Owner {
    /// The user called `user` in `namespace`.
    #[must_use]
    pub fn new(namespace: Namespace, user: User) -> Self {
        Self { namespace, user }
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }
}

impl FromStr for Owner {
    type Err = UserError;

    /// The user of that text in the default namespace.
    fn from_str(text: &str) -> Result<Self, UserError> {
        Ok(Self::new(Namespace::default(), text.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_1_to_256_bytes_without_control_characters() {
        for good in ["a", "a b", "ünï", &"x".repeat(256), "{\"$ne\":null}", "../.."] {
            assert!(good.parse::<User>().is_ok(), "{good}");
        }
        for bad in ["", &"x".repeat(257), &"ü".repeat(129), "a\nb", "\u{0}", "\u{7f}", "\u{85}"] {
            assert_eq!(bad.parse::<User>(), Err(UserError), "{bad:?}");
        }
    }

    #[test]
    fn a_namespace_is_1_to_64_plain_characters() {
        for good in ["a", "A-z_0.9", &"x".repeat(64)] {
            assert!(good.parse::<Namespace>().is_ok(), "{good}");
        }
        for bad in ["", &"x".repeat(65), "a b", "ü", "a/b", "a\n"] {
            assert_eq!(bad.parse::<Namespace>(), Err(NamespaceError), "{bad:?}");
        }
    }
}
