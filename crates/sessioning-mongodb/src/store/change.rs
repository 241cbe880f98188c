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

/// A record, and what its document tells once more beside our field: what is written there must still be ours.
struct Stored {
    record: Record,
    beside: Document,
}

impl Inner {
    /// A replace whose answer was lost is recognised by the mark that it wrote.
    pub(super) async fn replace(&self, record: Record, version: u64) -> Result<Replaced> {
        let mut lost = None;
        for _ in 0..TRIES {
            let Stored { record: stored, beside } = match self.stored(record.id).await {
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
            filter.insert(self.codec.field("version"), signed(version));
            let update = self.replacement(&new, &beside)?;
            filter.extend(beside);
            match self.sessions()?.update_one(filter, update).await {
                Ok(updated) if updated.matched_count == 1 => return Ok(Replaced::Done),
                // Somebody came between: look again what is there now.
                Ok(_) => {}
                Err(error) => lost = Some(failed(error)),
            }
        }
        Err(lost.unwrap_or_else(|| ErrorKind::Unavailable.into()))
    }

    /// `beside` is what the document tells once more of our field.
    fn replacement(&self, new: &Record, beside: &Document) -> Result<Document> {
        let (mut set, mut unset) = self.codec.changes(new)?;
        set.insert(self.codec.field("version"), signed(new.version));
        // A use may be recorded at the same time: its moment does not go back. The end may, by as long as this takes;
        // it is for purging alone, which waits a day.
        for name in self.places("expiresAt", beside) {
            match new.ends_at() {
                Some(end) => set.insert(name, date(end)),
                None => unset.insert(name, ""),
            };
        }
        let last_seen = self.places("lastSeen", beside).map(|name| (name, date(new.last_seen).into()));
        let mut update = doc! { "$set": set, "$max": last_seen.collect::<Document>() };
        if !unset.is_empty() {
            update.insert("$unset", unset);
        }
        Ok(update)
    }

    pub(super) async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        for _ in 0..TRIES {
            let Some(Stored { record: stored, beside }) = self.stored(id).await? else {
                return Ok(Touched::Gone);
            };
            if !touch.is_due(&stored) {
                return Ok(Touched::NotDue);
            }
            let used = Record { last_seen: touch.at, ..stored };
            let mut filter = self.codec.by_id(id);
            // Of the same version, so that the end follows from the timeouts that are stored.
            filter.insert(self.codec.field("version"), signed(used.version));
            filter
                .insert(self.codec.field("lastSeen"), doc! { "$lte": date(touch.at.before(touch.interval)) });
            let mut later = Document::new();
            later.extend(self.places("lastSeen", &beside).map(|name| (name, date(touch.at).into())));
            if let Some(end) = used.ends_at() {
                later.extend(self.places("expiresAt", &beside).map(|name| (name, date(end).into())));
            }
            filter.extend(beside);
            let updated = answer(self.sessions()?.update_one(filter, doc! { "$max": later }).await)?;
            if updated.matched_count == 1 {
                return Ok(Touched::Done);
            }
        }
        // Others go on changing the same session, which is more than a use.
        Ok(Touched::NotDue)
    }

    async fn stored(&self, id: SessionId) -> Result<Option<Stored>> {
        let counters = self.counters().await?;
        let Some(document) = answer(self.sessions()?.find_one(self.codec.by_id(id)).await)? else {
            return Ok(None);
        };
        let beside = self.codec.told(&document).into_iter();
        let beside = beside.filter_map(|name| Some((name.to_owned(), document.get(name)?.clone()))).collect();
        Ok(self.visible(document, &counters).map(|record| Stored { record, beside }))
    }

    /// Where a moment is written: in our field, and beside it if it is told there.
    fn places(&self, name: &str, beside: &Document) -> impl Iterator<Item = String> + use<> {
        let told = beside.contains_key(name).then(|| name.to_owned());
        std::iter::once(self.codec.field(name)).chain(told)
    }
}
