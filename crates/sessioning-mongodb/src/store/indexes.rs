//! The indexes that a layout needs, and plainer ones on servers that cannot make those.

use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;
use sessioning::{Error, ErrorKind, Record, Result};

use super::Inner;
use super::open::Open;
use crate::Layout;
use crate::error::{failed, is_conflict_of_indexes, is_not_built, told};

impl Inner {
    /// Makes what is missing; what is there is left alone.
    pub(super) async fn make_indexes(&self, open: &Open) -> Result<()> {
        match self.try_to_make(open, self.indexes()).await? {
            Err(error) if is_not_built(&error) => {}
            made => return made.map_err(|error| self.not_made(open, error)),
        }
        for index in self.indexes() {
            self.make_or_plainer(open, index).await?;
        }
        Ok(())
    }

    async fn make_or_plainer(&self, open: &Open, index: IndexModel) -> Result<()> {
        let made = match self.try_to_make(open, vec![index.clone()]).await? {
            Err(error) if is_not_built(&error) => {
                tracing::warn!("{}", instead_of(&index));
                let plain = IndexModel::builder().keys(index.keys).build();
                self.try_to_make(open, vec![plain]).await?
            }
            made => made,
        };
        made.map_err(|error| self.not_made(open, error))
    }

    fn indexes(&self) -> Vec<IndexModel> {
        let index =
            |keys: Document, options: IndexOptions| IndexModel::builder().keys(keys).options(options).build();
        let plain = IndexOptions::default;
        let sparse = || IndexOptions::builder().sparse(true).build();
        match self.settings.layout {
            Layout::Native => vec![
                index(doc! { "namespace": 1, "user": 1, "_id": 1 }, plain()),
                // Frees the space of what has ended; whether it has ended is decided on every read.
                index(
                    doc! { "expiresAt": 1 },
                    IndexOptions::builder().expire_after(Record::PURGE_MARGIN).build(),
                ),
                // What is revoked with everyone has to be above what documents have that were moved here.
                index(doc! { "generation": 1 }, plain()),
            ],
            // None that deletes: after a return to the original it would go on.
            Layout::Concept => vec![
                index(
                    doc! { "sessioning.publicId": 1 },
                    IndexOptions::builder().unique(true).sparse(true).build(),
                ),
                index(doc! { "user": 1, "sessioning.publicId": 1 }, plain()),
                index(doc! { "sessioning.expiresAt": 1 }, sparse()),
                index(doc! { "sessioning.generation": 1 }, sparse()),
            ],
        }
    }

    /// Building one over a large collection takes as long as it takes: the server goes on, and the next attempt finds
    /// what it has made.
    async fn try_to_make(&self, open: &Open, indexes: Vec<IndexModel>) -> Result<mongodb::error::Result<()>> {
        let made = tokio::time::timeout(self.settings.deadline, async {
            open.sessions.create_indexes(indexes).await.map(drop)
        });
        made.await.map_err(|_| {
            let why = "its indexes are still being made, or the database has stopped answering";
            Error::new(ErrorKind::TimedOut).with_source(told(why))
        })
    }

    fn not_made(&self, open: &Open, error: mongodb::error::Error) -> Error {
        if !is_conflict_of_indexes(&error) {
            return self.refused_or(error);
        }
        let (name, why) = (open.sessions.name(), failed(error));
        let why = std::error::Error::source(&why).map(ToString::to_string).unwrap_or_default();
        self.unusable(format!(
            "an index of {name} cannot be made ({why}): one with the same fields or name and other options is there; \
             drop it, docs/mongodb.md lists those that there should be"
        ))
    }
}

/// What to say of an index that the server can only make without its options.
fn instead_of(index: &IndexModel) -> String {
    let keys: Vec<_> = index.keys.keys().map(String::as_str).collect();
    let consequence = match &index.options {
        Some(options) if options.expire_after.is_some() => "the nodes alone purge what has expired",
        Some(options) if options.unique == Some(true) => "that ids are unique rests on how they are made",
        _ => "it takes more space",
    };
    format!(
        "this database has no such index on {} as it should be; an ordinary one is used instead: {consequence}",
        keys.join(", ")
    )
}
