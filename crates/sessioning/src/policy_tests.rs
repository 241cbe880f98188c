use super::*;
use crate::{OsRandom, SessionToken};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn after(seconds: u64) -> Timeout {
    Timeout::After(Duration::from_secs(seconds))
}

/// Ten minutes idle, an hour absolute.
fn policy() -> Policy {
    let timeouts = Timeouts { idle: after(600), absolute: after(3600) };
    Policy { timeouts, max_timeouts: timeouts, ..Policy::default() }
}

fn record(timeouts: Timeouts) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    Record::new(&token, "alice".parse().unwrap(), timeouts, START)
}

fn at(seconds: u64) -> Timestamp {
    START.after(SECOND * u32::try_from(seconds).unwrap())
}

#[test]
fn the_idle_timeout_ends_a_session_at_exactly_its_deadline() {
    let (policy, mut record) = (policy(), record(policy().timeouts));
    assert_eq!(policy.judge(&record, at(600).before(MILLISECOND)), Verdict::Live);
    assert_eq!(policy.judge(&record, at(600)), Verdict::Expired(Expiry::Idle));
    record.last_seen = at(300);
    assert_eq!(policy.judge(&record, at(900).before(MILLISECOND)), Verdict::Live);
    assert_eq!(policy.judge(&record, at(900)), Verdict::Expired(Expiry::Idle));
}

#[test]
fn the_absolute_timeout_ends_a_session_however_busy() {
    let (policy, mut record) = (policy(), record(policy().timeouts));
    record.last_seen = at(3599);
    assert_eq!(policy.judge(&record, at(3600).before(MILLISECOND)), Verdict::Live);
    assert_eq!(policy.judge(&record, at(3600)), Verdict::Expired(Expiry::Absolute));
}

#[test]
fn never_never_comes() {
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    let policy = Policy { timeouts: never, max_timeouts: never, ..Policy::default() };
    let forever = Timestamp::from_millis(i64::MAX);
    assert_eq!(policy.judge(&record(never), forever), Verdict::Live);
    assert_eq!(policy.deadlines(&record(never)).first(), None);
}

#[test]
fn tightening_acts_at_once_and_loosening_revives_nobody() {
    let loose = Timeouts { idle: after(6000), absolute: after(36_000) };
    let tight = policy();
    assert_eq!(tight.judge(&record(loose), at(600)), Verdict::Expired(Expiry::Idle));
    let mut busy = record(loose);
    busy.last_seen = at(3600);
    assert_eq!(tight.judge(&busy, at(3600)), Verdict::Expired(Expiry::Absolute));
    let loosened = Policy { timeouts: loose, max_timeouts: loose, ..Policy::default() };
    assert_eq!(loosened.judge(&record(tight.timeouts), at(600)), Verdict::Expired(Expiry::Idle));
}

#[test]
fn a_pending_session_is_not_live() {
    let pending = Record { pending: true, ..record(policy().timeouts) };
    assert_eq!(policy().judge(&pending, START), Verdict::Pending);
    assert_eq!(policy().judge(&pending, at(600)), Verdict::Expired(Expiry::Idle));
}

#[test]
fn a_use_is_due_after_the_interval_and_ten_times_within_the_idle_timeout() {
    let (policy, long) = (policy(), record(Timeouts { idle: Timeout::Never, absolute: Timeout::Never }));
    assert_eq!(policy.touch_every(&long), Some(SECOND * 60));
    assert!(!policy.touch_due(&long, at(60).before(MILLISECOND)));
    assert!(policy.touch_due(&long, at(60)));
    let brief = record(Timeouts { idle: after(100), absolute: Timeout::Never });
    assert_eq!(policy.touch_every(&brief), Some(SECOND * 10));
}

#[test]
fn an_interval_of_never_records_as_little_as_the_idle_timeout_allows() {
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    let policy =
        Policy { timeouts: never, max_timeouts: never, touch_interval: Timeout::Never, ..Policy::default() };
    assert_eq!(policy.touch_every(&record(never)), None);
    assert!(!policy.touch_due(&record(never), at(1_000_000)));
    let idle = record(Timeouts { idle: after(600), absolute: Timeout::Never });
    assert_eq!(policy.touch_every(&idle), Some(SECOND * 60));
}

#[test]
fn a_session_may_ask_for_less_and_not_for_more() {
    let longest = Timeouts { idle: after(1200), absolute: Timeout::Never };
    let policy = Policy { max_timeouts: longest, ..policy() };
    assert_eq!(policy.grant(None, None), Ok(policy.timeouts));
    let asked = Timeouts { idle: after(1200), absolute: Timeout::Never };
    assert_eq!(policy.grant(Some(asked.idle), Some(asked.absolute)), Ok(asked));
    let error = policy.grant(Some(after(1201)), None).unwrap_err();
    assert_eq!(error.to_string(), "idle_timeout 1201s is longer than the 20m that sessions may have here");
    let bounded = Policy { max_timeouts: policy.timeouts, ..policy };
    assert!(bounded.grant(None, Some(Timeout::Never)).is_err());
}

#[test]
fn a_record_is_purged_a_day_after_its_own_end() {
    let day = SECOND * 24 * 60 * 60;
    let mut record = record(policy().timeouts);
    assert_eq!((record.ends_at(), record.purge_at()), (Some(at(600)), Some(at(600).after(day))));
    record.last_seen = at(3500);
    assert_eq!(record.ends_at(), Some(at(3600)));
}
