//! Paging cursors: opaque to whoever gets one, and good for nothing but the list that they came from.
//!
//! A cursor is the last id of a page and a MAC of that id and the list's owner. Its key is the store's own, so
//! that every node over a store knows the others' cursors, and a restart forgets none.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sessioning::{Error, Owner, SessionId, Sessioning};
use sha2::Sha256;
use tokio::sync::OnceCell;

const ID: usize = 16;
const MAC: usize = 16;

pub(crate) struct Cursors {
    sessioning: Sessioning,
    key: OnceCell<[u8; 32]>,
}

impl Cursors {
    pub(crate) fn over(sessioning: &Sessioning) -> Self {
        Self { sessioning: sessioning.clone(), key: OnceCell::new() }
    }

    /// The cursor of the page of `owner`'s list that begins after `id`.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn write(&self, owner: &Owner, id: SessionId) -> Result<String, Error> {
        let mut bytes = [0; ID + MAC];
        bytes[..ID].copy_from_slice(id.as_bytes());
        bytes[ID..].copy_from_slice(&self.mac(owner, id).await?.finalize().into_bytes()[..MAC]);
        Ok(Base64UrlUnpadded::encode_string(&bytes))
    }

    /// Where the page begins that a cursor of `owner`'s list names; `None` if no such cursor was ever written.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn read(&self, owner: &Owner, text: &str) -> Result<Option<SessionId>, Error> {
        let mut bytes = [0; ID + MAC];
        let decoded = Base64UrlUnpadded::decode(text, &mut bytes).is_ok_and(|read| read.len() == ID + MAC);
        let id = bytes.first_chunk().copied().and_then(SessionId::from_bytes).filter(|_| decoded);
        let Some(id) = id else { return Ok(None) };
        let ours = self.mac(owner, id).await?.verify_truncated_left(&bytes[ID..]).is_ok();
        Ok(ours.then_some(id))
    }

    async fn mac(&self, owner: &Owner, id: SessionId) -> Result<Hmac<Sha256>, Error> {
        let key = self.key.get_or_try_init(|| self.sessioning.store().key()).await?;
        // HMAC's own block size: a shorter key is a key with zeros behind it (RFC 2104).
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        // No namespace holds a zero byte, and an id has one length: the parts cannot run into one another.
        let (namespace, user) = (owner.namespace().as_str(), owner.user().as_str());
        for part in [b"cursor", namespace.as_bytes(), b"\0", id.as_bytes(), user.as_bytes()] {
            mac.update(part);
        }
        Ok(mac)
    }
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursors").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sessioning::{Memory, OsRandom, SessionToken, Timestamp};

    use super::*;

    fn id() -> SessionId {
        SessionToken::generate(Timestamp::from_millis(1_790_000_000_000), &OsRandom).unwrap().id()
    }

    #[tokio::test]
    async fn sec_39_a_cursor_is_good_for_its_list_alone() {
        let cursors = Cursors::over(&Sessioning::new(Memory::new()));
        let (alice, bob): (Owner, Owner) = ("alice".parse().unwrap(), "bob".parse().unwrap());
        let elsewhere = Owner::new("other".parse().unwrap(), "alice".parse().unwrap());
        let (id, other) = (id(), id());
        let cursor = cursors.write(&alice, id).await.unwrap();
        assert_eq!(cursors.read(&alice, &cursor).await.unwrap(), Some(id));
        for owner in [&bob, &elsewhere] {
            assert_eq!(cursors.read(owner, &cursor).await.unwrap(), None);
        }
        let another_store = Cursors::over(&Sessioning::new(Memory::new()));
        assert_eq!(another_store.read(&alice, &cursor).await.unwrap(), None);
        // The id of one cursor with the mark of another.
        let mut bytes = Base64UrlUnpadded::decode_vec(&cursor).unwrap();
        bytes[..ID].copy_from_slice(other.as_bytes());
        let spliced = Base64UrlUnpadded::encode_string(&bytes);
        assert_eq!(cursors.read(&alice, &spliced).await.unwrap(), None);
    }

    #[tokio::test]
    async fn sec_39_no_mutation_of_a_cursor_is_taken() {
        let cursors = Cursors::over(&Sessioning::new(Memory::new()));
        let alice: Owner = "alice".parse().unwrap();
        let cursor = cursors.write(&alice, id()).await.unwrap();
        for (at, old) in cursor.char_indices() {
            let new = if old == 'A' { "B" } else { "A" };
            let mut mutated = cursor.clone();
            mutated.replace_range(at..=at, new);
            assert_eq!(cursors.read(&alice, &mutated).await.unwrap(), None, "{at}");
        }
        for text in ["", "x", "ü", &cursor[1..], &format!("{cursor}A"), &cursor[..21]] {
            assert_eq!(cursors.read(&alice, text).await.unwrap(), None, "{text}");
        }
    }
}
