//! A document for each owner: the order of their sessions, and the epoch that revoking them raises.

use std::future::IntoFuture;

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Result;
use mongodb::options::ReturnDocument;
use sessioning::Owner;

use crate::upsert::upsert;

/// What an owner's document says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnerState {
    /// Sessions of an earlier epoch are revoked.
    pub(crate) epoch: i64,
    /// The place of the newest session in the order of inserts.
    pub(crate) sequence: i64,
}

impl OwnerState {
    pub(crate) fn of(document: Option<&Document>) -> Self {
        let number = |name| document.and_then(|document| document.get(name)).and_then(whole).unwrap_or(0);
        Self { epoch: number("epoch"), sequence: number("sequence") }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Owners(pub(crate) Collection<Document>);

impl Owners {
    /// Takes the next place in the owner's order; with it comes the epoch.
    pub(crate) async fn next_place(&self, owner: &Owner) -> Result<OwnerState> {
        self.change(owner, doc! { "$inc": { "sequence": 1_i64 } }).await
    }

    /// The same, after that place at least.
    pub(crate) async fn next_place_after(&self, owner: &Owner, place: i64) -> Result<OwnerState> {
        self.change(owner, doc! { "$max": { "sequence": place } }).await?;
        self.next_place(owner).await
    }

    /// Raises the epoch: what was inserted under an earlier one is revoked.
    ///
    /// `highest` is the highest epoch that the owner's documents have. It is above the owner's where documents were
    /// moved here without it.
    pub(crate) async fn next_epoch(&self, owner: &Owner, highest: i64) -> Result<i64> {
        let epoch = self.change(owner, doc! { "$inc": { "epoch": 1_i64 } }).await?.epoch;
        if epoch > highest {
            return Ok(epoch);
        }
        let above = doc! { "$max": { "epoch": highest.saturating_add(1) } };
        Ok(self.change(owner, above).await?.epoch)
    }

    pub(crate) async fn epoch(&self, owner: &Owner) -> Result<i64> {
        let found = self.0.find_one(doc! { "_id": key(owner) }).await?;
        Ok(OwnerState::of(found.as_ref()).epoch)
    }

    async fn change(&self, owner: &Owner, change: Document) -> Result<OwnerState> {
        let changed = upsert(|| {
            let asked = self.0.find_one_and_update(doc! { "_id": key(owner) }, change.clone()).upsert(true);
            asked.return_document(ReturnDocument::After).into_future()
        });
        Ok(OwnerState::of(changed.await?.as_ref()))
    }
}

/// No namespace holds a slash, so no two owners share a key.
pub(crate) fn key(owner: &Owner) -> String {
    format!("{}/{}", owner.namespace().as_str(), owner.user().as_str())
}

/// A number, in whichever of its types a shell or a driver wrote it.
pub(crate) fn whole(number: &Bson) -> Option<i64> {
    match number {
        Bson::Int64(number) => Some(*number),
        Bson::Int32(number) => Some((*number).into()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within what a double tells exactly"
        )]
        Bson::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        _ => None,
    }
}
