//! What freeing ended sessions costs: how long it takes, what it does to the checks that go on meanwhile, and what
//! it gives back, with the steps and pauses of the service.
#![allow(clippy::print_stdout, reason = "a measurement prints its result")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use sessioning::store::CacheSettings;
use sessioning::{
    Cached, Checked, Clock, Data, Embedded, ManualClock, Namespace, NewSession, SessionToken, Sessioning,
    Timeout, Timestamp,
};
use sessioning_bench::{Result, fill, median, resident_mib};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// As the service does it.
const STEP: usize = 256;
const PAUSE: Duration = Duration::from_millis(20);
const BETWEEN_CHECKS: Duration = Duration::from_millis(1);

/// The purge of a million ended sessions, and the p99 of checks without and with it.
#[derive(Parser)]
struct Arguments {
    /// Where to write; the disk to measure.
    #[arg(long, default_value = "target")]
    directory: PathBuf,
    /// How many sessions have ended.
    #[arg(long, default_value_t = 1_000_000)]
    ended: usize,
    /// How many sessions live, and are checked.
    #[arg(long, default_value_t = 100_000)]
    live: usize,
    /// How many small members the data of each live session has.
    #[arg(long, default_value_t = 0)]
    members: usize,
    /// How many sessions begin after the purge: the engine gives space back as it goes on writing.
    #[arg(long, default_value_t = 200_000)]
    more: usize,
    /// How long to wait after the purge, in seconds: tables are merged while little happens.
    #[arg(long, default_value_t = 120.0)]
    settle: f64,
    /// The cache, in MiB; 0 reads every check from the store.
    #[arg(long, default_value_t = 64)]
    cache: usize,
    /// How many check, each about a thousand times a second.
    #[arg(long, default_value_t = 16)]
    callers: usize,
    /// How long to measure checks without a purge, before and after it, in seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tokio::runtime::Runtime::new()?.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir_in(&arguments.directory)?;
    let clock = Arc::new(ManualClock::at(START));
    let of_store: Arc<dyn Clock> = Arc::clone(&clock) as _;
    let store = Embedded::open(folder.path(), &*clock)?;
    let settings = CacheSettings { max_bytes: arguments.cache * 1024 * 1024, ttl: None };
    let cached = Cached::new(store, settings, Arc::clone(&of_store));
    let sessioning = Sessioning::new(cached).with_clock(of_store);

    println!("creating {} sessions that will have ended, and {} that live", arguments.ended, arguments.live);
    let brief = NewSession { absolute_timeout: Some(Timeout::After(HOUR)), ..NewSession::default() };
    create(&sessioning, arguments.ended, &brief).await?;
    // A record outlives its session by a day.
    clock.advance(HOUR * 26);
    let live = NewSession { data: data(arguments.members)?, ..NewSession::default() };
    let tokens = Arc::new(create(&sessioning, arguments.live, &live).await?);
    let quiet = Duration::from_secs_f64(arguments.seconds);
    let size_before = Size::of(folder.path())?;

    // The cache is as warm before as it is during and after.
    for token in tokens.iter() {
        let _ = sessioning.check(&Namespace::default(), token).await?;
    }
    let before = check_for(&sessioning, &tokens, arguments.callers, sleep(quiet)).await?;
    let started = Instant::now();
    let during = check_for(&sessioning, &tokens, arguments.callers, purge(&sessioning, clock.now())).await?;
    let took = started.elapsed();
    let after = check_for(&sessioning, &tokens, arguments.callers, sleep(quiet)).await?;

    println!("purged {} records in {:.1} s", during.result, took.as_secs_f64());
    println!("              checks/s     p50 µs     p99 µs   p99.9 µs");
    for (name, checks) in [("without", &before.checks), ("purging", &during.checks), ("after", &after.checks)]
    {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| checks.quantile(share));
        println!("{name:<10} {:>11.0} {p50:>10.1} {p99:>10.1} {p999:>10.1}", checks.rate);
    }
    let quiet = median(vec![before.checks.quantile(0.99), after.checks.quantile(0.99)]);
    println!("p99 while purging: {:.2}x of without", during.checks.quantile(0.99) / quiet);
    println!("files, MiB              tables  journal     all");
    print_line("before", &size_before);
    print_line("after", &Size::of(folder.path())?);
    let quiet = Duration::from_secs_f64(arguments.settle);
    tokio::time::sleep(quiet).await;
    print_line(&format!("after {} s of quiet", quiet.as_secs()), &Size::of(folder.path())?);
    create(&sessioning, arguments.more, &NewSession::default()).await?;
    print_line(&format!("with {} more", arguments.more), &Size::of(folder.path())?);
    if let Some(resident) = resident_mib() {
        println!("resident memory at the end: {resident} MiB");
    }
    Ok(())
}

