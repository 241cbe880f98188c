//! Every timeout at its exact edge, and a wall clock that jumps, in virtual time.

use super::*;
use crate::{Demand, Expiry, StepUp, Timeouts};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn hours(hours: u32) -> Timeout {
    Timeout::After(HOUR * hours)
}

/// A fixture whose sessions end after an hour unused, and five hours at most.
fn brief() -> Fixture {
    let timeouts = Timeouts { idle: hours(1), absolute: hours(5) };
    let it = fixture();
    let policy = Policy { timeouts, max_timeouts: timeouts, ..Policy::default() };
    Fixture { sessioning: it.sessioning.clone().with_policy(policy), ..it }
}

#[tokio::test]
async fn sec_14_the_idle_timeout_ends_a_session_at_its_millisecond() {
    let it = brief();
    for (wait, reason) in [(HOUR - MILLISECOND, None), (HOUR, Some(Invalid::Expired(Expiry::Idle)))] {
        let created = it.create().await;
        it.clock.advance(wait);
        assert_eq!(it.reason(&created.token).await, reason);
        it.settle().await;
    }
}

#[tokio::test]
async fn sec_14_a_use_begins_the_idle_timeout_anew() {
    let it = brief();
    let created = it.create().await;
    it.clock.advance(HOUR / 2);
    assert_eq!(it.reason(&created.token).await, None);
    it.settle().await;
    it.clock.advance(HOUR - MILLISECOND);
    assert_eq!(it.reason(&created.token).await, None);
    it.settle().await;
    it.clock.advance(HOUR);
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Idle)));
}

#[tokio::test]
async fn a_quiet_check_is_no_use() {
    let it = brief();
    let created = it.create().await;
    for minutes in [30, 59] {
        it.clock.set(START.after(MINUTE * minutes));
        assert_eq!(it.lack(&created.token, Demand::QUIET).await, None);
        it.settle().await;
    }
    it.clock.set(START.after(HOUR));
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Idle)));
}

#[tokio::test]
async fn sec_15_the_absolute_timeout_ends_a_busy_session_at_its_millisecond() {
    let it = brief();
    let created = it.create().await;
    let end = START.after(HOUR * 5);
    while it.clock.now().after(MINUTE) < end {
        it.clock.advance(MINUTE);
        assert_eq!(it.reason(&created.token).await, None);
        it.settle().await;
    }
    it.clock.set(end.before(MILLISECOND));
    assert_eq!(it.reason(&created.token).await, None);
    it.settle().await;
    it.clock.set(end);
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Absolute)));
}

#[tokio::test]
async fn a_sessions_own_timeouts_end_it_at_their_millisecond() {
    let it = brief();
    let asked = [
        (NewSession { idle_timeout: Some(Timeout::After(MINUTE)), ..NewSession::default() }, Expiry::Idle),
        (
            NewSession { absolute_timeout: Some(Timeout::After(MINUTE)), ..NewSession::default() },
            Expiry::Absolute,
        ),
    ];
    for (new, expiry) in asked {
        let created = it.sessioning.create(alice(), new).await.unwrap();
        let end = it.clock.now().after(MINUTE);
        it.clock.set(end);
        assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(expiry)));
        it.clock.set(end.before(MILLISECOND));
        assert_eq!(it.reason(&created.token).await, None);
        it.settle().await;
    }
}

#[tokio::test]
async fn an_authentication_is_too_old_at_its_millisecond() {
    let it = brief();
    let created = it.create().await;
    let demand = Demand { max_age: Some(MINUTE), ..Demand::default() };
    it.clock.set(START.after(MINUTE - MILLISECOND));
    assert_eq!(it.lack(&created.token, demand).await, None);
    it.clock.set(START.after(MINUTE));
    assert_eq!(it.lack(&created.token, demand).await, Some(StepUp::TooOld));
}

/// What ended stays ended while the clock is past its end by any jump, and a jump never moves an end.
#[tokio::test]
async fn sec_18_no_jump_of_the_clock_moves_the_end_of_a_session() {
    for jump in [HOUR, YEAR] {
        let it = brief();
        let created = it.create().await;
        let (idle_end, end) = (START.after(HOUR), START.after(HOUR * 5));
        for back in [START.before(jump), START] {
            it.clock.set(back);
            let session = it.check(&created.token).await.live().unwrap();
            it.settle().await;
            // Uses in the past of the last recorded one change nothing.
            assert_eq!((session.idle_expires_at(), session.expires_at()), (Some(idle_end), Some(end)));
            assert_eq!(session.last_seen(), START);
        }
        it.clock.set(idle_end.after(jump));
        assert!(matches!(it.reason(&created.token).await, Some(Invalid::Expired(_))));
        it.clock.set(end.after(jump));
        assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Absolute)));
        // A use that was recorded while the clock was wrong keeps no session beyond its absolute end.
        it.clock.set(end.before(MILLISECOND));
        assert!(matches!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Idle))));
        it.clock.set(end);
        assert_eq!(it.reason(&created.token).await, Some(Invalid::Expired(Expiry::Absolute)));
    }
}

/// A renewal while the clock is wrong does not move the absolute end.
#[tokio::test]
async fn a_jump_back_leaves_no_more_than_the_session_had() {
    let it = brief();
    let created = it.create().await;
    it.clock.set(START.before(YEAR));
    let renewed = it.renew(&created.token, None).await;
    it.clock.set(START.after(HOUR * 5));
    assert_eq!(it.reason(&renewed.token).await, Some(Invalid::Expired(Expiry::Absolute)));
}
