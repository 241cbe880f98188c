//! Watches the wall clock, which the service reads once at its start: a machine that starts with a wrong one gets the
//! right one later. A step forward is followed and revives nobody; a step back would, and is refused.

use std::sync::Arc;
use std::time::Duration;

use sessioning::{SystemClock, Timeout};

use crate::app::App;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How far the clocks part before it matters.
const APART: Duration = Duration::from_secs(60);
/// A longer step could be one wrong answer about the time, which would log everybody out.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a long step has to stand before it is followed.
const STANDS: Duration = Duration::from_secs(60);

/// What to do about the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Together,
    /// It is behind: the service's clock goes on.
    Behind,
    /// It is far ahead, and has been for too short a time.
    Ahead,
    /// The service's clock is moved forward by that much.
    Follow(Duration),
}

/// A long step that has not stood long enough.
#[derive(Clone, Copy)]
struct Step {
    ahead: i64,
    stood: Duration,
}

#[derive(Default)]
struct Watch {
    step: Option<Step>,
}

impl Watch {
    /// Judges how far the wall clock is ahead, in milliseconds, so long after the last look.
    fn look(&mut self, ahead: i64, since: Duration) -> Verdict {
        let distance = Duration::from_millis(ahead.unsigned_abs());
        let step = self.step.take();
        if distance <= APART {
            return Verdict::Together;
        }
        if ahead < 0 {
            return Verdict::Behind;
        }
        if distance <= LONG {
            return Verdict::Follow(distance);
        }
        // Another time than before is another step.
        let same = step.filter(|step| u128::from(step.ahead.abs_diff(ahead)) <= APART.as_millis());
        let stood = same.map_or(Duration::ZERO, |step| step.stood + since);
        if stood >= STANDS {
            return Verdict::Follow(distance);
        }
        self.step = Some(Step { ahead, stood });
        Verdict::Ahead
    }
}

/// Looks once a second; never ends.
pub(crate) async fn watch(app: Arc<App>, clock: Arc<SystemClock>) {
    let (mut watch, mut before) = (Watch::default(), Verdict::Together);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let ahead = clock.wall_ahead();
        app.metrics.clock_apart(ahead);
        let verdict = watch.look(ahead, LOOK_EVERY);
        let apart = Timeout::After(Duration::from_secs(ahead.unsigned_abs() / 1000));
        let note = match verdict {
            Verdict::Together => None,
            Verdict::Behind => Some(format!(
                "the wall clock is {apart} behind the time that this service goes by; a step back would revive what has \
                 ended, so it is not followed"
            )),
            Verdict::Ahead => Some(format!(
                "the wall clock is {apart} ahead of the time that this service goes by; it is followed once that has \
                 stood for {STANDS:?}"
            )),
            Verdict::Follow(step) => {
                clock.move_on(step);
                tracing::warn!(
                    sessions = app.metrics.begun(),
                    "the wall clock was {apart} ahead, and is followed; the sessions that began since the start of the \
                     service are older by that much, and may have ended by it"
                );
                None
            }
        };
        if let Some(note) = note.as_ref().filter(|_| verdict != before) {
            tracing::warn!("{note}");
        }
        if verdict == Verdict::Together && before == Verdict::Behind {
            tracing::info!("the wall clock is right again");
        }
        app.set_clock_note(note);
        before = verdict;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    #[test]
    fn small_differences_are_none_and_steps_back_are_refused() {
        let mut watch = Watch::default();
        for ahead in [0, MINUTE, -MINUTE] {
            assert_eq!(watch.look(ahead, SECOND), Verdict::Together);
        }
        for ahead in [-MINUTE - 1, -400 * DAY, i64::MIN] {
            assert_eq!(watch.look(ahead, SECOND), Verdict::Behind);
        }
    }

    #[test]
    fn a_step_forward_is_followed_at_once_unless_it_is_long() {
        let mut watch = Watch::default();
        for ahead in [MINUTE + 1, DAY] {
            let step = Duration::from_millis(ahead.unsigned_abs());
            assert_eq!(watch.look(ahead, SECOND), Verdict::Follow(step));
        }
        assert_eq!(watch.look(DAY + 1, SECOND), Verdict::Ahead);
    }

    #[test]
    fn a_long_step_has_to_stand_for_a_minute() {
        let mut watch = Watch::default();
        let far = 400 * DAY;
        let mut stands = |ahead| (0..60).all(|_| watch.look(ahead, SECOND) == Verdict::Ahead);
        assert!(stands(far));
        // It went back, or to another time: that begins anew.
        assert!(stands(far + 2 * MINUTE));
        assert_eq!(watch.look(0, SECOND), Verdict::Together);
        for second in 0..60 {
            // Drifting a little it is the same step.
            assert_eq!(watch.look(far + second * 10, SECOND), Verdict::Ahead);
        }
        assert_eq!(
            watch.look(far + 600, SECOND),
            Verdict::Follow(Duration::from_millis((far + 600).unsigned_abs()))
        );
    }
}
