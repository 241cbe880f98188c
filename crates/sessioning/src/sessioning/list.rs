//! Shows sessions without their tokens. Looking is no use of a session: nothing here touches one.

use std::sync::Arc;

use crate::{Namespace, Owner, Record, Result, Session, SessionId, Sessioning, Verdict};

/// The most sessions on a page.
const MAX_PAGE: usize = 1000;
/// How many records a page looks at in one read, and how many such reads it makes at most: what has expired, but
/// has not been purged, makes no page endless.
const CHUNK: usize = 100;
const MAX_READS: usize = 32;

/// Some of an owner's sessions.
#[derive(Clone, Debug)]
pub struct Page {
    /// In the order in which they began.
    pub sessions: Vec<Session>,
    /// Where the next page begins: after this id. `None`: there is no more.
    pub next: Option<SessionId>,
}

impl Sessioning {
    /// The owner's live sessions with ids after `after`, at most `limit` of them (1 to 1,000).
    ///
    /// A page may be shorter than `limit` although there are more; [`next`](Page::next) tells.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Page> {
        let limit = limit.clamp(1, MAX_PAGE);
        let now = self.clock.now();
        let live = |record: &Arc<Record>| self.policy.judge(record, now) == Verdict::Live;
        let (mut found, mut seen) = (Vec::new(), after);
        for _ in 0..MAX_READS {
            let listed = self.store.list(owner, seen, CHUNK).await?;
            seen = listed.next;
            found.extend(listed.records.into_iter().filter(live));
            // One more than fits tells that there is more.
            if found.len() > limit {
                found.truncate(limit);
                seen = found.last().map(|record| record.id);
                break;
            }
            if seen.is_none() {
                break;
            }
        }
        let sessions = found.into_iter().map(|record| self.session(record)).collect();
        Ok(Page { sessions, next: seen })
    }

    /// The live session of that id in `namespace`.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn describe(&self, namespace: &Namespace, id: SessionId) -> Result<Option<Session>> {
        let now = self.clock.now();
        let shown = |record: &Record| {
            record.owner.namespace() == namespace && self.policy.judge(record, now) == Verdict::Live
        };
        let found = self.store.get(id, &shown).await?.filter(|record| shown(record));
        Ok(found.map(|record| self.session(record)))
    }
}
