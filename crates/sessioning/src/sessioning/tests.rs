use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::store::{Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Touch, Touched, Waiting};
use crate::{
    Authentication, Demand, ErrorKind, ManualClock, Memory, Namespace, Owner, Patch, Result, SessionToken,
    StepUp, Timeout, Timestamp,
};

mod change;
mod check;
mod clock;
mod create;
mod end;
mod list;

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

/// A memory store that counts, and fails on demand.
#[derive(Default)]
struct Counting {
    memory: Memory,
    reads: AtomicUsize,
    writes: AtomicUsize,
    broken: AtomicUsize,
    /// How many of the next replaces come too late: somebody else's comes first.
    overtaken: AtomicUsize,
}

impl Counting {
    fn work(&self, count: &AtomicUsize) -> Result<()> {
        count.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) > 0 { Err(ErrorKind::Unavailable.into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Arc<Counting> {
    async fn insert_while(&self, _: &Waiting, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        self.work(&self.writes)?;
        self.memory.insert(record, limit).await
    }
    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.work(&self.reads)?;
        self.memory.get(id, accept).await
    }
    async fn present(&self, id: SessionId, _: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        self.get(id, &|_| true).await
    }
    async fn replace_while(&self, _: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        self.work(&self.writes)?;
        let fewer = |left: usize| left.checked_sub(1);
        if self.overtaken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
            let stored = self.memory.get(record.id, &|_| true).await?.unwrap();
            let theirs = Patch::from_json(&format!(r#"{{"theirs":{version}}}"#)).unwrap();
            let theirs = Record { data: stored.data.patched(&theirs).unwrap(), ..(*stored).clone() };
            assert_eq!(self.memory.replace(theirs, version).await?, Replaced::Done);
        }
        self.memory.replace(record, version).await
    }
    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        self.work(&self.writes)?;
        self.memory.touch(id, touch).await
    }
    async fn remove(&self, id: SessionId) -> Result<bool> {
        self.work(&self.writes)?;
        self.memory.remove(id).await
    }
    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.memory.remove_user(owner, keep).await
    }
    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        self.memory.remove_everyone(namespace).await
    }
    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.memory.list(owner, after, limit).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.memory.purge(now, limit).await
    }
    fn reopenings(&self) -> u64 {
        0
    }
    fn keeps(&self) -> Keeps {
        Keeps::Digests
    }
    async fn adopt(&self, _: &SessionToken) -> Result<bool> {
        Ok(false)
    }
    async fn key(&self) -> Result<[u8; 32]> {
        self.memory.key().await
    }
    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}

struct Fixture {
    sessioning: Sessioning,
    clock: Arc<ManualClock>,
    store: Arc<Counting>,
}

fn fixture() -> Fixture {
    let (clock, store) = (Arc::new(ManualClock::at(START)), Arc::new(Counting::default()));
    let clock_of_it: Arc<dyn Clock> = Arc::clone(&clock) as _;
    let sessioning = Sessioning::new(Arc::clone(&store)).with_clock(clock_of_it);
    Fixture { sessioning, clock, store }
}

fn alice() -> Owner {
    "alice".parse().unwrap()
}

impl Fixture {
    async fn create(&self) -> Created {
        self.sessioning.create(alice(), NewSession::default()).await.unwrap()
    }

    async fn check(&self, token: &SessionToken) -> Checked {
        self.sessioning.check(&Namespace::default(), token).await.unwrap()
    }

    async fn reason(&self, token: &SessionToken) -> Option<Invalid> {
        match self.check(token).await {
            Checked::Live(_) | Checked::StepUp(..) => None,
            Checked::Invalid(reason) => Some(reason),
        }
    }

    /// What the session lacks of a demand.
    async fn lack(&self, token: &SessionToken, demand: Demand) -> Option<StepUp> {
        match self.sessioning.check_for(&Namespace::default(), token, demand).await.unwrap() {
            Checked::StepUp(_, lack) => Some(lack),
            Checked::Live(_) => None,
            Checked::Invalid(reason) => panic!("{reason:?}"),
        }
    }

    async fn renew(&self, token: &SessionToken, new: Option<Authentication>) -> Renewed {
        match self.sessioning.renew(&Namespace::default(), token, new).await.unwrap() {
            Changed::Done(renewed) => renewed,
            other => panic!("{other:?}"),
        }
    }

    /// Lets the tasks that record uses come to their end.
    async fn settle(&self) {
        while !self.sessioning.touching.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
