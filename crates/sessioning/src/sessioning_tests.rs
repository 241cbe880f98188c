use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::store::{Accept, Purged, Replaced, Touched};
use crate::{ErrorKind, ManualClock, Memory, Timestamp};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

/// A memory store that counts, and fails on demand.
#[derive(Default)]
struct Counting {
    memory: Memory,
    reads: AtomicUsize,
    writes: AtomicUsize,
    broken: AtomicUsize,
}

impl Counting {
    fn work(&self, count: &AtomicUsize) -> Result<()> {
        count.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) > 0 { Err(ErrorKind::Unavailable.into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Arc<Counting> {
    async fn insert(&self, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        self.work(&self.writes)?;
        self.memory.insert(record, limit).await
    }
    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.work(&self.reads)?;
        self.memory.get(id, accept).await
    }
    async fn replace(&self, record: Record, version: u64) -> Result<Replaced> {
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
    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Vec<Arc<Record>>> {
        self.memory.list(owner, after, limit).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.memory.purge(now, limit).await
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
            Checked::Live(_) => None,
            Checked::Invalid(reason) => Some(reason),
        }
    }

    /// Lets the tasks that record uses come to their end.
    async fn settle(&self) {
        while !self.sessioning.touching.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_session_lives_from_create_to_delete() {
    let it = fixture();
    let created = it.create().await;
    let session = it.check(&created.token).await.live().unwrap();
    assert_eq!((session.user(), session.id()), (alice().user(), created.session.id()));
    assert!(it.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Unknown));
    assert!(!it.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
}

#[tokio::test]
async fn only_the_right_secret_opens_a_session_or_ends_it() {
    let it = fixture();
    let created = it.create().await;
    let forged = SessionToken::renewed(created.token.id(), &OsRandom).unwrap();
    assert_eq!(it.reason(&forged).await, Some(Invalid::WrongSecret));
    assert!(!it.sessioning.delete(&Namespace::default(), &forged).await.unwrap());
    assert_eq!(it.reason(&created.token).await, None);
}

#[tokio::test]
async fn a_token_that_was_never_issued_is_not_adopted() {
    let it = fixture();
    let made_up = SessionToken::generate(START, &OsRandom).unwrap();
    assert_eq!(it.reason(&made_up).await, Some(Invalid::Unknown));
    assert!(!it.sessioning.delete(&Namespace::default(), &made_up).await.unwrap());
    assert_eq!(it.store.writes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_of_another_namespace_is_not_found() {
    let it = fixture();
    let created = it.create().await;
    let other: Namespace = "other".parse().unwrap();
    let checked = it.sessioning.check(&other, &created.token).await.unwrap();
    assert!(matches!(checked, Checked::Invalid(Invalid::OtherNamespace)));
    assert!(!it.sessioning.delete(&other, &created.token).await.unwrap());
    assert_eq!(it.reason(&created.token).await, None);
}

#[tokio::test]
async fn expiry_is_decided_on_every_read() {
    let it = fixture();
    let created = it.create().await;
    it.clock.set(created.session.idle_expires_at().unwrap().before(Duration::from_millis(1)));
    assert_eq!(it.reason(&created.token).await, None);
    it.settle().await;
    let created = it.create().await;
    it.clock.set(created.session.idle_expires_at().unwrap());
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Idle)));
    assert!(!it.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
}

#[tokio::test]
async fn use_keeps_a_session_alive_until_its_absolute_end() {
    let it = fixture();
    let created = it.create().await;
    let end = created.session.expires_at().unwrap();
    while it.clock.now().after(MINUTE * 60 * 24) < end {
        it.clock.advance(MINUTE * 60 * 24);
        assert_eq!(it.reason(&created.token).await, None);
        it.settle().await;
    }
    it.clock.set(end);
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Absolute)));
}

#[tokio::test]
async fn a_check_writes_at_most_once_an_interval() {
    let it = fixture();
    let created = it.create().await;
    let before = it.store.writes.load(Ordering::SeqCst);
    for second in 0..300 {
        it.clock.set(START.after(Duration::from_secs(second)));
        assert_eq!(it.reason(&created.token).await, None);
        it.settle().await;
    }
    assert_eq!(it.store.writes.load(Ordering::SeqCst) - before, 4);
}

#[tokio::test]
async fn one_touch_at_most_is_under_way_for_a_session() {
    let it = fixture();
    let created = it.create().await;
    let before = it.store.writes.load(Ordering::SeqCst);
    it.clock.advance(MINUTE);
    // Nothing lets the spawned task run in between: each check comes while it is still under way.
    for _ in 0..10 {
        assert_eq!(it.reason(&created.token).await, None);
    }
    assert_eq!(it.sessioning.touching.lock().len(), 1);
    it.settle().await;
    assert_eq!(it.store.writes.load(Ordering::SeqCst) - before, 1);
}

#[tokio::test]
async fn a_failing_touch_fails_no_check() {
    let it = fixture();
    let created = it.create().await;
    it.clock.advance(MINUTE);
    let namespace = Namespace::default();
    let check = it.sessioning.check(&namespace, &created.token);
    let checked = check.await.unwrap();
    it.store.broken.store(1, Ordering::SeqCst);
    it.settle().await;
    assert!(checked.live().is_some());
}

#[tokio::test]
async fn a_failing_store_is_an_error_and_never_no_session() {
    let it = fixture();
    let created = it.create().await;
    it.store.broken.store(1, Ordering::SeqCst);
    let namespace = Namespace::default();
    assert_eq!(
        *it.sessioning.check(&namespace, &created.token).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert!(it.sessioning.delete(&namespace, &created.token).await.is_err());
    let refused = it.sessioning.create(alice(), NewSession::default()).await;
    assert!(matches!(refused, Err(CreateError::Failed(_))));
    it.store.broken.store(0, Ordering::SeqCst);
    assert_eq!(it.reason(&created.token).await, None);
}

#[tokio::test]
async fn a_session_has_the_timeouts_it_asked_for_or_does_not_begin() {
    let it = fixture();
    let brief = NewSession { idle_timeout: Some(Timeout::After(MINUTE)), ..NewSession::default() };
    let created = it.sessioning.create(alice(), brief).await.unwrap();
    assert_eq!(created.session.idle_expires_at(), Some(START.after(MINUTE)));
    let endless = NewSession { absolute_timeout: Some(Timeout::Never), ..NewSession::default() };
    let refused = it.sessioning.create(alice(), endless).await;
    assert!(matches!(refused, Err(CreateError::TimeoutTooLong(_))));
}

/// Gives the same bytes for the first two ids, then others.
struct Repeating(AtomicUsize);

impl Random for Repeating {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        // Each token draws twice: its id, then its secret.
        let draw = self.0.fetch_add(1, Ordering::SeqCst);
        bytes.fill(if draw < 4 { u8::try_from(draw % 2).unwrap() } else { u8::try_from(draw).unwrap() });
        Ok(())
    }
}

#[tokio::test]
async fn a_colliding_id_neither_overwrites_nor_returns_a_session() {
    let it = fixture();
    let sessioning = it.sessioning.clone().with_random(Repeating(AtomicUsize::new(0)));
    let first = sessioning.create(alice(), NewSession::default()).await.unwrap();
    let second = sessioning.create("bob".parse().unwrap(), NewSession::default()).await.unwrap();
    assert_ne!(first.token.id(), second.token.id());
    let of = async |token| it.check(token).await.live().unwrap().user().to_string();
    assert_eq!((of(&first.token).await, of(&second.token).await), ("alice".into(), "bob".into()));
}

struct Broken;

impl Random for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<()> {
        Err(ErrorKind::Random.into())
    }
}

