use super::*;

#[tokio::test]
async fn a_session_lives_from_create_to_delete() {
    let it = fixture();
    let created = it.create().await;
    let session = it.check(&created.token).await.live().unwrap();
    assert_eq!((session.user(), session.id()), (alice().user(), created.session.id()));
    assert!(it.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
    assert_eq!(it.reason(&created.token).await, Some(Invalid::Unknown));
    assert!(!it.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
}

impl Fixture {
    async fn create_for(&self, owner: &Owner) -> Created {
        self.sessioning.create(owner.clone(), NewSession::default()).await.unwrap()
    }
}

fn in_other_namespace() -> Owner {
    Owner::new("other".parse().unwrap(), "alice".parse().unwrap())
}

#[tokio::test]
async fn a_session_is_revoked_by_its_id_in_its_namespace() {
    let it = fixture();
    let (mine, other) = (it.create().await, it.create_for(&in_other_namespace()).await);
    let namespace = Namespace::default();
    assert!(!it.sessioning.revoke(&namespace, other.token.id()).await.unwrap());
    assert!(it.sessioning.revoke(&namespace, mine.token.id()).await.unwrap());
    assert!(!it.sessioning.revoke(&namespace, mine.token.id()).await.unwrap());
    assert_eq!(it.reason(&mine.token).await, Some(Invalid::Unknown));
    let of_other = it.sessioning.check(in_other_namespace().namespace(), &other.token).await.unwrap();
    assert!(of_other.live().is_some());
}

#[tokio::test]
async fn a_holder_ends_only_sessions_of_their_own() {
    let it = fixture();
    let bob: Owner = "bob".parse().unwrap();
    let (mine, theirs) = (it.create().await, it.create_for(&bob).await);
    assert!(!it.sessioning.revoke_own(&alice(), theirs.token.id()).await.unwrap());
    assert_eq!(it.reason(&theirs.token).await, None);
    assert!(it.sessioning.revoke_own(&alice(), mine.token.id()).await.unwrap());
    assert_eq!(it.reason(&mine.token).await, Some(Invalid::Unknown));
}

#[tokio::test]
async fn a_user_is_revoked_but_for_one_session() {
    let it = fixture();
    let bob: Owner = "bob".parse().unwrap();
    let (first, second, bobs) = (it.create().await, it.create().await, it.create_for(&bob).await);
    let ended = it.sessioning.revoke_user(&alice(), Some(second.token.id())).await.unwrap();
    assert_eq!(ended, [first.token.id()]);
    assert_eq!(it.reason(&first.token).await, Some(Invalid::Unknown));
    assert_eq!((it.reason(&second.token).await, it.reason(&bobs.token).await), (None, None));
    assert_eq!(it.sessioning.revoke_user(&alice(), None).await.unwrap(), [second.token.id()]);
}

#[tokio::test]
async fn everyone_is_revoked_in_one_namespace_or_in_all() {
    let it = fixture();
    let (mine, other) = (it.create().await, it.create_for(&in_other_namespace()).await);
    let reason_of_other =
        async || match it.sessioning.check(in_other_namespace().namespace(), &other.token).await.unwrap() {
            Checked::Invalid(reason) => Some(reason),
            _ => None,
        };
    it.sessioning.revoke_everyone(Some(&Namespace::default())).await.unwrap();
    assert_eq!((it.reason(&mine.token).await, reason_of_other().await), (Some(Invalid::Unknown), None));
    it.sessioning.revoke_everyone(None).await.unwrap();
    assert_eq!(reason_of_other().await, Some(Invalid::Unknown));
}

#[tokio::test]
async fn ending_what_has_ended_says_so() {
    let it = fixture();
    let created = it.create().await;
    it.clock.set(created.session.expires_at().unwrap());
    assert!(!it.sessioning.revoke(&Namespace::default(), created.token.id()).await.unwrap());
}

#[tokio::test]
async fn a_create_that_a_revocation_overtakes_is_refused_and_leaves_nothing() {
    let it = fixture();
    let draft = || it.sessioning.draft(alice(), NewSession::default()).unwrap();
    let (user, everyone) = (draft(), draft());
    it.sessioning.revoke_user(&alice(), None).await.unwrap();
    assert!(matches!(it.sessioning.insert(user).await, Err(CreateError::Revoked)));
    it.sessioning.revoke_everyone(None).await.unwrap();
    assert!(matches!(it.sessioning.insert(everyone).await, Err(CreateError::Revoked)));
    assert!(it.sessioning.list(&alice(), None, 10).await.unwrap().sessions.is_empty());
    let after = it.sessioning.insert(draft()).await.unwrap();
    assert_eq!(it.reason(&after.token).await, None);
}
