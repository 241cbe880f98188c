//! What a client holds (the token), what everybody may see (the id), and what a store keeps (the digest).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::store::Keeps;
use crate::{Random, Result, Timestamp};

const PREFIX: &str = "ses_";
const ID_END: usize = PREFIX.len() + 32;
const SECRET_END: usize = ID_END + 64;
const TEXT_LEN: usize = SECRET_END + 8;

/// The public name of a session: logged, listed, and used by operators to revoke. Not a credential.
///
/// A UUID of version 7 for sessions made here (so ids sort by creation time), of version 8 for
/// [imported](SessionToken::import) ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(Uuid);

impl SessionId {
    /// Makes a new version 7 id for `now`.
    ///
    /// # Errors
    ///
    /// When the random source fails; there is no fallback.
    pub fn generate(now: Timestamp, random: &dyn Random) -> Result<Self> {
        let mut bytes = [0; 10];
        random.fill(&mut bytes)?;
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Ok(Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()))
    }

    /// Takes 16 bytes that a store kept; `None` unless they are a UUID of version 7 or 8.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Self::accept(Uuid::from_bytes(bytes))
    }

    /// The id as 16 bytes, in the order in which ids sort.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Whether it is that of a session whose token another system issued.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.0.get_version_num() == 8
    }

    fn accept(uuid: Uuid) -> Option<Self> {
        let rfc9562 = uuid.get_variant() == uuid::Variant::RFC4122;
        (rfc9562 && matches!(uuid.get_version_num(), 7 | 8)).then_some(Self(uuid))
    }
}

impl std::hash::Hash for SessionId {
    /// Hashes the random half alone: it is as good as the whole, and a map may use it as it is.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.as_u64_pair().1);
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = Malformed;

    /// Reads an id with or without dashes.
    fn from_str(text: &str) -> std::result::Result<Self, Malformed> {
        Uuid::try_parse(text).ok().and_then(Self::accept).ok_or(Malformed::Id)
    }
}

/// What a client holds: a public id and a 256-bit secret.
///
/// There is no `Display`, `Clone` or serialization, and `Debug` shows the id alone; [`expose`](Self::expose)
/// is the one way to its text. The secret is wiped from memory on drop.
#[derive(ZeroizeOnDrop)]
pub struct SessionToken {
    #[zeroize(skip)]
    id: SessionId,
    secret: [u8; 32],
    /// The text that another system issued; a token of ours is the text of its id and secret.
    foreign: Option<String>,
}

impl SessionToken {
    /// Makes a token with a new id and a new secret.
    ///
    /// # Errors
    ///
    /// When the random source fails; there is no fallback (CVE-2025-66630 is what a fallback leads to).
    pub fn generate(now: Timestamp, random: &dyn Random) -> Result<Self> {
        Self::renewed(SessionId::generate(now, random)?, random)
    }

