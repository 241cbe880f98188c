//! All connections of a listener: how many there may be, in all and from one address, and which make room.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sessioning::Timeout;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::connection::{Asked, Connection, Phase, Ticks};
use crate::config::TrustedProxy;
use crate::metrics::ConnectionCounts;
use crate::source::{Peer, Source};

/// How long the head of a request may take, from its first byte on.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How soon an idle connection is asked again to make room, if the one that was asked does not.
const ROOM_PAUSE: Duration = Duration::from_millis(200);
/// Refusals, and that all places are taken, are said at most this often, in ticks.
const SAY_EVERY: u64 = 10_000;
/// A head that has taken so long, in ticks, makes room for others.
const SLOW_HEAD: u64 = 1_000;

/// What a listener allows.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) connections: usize,
    pub(crate) per_address: usize,
    pub(crate) keep_alive: Timeout,
    /// How long an answer may wait for its reader.
    pub(crate) write: Timeout,
    pub(crate) stop: Stop,
    pub(crate) trusted: Vec<TrustedProxy>,
}

/// How a listener ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// How long it goes on.
    pub(crate) delay: Duration,
    /// How long requests in flight may take after that.
    pub(crate) drain: Timeout,
}

pub(super) struct Connections {
    bounds: Bounds,
    ticks: Ticks,
    held: Mutex<Held>,
    ended: Notify,
    counts: ConnectionCounts,
}

#[derive(Default)]
struct Held {
    next: u64,
    open: HashMap<u64, Arc<Connection>>,
    sources: HashMap<Source, Arc<AtomicUsize>>,
    refused: Said,
    full: Said,
}

/// How often something happened since it was said, and when that was.
#[derive(Default)]
struct Said {
    times: u64,
    at: Option<u64>,
}

impl Said {
    /// How often it has happened by now, if that is to be said.
    fn due(&mut self, now: u64) -> Option<u64> {
        let is_due = self.times > 0 && self.at.is_none_or(|said| now >= said + SAY_EVERY);
        is_due.then(|| {
            self.at = Some(now);
            std::mem::take(&mut self.times)
        })
    }
}

/// A connection's place, free again when it is dropped.
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    pub(super) connection: Arc<Connection>,
}

pub(super) enum Admission {
    In(Place),
    /// All places are taken; one that is idle was asked to end.
    Full,
    /// Its address has its share, and none of that is idle.
    Refused,
}

impl Connections {
    pub(super) fn new(bounds: Bounds, counts: ConnectionCounts) -> Arc<Self> {
        let (ticks, held, ended) = (Ticks::default(), Mutex::default(), Notify::new());
        Arc::new(Self { bounds, ticks, held, ended, counts })
    }

    /// Waits for a place; `None` if this address has its share.
    pub(super) async fn admit(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        loop {
            // Heard from here on, so that no end between the question and the wait is missed.
            let ended = self.ended();
            match self.try_admit(peer) {
                Admission::In(place) => return Some(place),
                Admission::Refused => return None,
                Admission::Full => {
                    let _ = tokio::time::timeout(ROOM_PAUSE, ended).await;
                }
            }
        }
    }

    pub(super) fn try_admit(self: &Arc<Self>, peer: Peer) -> Admission {
        let source = peer.counted(&self.bounds.trusted);
        let mut held = self.held.lock();
        let mut asked = false;
        if let Some(source) = source
            && held.count(source) >= self.bounds.per_address
        {
            asked = held.make_room(self.now(), |connection| connection.source() == Some(source));
            if !asked {
                self.refuse(&mut held, source);
                return Admission::Refused;
            }
        }
        if held.open.len() >= self.bounds.connections {
            if !asked && !held.make_room(self.now(), |_| true) {
                self.say_full(&mut held);
            }
            return Admission::Full;
        }
        let connection = Arc::new(Connection::new(Arc::clone(&self.ticks), held.add_to(source)));
        let number = held.next;
        held.next += 1;
        held.open.insert(number, Arc::clone(&connection));
        self.counts.open.inc();
        Admission::In(Place { connections: Arc::clone(self), number, connection })
    }

