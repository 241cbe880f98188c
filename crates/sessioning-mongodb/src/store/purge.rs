//! Frees the space of what ended more than a day ago, beside the index that does so in the native layout.

use std::sync::atomic::Ordering;

use futures::TryStreamExt;
use mongodb::bson::{Bson, doc};
use sessioning::store::Purged;
use sessioning::{Record, Result, Timestamp};

use super::{AGREE, Inner, answer};
use crate::document::date;
use crate::error::failed;

impl Inner {
    pub(super) async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        if self.clocks.load(Ordering::Relaxed) != AGREE {
            return Ok(Purged::default());
        }
        let sessions = self.sessions()?;
        let ended = doc! { "$lte": date(now.before(Record::PURGE_MARGIN)) };
        let expires_at = self.codec.field("expiresAt");
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let keys = self.bounded(async {
            let found =
                sessions.find(doc! { &expires_at: ended.clone() }).limit(most).projection(doc! { "_id": 1 });
            let found: Vec<_> = answer(found.await)?.try_collect().await.map_err(failed)?;
            Ok(found.into_iter().filter_map(|mut document| document.remove("_id")).collect::<Vec<Bson>>())
        });
        let keys = keys.await?;
        let more = keys.len() == limit;
        if keys.is_empty() {
            return Ok(Purged { removed: 0, more });
        }
        // The end is asked for again: it may have moved since.
        let those = doc! { "_id": { "$in": keys }, &expires_at: ended };
        let purged = self.bounded(async { answer(sessions.delete_many(those).await) }).await?;
        Ok(Purged { removed: usize::try_from(purged.deleted_count).unwrap_or(usize::MAX), more })
    }
}
