//! Moving all sessions in and out.

use async_trait::async_trait;

use super::Embedded;
use super::keys::id_of;
use super::queue::Turn;
use crate::store::{Amendment, Batch, Place, Transfer};
use crate::{Record, Result, SessionId};

#[async_trait]
impl Transfer for Embedded {
    async fn read(&self, after: &Place, limit: usize, _: bool) -> Result<Batch> {
        let after = after.exact().parse::<SessionId>().ok();
        self.inner
            .readers
            .walk(Turn::default(), move |engine| {
                let keys = engine.sessions_after(after, limit)?;
                let next = keys.iter().rev().filter(|_| keys.len() == limit).find_map(|key| id_of(key));
                let (mut records, mut foreign) = (Vec::with_capacity(keys.len()), 0);
                for key in keys {
                    match id_of(&key) {
                        Some(id) => match engine.record(id) {
                            // Named in the log. What can be read is worth saving.
                            Err(error) if error.is_damage() => foreign += 1,
                            record => records.extend(record?.map(|record| (*record).clone())),
                        },
                        None => foreign += 1,
                    }
                }
                Ok(Batch { records, foreign, next: next.map(Place::after) })
            })
            .await
    }

    async fn find(&self, ids: &[SessionId]) -> Result<Vec<Record>> {
        let ids = ids.to_vec();
        let found = self.inner.readers.walk(Turn::default(), move |engine| {
            let records = ids.into_iter().map(|id| engine.record(id));
            records
                .filter_map(Result::transpose)
                .map(|record| record.map(|record| (*record).clone()))
                .collect()
        });
        found.await
    }

    async fn add(&self, records: Vec<Record>) -> Result<()> {
        self.inner
            .owner
            .submit(Turn { long: true, ..Turn::default() }, move |group| {
                records.into_iter().try_for_each(|record| group.import(record))
            })
            .await
    }

    async fn amend(&self, changes: Vec<Amendment>) -> Result<()> {
        // Nobody else writes: the directory is locked.
        self.add(changes.into_iter().map(|change| change.record).collect()).await
    }

    async fn erase(&self, ids: &[SessionId]) -> Result<()> {
        let ids = ids.to_vec();
        self.inner
            .owner
            .submit(Turn { long: true, ..Turn::default() }, move |group| {
                ids.into_iter().try_for_each(|id| group.remove(id, false).map(drop))
            })
            .await
    }

    async fn count(&self) -> Result<u64> {
        self.inner.readers.read(super::engine::Engine::approximate_count).await
    }

    async fn import_mark(&self) -> Result<Option<String>> {
        self.inner.readers.read(|engine| Ok(engine.meta()?.import)).await
    }

    async fn change_import_mark(&self, from: Option<&str>, to: Option<&str>) -> Result<bool> {
        let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
        self.inner
            .owner
            .submit(Turn { long: true, ..Turn::default() }, move |group| {
                Ok(group.change_import(from.as_deref(), to))
            })
            .await
    }

    async fn until_nobody_works(&self) -> Result<()> {
        // Nobody else does: the directory is locked.
        Ok(())
    }
}
