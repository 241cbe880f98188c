use super::*;

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
async fn sec_08_a_colliding_id_neither_overwrites_nor_returns_a_session() {
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
async fn sec_02_without_randomness_no_session_begins() {
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
