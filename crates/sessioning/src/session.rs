//! A session: the record that a store keeps, and what the world may see of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    Data, Deadlines, Digest, Metadata, Namespace, Owner, SessionId, SessionToken, Timeouts, Timestamp, User,
};

/// What a store keeps of a session. It opens nothing: the secret is there as a digest only, but in the one store that
/// [keeps tokens](crate::store::Keeps::Tokens).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The public id, and the key.
    pub id: SessionId,
    /// Whose session it is; never changes.
    pub owner: Owner,
    /// What is kept of the token's secret: its digest.
    pub digest: Digest,
    /// The digest before the last rotation. Reserved.
    pub previous: Option<Previous>,
    /// When the session began; never changes.
    pub created_at: Timestamp,
    /// The last recorded use; never goes back.
    pub last_seen: Timestamp,
    /// When the user last proved who they are.
    pub authenticated_at: Timestamp,
    /// The timeouts it was created with.
    pub timeouts: Timeouts,
    /// How the user proved who they are, as in RFC 8176 (`amr`).
    pub methods: Box<[Box<str>]>,
    /// The level of that proof, 0 where nobody said.
    pub level: u8,
    /// Half authenticated: never reported as logged in.
    pub pending: bool,
    /// Where it is used.
    pub metadata: Metadata,
    /// The application's own.
    pub data: Data,
    /// The owner's revocation epoch at the insert; the store's.
    pub epoch: u64,
    /// The place in the order of inserts; the store's.
    pub sequence: u64,
    /// The revoke-everyone generation at the insert; the store's.
    pub generation: u64,
    /// Counts replaces; the store's.
    pub version: u64,
    /// Marks the last replace, so that a store can recognise its own write.
    pub write_id: Option<[u8; 16]>,
}

/// A digest that was replaced by rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The replaced digest.
    pub digest: Digest,
    /// How long it still counts.
    pub until: Timestamp,
}

impl Record {
    /// How long a record outlives its session, so that clocks may differ and nothing is purged too early.
    pub const PURGE_MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

    /// The record of a session that begins at `now` with that token, and asks for nothing else.
    #[must_use]
    pub fn new(token: &SessionToken, owner: Owner, timeouts: Timeouts, now: Timestamp) -> Self {
        Self {
            id: token.id(),
            owner,
            digest: token.digest(),
            previous: None,
            created_at: now,
            last_seen: now,
            authenticated_at: now,
            timeouts,
            methods: Box::default(),
            level: 0,
            pending: false,
            metadata: Metadata::default(),
            data: Data::default(),
            epoch: 0,
            sequence: 0,
            generation: 0,
            version: 0,
            write_id: None,
        }
    }

    /// When the record's own timeouts end it, idle or absolute, whichever is first; `None` is never.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        Deadlines::of(self, self.timeouts).first()
    }

    /// This record as the successor of the one that is stored: what a replace may not change stays, the last
    /// use does not go back, the version moves on.
    #[must_use]
    pub fn succeeding(self, stored: &Self) -> Self {
        Self {
            owner: stored.owner.clone(),
            created_at: stored.created_at,
            last_seen: self.last_seen.max(stored.last_seen),
            epoch: stored.epoch,
            sequence: stored.sequence,
            generation: stored.generation,
            version: stored.version + 1,
            ..self
        }
    }

    /// When a store may forget it: a day after its end.
    #[must_use]
    pub fn purge_at(&self) -> Option<Timestamp> {
        Some(self.ends_at()?.after(Self::PURGE_MARGIN))
    }
}

/// A live session, as it was when it was checked. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    record: Arc<Record>,
    deadlines: Deadlines,
}

impl Session {
    pub(crate) fn new(record: Arc<Record>, deadlines: Deadlines) -> Self {
        Self { record, deadlines }
    }

    /// The public id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.record.id
    }

    /// Whose it is.
    #[must_use]
    pub fn user(&self) -> &User {
        self.record.owner.user()
    }

    /// The namespace it lives in.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        self.record.owner.namespace()
    }

    /// Whose it is, in which namespace.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.record.owner
    }

    /// When it began.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.record.created_at
    }

    /// The last recorded use: exact to the touch interval.
    #[must_use]
    pub fn last_seen(&self) -> Timestamp {
        self.record.last_seen
    }

    /// When the user last proved who they are.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.record.authenticated_at
    }

    /// How the user proved who they are, as in RFC 8176 (`amr`).
    #[must_use]
    pub fn methods(&self) -> &[Box<str>] {
        &self.record.methods
    }

    /// The level of that proof; 0 where nobody said.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.record.level
    }

    /// Counts the changes of the session; uses are none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.record.version
    }

    /// When it ends unless it is used; `None` is never.
    #[must_use]
    pub fn idle_expires_at(&self) -> Option<Timestamp> {
        self.deadlines.idle
    }

    /// When it ends however busy; `None` is never.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.deadlines.absolute
    }

    /// Where it is used.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.record.metadata
    }

    /// The application's own data.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.record.data
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id()).field("user", self.user()).finish_non_exhaustive()
    }
}
