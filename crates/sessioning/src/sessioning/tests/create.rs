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

#[tokio::test]
async fn sec_04_a_token_says_nothing_but_its_id() {
    let it = fixture();
    // Users that could be seen in hex: as text, as bytes, and in the place of either.
    for user in ["deadbeefcafe", "alice", "0123456789"] {
        let hex = base16ct::lower::encode_string(user.as_bytes());
        for _ in 0..200 {
            let created = it.sessioning.create(user.parse().unwrap(), NewSession::default()).await.unwrap();
            let text = created.token.expose();
            let id = created.session.id().to_string().replace('-', "");
            assert_eq!(text[4..36], id);
            assert!(!text[36..100].contains(user) && !text[36..100].contains(&hex));
        }
    }
}

#[tokio::test]
async fn the_policy_in_force_is_told() {
    let policy = Policy { max_per_user: Some(7), ..Policy::default() };
    let sessioning = fixture().sessioning.with_policy(policy.clone());
    assert_eq!(*sessioning.policy(), policy);
    assert!(format!("{sessioning:?}").contains("max_per_user: Some(7)"));
}

#[tokio::test]
async fn a_create_that_fails_tries_to_leave_nothing() {
    let it = fixture();
    it.store.broken.store(1, Ordering::SeqCst);
    let before = it.store.writes.load(Ordering::SeqCst);
    assert!(it.sessioning.create(alice(), NewSession::default()).await.is_err());
    assert_eq!(
        it.store.writes.load(Ordering::SeqCst) - before,
        2,
        "the insert, and a removal of what it may have left"
    );
}

#[tokio::test]
async fn a_session_keeps_what_it_was_created_with() {
    let it = fixture();
    let new = NewSession {
        metadata: crate::Metadata::new(Some("::1"), None, Some("tablet")),
        data: crate::Data::from_json(r#"{"a":1}"#).unwrap(),
        authentication: Authentication::new(vec!["pwd".into()], 1).unwrap(),
        ..NewSession::default()
    };
    let created = it.sessioning.create(alice(), new.clone()).await.unwrap();
    let found = it.check(&created.token).await.live().unwrap();
    for session in [&created.session, &found] {
        assert_eq!((session.metadata(), session.data()), (&new.metadata, &new.data));
        assert_eq!((session.methods(), session.level()), (&["pwd".into()][..], 1));
    }
}

#[test]
fn why_no_session_began_is_said_with_its_cause() {
    use std::error::Error as _;
    let too_long = fixture().sessioning.policy().grant(Some(Timeout::Never), None).unwrap_err();
    for (error, said, caused) in [
        (CreateError::TimeoutTooLong(too_long), "idle_timeout never is longer than", true),
        (CreateError::LimitReached(5), "the most sessions they may have: 5", false),
        (CreateError::Revoked, "were revoked meanwhile", false),
        (CreateError::Failed(ErrorKind::TimedOut.into()), "gave no answer in time", true),
    ] {
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.source().is_some(), caused, "{error}");
    }
}
