//! Concerns are ours, whatever the URL says: a logout that was acknowledged must not be rolled back.

use std::time::Duration;

use mongodb::options::{
    Acknowledgment, ClientOptions, FindOneOptions, ReadConcern, ReadPreference, SelectionCriteria,
    WriteConcern,
};

use crate::MongoSettings;
use crate::config::Reads;

/// Connections to each server, unless the URL says otherwise. What waits for one waits within its deadline.
const POOL: u32 = 64;
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
