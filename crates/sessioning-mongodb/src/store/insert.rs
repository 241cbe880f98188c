//! Inserts records. An insert whose outcome is unknown is never sent again.

use mongodb::bson::{Document, doc};
use sessioning::store::{Inserted, Limit};
use sessioning::{Record, Result};

use super::{Inner, answer};
use crate::document::{date, unsigned};
use crate::error::{failed, is_taken};

impl Inner {
    /// Takes the epoch, stores the record under it, and reads the epoch again: if it moved, the owner was revoked
    /// meanwhile, and the revocation may have looked before there was anything to find.
    pub(super) async fn insert(&self, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        self.check_namespace(record.owner.namespace())?;
        let owners = &self.opened()?.owners;
        let counters = self.counters().await?;
        let owner = record.owner.clone();
        let mut place = answer(owners.next_place(&owner).await)?;
        if place.sequence == 1 && limit.is_some() {
            // Documents that were moved here without their owner's have places already: before this one.
            let highest = self.highest("sequence", self.codec.of_owner(&owner)).await?;
            if highest > 0 {
                place = answer(owners.next_place_after(&owner, highest).await)?;
            }
        }
        let record = Record {
            epoch: unsigned(place.epoch),
            sequence: unsigned(place.sequence),
            generation: counters.current(owner.namespace()),
            version: 0,
            ..record
        };
        // Where a limit has to be kept, nobody sees it until it is certain that there is a place for it.
        let document = self.codec.encode(&record, limit.is_some().then(|| self.clock.now()))?;
        match self.sessions()?.insert_one(document).await {
            Ok(_) => {}
            Err(error) if is_taken(&error) => return Ok(Inserted::Taken),
            Err(error) => return Err(failed(error)),
        }
        if answer(owners.epoch(&owner).await)? != place.epoch {
            self.withdraw(&record).await?;
            return Ok(Inserted::Revoked);
        }
        match limit {
            None => Ok(Inserted::Done { evicted: Vec::new() }),
            Some(limit) => self.take_place(&record, &limit).await,
        }
    }

    /// Removes a record that nobody was told of.
    pub(super) async fn withdraw(&self, record: &Record) -> Result<()> {
        answer(self.sessions()?.delete_one(self.codec.by_id(record.id)).await).map(|_| ())
    }

    /// Makes a record that was arriving a session; whether it is still there.
    pub(super) async fn arrive(&self, record: &Record) -> Result<bool> {
        let mut filter = self.codec.by_id(record.id);
        filter.insert(self.codec.field("arriving"), doc! { "$exists": true });
        // Until now its end was that of what never arrives.
        let names = [Some(self.codec.field("expiresAt")), self.codec.beside("expiresAt")];
        let (mut set, mut unset) = (Document::new(), doc! { self.codec.field("arriving"): "" });
        for name in names.into_iter().flatten() {
            match record.ends_at() {
                Some(end) => set.insert(name, date(end)),
                None => unset.insert(name, ""),
            };
        }
        let mut update = doc! { "$unset": unset };
        if !set.is_empty() {
            update.insert("$set", set);
        }
        let arrived = self.sessions()?.update_one(filter, update);
        Ok(answer(arrived.await)?.matched_count == 1)
    }
}
