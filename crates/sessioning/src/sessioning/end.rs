//! Ends sessions: by the holder of the token, or by someone else.

use std::sync::Arc;

use super::arrivals::Covered;
use crate::store::{Accept, run_to_end};
use crate::{Namespace, Owner, Record, Result, SessionId, SessionToken, Sessioning, Verdict};

impl Sessioning {
    /// Logs out: ends the session that the token opens, for good. Whether there was one.
    ///
    /// Runs to its end even when the caller stops waiting.
    ///
    /// # Errors
    ///
    /// When the store fails; whether the session has ended is then unknown.
    pub async fn delete(&self, namespace: &Namespace, token: &SessionToken) -> Result<bool> {
        if token.is_imported() {
            // What another program wrote is made findable by its id first.
            self.find(token, &|_| true).await?;
        }
        let imported = if token.is_imported() { SessionToken::import(&token.expose()).ok() } else { None };
        let (namespace, digest) = (namespace.clone(), token.kept(self.store.keeps()));
        let meant = move |record: &Record| record.digest == digest && *record.owner.namespace() == namespace;
        self.end(token.id(), imported, meant).await
    }

    /// Ends the session of that id in `namespace`, for good. Whether there was one.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete), and it runs to its end likewise.
    pub async fn revoke(&self, namespace: &Namespace, id: SessionId) -> Result<bool> {
        let namespace = namespace.clone();
        self.end(id, None, move |record| *record.owner.namespace() == namespace).await
    }

    /// Ends the session of that id if it is the owner's. Whether there was one.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete), and it runs to its end likewise.
    pub async fn revoke_own(&self, owner: &Owner, id: SessionId) -> Result<bool> {
        let owner = owner.clone();
        self.end(id, None, move |record| record.owner == owner).await
    }

    /// Ends every session of the owner but `keep`, for good; their ids.
    ///
    /// Complete: also those whose creation was acknowledged while this was under way, and creates still in
    /// flight are dead or refused. Ids of sessions that had expired, but not been purged, are among them.
    ///
    /// # Errors
    ///
    /// When the store fails; how many have ended is then unknown, and calling again is safe.
    pub async fn revoke_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let (this, owner) = (self.clone(), owner.clone());
        run_to_end(async move {
            let _revocation = this.arrivals.revoke(Covered::Owner(owner.clone()));
            this.store.remove_user(&owner, keep).await
        })
        .await
    }

    /// Ends every session there is, in one namespace or in all, in one write.
    ///
    /// # Errors
    ///
    /// When the store fails; calling again is safe.
    pub async fn revoke_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let (this, namespace) = (self.clone(), namespace.cloned());
        run_to_end(async move {
            let _revocation = this.arrivals.revoke(Covered::everyone(namespace.as_ref()));
            this.store.remove_everyone(namespace.as_ref()).await
        })
        .await
    }

    async fn end(
        &self,
        id: SessionId,
        imported: Option<SessionToken>,
        meant: impl Fn(&Record) -> bool + Send + Sync + 'static,
    ) -> Result<bool> {
        let this = self.clone();
        run_to_end(async move {
            let Some(record) = this.meant(id, imported.as_ref(), &meant).await? else { return Ok(false) };
            let ended = matches!(this.policy.judge(&record, this.clock.now()), Verdict::Expired(_));
            Ok(this.store.remove(id).await? && !ended)
        })
        .await
    }

    /// The record of that id, if it is the one meant. "There is none" is an answer that a logout rests on: what a read
    /// finds, or finds to be another's, may be of the past where several servers hold the store, so it is confirmed.
    async fn meant(
        &self,
        id: SessionId,
        imported: Option<&SessionToken>,
        meant: Accept<'_>,
    ) -> Result<Option<Arc<Record>>> {
        let found = self.store.get(id, meant).await?.filter(|record| meant(record));
        if found.is_some() {
            return Ok(found);
        }
        Ok(self.store.present(id, imported).await?.filter(|record| meant(record)))
    }
}