#[tokio::test]
async fn without_randomness_no_session_begins() {
    let it = fixture();
    let broken = it.sessioning.clone().with_random(Broken);
    let refused = broken.create(alice(), NewSession::default()).await;
    assert!(matches!(refused, Err(CreateError::Failed(error)) if *error.kind() == ErrorKind::Random));
    assert_eq!(it.store.writes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_limit_counts_live_sessions_alone() {
    let it = fixture();
    let policy = Policy { max_per_user: Some(2), on_limit: crate::OnLimit::Refuse, ..Policy::default() };
    let sessioning = it.sessioning.clone().with_policy(policy.clone());
    let create = || sessioning.create(alice(), NewSession::default());
    create().await.unwrap();
    create().await.unwrap();
    assert!(matches!(create().await, Err(CreateError::LimitReached(2))));
    it.clock.advance(MINUTE * 60 * 24 * 7);
    create().await.unwrap();
    let evicting = sessioning.with_policy(Policy { on_limit: crate::OnLimit::EvictOldest, ..policy });
    let third = evicting.create(alice(), NewSession::default()).await.unwrap();
    assert_eq!(third.evicted.len(), 0);
    let fourth = evicting.create(alice(), NewSession::default()).await.unwrap();
    assert_eq!(fourth.evicted.len(), 1);
}

#[tokio::test]
async fn a_pending_session_is_never_reported_as_logged_in() {
    let it = fixture();
    let mut draft = it.sessioning.draft(alice(), NewSession::default()).unwrap();
    draft.record.pending = true;
    let created = it.sessioning.insert(draft).await.unwrap();
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Pending));
}

#[tokio::test]
async fn clock_jumps_revive_nothing_that_was_purged_and_prolong_nothing_past_its_end() {
    let it = fixture();
    let created = it.create().await;
    let end = created.session.expires_at().unwrap();
    for jump in [MINUTE * 60, MINUTE * 60 * 24 * 365] {
        it.clock.set(START.before(jump));
        assert_eq!(it.reason(&created.token).await, None);
        it.clock.set(end.after(jump));
        assert!(matches!(it.reason(&created.token).await, Some(Invalid::Expired(_))));
    }
    it.clock.set(START);
    let session = it.check(&created.token).await.live().unwrap();
    assert_eq!(session.expires_at(), Some(end));
}
