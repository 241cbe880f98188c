//! One connection: what it is doing, since when, and what was asked of it. A request costs it a few stores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use futures::task::AtomicWaker;

use crate::source::Source;

/// Milliseconds since a listener began, put forward from time to time: cheaper to read than a clock.
pub(super) type Ticks = Arc<AtomicU64>;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of the next request has come.
    Idle,
    /// A part of a request's head has come.
    Head,
    /// A request is being answered.
    Busy,
    /// Its answer is being sent.
    Answered,
}

const PHASES: [Phase; 4] = [Phase::Idle, Phase::Head, Phase::Busy, Phase::Answered];
const PHASE_BITS: u32 = 2;

/// What was asked of a connection; the later ones include the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Asked {
    Nothing,
    /// To end after the answer that is under way, if one is.
    Finish,
    /// To end now.
    Cut,
}

pub(crate) struct Connection {
    ticks: Ticks,
    /// The phase, and above it the tick at which it began.
    state: AtomicU64,
    asked: AtomicU8,
    waker: AtomicWaker,
    /// What it counts as, and how many count so.
    counted: Option<(Source, Arc<AtomicUsize>)>,
    counts: AtomicBool,
}

impl Connection {
    /// A new one, which has been added to what is counted.
    pub(super) fn new(ticks: Ticks, counted: Option<(Source, Arc<AtomicUsize>)>) -> Self {
        let counts = AtomicBool::new(counted.is_some());
        let idle = ticks.load(Ordering::Relaxed) << PHASE_BITS;
        Self {
            ticks,
            state: AtomicU64::new(idle),
            asked: AtomicU8::new(0),
            waker: AtomicWaker::new(),
            counted,
            counts,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        let now = self.ticks.load(Ordering::Relaxed);
        self.state.store((now << PHASE_BITS) | phase as u64, Ordering::Relaxed);
    }

    /// What it is doing, and since which tick.
    pub(super) fn doing(&self) -> (Phase, u64) {
        let state = self.state.load(Ordering::Relaxed);
        (PHASES[usize::try_from(state & 0b11).unwrap_or(0)], state >> PHASE_BITS)
    }

    pub(super) fn phase(&self) -> Phase {
        self.doing().0
    }

    /// Asks for its end.
    pub(super) fn ask(&self, asked: Asked) {
        self.asked.fetch_max(asked as u8, Ordering::Release);
        self.waker.wake();
    }

    pub(super) fn asked(&self) -> Asked {
        match self.asked.load(Ordering::Acquire) {
            0 => Asked::Nothing,
            1 => Asked::Finish,
            _ => Asked::Cut,
        }
    }

    /// Has this task woken when something is asked.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// What it counts as, if it does.
    pub(super) fn source(&self) -> Option<Source> {
        self.counted_as().filter(|_| self.counts())
    }

    /// What it counts as, or did.
    pub(super) fn counted_as(&self) -> Option<Source> {
        self.counted.as_ref().map(|(source, _)| *source)
    }

    /// Whether it is one of its address's share.
    pub(super) fn counts(&self) -> bool {
        self.counts.load(Ordering::Relaxed)
    }

    /// From now on it is nobody's share: a good API key was shown on it, or it ends.
    pub(crate) fn count_no_more(&self) {
        if let Some((_, number)) = &self.counted
            && self.counts.swap(false, Ordering::Relaxed)
        {
            number.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
