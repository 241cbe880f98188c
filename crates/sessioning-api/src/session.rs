//! Sessions as they travel.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::strict::{level, object, optional_level, word};

/// The body of `POST /v1/sessions`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The application's id of the person who has been authenticated: 1 to 256 bytes, no control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256, example = "alice"))]
    pub user: String,
    /// An idle timeout for this session, such as `30m`; `never` is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(never|[1-9][0-9]{0,5}(ms|s|m|h|d))$"))]
    pub idle_timeout: Option<String>,
    /// An absolute timeout for this session, such as `7d`; `never` is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(never|[1-9][0-9]{0,5}(ms|s|m|h|d))$"))]
    pub absolute_timeout: Option<String>,
    /// How the user just proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub authenticated: Option<Authenticated>,
    /// Where the session is used. It refuses no login: a text that is too long is cut.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub metadata: Option<Metadata>,
    /// The application's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<SessionData>))]
    pub data: Option<Map<String, Value>>,
}

/// One act of authentication, just done by the application. Methods and level belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Authenticated {
    /// How, as in RFC 8176: `pwd`, `otp`, …; each 1 to 32 of `[A-Za-z0-9_.-]`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(schema_with = methods))]
    pub amr: Vec<String>,
    /// How well: the application's own scale, 1 to 3 as in NIST SP 800-63B-4, or 0.
    #[serde(default, deserialize_with = "level")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 255))]
    pub level: u8,
}

/// What the derive cannot say: the bounds of the items.
#[cfg(feature = "openapi")]
fn methods() -> utoipa::openapi::Array {
    use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
    let method = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_.-]{1,32}$"));
    ArrayBuilder::new().items(method).max_items(Some(8)).build()
}

/// The body of `POST /v1/session/renew`; it may be missing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RenewSession {
    /// A new authentication of the same user: step-up.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub authenticated: Option<Authenticated>,
}

/// Where a session is used. A text that is too long is cut, and ends in `…` then; U+FFFD stands for each control character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The client's address, at most 64 characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The client's program (`User-Agent`), at most 512 characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// A name for the session, at most 128 characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// An application's own data in a session, or a merge patch of it: an object of at most 4,096 bytes as JSON without white
/// space, nested at most 64 deep, without a member `__proto__`.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[schema(value_type = Object)]
pub struct SessionData(#[expect(dead_code, reason = "it is described, never made")] Map<String, Value>);

/// A session as everybody may see it: never a token or a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// The public id.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// When it began, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The last recorded use, RFC 3339; exact to the touch interval.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub last_seen: String,
    /// When it ends unless it is used, RFC 3339; `null` is never.
    #[cfg_attr(feature = "openapi", schema(format = DateTime, required = true))]
    pub idle_expires_at: Option<String>,
    /// When it ends however busy, RFC 3339; `null` is never.
    #[cfg_attr(feature = "openapi", schema(format = DateTime, required = true))]
    pub expires_at: Option<String>,
    /// When the user last proved who they are, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub authenticated_at: String,
    /// How they did, as in RFC 8176.
    #[serde(default)]
    pub amr: Vec<String>,
    /// How well; 0 where nobody said.
    #[serde(default)]
    pub level: u8,
    /// Where it is used.
    pub metadata: Metadata,
    /// The application's own data.
    #[cfg_attr(feature = "openapi", schema(value_type = SessionData))]
    pub data: Map<String, Value>,
}

impl SessionView {
    /// How many seconds the session lasts at most from its last use on; `None` is for ever.
    ///
    /// Good for a cookie's `Max-Age`: one that outlives its session is harmless, but pointless.
    #[must_use]
    pub fn life(&self) -> Option<u64> {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let (end, seen) = (moment(self.expires_at.as_deref()?)?, moment(&self.last_seen)?);
        Some(u64::try_from((end.as_millisecond() - seen.as_millisecond()) / 1000).unwrap_or(0))
    }
}

