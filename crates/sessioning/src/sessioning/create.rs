//! Begins sessions.

use std::fmt;
use std::sync::Arc;

use super::arrivals::Arrival;
use crate::store::{Inserted, Limit, Patience, Waiting, run_to_end};
use crate::{
    Authentication, Data, Error, ErrorKind, Metadata, Owner, Record, Session, SessionId, SessionToken,
    Sessioning, Timeout, TimeoutTooLong, Verdict,
};

/// How often a new id is tried when one is taken. A second try is already a wonder: ids have 74 random bits.
const ID_TRIES: usize = 4;

/// What a new session asks for; the default asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct NewSession {
    /// An idle timeout of its own, within the policy's longest.
    pub idle_timeout: Option<Timeout>,
    /// An absolute timeout of its own, within the policy's longest.
    pub absolute_timeout: Option<Timeout>,
    /// How the user just proved who they are.
    pub authentication: Authentication,
    /// Where it is used.
    pub metadata: Metadata,
    /// The application's own data.
    pub data: Data,
}

/// A session with an id and a token that no store has yet.
#[derive(Debug)]
pub struct Draft {
    token: SessionToken,
    pub(super) record: Record,
    arrival: Arrival,
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

impl Sessioning {
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
        let arrival = self.arrivals.announce(&owner);
        let now = self.clock.now();
        let timeouts =
            self.policy.grant(new.idle_timeout, new.absolute_timeout).map_err(CreateError::TimeoutTooLong)?;
        let token = SessionToken::generate(now, &*self.random)?;
        let record = Record::new(&token, owner, timeouts, now);
        let digest = token.kept(self.store.keeps());
        let (methods, level) = new.authentication.into_parts();
        let record = Record { digest, methods, level, metadata: new.metadata, data: new.data, ..record };
        Ok(Draft { token, record, arrival })
    }

    /// The second half of [`create`](Self::create): stores the session.
    ///
    /// What has begun runs to its end even when the caller stops waiting, so that nothing is left of a session that a
    /// revocation overtook. What still waits for its turn then is not begun.
    ///
    /// # Errors
    ///
    /// When the store fails, the limit refuses, or the user is revoked meanwhile.
    pub async fn insert(&self, draft: Draft) -> std::result::Result<Created, CreateError> {
        let (this, patience) = (self.clone(), Patience::default());
        let waiting = patience.waiting();
        run_to_end(async move { this.insert_now(draft, waiting).await }).await
    }

    async fn insert_now(
        &self,
        mut draft: Draft,
        waiting: Waiting,
    ) -> std::result::Result<Created, CreateError> {
        for _ in 0..ID_TRIES {
            // Before it, too: a create that is refused anyway must not make the limit end another session.
            if draft.arrival.is_revoked() {
                return Err(CreateError::Revoked);
            }
            let inserted = match self.store.insert_while(&waiting, draft.record.clone(), self.limit()).await {
                Ok(inserted) => inserted,
                // Nothing was begun.
                Err(error) if *error.kind() == ErrorKind::Overloaded => return Err(error.into()),
                Err(error) => {
                    // It may be stored all the same, and nobody will ever hold its token. Whoever asked does not
                    // wait for that.
                    let (store, id) = (Arc::clone(&self.store), draft.id());
                    tokio::spawn(async move { store.remove(id).await });
                    return Err(error.into());
                }
            };
            match inserted {
                Inserted::Done { .. } if draft.arrival.is_revoked() => {
                    self.store.remove(draft.id()).await?;
                    return Err(CreateError::Revoked);
                }
                Inserted::Done { evicted } => {
                    let session = self.session(Arc::new(draft.record));
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
        Err(Error::from(ErrorKind::Random).into())
    }

    /// The same session under a new id, when the first one was taken.
    fn redraft(&self, draft: Draft) -> std::result::Result<Draft, CreateError> {
        let token = SessionToken::generate(draft.record.created_at, &*self.random)?;
        let record = Record { id: token.id(), digest: token.kept(self.store.keeps()), ..draft.record };
        Ok(Draft { token, record, ..draft })
    }

    fn limit(&self) -> Option<Limit> {
        let (max, on_limit) = (self.policy.max_per_user?, self.policy.on_limit);
        let (policy, now) = (Arc::clone(&self.policy), self.clock.now());
        let live = Arc::new(move |record: &Record| policy.judge(record, now) == Verdict::Live);
        Some(Limit { max, on_limit, live })
    }
}

impl From<Error> for CreateError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
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
