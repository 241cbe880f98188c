//! Sessions as they travel.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// The body of `POST /v1/sessions`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The application's id of the person who has been authenticated.
    pub user: String,
    /// An idle timeout for this session, such as `30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<String>,
    /// An absolute timeout for this session, such as `7d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_timeout: Option<String>,
    /// Where the session is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The application's own data, at most 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// Where a session is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The client's address, at most 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The client's program, at most 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// A name for the session, at most 128 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A session as everybody may see it: never a token or a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The public id.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// When it began, RFC 3339.
    pub created_at: String,
    /// The last recorded use, RFC 3339; exact to the touch interval.
    pub last_seen: String,
    /// When it ends unless it is used, RFC 3339; `null` is never.
    pub idle_expires_at: Option<String>,
    /// When it ends however busy, RFC 3339; `null` is never.
    pub expires_at: Option<String>,
    /// When the user last proved who they are, RFC 3339.
    pub authenticated_at: String,
    /// Where it is used.
    pub metadata: Metadata,
    /// The application's own data.
    pub data: Map<String, Value>,
}

/// The answer to `POST /v1/sessions`.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreatedSession {
    /// The token, for the client that it belongs to; it is told this once.
    pub token: TokenText,
    /// The session.
    pub session: SessionView,
    /// The value of a `Set-Cookie` header, for the application to relay.
    pub set_cookie: TokenText,
}

/// The answer to `GET /v1/session`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoundSession {
    /// The session that the token opens.
    pub session: SessionView,
}

/// Text that holds a session token: wiped on drop, and never shown by `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenText(String);

impl TokenText {
    /// Wraps a text that holds a token.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place where it has to go.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(..)")
    }
}

impl Drop for TokenText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
