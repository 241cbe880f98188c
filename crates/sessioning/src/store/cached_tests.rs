use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::{ManualClock, Memory, OsRandom, SessionToken, Timeout, Timeouts};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A memory store whose calls can be held at their end, and fail after having been done.
#[derive(Default)]
struct Slow {
    memory: Memory,
    reads: AtomicUsize,
    reopenings: AtomicU64,
    read_gate: Gate,
    write_gate: Gate,
    broken: AtomicBool,
    overloaded: AtomicBool,
}

/// Lets calls through until it is shut; then they announce themselves and wait.
struct Gate {
    shut: AtomicBool,
    arrived: Semaphore,
    open: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { shut: AtomicBool::new(false), arrived: Semaphore::new(0), open: Semaphore::new(0) }
    }
}

impl Gate {
    async fn pass(&self) {
        if self.shut.load(Ordering::SeqCst) {
            self.arrived.add_permits(1);
            self.open.acquire().await.unwrap().forget();
        }
    }

    fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    /// Waits for a call to arrive, and shuts nobody else out any more.
    async fn caught_one(&self) {
        self.arrived.acquire().await.unwrap().forget();
        self.shut.store(false, Ordering::SeqCst);
    }

    fn let_go(&self) {
        self.open.add_permits(1);
    }
}

impl Slow {
    async fn done<T>(&self, result: Result<T>) -> Result<T> {
        self.write_gate.pass().await;
        if self.broken.load(Ordering::SeqCst) { Err(ErrorKind::Unavailable.into()) } else { result }
    }
}

#[async_trait]
impl Store for Arc<Slow> {
    async fn insert_while(&self, _: &Waiting, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        if self.overloaded.load(Ordering::SeqCst) {
            return Err(ErrorKind::Overloaded.into());
        }
        let result = self.memory.insert(record, limit).await;
        self.done(result).await
    }
    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let found = self.memory.get(id, accept).await;
        self.read_gate.pass().await;
        found
    }
    async fn present(&self, id: SessionId, _: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        self.get(id, &|_| true).await
    }
    async fn replace_while(&self, _: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        let result = self.memory.replace(record, version).await;
        self.done(result).await
    }
    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        let result = self.memory.touch(id, touch).await;
        self.done(result).await
    }
    async fn remove(&self, id: SessionId) -> Result<bool> {
        // Held before it is done: the worst moment for whoever reads meanwhile.
        self.write_gate.pass().await;
        let result = self.memory.remove(id).await;
        if self.broken.load(Ordering::SeqCst) { Err(ErrorKind::Unavailable.into()) } else { result }
    }
    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.write_gate.pass().await;
        let result = self.memory.remove_user(owner, keep).await;
        if self.broken.load(Ordering::SeqCst) { Err(ErrorKind::Unavailable.into()) } else { result }
    }
    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let result = self.memory.remove_everyone(namespace).await;
        self.done(result).await
    }
    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.memory.list(owner, after, limit).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.memory.purge(now, limit).await
    }
    fn reopenings(&self) -> u64 {
        self.reopenings.load(Ordering::SeqCst)
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
    slow: Arc<Slow>,
    cached: Arc<Cached<Arc<Slow>>>,
    clock: Arc<ManualClock>,
}

fn fixture(settings: CacheSettings) -> Fixture {
    let (slow, clock) = (Arc::new(Slow::default()), Arc::new(ManualClock::at(START)));
    let clock_of_it: Arc<dyn Clock> = Arc::clone(&clock) as _;
    let cached = Arc::new(Cached::new(Arc::clone(&slow), settings, clock_of_it));
    Fixture { slow, cached, clock }
}

fn record(user: &str) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    Record::new(&token, user.parse().unwrap(), never, START)
}

impl Fixture {
    async fn insert(&self) -> SessionId {
        let new = record("alice");
        let id = new.id;
        let _ = self.cached.insert(new, None).await.unwrap();
        id
    }

    async fn get(&self, id: SessionId) -> Option<Arc<Record>> {
        self.cached.get(id, &|_| true).await.unwrap()
    }

    fn reads(&self) -> usize {
        self.slow.reads.load(Ordering::SeqCst)
    }

    /// Starts a removal and holds it before it is done.
    async fn slow_removal(&self, id: SessionId) -> tokio::task::JoinHandle<bool> {
        self.slow.write_gate.shut();
        let cached = Arc::clone(&self.cached);
        let removal = tokio::spawn(async move { cached.remove(id).await.unwrap() });
        self.slow.write_gate.caught_one().await;
        removal
    }

    /// Starts a read and holds it once it has found the record.
    async fn slow_read(&self, id: SessionId) -> tokio::task::JoinHandle<Option<Arc<Record>>> {
        self.slow.read_gate.shut();
        let cached = Arc::clone(&self.cached);
        let read = tokio::spawn(async move { cached.get(id, &|_| true).await.unwrap() });
        self.slow.read_gate.caught_one().await;
        read
    }
}