/// The answer to what gives a token: create and renew.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedSession {
    /// The token, for the client that it belongs to; it is told this once.
    pub token: TokenText,
    /// The session.
    pub session: SessionView,
    /// The value of the `Set-Cookie` header that gives the browser the token.
    pub set_cookie: TokenText,
    /// All `Set-Cookie` headers for the application to relay, in this order. The last is `set_cookie`; those before it
    /// take away cookies of the same name that the browser may have for other domains, of the host that the request's
    /// `X-Forwarded-Host` names.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub set_cookies: Vec<TokenText>,
}

/// The answer to what looks a session up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundSession {
    /// The session.
    pub session: SessionView,
}

/// The body of `POST /v1/sessions/check`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckSessions {
    /// The tokens to check, at most 1,000.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub tokens: Vec<TokenText>,
    /// How long ago the user may have authenticated at most, such as `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[1-9][0-9]{0,5}(ms|s|m|h|d)$"))]
    pub max_age: Option<String>,
    /// The level their authentication must have reached.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_level")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 255))]
    pub min_level: Option<u8>,
    /// `false`: the check is no use of the sessions, which end as if nobody had asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch: Option<bool>,
}

/// The answer to `POST /v1/sessions/check`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedSessions {
    /// One verdict for each token, in the order in which they were asked for.
    pub results: Vec<CheckedSession>,
}

/// What a check of one token found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedSession {
    /// Whether it opens a session.
    #[serde(deserialize_with = "word")]
    pub verdict: CheckVerdict,
    /// The session, if it is live.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub session: Option<SessionView>,
}

/// Whether a token opens a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It does.
    Live,
    /// It does not: not logged in.
    SessionInvalid,
    /// It does, but its user has to authenticate again for what was asked.
    StepUpRequired,
}

/// Some of a user's sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionPage {
    /// In the order in which they began. There may be fewer than asked for although there are more pages.
    pub items: Vec<SessionView>,
    /// What to ask the next page with; `null`: there is none.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next_cursor: Option<String>,
}

/// The answer to what ends several sessions.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revoked {
    /// How many have ended, those among them that had expired but not been purged.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub revoked: u64,
}

/// The body of `POST /v1/sessions/revoke-everyone`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RevokeEveryone {
    /// Has to be `everyone`: this logs everybody out.
    #[serde(deserialize_with = "word")]
    pub confirm: Everyone,
    /// In every namespace, not the caller's alone.
    #[serde(default)]
    pub all_namespaces: bool,
}

/// The word that confirms it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Everyone {
    /// `everyone`
    Everyone,
}

/// The answer to `POST /v1/sessions/revoke-everyone`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedEveryone {
    /// The namespace in which every session has ended; `null`: in all.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub namespace: Option<String>,
}

/// Text that holds a session token: wiped on drop, and never shown by `Debug`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::{CheckedSession, RevokeEveryone};
    use crate::{Code, Problem};

    #[test]
    fn a_word_is_text_and_nothing_that_would_do_for_it() {
        for word in
            [json!({ "everyone": null }), json!(["everyone"]), json!("Everyone"), json!(0), json!(null)]
        {
            assert!(from_value::<RevokeEveryone>(json!({ "confirm": word })).is_err(), "{word}");
        }
        assert!(from_value::<RevokeEveryone>(json!({ "confirm": "everyone" })).is_ok());
        let checked = |verdict| from_value::<CheckedSession>(json!({ "verdict": verdict, "session": null }));
        assert!(checked(json!("live")).is_ok());
        assert!(checked(json!({ "live": null })).is_err());
        let problem = |code| from_value::<Problem>(json!({ "code": code, "title": "", "status": 401 }));
        assert_eq!(problem(json!("session_invalid")).unwrap().code, Code::SessionInvalid);
        assert!(problem(json!({ "session_invalid": null })).is_err());
    }
}
