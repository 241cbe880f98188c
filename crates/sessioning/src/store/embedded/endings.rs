//! What was ended all at once and is not freed yet: everyone, a namespace, or a user up to a place in the order of
//! inserts. One write ends them; reads ask here; freeing goes on in steps, and with the last step the ending goes.

use std::collections::HashMap;

use minicbor::{Decode, Encode};

use super::keys;
use crate::{Namespace, Owner, Record, SessionId};

/// Whom an ending is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    Everyone,
    Namespace(Namespace),
    /// The records whose place in the order of inserts is at most this.
    Owner(Owner, u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) scope: Scope,
    /// Records of an older generation have ended; for everyone's and a namespace's.
    pub(super) generation: u64,
    /// The one that goes on; for an owner's.
    pub(super) keep: Option<SessionId>,
    /// The last of the users' keys that freeing has come to.
    pub(super) place: Vec<u8>,
    /// Whether there is something among them that cannot be read, and may be covered: then the ending stays.
    pub(super) stays: bool,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Fields {
    #[n(0)]
    generation: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    keep: Option<[u8; 16]>,
    #[cbor(n(2), with = "minicbor::bytes")]
    place: Vec<u8>,
    #[n(3)]
    stays: bool,
}

impl Ending {
    pub(super) fn new(scope: Scope, generation: u64) -> Self {
        Self { scope, generation, keep: None, place: Vec::new(), stays: false }
    }

    pub(super) fn key(&self) -> Vec<u8> {
        match &self.scope {
            Scope::Everyone => vec![0],
            Scope::Namespace(namespace) => [&[1], namespace.as_str().as_bytes()].concat(),
            Scope::Owner(owner, up_to) => {
                [&[2], &*keys::owner_prefix(owner), up_to.to_be_bytes().as_slice()].concat()
            }
        }
    }

    pub(super) fn value(&self) -> Vec<u8> {
        let fields = Fields {
            generation: self.generation,
            keep: self.keep.map(|id| *id.as_bytes()),
            place: self.place.clone(),
            stays: self.stays,
        };
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail.
        let _ = minicbor::encode(fields, &mut bytes);
        bytes
    }

    /// `None` where the bytes are what no version of ours wrote.
    pub(super) fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let scope = match key.split_first()? {
            (0, []) => Scope::Everyone,
            (1, namespace) => Scope::Namespace(std::str::from_utf8(namespace).ok()?.parse().ok()?),
            (2, rest) => {
                let (owner, up_to) = rest.split_last_chunk()?;
                Scope::Owner(keys::owner_of(owner)?, u64::from_be_bytes(*up_to))
            }
            _ => return None,
        };
        let fields: Fields = minicbor::decode(value).ok()?;
        let keep = match fields.keep {
            Some(bytes) => Some(SessionId::from_bytes(bytes)?),
            None => None,
        };
        let Fields { generation, place, stays, .. } = fields;
        Some(Self { scope, generation, keep, place, stays })
    }

    pub(super) fn covers(&self, record: &Record) -> bool {
        let is_older = record.generation < self.generation;
        match &self.scope {
            Scope::Everyone => is_older,
            Scope::Namespace(namespace) => is_older && record.owner.namespace() == namespace,
            Scope::Owner(owner, up_to) => {
                record.sequence <= *up_to && Some(record.id) != self.keep && record.owner == *owner
            }
        }
    }
}

/// All there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Endings {
    everyone: Option<Ending>,
    namespaces: HashMap<Namespace, Ending>,
    owners: HashMap<Owner, Vec<Ending>>,
}

impl Endings {
    /// Whether one of them covers the record, `except` one that is not asked about.
    pub(super) fn cover(&self, record: &Record, except: Option<&Scope>) -> bool {
        let namespace = || self.namespaces.get(record.owner.namespace());
        let owner = || self.owners.get(&record.owner).into_iter().flatten();
        let all = self.everyone.iter().chain(namespace()).chain(owner());
        all.filter(|ending| Some(&ending.scope) != except).any(|ending| ending.covers(record))
    }

    /// The ending of that scope.
    pub(super) fn of(&self, scope: &Scope) -> Option<&Ending> {
        match scope {
            Scope::Everyone => self.everyone.as_ref(),
            Scope::Namespace(namespace) => self.namespaces.get(namespace),
            Scope::Owner(owner, _) => self.owners.get(owner)?.iter().find(|ending| ending.scope == *scope),
        }
    }

    /// The first one that `is_free`.
    pub(super) fn first(&self, is_free: impl Fn(&Scope) -> bool) -> Option<&Ending> {
        let all = self.everyone.iter().chain(self.namespaces.values());
        all.chain(self.owners.values().flatten()).find(|ending| is_free(&ending.scope))
    }

    /// Puts an ending in, in the place of an older one of that scope.
    pub(super) fn raise(&mut self, ending: Ending) {
        self.lift(&ending.scope);
        match &ending.scope {
            Scope::Everyone => self.everyone = Some(ending),
            Scope::Namespace(namespace) => drop(self.namespaces.insert(namespace.clone(), ending)),
            Scope::Owner(owner, _) => self.owners.entry(owner.clone()).or_default().push(ending),
        }
    }

    /// Takes an ending out: nothing that it covers is there any more.
    pub(super) fn lift(&mut self, scope: &Scope) {
        match scope {
            Scope::Everyone => self.everyone = None,
            Scope::Namespace(namespace) => drop(self.namespaces.remove(namespace)),
            Scope::Owner(owner, _) => {
                if let Some(endings) = self.owners.get_mut(owner) {
                    endings.retain(|ending| ending.scope != *scope);
                    if endings.is_empty() {
                        self.owners.remove(owner);
                    }
                }
            }
        }
    }
}
