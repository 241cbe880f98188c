//! A session's life from create to delete, for a [`Sessioning`] over any store, on a clock that the case moves.

use std::sync::Arc;
use std::time::Duration;

use sessioning::{
    Authentication, Changed, Checked, Clock, CreateError, Created, Data, Demand, ManualClock, Metadata,
    Namespace, NewSession, OnLimit, Owner, Patch, Policy, SessionToken, Sessioning, Store, Timeout,
    Timestamp,
};

/// A store in use, and its clock.
pub struct Life {
    sessioning: Sessioning,
    clock: Arc<ManualClock>,
}

/// When the cases begin.
const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

impl Life {
    /// A life over that store.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let sessioning = Sessioning::over(store).with_clock(Arc::clone(&clock) as _);
        Self { sessioning, clock }
    }

    fn under(self, policy: Policy) -> Self {
        Self { sessioning: self.sessioning.with_policy(policy), ..self }
    }

    async fn create(&self, user: &str) -> Created {
        self.sessioning.create(owner(user), NewSession::default()).await.unwrap()
    }

    async fn check(&self, token: &SessionToken) -> Checked {
        self.sessioning.check(&Namespace::default(), token).await.unwrap()
    }

    async fn is_live(&self, token: &SessionToken) -> bool {
        self.check(token).await.live().is_some()
    }
}

fn owner(user: &str) -> Owner {
    user.parse().unwrap()
}