    /// Makes a token with a new secret for a session that exists.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn renewed(id: SessionId, random: &dyn Random) -> Result<Self> {
        let mut token = Self { id, secret: [0; 32], foreign: None };
        random.fill(&mut token.secret)?;
        Ok(token)
    }

    /// Reads a token's text: `ses_`, 32 hex digits of id, 64 of secret, 8 of checksum, all lower case.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text, for logs; to an outsider all of it is "no such session".
    pub fn parse(text: &str) -> std::result::Result<Self, Malformed> {
        if text.len() != TEXT_LEN || !text.is_ascii() || !text.starts_with(PREFIX) {
            return Err(Malformed::Shape);
        }
        // The checksum comes first: it keeps typing errors and random probes away from the store.
        if text.as_bytes()[SECRET_END..] != checksum(&text[..SECRET_END]) {
            return Err(Malformed::Checksum);
        }
        let mut id = [0; 16];
        base16ct::lower::decode(&text[PREFIX.len()..ID_END], &mut id).map_err(|_| Malformed::Shape)?;
        let id = SessionId::from_bytes(id).ok_or(Malformed::Id)?;
        let mut token = Self { id, secret: [0; 32], foreign: None };
        base16ct::lower::decode(&text[ID_END..SECRET_END], &mut token.secret)
            .map_err(|_| Malformed::Shape)?;
        Ok(token)
    }

    /// Takes a token that another system issued, before its sessions came here: a UUID in lower case with dashes.
    ///
    /// Its id (a UUID of version 8) and its secret are two separate hashes of the text, so that neither the id
    /// nor what a store keeps opens the session. Text with our own prefix is never one.
    ///
    /// # Errors
    ///
    /// When the text is no such UUID.
    pub fn import(text: &str) -> std::result::Result<Self, Malformed> {
        let uuid = Uuid::try_parse(text).map_err(|_| Malformed::Shape)?;
        // One text a session: what a UUID parser is lenient about is another text.
        if uuid.get_variant() != uuid::Variant::RFC4122 || uuid.hyphenated().to_string() != text {
            return Err(Malformed::Shape);
        }
        let hash = |what: &str| -> [u8; 32] {
            Sha256::new().chain_update(what).chain_update([0]).chain_update(text).finalize().into()
        };
        let mut id = [0; 16];
        id.copy_from_slice(&hash("sessioning imported id")[..16]);
        let id = SessionId(uuid::Builder::from_custom_bytes(id).into_uuid());
        Ok(Self { id, secret: hash("sessioning imported secret"), foreign: Some(text.to_owned()) })
    }

    /// Makes a token again from what a store that keeps tokens [kept](Self::kept) of it.
    #[must_use]
    pub fn restore(id: SessionId, kept: &Digest) -> Self {
        Self { id, secret: kept.0, foreign: None }
    }

    /// Whether another system issued it.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.foreign.is_some()
    }

    /// The token's text, for the client that it belongs to and nobody else; wiped on drop.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        if let Some(text) = &self.foreign {
            return Zeroizing::new(text.clone());
        }
        let mut text = Zeroizing::new(String::with_capacity(TEXT_LEN));
        let mut hex = Zeroizing::new([0_u8; 64]);
        text.push_str(PREFIX);
        text.push_str(base16ct::lower::encode_str(self.id.as_bytes(), hex.as_mut()).unwrap_or_default());
        text.push_str(base16ct::lower::encode_str(&self.secret, hex.as_mut()).unwrap_or_default());
        let sum = checksum(&text);
        text.push_str(std::str::from_utf8(&sum).unwrap_or_default());
        text
    }

    /// The public id inside the token.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What a store may keep of this token.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.secret)
    }

    /// What a store that keeps that keeps of this token.
    #[must_use]
    pub fn kept(&self, keeps: Keeps) -> Digest {
        match keeps {
            // An imported token is kept as the text that it is, whose digest stands for it.
            Keeps::Tokens if !self.is_imported() => Digest(self.secret),
            Keeps::Tokens | Keeps::Digests => self.digest(),
        }
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// SHA-256 of a secret: enough to recognise the secret, useless for making it.
///
/// Compared in constant time. Its text never shows: `Debug` prints no digits.
#[derive(Clone, Zeroize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a secret's bytes.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Takes a digest that a store or a configuration kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes, for a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// The eight lower-case hex digits of the CRC-32 (IEEE) of `text`, as they end a token.
///
/// It finds typing errors; it is no protection against anybody.
#[must_use]
pub fn checksum(text: &str) -> [u8; 8] {
    let mut digits = [0; 8];
    let sum = crc32fast::hash(text.as_bytes()).to_be_bytes();
    // Eight digits of room for four bytes: this cannot fail, and a wrong checksum would be refused anyway.
    let _ = base16ct::lower::encode(&sum, &mut digits);
    digits
}

/// Why a text is no session token or id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It has not the prefix, length or alphabet of a token.
    Shape,
    /// Its last eight digits do not fit the rest: mistyped or cut.
    Checksum,
    /// It holds no id of ours.
    Id,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "not the shape of a session token",
            Self::Checksum => "the token's checksum is wrong: it was mistyped or cut",
            Self::Id => "not a session id (a UUID of version 7 or 8)",
        })
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
