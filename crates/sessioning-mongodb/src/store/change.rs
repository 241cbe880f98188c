//! Changes records that are there: conditional updates, which never create.

use mongodb::bson::{Document, doc};
use sessioning::store::{Replaced, Touch, Touched};
use sessioning::{ErrorKind, Record, Result, SessionId};

use super::{Inner, answer};
use crate::Layout;
use crate::document::{date, signed};
use crate::error::failed;

/// How often an update is tried whose answer was lost, or that another change came before.
const TRIES: usize = 8;

impl Inner {
    /// A replace whose answer was lost is recognised by the mark that it wrote.
    pub(super) async fn replace(&self, record: Record, version: u64) -> Result<Replaced> {
        let mut lost = None;
        for _ in 0..TRIES {
            let stored = match self.stored(record.id).await {
                Ok(Some(stored)) => stored,
                Ok(None) => return Ok(Replaced::Gone),
                Err(error) => {
                    lost = Some(error);
                    continue;
                }
            };
            if lost.is_some() && record.write_id.is_some() && stored.write_id == record.write_id {
                return Ok(Replaced::Done);
            }
            if stored.version != version {
                return Ok(Replaced::Stale);
            }
            if self.settings.layout == Layout::Concept && stored.digest != record.digest {
                let why =
                    "in the concept layout of MongoDB a session's key is its token, which cannot be renewed";
                return Err(ErrorKind::Unsupported(why).into());
            }
            let new = record.clone().succeeding(&stored);
            let mut filter = self.codec.by_id(record.id);
            filter.insert("version", signed(version));
            match self.sessions()?.update_one(filter, self.replacement(&new)?).await {
                Ok(updated) if updated.matched_count == 1 => return Ok(Replaced::Done),
                // Somebody came between: look again what is there now.
                Ok(_) => {}
                Err(error) => lost = Some(failed(error)),
            }
        }
        Err(lost.unwrap_or_else(|| ErrorKind::Unavailable.into()))
    }

    fn replacement(&self, new: &Record) -> Result<Document> {
        let (mut set, mut unset) = self.codec.changes(new)?;
        set.insert("version", signed(new.version));
        // A use may be recorded at the same time: its moment does not go back. The end may, by as long as this takes;
        // it is for purging alone, which waits a day.
        match new.ends_at() {
            Some(end) => set.insert("expiresAt", date(end)),
            None => unset.insert("expiresAt", ""),
        };
        let mut update = doc! { "$set": set, "$max": { "lastSeen": date(new.last_seen) } };
        if !unset.is_empty() {
            update.insert("$unset", unset);
        }
        Ok(update)
    }

    pub(super) async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        for _ in 0..TRIES {
            let Some(stored) = self.stored(id).await? else { return Ok(Touched::Gone) };
            if !touch.is_due(&stored) {
                return Ok(Touched::NotDue);
            }
            let used = Record { last_seen: touch.at, ..stored };
            let mut filter = self.codec.by_id(id);
            // Of the same version, so that the end follows from the timeouts that are stored.
            filter.insert("version", signed(used.version));
            filter.insert("lastSeen", doc! { "$lte": date(touch.at.before(touch.interval)) });
            let mut later = doc! { "lastSeen": date(touch.at) };
            if let Some(end) = used.ends_at() {
                later.insert("expiresAt", date(end));
            }
            let updated = answer(self.sessions()?.update_one(filter, doc! { "$max": later }).await)?;
            if updated.matched_count == 1 {
                return Ok(Touched::Done);
            }
        }
        // Others go on changing the same session, which is more than a use.
        Ok(Touched::NotDue)
    }

    async fn stored(&self, id: SessionId) -> Result<Option<Record>> {
        let counters = self.counters().await?;
        let found = answer(self.sessions()?.find_one(self.codec.by_id(id)).await)?;
        Ok(found.and_then(|document| self.visible(document, &counters)))
    }
}
