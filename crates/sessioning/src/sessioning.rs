//! What happens, in which order: the operations on sessions.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::{Inserted, Limit, Touch, run_to_end};
use crate::{
    Clock, Data, Error, Expiry, Metadata, Namespace, OsRandom, Owner, Policy, Random, Record, Result,
    Session, SessionId, SessionToken, Store, SystemClock, Timeout, TimeoutTooLong, Verdict,
};

/// The most touches under way at once; a use that finds them all busy is recorded by a later one.
const MAX_TOUCHES: usize = 1024;

/// How often a new id is tried when one is taken. A second try is already a wonder: ids have 74 random bits.
const ID_TRIES: usize = 4;

/// Sessions over a store, under a policy. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Sessioning {
    store: Arc<dyn Store>,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    touching: Arc<Mutex<HashSet<SessionId>>>,
}

/// What a new session asks for; the default asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct NewSession {
    /// An idle timeout of its own, within the policy's longest.
    pub idle_timeout: Option<Timeout>,
    /// An absolute timeout of its own, within the policy's longest.
    pub absolute_timeout: Option<Timeout>,
    /// Where it is used.
    pub metadata: Metadata,
    /// The application's own data.
    pub data: Data,
}

/// A session with an id and a token that no store has yet.
#[derive(Debug)]
pub struct Draft {
    token: SessionToken,
    record: Record,
}

impl Draft {
    /// The id that the session will have, unless it turns out to be taken.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.record.id
    }

    /// Whose it will be.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.record.owner
    }
}

/// A session that has begun.
#[derive(Debug)]
pub struct Created {
    /// For the client, once: nobody can make it again.
    pub token: SessionToken,
    /// The session.
    pub session: Session,
    /// The ids of the user's oldest sessions that made place for it.
    pub evicted: Vec<SessionId>,
}

/// Why no session began.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// It asked to last longer than it may.
    TimeoutTooLong(TimeoutTooLong),
    /// The user has as many sessions as they may have: the limit.
    LimitReached(usize),
    /// The user's sessions were revoked while it began.
    Revoked,
    /// The system failed.
    Failed(Error),
}

/// What a check found.
#[derive(Clone, Debug)]
#[must_use]
pub enum Checked {
    /// The session that the token opens.
    Live(Session),
    /// No session. To an outsider, every reason is the same.
    Invalid(Invalid),
}

/// Why a token opens no session: for logs and metrics, never for the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// There is no such session, or not any more.
    Unknown,
    /// The session exists; the secret is not its own.
    WrongSecret,
    /// The session belongs to another namespace.
    OtherNamespace,
    /// The session has ended by itself.
    Expired(Expiry),
    /// The session is half authenticated.
    Pending,
}

impl Checked {
    /// The session, if there is one.
    #[must_use]
    pub fn live(self) -> Option<Session> {
        match self {
            Self::Live(session) => Some(session),
            Self::Invalid(_) => None,
        }
    }
}

impl Sessioning {
    /// Sessions in `store` under the default policy, on the machine's clock and random source.
    #[must_use]
    pub fn new(store: impl Store) -> Self {
        Self::over(Arc::new(store))
    }

