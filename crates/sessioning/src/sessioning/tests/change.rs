use super::*;
use crate::{Authentication, Data, DataError, Demand, OsRandom, StepUp};

fn by(methods: &[&str], level: u8) -> Authentication {
    Authentication::new(methods.iter().map(ToString::to_string).collect(), level).unwrap()
}

fn patch(text: &str) -> Patch {
    Patch::from_json(text).unwrap()
}

impl Fixture {
    async fn patch(&self, token: &SessionToken, text: &str) -> Session {
        match self.sessioning.patch_data(&Namespace::default(), token, &patch(text), None).await.unwrap() {
            Changed::Done(session) => session,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_renewal_replaces_the_token_and_nothing_else() {
    let it = fixture();
    let created = it.create().await;
    it.clock.advance(MINUTE);
    let renewed = it.renew(&created.token, None).await;
    assert_eq!(it.reason(&created.token).await, Some(Invalid::WrongSecret));
    let session = it.check(&renewed.token).await.live().unwrap();
    assert_eq!(renewed.token.id(), created.token.id());
    let lasting = |session: &Session| {
        (session.owner().clone(), session.created_at(), session.expires_at(), session.authenticated_at())
    };
    assert_eq!(lasting(&session), lasting(&created.session));
    assert_eq!(lasting(&renewed.session), lasting(&session));
    // It counts as a use, and as one change.
    assert_eq!((session.last_seen(), session.version()), (START.after(MINUTE), 1));
    assert_eq!((renewed.session.last_seen(), renewed.session.version()), (START.after(MINUTE), 1));
}

#[tokio::test]
async fn sec_23_a_level_rises_by_a_new_authentication_alone() {
    let it = fixture();
    let new = NewSession { authentication: by(&["pwd"], 1), ..NewSession::default() };
    let created = it.sessioning.create(alice(), new).await.unwrap();
    let demand = Demand { min_level: Some(2), max_age: Some(MINUTE), quiet: false };
    it.clock.advance(MINUTE);
    assert_eq!(it.lack(&created.token, demand).await, Some(StepUp::TooLow));
    let renewed = it.renew(&created.token, None).await;
    assert_eq!((renewed.session.level(), renewed.session.methods()), (1, &["pwd".into()][..]));
    assert_eq!(it.lack(&renewed.token, demand).await, Some(StepUp::TooLow));
    it.patch(&renewed.token, r#"{"level":2}"#).await;
    assert_eq!(it.lack(&renewed.token, demand).await, Some(StepUp::TooLow));
    let stepped_up = it.renew(&renewed.token, Some(by(&["pwd", "otp"], 2))).await;
    assert_eq!(stepped_up.session.authenticated_at(), START.after(MINUTE));
    assert_eq!(it.lack(&stepped_up.token, demand).await, None);
    it.clock.advance(MINUTE);
    assert_eq!(it.lack(&stepped_up.token, demand).await, Some(StepUp::TooOld));
    // A password alone refreshes no second factor.
    let fresh = it.renew(&stepped_up.token, Some(by(&["pwd"], 1))).await;
    assert_eq!(it.lack(&fresh.token, demand).await, Some(StepUp::TooLow));
    assert_eq!(it.lack(&fresh.token, Demand { min_level: Some(1), ..demand }).await, None);
}

#[tokio::test]
async fn only_the_holder_of_a_live_token_changes_a_session() {
    let it = fixture();
    let created = it.create().await;
    let forged = SessionToken::renewed(created.token.id(), &OsRandom).unwrap();
    let other: Namespace = "other".parse().unwrap();
    let before = it.store.writes.load(Ordering::SeqCst);
    let renew = async |namespace: &Namespace, token: &SessionToken| match it
        .sessioning
        .renew(namespace, token, None)
        .await
        .unwrap()
    {
        Changed::Invalid(reason) => reason,
        done => panic!("{done:?}"),
    };
    assert_eq!(renew(&Namespace::default(), &forged).await, Invalid::WrongSecret);
    assert_eq!(renew(&other, &created.token).await, Invalid::OtherNamespace);
    it.clock.set(created.session.expires_at().unwrap());
    assert!(matches!(renew(&Namespace::default(), &created.token).await, Invalid::Expired(_)));
    assert!(it.sessioning.revoke(&Namespace::default(), created.token.id()).await.is_ok());
    assert_eq!(renew(&Namespace::default(), &created.token).await, Invalid::Unknown);
    assert_eq!(it.store.writes.load(Ordering::SeqCst) - before, 1, "the revocation alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_09_of_two_renewals_with_one_token_one_is_done() {
    let it = fixture();
    for _ in 0..200 {
        let created = it.create().await;
        let token = Arc::new(created.token);
        let renew = || {
            let (sessioning, token) = (it.sessioning.clone(), Arc::clone(&token));
            tokio::spawn(async move { sessioning.renew(&Namespace::default(), &token, None).await.unwrap() })
        };
        let (first, second) = tokio::join!(renew(), renew());
        let mut live = 0;
        for renewed in [first.unwrap(), second.unwrap()] {
            match renewed {
                Changed::Done(renewed) => live += usize::from(it.reason(&renewed.token).await.is_none()),
                Changed::Invalid(reason) => assert_eq!(reason, Invalid::WrongSecret),
                Changed::Conflict => panic!("nobody else changes it"),
            }
        }
        assert_eq!((live, it.reason(&token).await), (1, Some(Invalid::WrongSecret)));
    }
}

#[tokio::test]
async fn patches_build_on_one_another() {
    let it = fixture();
    let created = it.create().await;
    it.patch(&created.token, r#"{"cart":{"apples":1,"pears":2}}"#).await;
    let session = it.patch(&created.token, r#"{"cart":{"pears":null},"seen":true}"#).await;
    assert_eq!(session.data().to_json(), r#"{"cart":{"apples":1},"seen":true}"#);
    assert_eq!(session.version(), 2);
    let stored = it.check(&created.token).await.live().unwrap();
    assert_eq!((stored.data(), stored.version()), (session.data(), 2));
}

#[tokio::test]
async fn a_patch_that_others_overtake_is_done_on_top_of_theirs() {
    let it = fixture();
    let created = it.create().await;
    it.store.overtaken.store(3, Ordering::SeqCst);
    let session = it.patch(&created.token, r#"{"ours":1}"#).await;
    assert_eq!(session.data().to_json(), r#"{"ours":1,"theirs":2}"#);
    assert_eq!(session.version(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn patches_of_different_members_all_survive() {
    let it = fixture();
    for _ in 0..100 {
        let created = it.create().await;
        let token = Arc::new(created.token);
        let patch = |text: &'static str| {
            let (sessioning, token) = (it.sessioning.clone(), Arc::clone(&token));
            let namespace = Namespace::default();
            tokio::spawn(async move { sessioning.patch_data(&namespace, &token, &patch(text), None).await })
        };
        let both = tokio::join!(patch(r#"{"a":1}"#), patch(r#"{"b":2}"#));
        for patched in [both.0.unwrap().unwrap(), both.1.unwrap().unwrap()] {
            assert!(matches!(patched, Changed::Done(_)), "{patched:?}");
        }
        let session = it.check(&token).await.live().unwrap();
        assert_eq!(session.data().to_json(), r#"{"a":1,"b":2}"#);
    }
}

#[tokio::test]
async fn a_change_gives_up_when_others_never_stop() {
    let it = fixture();
    let created = it.create().await;
    it.store.overtaken.store(1000, Ordering::SeqCst);
    let outcome = it.sessioning.renew(&Namespace::default(), &created.token, None).await.unwrap();
    assert!(matches!(outcome, Changed::Conflict));
    it.store.overtaken.store(0, Ordering::SeqCst);
    assert_eq!(it.reason(&created.token).await, None);
    // As many tries as it makes at most, less the one that must succeed.
    it.store.overtaken.store(15, Ordering::SeqCst);
    it.renew(&created.token, None).await;
}

#[tokio::test]
async fn a_patch_may_insist_on_a_version() {
    let it = fixture();
    let created = it.create().await;
    let patch_at = async |version| {
        let patch = patch(r#"{"a":1}"#);
        it.sessioning.patch_data(&Namespace::default(), &created.token, &patch, Some(version)).await.unwrap()
    };
    assert!(matches!(patch_at(0).await, Changed::Done(_)));
    assert!(matches!(patch_at(0).await, Changed::Refused(PatchRefused::OtherVersion)));
    assert!(matches!(patch_at(1).await, Changed::Done(_)));
}

#[tokio::test]
async fn a_patch_that_would_make_the_data_too_large_changes_nothing() {
    let it = fixture();
    let created = it.create().await;
    let large = patch(&format!(r#"{{"k":"{}"}}"#, "x".repeat(Data::MAX_BYTES)));
    let namespace = Namespace::default();
    let refused = it.sessioning.patch_data(&namespace, &created.token, &large, None).await.unwrap();
    assert!(matches!(refused, Changed::Refused(PatchRefused::Data(DataError::TooLarge))));
    let session = it.check(&created.token).await.live().unwrap();
    assert!(session.data().is_empty() && session.version() == 0);
}

#[tokio::test]
async fn a_change_that_the_store_fails_is_an_error() {
    let it = fixture();
    let created = it.create().await;
    it.store.broken.store(1, Ordering::SeqCst);
    assert!(it.sessioning.renew(&Namespace::default(), &created.token, None).await.is_err());
    it.store.broken.store(0, Ordering::SeqCst);
    assert_eq!(it.reason(&created.token).await, None);
}

#[tokio::test]
async fn refusals_say_what_was_wrong() {
    let said = [PatchRefused::OtherVersion.to_string(), PatchRefused::Data(DataError::TooLarge).to_string()];
    assert_eq!(said[0], "the session has changed since that version");
    assert_eq!(said[1], "data must be at most 4096 bytes of JSON");
}

#[tokio::test]
async fn every_write_carries_a_mark_of_its_own() {
    let it = fixture();
    let created = it.create().await;
    let mark = async || it.store.memory.get(created.token.id(), &|_| true).await.unwrap().unwrap().write_id;
    assert_eq!(mark().await, None);
    it.patch(&created.token, "{}").await;
    let first = mark().await;
    it.patch(&created.token, "{}").await;
    assert!(first.is_some() && mark().await.is_some() && mark().await != first);
}

#[tokio::test]
async fn a_renewal_forgets_the_secret_before() {
    let it = fixture();
    let mut draft = it.sessioning.draft(alice(), NewSession::default()).unwrap();
    let until = START.after(MINUTE);
    draft.record.previous = Some(crate::Previous { digest: draft.record.digest.clone(), until });
    let created = it.sessioning.insert(draft).await.unwrap();
    it.renew(&created.token, None).await;
    let stored = it.store.memory.get(created.token.id(), &|_| true).await.unwrap().unwrap();
    assert_eq!(stored.previous, None);
}
