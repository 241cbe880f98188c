//! The promises that need many tries to be believed: revocations and limits under parallel creates, deletes under
//! everything. For a [`Sessioning`] over any store.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use sessioning::{
    Changed, Checked, CreateError, Created, ManualClock, Namespace, NewSession, OnLimit, Owner, Policy,
    SessionToken, Sessioning,
};

async fn create(sessioning: &Sessioning, user: &Owner) -> Result<Created, CreateError> {
    sessioning.create(user.clone(), NewSession::default()).await
}

async fn is_live(sessioning: &Sessioning, token: &SessionToken) -> bool {
    matches!(sessioning.check(&Namespace::default(), token).await.unwrap(), Checked::Live(_))
}

/// Creates that were under way when the revocation began are dead or refused, however they meet.
pub async fn nobody_survives_a_revocation(sessioning: Sessioning, rounds: usize) {
    let (mut overtaken, mut refused) = (0, 0);
    for round in 0..rounds {
        let user: Owner = format!("user-{}", round % 50).parse().unwrap();
        let acknowledged = create(&sessioning, &user).await.unwrap();
        let creates: Vec<_> = (0..4)
            .map(|_| {
                let draft = sessioning.draft(user.clone(), NewSession::default()).unwrap();
                let sessioning = sessioning.clone();
                tokio::spawn(async move { sessioning.insert(draft).await })
            })
            .collect();
        // The revocation comes when none, some or all of them have been answered, however long a store takes.
        while creates.iter().filter(|create| create.is_finished()).count() < round % 5 {
            tokio::task::yield_now().await;
        }
        if round % 3 == 0 {
            sessioning.revoke_everyone(None).await.unwrap();
        } else {
            sessioning.revoke_user(&user, None).await.unwrap();
        }
        assert!(!is_live(&sessioning, &acknowledged.token).await, "round {round}: a survivor");
        for created in join_all(creates).await {
            match created.unwrap() {
                Ok(created) => {
                    overtaken += 1;
                    assert!(!is_live(&sessioning, &created.token).await, "round {round}: a survivor");
                }
                Err(CreateError::Revoked) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        // What was refused left nothing behind either.
        assert!(sessioning.list(&user, None, 10).await.unwrap().sessions.is_empty(), "round {round}");
    }
    // A race that is always won by the same side proves nothing.
    assert!(overtaken > 0 && refused > 0, "{overtaken} overtaken, {refused} refused");
}

/// 200 at once, with room for five: never more than five live, and with eviction never fewer.
pub async fn a_limit_is_exact(sessioning: Sessioning, on_limit: OnLimit, rounds: usize) {
    const LIMIT: usize = 5;
    let policy = Policy { max_per_user: Some(LIMIT), on_limit, ..Policy::default() };
    let sessioning = sessioning.with_policy(policy);
    for round in 0..rounds {
        let user: Owner = format!("{on_limit:?}-{round}").parse().unwrap();
        let creates: Vec<_> = (0..200)
            .map(|_| {
                let (sessioning, user) = (sessioning.clone(), user.clone());
                tokio::spawn(async move { create(&sessioning, &user).await })
            })
            .collect();
        // Looked at while they race, too.
        for _ in 0..5 {
            let live = sessioning.list(&user, None, 1000).await.unwrap().sessions.len();
            assert!(live <= LIMIT, "round {round}: {live} live");
            tokio::task::yield_now().await;
        }
        let mut tokens = Vec::new();
        for created in join_all(creates).await {
            match created.unwrap() {
                Ok(created) => tokens.push(created.token),
                Err(CreateError::LimitReached(LIMIT)) if on_limit == OnLimit::Refuse => {}
                Err(error) => panic!("{error}"),
            }
        }
        let mut live = 0;
        for token in &tokens {
            live += usize::from(is_live(&sessioning, token).await);
        }
        assert_eq!(live, LIMIT, "round {round}");
    }
}

/// "End all but this one" while others log in, with room for one: the one that asks is never the one to go.
pub async fn the_one_that_is_kept_is_not_evicted_by_a_create_that_is_refused(
    sessioning: Sessioning,
    rounds: usize,
) {
    let limit = Policy { max_per_user: Some(1), ..Policy::default() };
    let sessioning = sessioning.with_policy(limit);
    let alice: Owner = "alice".parse().unwrap();
    for _ in 0..rounds {
        let kept = create(&sessioning, &alice).await.unwrap();
        let draft = sessioning.draft(alice.clone(), NewSession::default()).unwrap();
        sessioning.revoke_user(&alice, Some(kept.token.id())).await.unwrap();
        assert!(matches!(sessioning.insert(draft).await, Err(CreateError::Revoked)));
        assert!(is_live(&sessioning, &kept.token).await);
    }
}

/// A delete races with a touch, a patch and a renewal of the same session, and wins whatever they do.
pub async fn a_delete_is_never_undone(sessioning: Sessioning, clock: Arc<ManualClock>, rounds: usize) {
    let namespace = Namespace::default();
    let (mut before, mut after) = ([0; 3], [0; 3]);
    for round in 0..rounds {
        let created = create(&sessioning, &"alice".parse().unwrap()).await.unwrap();
        // Late enough that the use has to be recorded.
        clock.advance(Duration::from_secs(60));
        let token = Arc::new(created.token);
        let other = {
            let (sessioning, token) = (sessioning.clone(), Arc::clone(&token));
            tokio::spawn(async move { use_it(&sessioning, round % 3, &token).await })
        };
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        let deleted = sessioning.delete(&namespace, &token).await.unwrap();
        let (done, renewed) = other.await.unwrap();
        let wins = if done { &mut before } else { &mut after };
        wins[round % 3] += 1;
        assert!(!is_live(&sessioning, &token).await, "round {round}");
        if let Some(renewed) = renewed {
            // Whichever came first: renewed before, it took the token that was to be deleted out of use.
            assert_eq!(is_live(&sessioning, &renewed).await, !deleted, "round {round}");
            sessioning.revoke(&namespace, renewed.id()).await.unwrap();
            assert!(!is_live(&sessioning, &renewed).await, "round {round}");
        }
    }
    // A race that is always won by the same side proves nothing. (What a check races with is its own touch, which
    // comes after its answer.)
    assert!(
        before[1..].iter().chain(&after[1..]).all(|wins| *wins > 0),
        "{before:?} before, {after:?} after"
    );
}

/// Uses a session in one of three ways; whether it was still there, and its new token.
async fn use_it(sessioning: &Sessioning, way: usize, token: &SessionToken) -> (bool, Option<SessionToken>) {
    let namespace = Namespace::default();
    match way {
        0 => (is_live(sessioning, token).await, None),
        1 => {
            let patch = sessioning::Patch::from_json("{\"a\":1}").unwrap();
            let patched = sessioning.patch_data(&namespace, token, &patch, None).await.unwrap();
            (matches!(patched, Changed::Done(_)), None)
        }
        _ => match sessioning.renew(&namespace, token, None).await.unwrap() {
            Changed::Done(renewed) => (true, Some(renewed.token)),
            _ => (false, None),
        },
    }
}