    /// The same in a store that somebody else uses, too.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            policy: Arc::default(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(OsRandom),
            touching: Arc::default(),
        }
    }

    /// The same under another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy: Arc::new(policy), ..self }
    }

    /// The same on another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same with another source of randomness.
    #[must_use]
    pub fn with_random(self, random: impl Random) -> Self {
        Self { random: Arc::new(random), ..self }
    }

    /// The store beneath.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Begins a session for a user who has been authenticated.
    ///
    /// # Errors
    ///
    /// See [`CreateError`]; in each case there is no session that anybody could use.
    pub async fn create(&self, owner: Owner, new: NewSession) -> std::result::Result<Created, CreateError> {
        self.insert(self.draft(owner, new)?).await
    }

    /// The first half of [`create`](Self::create): a session that is not stored yet, so that its id can be
    /// told before the store is asked.
    ///
    /// # Errors
    ///
    /// When it asks for too long a timeout, or the random source fails.
    pub fn draft(&self, owner: Owner, new: NewSession) -> std::result::Result<Draft, CreateError> {
        let now = self.clock.now();
        let timeouts =
            self.policy.grant(new.idle_timeout, new.absolute_timeout).map_err(CreateError::TimeoutTooLong)?;
        let token = SessionToken::generate(now, &*self.random).map_err(CreateError::Failed)?;
        let record = Record::new(&token, owner, timeouts, now);
        Ok(Draft { token, record: Record { metadata: new.metadata, data: new.data, ..record } })
    }

    /// The second half of [`create`](Self::create): stores the session.
    ///
    /// # Errors
    ///
    /// When the store fails, the limit refuses, or the user is revoked meanwhile.
    pub async fn insert(&self, mut draft: Draft) -> std::result::Result<Created, CreateError> {
        for _ in 0..ID_TRIES {
            let inserted = self.store.insert(draft.record.clone(), self.limit()).await;
            match inserted.map_err(CreateError::Failed)? {
                Inserted::Done { evicted } => {
                    let deadlines = self.policy.deadlines(&draft.record);
                    let session = Session::new(Arc::new(draft.record), deadlines);
                    return Ok(Created { token: draft.token, session, evicted });
                }
                Inserted::Taken => draft = self.redraft(draft)?,
                Inserted::Revoked => return Err(CreateError::Revoked),
                Inserted::Full => {
                    return Err(CreateError::LimitReached(self.policy.max_per_user.unwrap_or_default()));
                }
            }
        }
        // As many ids taken as nobody ever drew by chance: the random source repeats itself.
        Err(CreateError::Failed(crate::ErrorKind::Random.into()))
    }

    /// The same session under a new id, when the first one was taken.
    fn redraft(&self, draft: Draft) -> std::result::Result<Draft, CreateError> {
        let token =
            SessionToken::generate(draft.record.created_at, &*self.random).map_err(CreateError::Failed)?;
        let record = Record { id: token.id(), digest: token.digest(), ..draft.record };
        Ok(Draft { token, record })
    }

    fn limit(&self) -> Option<Limit> {
        let (max, on_limit) = (self.policy.max_per_user?, self.policy.on_limit);
        let (policy, now) = (Arc::clone(&self.policy), self.clock.now());
        let live = Arc::new(move |record: &Record| policy.judge(record, now) == Verdict::Live);
        Some(Limit { max, on_limit, live })
    }

    /// Tells which session a token of `namespace` opens, and records the use where that is due.
    ///
    /// Recording happens beside the answer: it delays nothing and its failure fails nothing.
    ///
    /// # Errors
    ///
    /// When the store fails. That says nothing about the session: it is not "not logged in".
    pub async fn check(&self, namespace: &Namespace, token: &SessionToken) -> Result<Checked> {
        let now = self.clock.now();
        let digest = token.digest();
        let verdict = |record: &Record| {
            if record.owner.namespace() != namespace {
                Some(Invalid::OtherNamespace)
            } else if record.digest != digest {
                Some(Invalid::WrongSecret)
            } else {
                match self.policy.judge(record, now) {
                    Verdict::Live => None,
                    Verdict::Expired(expiry) => Some(Invalid::Expired(expiry)),
                    Verdict::Pending => Some(Invalid::Pending),
                }
            }
        };
        let found = self.store.get(token.id(), &|record| verdict(record).is_none()).await?;
        let Some(record) = found else { return Ok(Checked::Invalid(Invalid::Unknown)) };
        if let Some(invalid) = verdict(&record) {
            return Ok(Checked::Invalid(invalid));
        }
        if self.policy.touch_due(&record, now) {
            self.touch(&record);
        }
        let deadlines = self.policy.deadlines(&record);
        Ok(Checked::Live(Session::new(record, deadlines)))
    }

    /// Records a use, in a task of its own; at most one per session at a time.
    fn touch(&self, record: &Record) {
        let Some(interval) = self.policy.touch_every(record) else { return };
        let (id, touch) = (record.id, Touch { at: self.clock.now(), interval });
        {
            let mut touching = self.touching.lock();
            if touching.len() >= MAX_TOUCHES || !touching.insert(id) {
                return;
            }
        }
        let (store, touching) = (Arc::clone(&self.store), Arc::clone(&self.touching));
        tokio::spawn(async move {
            if let Err(error) = store.touch(id, touch).await {
                tracing::debug!(session = %id, %error, "a use of this session could not be recorded");
            }
            touching.lock().remove(&id);
        });
    }

    /// Logs out: ends the session that the token opens, for good. Whether there was one.
    ///
    /// Runs to its end even when the caller stops waiting.
    ///
    /// # Errors
    ///
    /// When the store fails; whether the session has ended is then unknown.
    pub async fn delete(&self, namespace: &Namespace, token: &SessionToken) -> Result<bool> {
        let (this, namespace) = (self.clone(), namespace.clone());
        let (id, digest) = (token.id(), token.digest());
        run_to_end(async move {
            let its_own = |record: &Record| record.digest == digest && *record.owner.namespace() == namespace;
            let Some(record) = this.store.get(id, &its_own).await?.filter(|record| its_own(record)) else {
                return Ok(false);
            };
            let ended = matches!(this.policy.judge(&record, this.clock.now()), Verdict::Expired(_));
            Ok(this.store.remove(id).await? && !ended)
        })
        .await
    }
}

impl fmt::Debug for Sessioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessioning").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeoutTooLong(error) => error.fmt(f),
            Self::LimitReached(max) => write!(f, "the user has the most sessions they may have: {max}"),
            Self::Revoked => f.write_str("the user's sessions were revoked meanwhile; log in again"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CreateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TimeoutTooLong(error) => Some(error),
            Self::Failed(error) => Some(error),
            Self::LimitReached(_) | Self::Revoked => None,
        }
    }
}

#[cfg(test)]
#[path = "sessioning_tests.rs"]
mod tests;