pub async fn a_session_lives_from_create_to_delete(life: Life) {
    let created = life.create("alice").await;
    let session = life.check(&created.token).await.live().unwrap();
    assert_eq!((session.user().as_str(), session.created_at()), ("alice", START));
    assert!(life.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
    assert!(!life.is_live(&created.token).await);
    assert!(!life.sessioning.delete(&Namespace::default(), &created.token).await.unwrap());
}

pub async fn a_session_keeps_what_it_was_created_with(life: Life) {
    let authentication = Authentication::new(vec!["pwd".into(), "otp".into()], 2).unwrap();
    let metadata = Metadata::new(Some("::1"), Some("curl/8.14"), Some("laptop"));
    let data = Data::from_json(r#"{"cart":[1,2.50,{"a":null}],"e":1e400}"#).unwrap();
    let new = NewSession {
        idle_timeout: Some(Timeout::After(MINUTE)),
        absolute_timeout: Some(Timeout::After(MINUTE * 5)),
        authentication,
        metadata: metadata.clone(),
        data: data.clone(),
    };
    let created = life.sessioning.create(owner("alice"), new).await.unwrap();
    let session = life.check(&created.token).await.live().unwrap();
    assert_eq!((session.metadata(), session.data()), (&metadata, &data));
    assert_eq!((session.methods(), session.level()), (&["pwd".into(), "otp".into()][..], 2));
    assert_eq!(session.idle_expires_at(), Some(START.after(MINUTE)));
    assert_eq!(session.expires_at(), Some(START.after(MINUTE * 5)));
}

pub async fn a_session_ends_at_its_millisecond(life: Life) {
    let policy = Policy::default();
    let (Timeout::After(idle), Timeout::After(absolute)) = (policy.timeouts.idle, policy.timeouts.absolute)
    else {
        panic!("the default policy has timeouts");
    };
    let unused = life.create("alice").await;
    life.clock.advance(idle - MILLISECOND);
    let listed = life.sessioning.list(&owner("alice"), None, 10).await.unwrap();
    assert_eq!(listed.sessions.len(), 1);
    life.clock.advance(MILLISECOND);
    assert!(!life.is_live(&unused.token).await);
    // However busy.
    let busy = life.create("bob").await;
    let mut age = Duration::ZERO;
    while age + idle / 2 < absolute {
        age += idle / 2;
        life.clock.advance(idle / 2);
        assert!(life.is_live(&busy.token).await, "{age:?}");
        recorded(&life, &busy).await;
    }
    life.clock.advance(absolute - age - MILLISECOND);
    assert!(life.is_live(&busy.token).await);
    life.clock.advance(MILLISECOND);
    assert!(!life.is_live(&busy.token).await);
}

/// Waits until the use of a session that was just checked is recorded, which happens beside the answer.
async fn recorded(life: &Life, created: &Created) {
    let now = life.clock.now();
    // It comes when the store has it, which under load may be a while.
    for _ in 0..30_000 {
        let found = life.sessioning.describe(&Namespace::default(), created.token.id()).await.unwrap();
        if found.is_some_and(|session| session.last_seen() == now) {
            return;
        }
        tokio::time::sleep(MILLISECOND).await;
    }
    panic!("a use was not recorded");
}

pub async fn a_renewal_replaces_the_token_and_a_step_up_raises_the_level(life: Life) {
    let created = life.create("alice").await;
    let namespace = Namespace::default();
    life.clock.advance(MINUTE);
    let again = Authentication::new(vec!["hwk".into()], 3).unwrap();
    let renewed = life.sessioning.renew(&namespace, &created.token, Some(again)).await.unwrap();
    let Changed::Done(renewed) = renewed else { panic!("{renewed:?}") };
    assert_eq!(renewed.session.id(), created.session.id());
    assert!(!life.is_live(&created.token).await);
    let demand = Demand { min_level: Some(3), max_age: Some(MINUTE), quiet: false };
    let checked = life.sessioning.check_for(&namespace, &renewed.token, demand).await.unwrap();
    assert!(matches!(checked, Checked::Live(_)), "{checked:?}");
    life.clock.advance(MINUTE + MILLISECOND);
    let checked = life.sessioning.check_for(&namespace, &renewed.token, demand).await.unwrap();
    assert!(matches!(checked, Checked::StepUp(..)), "{checked:?}");
    // The token that was replaced renews nothing.
    let late = life.sessioning.renew(&namespace, &created.token, None).await.unwrap();
    assert!(matches!(late, Changed::Invalid(_)), "{late:?}");
}

pub async fn patches_build_on_one_another(life: Life) {
    let created = Arc::new(life.create("alice").await);
    let patches = (0..8).map(|number| {
        let (sessioning, created) = (life.sessioning.clone(), Arc::clone(&created));
        tokio::spawn(async move {
            let patch = Patch::from_json(&format!(r#"{{"member-{number}":{number}}}"#)).unwrap();
            let patched =
                sessioning.patch_data(&Namespace::default(), &created.token, &patch, None).await.unwrap();
            assert!(matches!(patched, Changed::Done(_)), "{patched:?}");
        })
    });
    for patch in patches.collect::<Vec<_>>() {
        patch.await.unwrap();
    }
    let session = life.check(&created.token).await.live().unwrap();
    assert_eq!((session.version(), session.data().to_json().matches("member-").count()), (8, 8));
}

pub async fn sessions_are_listed_and_ended_by_others(life: Life) {
    let mut tokens = Vec::new();
    for _ in 0..5 {
        life.clock.advance(MILLISECOND);
        tokens.push(life.create("alice").await.token);
    }
    let page = life.sessioning.list(&owner("alice"), None, 3).await.unwrap();
    let rest = life.sessioning.list(&owner("alice"), page.next, 3).await.unwrap();
    let listed: Vec<_> = page.sessions.iter().chain(&rest.sessions).map(sessioning::Session::id).collect();
    assert_eq!((listed, rest.next), (tokens.iter().map(SessionToken::id).collect(), None));
    assert!(life.sessioning.revoke(&Namespace::default(), tokens[0].id()).await.unwrap());
    assert!(!life.sessioning.revoke_own(&owner("bob"), tokens[1].id()).await.unwrap());
    let mut ended = life.sessioning.revoke_user(&owner("alice"), Some(tokens[4].id())).await.unwrap();
    ended.sort();
    assert_eq!(ended, tokens[1..4].iter().map(SessionToken::id).collect::<Vec<_>>());
    assert!(life.is_live(&tokens[4]).await);
    life.sessioning.revoke_everyone(None).await.unwrap();
    assert!(!life.is_live(&tokens[4]).await);
}

pub async fn a_limit_ends_the_oldest_or_refuses(life: Life) {
    let limited = |on_limit| Policy { max_per_user: Some(2), on_limit, ..Policy::default() };
    let life = life.under(limited(OnLimit::EvictOldest));
    let (first, second) = (life.create("alice").await, life.create("alice").await);
    let third = life.create("alice").await;
    assert_eq!(third.evicted, [first.token.id()]);
    assert!(!life.is_live(&first.token).await && life.is_live(&second.token).await);
    let life = life.under(limited(OnLimit::Refuse));
    let refused = life.sessioning.create(owner("alice"), NewSession::default()).await;
    assert!(matches!(refused, Err(CreateError::LimitReached(2))), "{refused:?}");
    assert!(life.is_live(&second.token).await && life.is_live(&third.token).await);
}

/// Makes a test of every case, on a [`Life`] over a store that the given function makes anew for each; `None` skips.
#[macro_export]
macro_rules! lifecycle_tests {
    ($make:expr) => {
        $crate::lifecycle_tests! { @cases $make;
            a_session_lives_from_create_to_delete,
            a_session_keeps_what_it_was_created_with,
            a_session_ends_at_its_millisecond,
            a_renewal_replaces_the_token_and_a_step_up_raises_the_level,
            patches_build_on_one_another,
            sessions_are_listed_and_ended_by_others,
            a_limit_ends_the_oldest_or_refuses,
        }
    };
    (@cases $make:expr; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let make = $make;
                if let Some(subject) = make().await {
                    $crate::lifecycle::$case($crate::lifecycle::Life::over(subject.share())).await;
                }
            }
        )*
    };
}