fn data(members: usize) -> Result<Data> {
    let members: Vec<_> = (0..members).map(|number| format!(r#""key{number}":{number}"#)).collect();
    Ok(Data::from_json(&format!("{{{}}}", members.join(",")))?)
}

/// Sessions of 50,000 users in turn.
async fn create(sessioning: &Sessioning, count: usize, new: &NewSession) -> Result<Vec<SessionToken>> {
    fill(sessioning, count, new, |number| Ok(format!("user {}", number % 50_000).parse()?)).await
}

async fn sleep(time: Duration) -> Result<usize> {
    tokio::time::sleep(time).await;
    Ok(0)
}

async fn purge(sessioning: &Sessioning, now: Timestamp) -> Result<usize> {
    let mut removed = 0;
    loop {
        let purged = sessioning.store().purge(now, STEP).await?;
        removed += purged.removed;
        if !purged.more {
            return Ok(removed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

struct Checks {
    /// Sorted, in nanoseconds.
    times: Vec<u64>,
    rate: f64,
}

impl Checks {
    /// In microseconds.
    fn quantile(&self, share: f64) -> f64 {
        let at = ((self.times.len() - 1) as f64 * share) as usize;
        self.times[at] as f64 / 1000.0
    }
}

struct Measured {
    checks: Checks,
    result: usize,
}

/// Checks live sessions at random for as long as `work` takes.
async fn check_for(
    sessioning: &Sessioning,
    tokens: &Arc<Vec<SessionToken>>,
    callers: usize,
    work: impl Future<Output = Result<usize>>,
) -> Result<Measured> {
    let done = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (sessioning, tokens, done) = (sessioning.clone(), Arc::clone(tokens), Arc::clone(&done));
            tokio::spawn(async move {
                let (namespace, mut times) = (Namespace::default(), Vec::new());
                while !done.load(Ordering::Relaxed) {
                    let token = &tokens[fastrand::usize(..tokens.len())];
                    let asked = Instant::now();
                    let checked = sessioning.check(&namespace, token).await?;
                    times.push(u64::try_from(asked.elapsed().as_nanos())?);
                    if !matches!(checked, Checked::Live(_)) {
                        return Err("a live session was not found".into());
                    }
                    // Callers come from elsewhere; without a pause they would be all that runs.
                    tokio::time::sleep(BETWEEN_CHECKS).await;
                }
                Result::Ok(times)
            })
        })
        .collect();
    let result = work.await?;
    done.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for caller in callers {
        times.extend(caller.await??);
    }
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Measured { checks: Checks { times, rate }, result })
}

/// What files take on the disk, in bytes: a journal is as long from the start as it may become, and mostly holes.
#[derive(Default)]
struct Size {
    tables: u64,
    journal: u64,
}

impl Size {
    fn of(folder: &Path) -> Result<Self> {
        let mut size = Self::default();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let (path, found) = (entry.path(), entry.metadata());
            // The engine takes files away as it goes.
            let Ok(found) = found else { continue };
            if found.is_dir() {
                let inner = Self::of(&path)?;
                size.tables += inner.tables;
                size.journal += inner.journal;
            } else if path.extension().is_some_and(|extension| extension == "jnl") {
                size.journal += found.blocks() * 512;
            } else {
                size.tables += found.blocks() * 512;
            }
        }
        Ok(size)
    }
}

fn print_line(name: &str, size: &Size) {
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let (tables, journal) = (mib(size.tables), mib(size.journal));
    println!("{name:<22} {tables:>7.1} {journal:>8.1} {:>7.1}", tables + journal);
}
