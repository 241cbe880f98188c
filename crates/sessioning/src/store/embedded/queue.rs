//! What waits for a thread of the store: taken in turn by namespace, then by owner, not first come first served.
//!
//! What one owner asks for stays in order. Ends of sessions have places of their own and go first, together with
//! what their owner asked for before them. Long steps stand apart, so that a group takes one and the short ones do
//! not wait for several.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::store::Waiting;
use crate::{ErrorKind, Namespace, Owner, SessionId};

/// Of so many short turns, one is for what ends no session, whatever else waits.
const OTHERS_EVERY: u64 = 4;
/// A namespace may hold so many times the places that are still free.
const SHARE: usize = 7;

/// Whose turn some work takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    /// Whose sessions it is about; `None` if that is not known, or if it is upkeep.
    pub(super) owner: Option<Owner>,
    /// The session it makes, so that what is asked of that id later comes later.
    pub(super) id: Option<SessionId>,
    /// Whether it ends sessions.
    pub(super) ends: bool,
    /// Whether it is a long step.
    pub(super) long: bool,
    /// Who waits for it; what nobody waits for is not begun. `None` runs to its end in any case.
    pub(super) waiting: Option<Waiting>,
}

pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

/// Why waiting ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Ready,
    TimedOut,
    Closed,
}

struct State<T> {
    flows: HashMap<Key, Flow<T>>,
    /// By [`Class`].
    lines: [Line; 4],
    /// The ids that work which waits will make, and whose they are.
    coming: HashMap<SessionId, Owner>,
    /// How much waits of each namespace, ends aside.
    held: HashMap<Option<Namespace>, usize>,
    ends: usize,
    others: usize,
    most: usize,
    tickets: u64,
    turns: u64,
    closed: bool,
}

/// Whose flow: an owner's, or what is not known to be of one, by class.
type Key = (Option<Owner>, Option<Class>);

/// What waits of one owner, in order.
struct Flow<T> {
    work: VecDeque<(Turn, T)>,
    ends: usize,
    /// Its place in a line; older ones of it are void.
    ticket: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Class {
    ends: bool,
    long: bool,
}

/// The flows of one class, in turn by namespace, then by owner.
#[derive(Default)]
struct Line {
    namespaces: VecDeque<Option<Namespace>>,
    owners: HashMap<Option<Namespace>, VecDeque<(Key, u64)>>,
}

impl<T> Queue<T> {
    /// A queue with that number of places, and as many for ends.
    pub(super) fn new(most: usize) -> Self {
        let state = State {
            flows: HashMap::new(),
            lines: Default::default(),
            coming: HashMap::new(),
            held: HashMap::new(),
            ends: 0,
            others: 0,
            most,
            tickets: 0,
            turns: 0,
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Puts work in.
    ///
    /// # Errors
    ///
    /// Overloaded if there is no place for it; unavailable once the queue is closed.
    pub(super) fn push(&self, turn: Turn, work: T) -> Result<(), ErrorKind> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(ErrorKind::Unavailable);
        }
        state.push(turn, work)?;
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits until there is work, until a moment if there is one.
    pub(super) fn wait(&self, until: Option<Instant>) -> Waited {
        let mut state = self.state.lock();
        loop {
            if state.ends + state.others > 0 {
                return Waited::Ready;
            }
            if state.closed {
                return Waited::Closed;
            }
            match until {
                None => self.changed.wait(&mut state),
                Some(until) if self.changed.wait_until(&mut state, until).timed_out() => {
                    return Waited::TimedOut;
                }
                Some(_) => {}
            }
        }
    }

    /// The next short work.
    pub(super) fn short(&self) -> Option<T> {
        self.state.lock().short()
    }

    /// The next long step of those that end sessions, or of the others.
    pub(super) fn long(&self, ends: bool) -> Option<T> {
        self.state.lock().take(Class { ends, long: true })
    }

    /// The next work of any kind.
    pub(super) fn any(&self) -> Option<T> {
        let mut state = self.state.lock();
        state.short().or_else(|| {
            let long = |ends| Class { ends, long: true };
            state.take(long(true)).or_else(|| state.take(long(false)))
        })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let state = self.state.lock();
        state.ends + state.others
    }

    /// Takes nothing in any more. What waits is still handed out.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }
}

impl<T> State<T> {
    fn push(&mut self, mut turn: Turn, work: T) -> Result<(), ErrorKind> {
        // What names an id alone comes after the work that makes it.
        if turn.owner.is_none()
            && let Some(owner) = turn.id.and_then(|id| self.coming.get(&id))
        {
            turn.owner = Some(owner.clone());
        }
        if !self.admits(&turn) {
            return Err(ErrorKind::Overloaded);
        }
        let key = turn.key();
        if let (Some(id), Some(owner), false) = (turn.id, &turn.owner, turn.ends) {
            self.coming.entry(id).or_insert_with(|| owner.clone());
        }
        if turn.ends {
            self.ends += 1;
        } else {
            self.others += 1;
            *self.held.entry(namespace(&key)).or_default() += 1;
        }
        let flow = self.flows.entry(key.clone()).or_insert_with(|| Flow {
            work: VecDeque::new(),
            ends: 0,
            ticket: 0,
        });
        let hurries = turn.ends && flow.ends == 0;
        flow.ends += usize::from(turn.ends);
        flow.work.push_back((turn, work));
        if flow.work.len() == 1 || hurries {
            self.place(key);
        }
        Ok(())
    }