#[tokio::test]
async fn what_was_read_once_is_not_read_again() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    for _ in 0..10 {
        assert!(it.get(id).await.is_some());
    }
    assert_eq!(it.reads(), 1);
}

#[tokio::test]
async fn the_cache_never_says_no() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    assert!(it.get(record("alice").id).await.is_none());
    assert!(it.get(record("alice").id).await.is_none());
    assert_eq!(it.reads(), 2);
    it.get(id).await;
    // What is not acceptable is asked for below, each time.
    for reads in [4, 5] {
        assert!(it.cached.get(id, &|_| false).await.unwrap().is_some());
        assert_eq!(it.reads(), reads);
    }
}

#[tokio::test]
async fn a_slow_read_cannot_undo_a_removal() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let read = it.slow_read(id).await;
    assert!(it.cached.remove(id).await.unwrap());
    it.slow.read_gate.let_go();
    // It began before: it may say yes itself. Nobody after it.
    assert!(read.await.unwrap().is_some());
    assert!(it.get(id).await.is_none());
    assert!(it.cached.is_empty());
}

#[tokio::test]
async fn a_slow_read_cannot_undo_a_replacement() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let read = it.slow_read(id).await;
    let new = Record { level: 3, ..(*it.slow.memory.get(id, &|_| true).await.unwrap().unwrap()).clone() };
    assert_eq!(it.cached.replace(new, 0).await.unwrap(), Replaced::Done);
    it.slow.read_gate.let_go();
    assert_eq!(read.await.unwrap().unwrap().level, 0);
    assert_eq!(it.get(id).await.unwrap().level, 3);
}

#[tokio::test]
async fn a_slow_read_cannot_undo_a_revocation() {
    for everyone in [false, true] {
        let it = fixture(CacheSettings::default());
        let id = it.insert().await;
        let read = it.slow_read(id).await;
        if everyone {
            it.cached.remove_everyone(None).await.unwrap();
        } else {
            it.cached.remove_user(&"alice".parse().unwrap(), None).await.unwrap();
        }
        it.slow.read_gate.let_go();
        assert!(read.await.unwrap().is_some());
        assert!(it.get(id).await.is_none());
    }
}

#[tokio::test]
async fn a_slow_read_cannot_undo_an_eviction_by_the_limit() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let read = it.slow_read(id).await;
    let limit = Limit { max: 1, on_limit: crate::OnLimit::EvictOldest, live: Arc::new(|_| true) };
    let inserted = it.cached.insert(record("alice"), Some(limit)).await.unwrap();
    assert_eq!(inserted, Inserted::Done { evicted: vec![id] });
    it.slow.read_gate.let_go();
    assert!(read.await.unwrap().is_some());
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn an_insert_that_was_not_begun_empties_no_cache() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.get(id).await;
    it.slow.overloaded.store(true, Ordering::SeqCst);
    let limit = Limit { max: 1, on_limit: OnLimit::EvictOldest, live: Arc::new(|_| true) };
    let refused = it.cached.insert(record("bob"), Some(limit)).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Overloaded);
    assert!(!it.cached.is_empty());
}

#[tokio::test]
async fn an_insert_that_evicts_nobody_discards_no_read() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let read = it.slow_read(id).await;
    let limit = |max| Limit { max, on_limit: crate::OnLimit::EvictOldest, live: Arc::new(|_| true) };
    let inserted = it.cached.insert(record("alice"), Some(limit(2))).await.unwrap();
    assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    it.slow.read_gate.let_go();
    read.await.unwrap();
    assert!(it.get(id).await.is_some());
    assert_eq!(it.reads(), 1);
}

/// Who was told that a session is gone may have been told so before the one who ended it.
#[tokio::test]
async fn a_slow_read_brings_nothing_back_that_another_read_found_gone() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let read = it.slow_read(id).await;
    it.slow.memory.remove(id).await.unwrap();
    assert!(it.get(id).await.is_none());
    it.slow.read_gate.let_go();
    assert!(read.await.unwrap().is_some());
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn what_is_read_while_a_removal_is_under_way_is_not_kept() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let removal = it.slow_removal(id).await;
    assert!(it.get(id).await.is_some());
    assert!(it.cached.is_empty());
    it.slow.write_gate.let_go();
    assert!(removal.await.unwrap());
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn while_a_removal_is_under_way_the_store_answers() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.get(id).await;
    let removal = it.slow_removal(id).await;
    it.get(id).await;
    assert_eq!(it.reads(), 2);
    it.slow.write_gate.let_go();
    assert!(removal.await.unwrap());
}

