//! Changes a session that its holder has: each change is one compare-and-replace of one record, tried again
//! where another one came between. So nothing is overwritten unseen, and nothing that ended comes back.

use std::convert::Infallible;
use std::fmt;

use crate::store::{Patience, Replaced};
use crate::{
    Authentication, DataError, Invalid, Namespace, Patch, Record, Result, Session, SessionToken, Sessioning,
    Timestamp,
};

/// How often a change is tried before others' changes of the same session count as a conflict.
const TRIES: usize = 16;

/// What became of a change.
#[derive(Debug)]
#[must_use]
pub enum Changed<T, Refusal = Infallible> {
    /// It is done.
    Done(T),
    /// The session, as it is, does not allow it; nothing has changed.
    Refused(Refusal),
    /// The token opens no session.
    Invalid(Invalid),
    /// Others went on changing the same session; nothing has changed, and trying again is safe.
    Conflict,
}

/// A session under a new token.
#[derive(Debug)]
pub struct Renewed {
    /// For the client, once: the old one opens nothing any more.
    pub token: SessionToken,
    /// The session.
    pub session: Session,
}

/// Why data was not patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchRefused {
    /// The session has another version than the one it was expected to have.
    OtherVersion,
    /// The patched data would be no data.
    Data(DataError),
}

impl Sessioning {
    /// Gives a session a new secret, and with a new authentication its time, methods and level (step-up).
    ///
    /// The old token is dead in the same write. Do this whenever what the session may do changes
    /// (ASVS 5.0, 7.2.4). The session keeps its id, its user and its absolute end. The level is that of the new
    /// authentication, also when it is lower: level and time describe one act.
    ///
    /// # Errors
    ///
    /// When the store or the random source fails; which of the two tokens opens the session is then unknown, but
    /// exactly one does.
    pub async fn renew(
        &self,
        namespace: &Namespace,
        token: &SessionToken,
        new: Option<Authentication>,
    ) -> Result<Changed<Renewed>> {
        let renewed = SessionToken::renewed(token.id(), &*self.random)?;
        let changed = self.change(namespace, token, |record, now| {
            let mut record = Record { digest: renewed.kept(self.store.keeps()), previous: None, ..record };
            if let Some(authentication) = new.clone() {
                (record.methods, record.level) = authentication.into_parts();
                record.authenticated_at = now;
            }
            Ok::<_, Infallible>(record)
        });
        Ok(match changed.await? {
            Changed::Done(session) => Changed::Done(Renewed { token: renewed, session }),
            Changed::Invalid(invalid) => Changed::Invalid(invalid),
            Changed::Conflict => Changed::Conflict,
        })
    }

    /// Patches the application's data. Of two patches at once both are done, one on top of the other.
    ///
    /// With `version`, only while the session still has [that version](Session::version).
    ///
    /// # Errors
    ///
    /// When the store fails; whether the patch was done is then unknown.
    pub async fn patch_data(
        &self,
        namespace: &Namespace,
        token: &SessionToken,
        patch: &Patch,
        version: Option<u64>,
    ) -> Result<Changed<Session, PatchRefused>> {
        let patched = self.change(namespace, token, |record, _| {
            if version.is_some_and(|version| version != record.version) {
                return Err(PatchRefused::OtherVersion);
            }
            let data = record.data.patched(patch).map_err(PatchRefused::Data)?;
            Ok(Record { data, ..record })
        });
        patched.await
    }

    /// Replaces the record that the token opens by what `edit` makes of it, which counts as a use.
    async fn change<Refusal>(
        &self,
        namespace: &Namespace,
        token: &SessionToken,
        edit: impl Fn(Record, Timestamp) -> std::result::Result<Record, Refusal>,
    ) -> Result<Changed<Session, Refusal>> {
        let patience = Patience::default();
        for _ in 0..TRIES {
            let now = self.clock.now();
            let stored = match self.open(namespace, token, now).await? {
                Ok(stored) => stored,
                Err(invalid) => return Ok(Changed::Invalid(invalid)),
            };
            let mut write_id = [0; 16];
            self.random.fill(&mut write_id)?;
            let last_seen = stored.last_seen.max(now);
            let before = Record { last_seen, write_id: Some(write_id), ..(*stored).clone() };
            let record = match edit(before, now) {
                Ok(record) => record,
                Err(refusal) => return Ok(Changed::Refused(refusal)),
            };
            match self.store.replace_while(&patience.waiting(), record.clone(), stored.version).await? {
                Replaced::Done => {
                    let record = record.succeeding(&stored);
                    return Ok(Changed::Done(self.session(record.into())));
                }
                Replaced::Gone => return Ok(Changed::Invalid(Invalid::Unknown)),
                Replaced::Stale => {}
            }
        }
        Ok(Changed::Conflict)
    }
}

impl fmt::Display for PatchRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherVersion => f.write_str("the session has changed since that version"),
            Self::Data(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PatchRefused {}
