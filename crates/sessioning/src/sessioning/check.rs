//! Tells whose request it is, and records the use.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::{Accept, Touch};
use crate::{
    Demand, Expiry, Namespace, Record, Result, Session, SessionId, SessionToken, Sessioning, StepUp,
    Timestamp, Verdict,
};

/// The most touches under way at once; a use that finds them all busy is recorded by a later one.
const MAX_TOUCHES: usize = 1024;

/// What a check found.
#[derive(Clone, Debug)]
#[must_use]
pub enum Checked {
    /// The session that the token opens.
    Live(Session),
    /// The session that the token opens; its authentication is not what the check asked for.
    StepUp(Session, StepUp),
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
    /// The session, if there is one and it is all that was asked for.
    #[must_use]
    pub fn live(self) -> Option<Session> {
        match self {
            Self::Live(session) => Some(session),
            Self::StepUp(..) | Self::Invalid(_) => None,
        }
    }
}

impl Sessioning {
    /// Tells which session a token of `namespace` opens, and records the use where that is due.
    ///
    /// Recording happens beside the answer: it delays nothing and its failure fails nothing.
    ///
    /// # Errors
    ///
    /// When the store fails. That says nothing about the session: it is not "not logged in".
    pub async fn check(&self, namespace: &Namespace, token: &SessionToken) -> Result<Checked> {
        self.check_for(namespace, token, Demand::default()).await
    }

    /// The same, with a demand on how its user authenticated, or without recording a use.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub async fn check_for(
        &self,
        namespace: &Namespace,
        token: &SessionToken,
        demand: Demand,
    ) -> Result<Checked> {
        let now = self.clock.now();
        let record = match self.open(namespace, token, now).await? {
            Ok(record) => record,
            Err(invalid) => return Ok(Checked::Invalid(invalid)),
        };
        if !demand.quiet && self.policy.touch_due(&record, now) {
            self.touch(&record, now);
        }
        let unmet = demand.unmet(&record, now);
        let session = self.session(record);
        Ok(match unmet {
            None => Checked::Live(session),
            Some(lack) => Checked::StepUp(session, lack),
        })
    }

    /// The live record that a token opens at `now`, or why it opens none.
    pub(super) async fn open(
        &self,
        namespace: &Namespace,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<std::result::Result<Arc<Record>, Invalid>> {
        let digest = token.kept(self.store.keeps());
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
        let found = self.find(token, &|record| verdict(record).is_none()).await?;
        let Some(record) = found else { return Ok(Err(Invalid::Unknown)) };
        Ok(match verdict(&record) {
            None => Ok(record),
            Some(invalid) => Err(invalid),
        })
    }

    /// The record of a token's id. A session that another program wrote is made findable first.
    pub(super) async fn find(&self, token: &SessionToken, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        let found = self.store.get(token.id(), accept).await?;
        if found.is_none() && token.is_imported() && self.store.adopt(token).await? {
            return self.store.get(token.id(), accept).await;
        }
        Ok(found)
    }

    /// Records a use, in a task of its own; at most one per session at a time.
    fn touch(&self, record: &Record, now: Timestamp) {
        let Some(interval) = self.policy.touch_every(record) else { return };
        let (id, touch) = (record.id, Touch { at: now, interval });
        {
            let mut touching = self.touching.lock();
            if touching.len() >= MAX_TOUCHES || !touching.insert(id) {
                return;
            }
        }
        let (store, under_way) = (Arc::clone(&self.store), UnderWay { id, all: Arc::clone(&self.touching) });
        tokio::spawn(async move {
            if let Err(error) = store.touch(id, touch).await {
                tracing::debug!(session = %id, %error, "a use of this session could not be recorded");
            }
            drop(under_way);
        });
    }
}

/// A touch under way, until it ends in whichever way.
struct UnderWay {
    id: SessionId,
    all: Arc<Mutex<HashSet<SessionId>>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}