    /// Ends have places of their own. Of the others, nobody may hold more than their share of what is left: so one
    /// alone does not fill the queue, however much they ask for.
    fn admits(&self, turn: &Turn) -> bool {
        if turn.ends {
            return self.ends < self.most;
        }
        let free = self.most.saturating_sub(self.others);
        let key = turn.key();
        let of_owner = self.flows.get(&key).map_or(0, |flow| flow.work.len() - flow.ends);
        let of_namespace = self.held.get(&namespace(&key)).copied().unwrap_or(0);
        of_owner < free && of_namespace < free.saturating_mul(SHARE)
    }

    /// Gives a flow a new place, at the end of the line that it belongs to now.
    fn place(&mut self, key: Key) {
        let Some(flow) = self.flows.get_mut(&key) else { return };
        let Some((turn, _)) = flow.work.front() else { return };
        self.tickets += 1;
        flow.ticket = self.tickets;
        let class = Class { ends: flow.ends > 0, long: turn.long };
        self.lines[class.index()].add(key, self.tickets);
    }

    fn short(&mut self) -> Option<T> {
        self.turns += 1;
        let ends_first = !self.turns.is_multiple_of(OTHERS_EVERY);
        let short = |ends| Class { ends, long: false };
        self.take(short(ends_first)).or_else(|| self.take(short(!ends_first)))
    }

    fn take(&mut self, class: Class) -> Option<T> {
        loop {
            let (key, ticket) = self.lines[class.index()].next()?;
            let Entry::Occupied(mut entry) = self.flows.entry(key.clone()) else { continue };
            if entry.get().ticket != ticket {
                continue;
            }
            let Some((turn, work)) = entry.get_mut().work.pop_front() else { continue };
            entry.get_mut().ends -= usize::from(turn.ends);
            if entry.get().work.is_empty() {
                entry.remove();
            } else {
                self.place(key.clone());
            }
            self.forget(&turn, &key);
            return Some(work);
        }
    }

    fn forget(&mut self, turn: &Turn, key: &Key) {
        if let Some(id) = turn.id.filter(|_| !turn.ends) {
            self.coming.remove(&id);
        }
        if turn.ends {
            self.ends -= 1;
            return;
        }
        self.others -= 1;
        if let Entry::Occupied(mut held) = self.held.entry(namespace(key)) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

impl Turn {
    fn key(&self) -> Key {
        let class = Class { ends: self.ends, long: self.long };
        (self.owner.clone(), self.owner.is_none().then_some(class))
    }
}

impl Class {
    fn index(self) -> usize {
        usize::from(!self.ends) + 2 * usize::from(self.long)
    }
}

impl Line {
    fn add(&mut self, key: Key, ticket: u64) {
        let namespace = namespace(&key);
        let owners = self.owners.entry(namespace.clone()).or_default();
        if owners.is_empty() {
            self.namespaces.push_back(namespace);
        }
        owners.push_back((key, ticket));
    }

    fn next(&mut self) -> Option<(Key, u64)> {
        let namespace = self.namespaces.pop_front()?;
        let owners = self.owners.get_mut(&namespace)?;
        let next = owners.pop_front();
        if owners.is_empty() {
            self.owners.remove(&namespace);
        } else {
            self.namespaces.push_back(namespace);
        }
        next
    }
}

fn namespace((owner, _): &Key) -> Option<Namespace> {
    owner.as_ref().map(|owner| owner.namespace().clone())
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
