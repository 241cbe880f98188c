//! The keys of the engine's spaces. Lengths come before texts, so that no owner's keys begin another's.

use std::ops::RangeInclusive;

use super::endings::Scope;
use crate::{Owner, SessionId, Timestamp};

/// Part of the engine's key space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Id to record.
    Sessions,
    /// Owner and id to nothing: the list of a user's sessions.
    Users,
    /// Date and id to nothing: no record needs purging before the date it stands under.
    Purge,
    /// The store's own numbers.
    Meta,
    /// Owner to the ids that count for a limit, in the order of inserts.
    Counted,
    /// What was ended all at once and is not freed yet.
    Endings,
}

/// The one key in [`Space::Meta`].
pub(super) const META: &[u8] = b"meta";

/// The length of an id.
pub(super) const ID: usize = 16;

/// What an owner's keys begin with.
pub(super) fn owner_prefix(owner: &Owner) -> Vec<u8> {
    let (namespace, user) = (owner.namespace().as_str(), owner.user().as_str());
    let mut key = Vec::with_capacity(3 + namespace.len() + user.len() + ID);
    // A namespace has at most 64 bytes, a user at most 256.
    key.push(u8::try_from(namespace.len()).unwrap_or(u8::MAX));
    key.extend_from_slice(namespace.as_bytes());
    key.extend_from_slice(&u16::try_from(user.len()).unwrap_or(u16::MAX).to_be_bytes());
    key.extend_from_slice(user.as_bytes());
    key
}

/// The owner whose keys begin with that.
pub(super) fn owner_of(prefix: &[u8]) -> Option<Owner> {
    let (length, rest) = prefix.split_first()?;
    let (namespace, rest) = rest.split_at_checked(usize::from(*length))?;
    let (_, user) = rest.split_first_chunk::<2>()?;
    let text = |bytes| std::str::from_utf8(bytes).ok();
    Some(Owner::new(text(namespace)?.parse().ok()?, text(user)?.parse().ok()?))
}

/// The users' keys that a scope is about.
pub(super) fn users_in(scope: &Scope) -> RangeInclusive<Vec<u8>> {
    match scope {
        Scope::Everyone => Vec::new()..=vec![0xff],
        Scope::Namespace(namespace) => {
            let text = namespace.as_str();
            let first = [&[u8::try_from(text.len()).unwrap_or(u8::MAX)], text.as_bytes()].concat();
            // What comes next is a user's length, which begins with less.
            let last = [&first, [0xff].as_slice()].concat();
            first..=last
        }
        Scope::Owner(owner, _) => users(owner, None),
    }
}

pub(super) fn user(owner: &Owner, id: SessionId) -> Vec<u8> {
    let mut key = owner_prefix(owner);
    key.extend_from_slice(id.as_bytes());
    key
}

/// All of an owner's keys, or those with ids after `after` (and `after` itself, which the caller skips).
pub(super) fn users(owner: &Owner, after: Option<SessionId>) -> RangeInclusive<Vec<u8>> {
    let (mut first, mut last) = (owner_prefix(owner), owner_prefix(owner));
    first.extend_from_slice(&after.map_or([0; ID], |id| *id.as_bytes()));
    last.extend_from_slice(&[0xff; ID]);
    first..=last
}

pub(super) fn purge_at(at: Timestamp, id: SessionId) -> Vec<u8> {
    let mut key = date(at).to_vec();
    key.extend_from_slice(id.as_bytes());
    key
}

/// Everything that stands under a date up to `now`, from the key `first` on.
pub(super) fn purge(first: Vec<u8>, now: Timestamp) -> RangeInclusive<Vec<u8>> {
    let mut last = date(now).to_vec();
    last.extend_from_slice(&[0xff; ID]);
    // A range that ends before it begins is no range to the engine.
    first.min(last.clone())..=last
}

/// The first key there can be after `key`.
pub(super) fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// Bytes that sort as the moments do, those before 1970 included.
fn date(at: Timestamp) -> [u8; 8] {
    at.as_millis().wrapping_sub(i64::MIN).to_be_bytes()
}

/// The id that ends a key; `None` if no id of ours does.
pub(super) fn id_of(key: &[u8]) -> Option<SessionId> {
    SessionId::from_bytes(*key.last_chunk()?)
}