    fn now(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    fn refuse(&self, held: &mut Held, source: Source) {
        self.counts.refused.inc();
        held.refused.times += 1;
        if let Some(refused_in_all) = held.refused.due(self.now()) {
            let share = self.bounds.per_address;
            tracing::warn!(
                %source,
                refused_in_all,
                "connections were refused: this address has limits.connections_per_address = {share} already"
            );
        }
    }

    fn say_full(&self, held: &mut Held) {
        self.counts.full.inc();
        held.full.times += 1;
        if held.full.due(self.now()).is_some() {
            let most = self.bounds.connections;
            tracing::warn!(
                "connections wait: all limits.connections = {most} are in use, and none of them is idle; raise it, or find \
                 out who holds them"
            );
        }
    }

    /// Puts the time forward, and ends what waited or dawdled too long.
    pub(super) fn sweep(&self, now: u64) {
        self.ticks.store(now, Ordering::Relaxed);
        let over = |since: u64, bound: Duration| u128::from(now.saturating_sub(since)) > bound.as_millis();
        let mut held = self.held.lock();
        if let Some(refused) = held.refused.due(now) {
            tracing::warn!(refused, "more connections were refused, for limits.connections_per_address");
        }
        for connection in held.open.values() {
            match (connection.doing(), self.bounds.keep_alive) {
                ((Phase::Idle, since), Timeout::After(bound))
                    if over(since, bound.saturating_add(self.tick())) =>
                {
                    connection.ask(Asked::Finish);
                }
                ((Phase::Head, since), _) if over(since, HEAD_TIMEOUT + self.tick()) => {
                    connection.ask(Asked::Cut);
                }
                _ => {}
            }
        }
    }

    /// How often to sweep.
    pub(super) fn tick(&self) -> Duration {
        let keep_alive = self.bounds.keep_alive.bound().unwrap_or(HEAD_TIMEOUT);
        (keep_alive / 8).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }

    /// Asks all of them to end after the answer that is under way.
    pub(super) fn finish_all(&self) {
        self.held.lock().open.values().for_each(|connection| connection.ask(Asked::Finish));
    }

    /// Waits until there are none.
    pub(super) async fn all_ended(&self) {
        loop {
            let ended = self.ended();
            if self.held.lock().open.is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// Ready when the next connection ends.
    pub(super) fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }
}

impl Held {
    fn count(&self, source: Source) -> usize {
        self.sources.get(&source).map_or(0, |number| number.load(Ordering::Relaxed))
    }

    fn add_to(&mut self, source: Option<Source>) -> Option<(Source, Arc<AtomicUsize>)> {
        let source = source?;
        let number = Arc::clone(self.sources.entry(source).or_default());
        number.fetch_add(1, Ordering::Relaxed);
        Some((source, number))
    }

    /// Asks a connection to end that is of no use now; `false` if there is none. First the one that has been idle
    /// longest, then one whose head comes slowly. Those that are nobody's share, such as of callers with a good key,
    /// come last.
    fn make_room(&self, now: u64, among: impl Fn(&Connection) -> bool) -> bool {
        let useless = self.open.values().filter_map(|connection| {
            let (phase, since) = connection.doing();
            let is_slow = phase == Phase::Head && now.saturating_sub(since) >= SLOW_HEAD;
            let is_useless = phase == Phase::Idle || is_slow;
            let is_asked = connection.asked() != Asked::Nothing;
            (is_useless && !is_asked && among(connection)).then_some((
                !connection.counts(),
                is_slow,
                since,
                connection,
            ))
        });
        let first = useless.min_by_key(|(is_nobodys, is_slow, since, _)| (*is_nobodys, *is_slow, *since));
        let asked = |is_slow| if is_slow { Asked::Cut } else { Asked::Finish };
        first.inspect(|(_, is_slow, _, connection)| connection.ask(asked(*is_slow))).is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.connections.held.lock();
        held.open.remove(&self.number);
        self.connection.count_no_more();
        if let Some(source) = self.connection.counted_as()
            && held.count(source) == 0
        {
            held.sources.remove(&source);
        }
        drop(held);
        self.connections.counts.open.dec();
        self.connections.ended.notify_waiters();
    }
}
