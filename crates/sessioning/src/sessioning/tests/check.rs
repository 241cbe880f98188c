use super::*;
use crate::{Expiry, OsRandom};

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
async fn sec_07_a_token_that_was_never_issued_is_not_adopted() {
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
async fn sec_17_expiry_is_decided_on_every_read() {
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
async fn sec_41_a_failing_store_is_an_error_and_never_no_session() {
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
async fn sec_24_a_pending_session_is_never_reported_as_logged_in() {
    let it = fixture();
    let mut draft = it.sessioning.draft(alice(), NewSession::default()).unwrap();
    draft.record.pending = true;
    let created = it.sessioning.insert(draft).await.unwrap();
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Pending));
}