#[tokio::test]
async fn a_read_that_began_during_a_revocation_cannot_undo_it() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.slow.write_gate.shut();
    let cached = Arc::clone(&it.cached);
    let revocation =
        tokio::spawn(async move { cached.remove_user(&"alice".parse().unwrap(), None).await.unwrap() });
    it.slow.write_gate.caught_one().await;
    let read = it.slow_read(id).await;
    it.slow.write_gate.let_go();
    assert_eq!(revocation.await.unwrap(), [id]);
    it.slow.read_gate.let_go();
    assert!(read.await.unwrap().is_some());
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn a_client_that_hangs_up_during_a_removal_leaves_nothing_in_the_cache() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.get(id).await;
    let removal = it.slow_removal(id).await;
    removal.abort();
    assert!(removal.await.unwrap_err().is_cancelled());
    // A read that lands between the hang-up and the removal's end.
    assert!(it.get(id).await.is_some());
    it.slow.write_gate.let_go();
    while it.slow.memory.get(id, &|_| true).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn an_unknown_outcome_drops_the_entry() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.get(id).await;
    it.slow.broken.store(true, Ordering::SeqCst);
    assert!(it.cached.remove(id).await.is_err());
    assert!(it.get(id).await.is_none(), "the removal was done below, whatever its answer");
}

#[tokio::test]
async fn an_unknown_outcome_of_a_revocation_empties_the_cache() {
    for everyone in [false, true] {
        let it = fixture(CacheSettings::default());
        let id = it.insert().await;
        it.get(id).await;
        it.slow.broken.store(true, Ordering::SeqCst);
        let failed = if everyone {
            it.cached.remove_everyone(None).await.is_err()
        } else {
            it.cached.remove_user(&"alice".parse().unwrap(), None).await.is_err()
        };
        assert!(failed);
        assert!(it.cached.is_empty());
        assert!(it.get(id).await.is_none());
    }
}

#[tokio::test]
async fn a_touch_updates_an_entry_and_adds_none() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    let touch = |seconds| Touch { at: START.after(Duration::from_secs(seconds)), interval: Duration::ZERO };
    assert_eq!(it.cached.touch(id, touch(1)).await.unwrap(), Touched::Done);
    assert!(it.cached.is_empty());
    it.get(id).await;
    assert_eq!(it.cached.touch(id, touch(2)).await.unwrap(), Touched::Done);
    assert_eq!(it.get(id).await.unwrap().last_seen, touch(2).at);
    assert_eq!(it.reads(), 1);
}

#[tokio::test]
async fn a_touch_that_began_before_a_removal_brings_nothing_back() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.get(id).await;
    it.slow.write_gate.shut();
    let cached = Arc::clone(&it.cached);
    let at = START.after(Duration::from_secs(1));
    let touch = tokio::spawn(async move { cached.touch(id, Touch { at, interval: Duration::ZERO }).await });
    it.slow.write_gate.caught_one().await;
    assert!(it.cached.remove(id).await.unwrap());
    it.slow.write_gate.let_go();
    assert_eq!(touch.await.unwrap().unwrap(), Touched::Done);
    assert!(it.cached.is_empty());
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn a_touch_that_finds_nothing_drops_the_entry() {
    let it = fixture(CacheSettings::default());
    let id = it.insert().await;
    it.get(id).await;
    // Another node removed it.
    it.slow.memory.remove(id).await.unwrap();
    let touch = Touch { at: START, interval: Duration::ZERO };
    assert_eq!(it.cached.touch(id, touch).await.unwrap(), Touched::Gone);
    assert!(it.get(id).await.is_none());
}

#[tokio::test]
async fn sec_42_an_entry_answers_for_its_time_to_live_from_the_start_of_the_read() {
    let ttl = Duration::from_secs(5);
    let it = fixture(CacheSettings { ttl: Some(ttl), ..CacheSettings::default() });
    let id = it.insert().await;
    let read = it.slow_read(id).await;
    it.clock.advance(ttl - Duration::from_millis(1));
    it.slow.read_gate.let_go();
    read.await.unwrap();
    it.get(id).await;
    assert_eq!(it.reads(), 1);
    it.clock.advance(Duration::from_millis(1));
    it.get(id).await;
    assert_eq!(it.reads(), 2);
}

/// A write that failed, and that a reopening of the store then brought to its end after all.
#[tokio::test]
async fn what_was_read_before_a_reopening_counts_no_more() {
    let it = fixture(CacheSettings::default());
    let (id, slow_id) = (it.insert().await, it.insert().await);
    it.get(id).await;
    let slow = it.slow_read(slow_id).await;
    it.slow.memory.remove(id).await.unwrap();
    it.slow.memory.remove(slow_id).await.unwrap();
    it.slow.reopenings.store(1, Ordering::SeqCst);
    assert!(it.get(id).await.is_none());
    it.slow.read_gate.let_go();
    slow.await.unwrap();
    assert!(it.get(slow_id).await.is_none());
}

#[tokio::test]
async fn sec_42_the_cache_is_bounded_by_bytes() {
    let max_bytes = 256 * 1024;
    let it = fixture(CacheSettings { max_bytes, ttl: None });
    for _ in 0..2000 {
        let id = it.insert().await;
        it.get(id).await;
    }
    let least = max_bytes / 64 / (size_of::<Record>() + 128 + 64) * 32;
    let most = max_bytes / (size_of::<Record>() + 128);
    assert!((least..=most).contains(&it.cached.len()), "{} entries", it.cached.len());
}
