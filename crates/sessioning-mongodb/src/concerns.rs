//! Concerns are ours, whatever the URL says: a logout that was acknowledged must not be rolled back.

use std::time::Duration;

use futures::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::Document;
use mongodb::options::{
    Acknowledgment, ClientOptions, FindOneOptions, ReadConcern, ReadPreference, SelectionCriteria,
    WriteConcern,
};

use crate::MongoSettings;
use crate::config::Reads;
use crate::error::{failed, is_no_replica_set};

/// Connections to each server, unless the URL says otherwise. What waits for one waits within its deadline.
pub(crate) const POOL: u32 = 64;
/// How long to look for a server, however long its answers may take.
const LONGEST_SEARCH: Duration = Duration::from_secs(10);
/// How often a server is looked at, unless the URL says otherwise.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// The options of the client: majority and journal for writes, the primary for reads, and no wait that outlasts the
/// deadline.
pub(crate) async fn client_options(settings: &MongoSettings) -> mongodb::error::Result<ClientOptions> {
    let deadline = settings.deadline;
    let mut options = ClientOptions::parse(settings.url.expose()).await?;
    options.write_concern =
        Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(deadline).build());
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    // A direct connection would read from whatever member it is connected to, as one that is no primary any more.
    options.direct_connection = None;
    // A little sooner than the deadline, so that the error tells which servers were looked for.
    options.server_selection_timeout = Some((deadline * 9 / 10).min(LONGEST_SEARCH));
    options.connect_timeout = Some(deadline.min(LONGEST_SEARCH));
    // The driver's own repetition of a write carries a number by which the server does it once.
    options.retry_writes = Some(true);
    options.retry_reads = Some(true);
    options.heartbeat_freq.get_or_insert(HEARTBEAT);
    options.max_pool_size.get_or_insert(POOL);
    options.app_name.get_or_insert_with(|| "sessioning".into());
    Ok(options)
}

/// How a check reads.
pub(crate) fn check_options(settings: &MongoSettings) -> FindOneOptions {
    let concern = match settings.reads {
        Reads::Majority => ReadConcern::majority(),
        Reads::Linearizable => ReadConcern::linearizable(),
    };
    // Without a limit of time a linearizable read waits for a majority as long as there is none.
    FindOneOptions::builder().read_concern(concern).max_time(settings.deadline).build()
}

/// Reads what the present primary has: it confirms with a majority that it still is one.
pub(crate) fn present_options(settings: &MongoSettings) -> FindOneOptions {
    // Without a limit of time it waits for a majority as long as there is none.
    FindOneOptions::builder().read_concern(ReadConcern::linearizable()).max_time(settings.deadline).build()
}

/// Finds a document; a server alone, which has nobody to confirm a linearizable read with, and none that could take its
/// place, is asked for what it has.
pub(crate) async fn find_present(
    collection: &Collection<Document>,
    filter: Document,
    options: FindOneOptions,
) -> sessioning::Result<Option<Document>> {
    match collection.find_one(filter.clone()).with_options(options).await {
        Err(error) if is_no_replica_set(&error) => collection.find_one(filter).await.map_err(failed),
        found => found.map_err(failed),
    }
}

/// The same for some documents; they come in one batch.
pub(crate) async fn find_some_present(
    collection: &Collection<Document>,
    filter: Document,
    most: u32,
    deadline: Duration,
) -> sessioning::Result<Vec<Document>> {
    let asked = || collection.find(filter.clone()).limit(most.into()).batch_size(most.saturating_add(1));
    let found = match asked().read_concern(ReadConcern::linearizable()).max_time(deadline).await {
        Err(error) if is_no_replica_set(&error) => asked().await,
        found => found,
    };
    found.map_err(failed)?.try_collect().await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_url_weakens_a_concern() {
        let weak = "mongodb://h/db?w=1&journal=false&wTimeoutMS=1&readPreference=secondary&readConcernLevel=local\
                    &retryWrites=false&retryReads=false&directConnection=true&serverSelectionTimeoutMS=600000\
                    &connectTimeoutMS=600000";
        let settings = MongoSettings::new(weak.parse().unwrap());
        let options = client_options(&settings).await.unwrap();
        let write = options.write_concern.unwrap();
        assert_eq!((write.w, write.journal), (Some(Acknowledgment::Majority), Some(true)));
        assert_eq!(write.w_timeout, Some(settings.deadline));
        assert_eq!(options.read_concern, Some(ReadConcern::majority()));
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        assert_eq!(options.selection_criteria, Some(primary));
        assert_eq!((options.retry_writes, options.retry_reads), (Some(true), Some(true)));
        assert_ne!(options.direct_connection, Some(true), "it reads from whatever member it is");
        assert!(options.server_selection_timeout.unwrap() < settings.deadline);
        assert!(options.connect_timeout.unwrap() <= settings.deadline);
        // What a check reads with is no weaker.
        assert_eq!(check_options(&settings).read_concern, Some(ReadConcern::majority()));
        let settings = MongoSettings { reads: Reads::Linearizable, ..settings };
        assert_eq!(check_options(&settings).read_concern, Some(ReadConcern::linearizable()));
    }
}
