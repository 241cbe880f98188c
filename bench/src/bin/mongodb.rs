//! What a session costs in MongoDB: bytes of its document, and what a node spends on a create, a check and a delete.
//! For docs/scale.md. The rates are the server's, whichever it is; the processor time is the node's own.
#![allow(clippy::print_stdout, reason = "a measurement prints its result")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use futures::{StreamExt, TryStreamExt, stream};
use mongodb::bson::{Document, doc};
use sessioning::{Data, Metadata, Namespace, NewSession, Policy, SessionToken, Sessioning, Timeout};
use sessioning_bench::Result;
use sessioning_mongodb::{MongoDb, MongoSettings, MongoUrl};

/// Sessions in a database, which is new and stays: creates, checks and deletes, and what they cost.
#[derive(Parser)]
struct Arguments {
    /// The server, as mongodb://HOST:PORT.
    url: String,
    /// How many sessions.
    #[arg(long, default_value_t = 20_000)]
    sessions: usize,
    /// How many callers wait at once.
    #[arg(long, default_value_t = 32)]
    callers: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let database = format!("sessioning_bench_{:08x}", fastrand::u32(..));
    let url: MongoUrl = format!("{}/{database}", arguments.url.trim_end_matches('/')).parse()?;
    let store = MongoDb::new(MongoSettings { deadline: Duration::from_secs(30), ..MongoSettings::new(url) });
    store.prepare().await?;
    let policy = Policy { touch_interval: Timeout::Never, ..Policy::default() };
    let sessioning = Arc::new(Sessioning::new(store).with_policy(policy));

    let spent = Spent::begin();
    let creates = stream::iter(0..arguments.sessions).map(|number| {
        let sessioning = Arc::clone(&sessioning);
        tokio::spawn(async move { create(&sessioning, number).await })
    });
    let tokens: Vec<SessionToken> =
        creates.buffer_unordered(arguments.callers).map(|done| done?).try_collect().await?;
    spent.tell("create", tokens.len());
    let tokens: Vec<_> = tokens.into_iter().map(Arc::new).collect();

    let spent = Spent::begin();
    each(&tokens, arguments.callers, |token| {
        let sessioning = Arc::clone(&sessioning);
        async move { Ok(sessioning.check(&Namespace::default(), &token).await?.live().is_some()) }
    })
    .await?;
    spent.tell("check", tokens.len());

    bytes(&arguments.url, &database).await?;

    let some = &tokens[..tokens.len() / 4];
    let spent = Spent::begin();
    each(some, arguments.callers, |token| {
        let sessioning = Arc::clone(&sessioning);
        async move { Ok(sessioning.delete(&Namespace::default(), &token).await?) }
    })
    .await?;
    spent.tell("delete", some.len());
    Ok(())
}

/// A session as a web application begins one: with an address, a browser, and a little data.
async fn create(sessioning: &Sessioning, number: usize) -> Result<SessionToken> {
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let new = NewSession {
        metadata: Metadata::new(Some("203.0.113.77"), Some(browser), None),
        data: Data::from_json(r#"{"theme":"dark"}"#)?,
        ..NewSession::default()
    };
    let user = format!("01934c2e-7a51-7b3c-9d6f-{number:012x}").parse()?;
    Ok(sessioning.create(user, new).await?.token)
}

async fn each<F: Future<Output = Result<bool>> + Send + 'static>(
    tokens: &[Arc<SessionToken>],
    callers: usize,
    call: impl Fn(Arc<SessionToken>) -> F,
) -> Result<()> {
    let calls = stream::iter(tokens).map(|token| tokio::spawn(call(Arc::clone(token))));
    let wrong = calls.buffer_unordered(callers).map(|done| done?);
    let wrong = wrong.try_filter(|right| std::future::ready(!right)).try_collect::<Vec<_>>().await?;
    if wrong.is_empty() { Ok(()) } else { Err(format!("{} wrong answers", wrong.len()).into()) }
}

/// The size of documents, without the database's compression and indexes.
async fn bytes(url: &str, database: &str) -> Result<()> {
    let database = mongodb::Client::with_uri_str(url).await?.database(database);
    for name in ["sessioning_sessions", "sessioning_owners"] {
        let collection = database.collection::<Document>(name);
        let some: Vec<Document> = collection.find(doc! {}).limit(1000).await?.try_collect().await?;
        let sizes =
            some.iter().map(mongodb::bson::serialize_to_vec).collect::<std::result::Result<Vec<_>, _>>()?;
        println!(
            "{name:<20} {:>6} bytes a document",
            sizes.iter().map(Vec::len).sum::<usize>() / sizes.len().max(1)
        );
    }
    Ok(())
}

/// Time and processor time since a moment.
struct Spent {
    began: Instant,
    processor: Duration,
}

impl Spent {
    fn begin() -> Self {
        Self { began: Instant::now(), processor: processor() }
    }

    fn tell(&self, what: &str, count: usize) {
        let (took, processor) = (self.began.elapsed(), processor() - self.processor);
        let each = processor.as_secs_f64() * 1e6 / count as f64;
        println!(
            "{what:<20} {:>6.0} a second, {each:>6.0} µs of the node's processor each",
            count as f64 / took.as_secs_f64()
        );
    }
}

/// The processor time of this process so far, where /proc tells it.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
