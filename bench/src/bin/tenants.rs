//! What one tenant does to another: how long the checks and creates of one take while the other creates under a limit
//! with many ended sessions, logs out of many, is revoked with many, and lists many that were ended with everyone.
#![allow(clippy::print_stdout, reason = "a measurement prints its result")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use parking_lot::Mutex;
use sessioning::store::CacheSettings;
use sessioning::{
    Cached, Checked, Clock, Embedded, ManualClock, Namespace, NewSession, OnLimit, Owner, Policy,
    SessionToken, Sessioning, Timeout, Timestamp,
};
use sessioning_bench::{Result, fill};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const HOUR: Duration = Duration::from_secs(60 * 60);
const BETWEEN: Duration = Duration::from_millis(1);
const LIMIT: usize = 5;

/// p99 and longest wait of one tenant's checks and creates, without and with another tenant's attacks.
#[derive(Parser)]
struct Arguments {
    /// Where to write; the disk to measure.
    #[arg(long, default_value = "target")]
    directory: PathBuf,
    /// How many sessions the attacking user has; several runs.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 400_000])]
    sessions: Vec<usize>,
    /// How many attack at once.
    #[arg(long, default_value_t = 8)]
    attackers: usize,
    /// How many check, and half as many create, each about a thousand times a second at most.
    #[arg(long, default_value_t = 4)]
    callers: usize,
    /// How long to measure, in seconds; a revocation takes as long as it does.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tokio::runtime::Runtime::new()?.block_on(async {
        println!("sessions  attack                      checks  p99 ms  max ms  creates  p99 ms  max ms");
        for sessions in &arguments.sessions {
            run(&arguments, *sessions).await?;
        }
        Ok(())
    })
}

async fn run(arguments: &Arguments, sessions: usize) -> Result<()> {
    let folder = tempfile::tempdir_in(&arguments.directory)?;
    let clock = Arc::new(ManualClock::at(START));
    let of_store: Arc<dyn Clock> = Arc::clone(&clock) as _;
    // Without a cache, so that checks meet the store.
    let settings = CacheSettings { max_bytes: 0, ttl: None };
    let store = Cached::new(Embedded::open(folder.path(), &*clock)?, settings, Arc::clone(&of_store));
    let sessioning = Sessioning::new(store).with_clock(of_store);
    let mallory = Owner::new("attack".parse()?, "mallory".parse()?);

    let brief = NewSession { absolute_timeout: Some(Timeout::After(HOUR)), ..NewSession::default() };
    create(&sessioning, &mallory, sessions, &brief).await?;
    clock.advance(HOUR * 2);
    let victim = Owner::new("victim".parse()?, "alice".parse()?);
    let tokens = Arc::new(create(&sessioning, &victim, 1000, &NewSession::default()).await?);
    let measure = Measure { sessioning: sessioning.clone(), tokens, callers: arguments.callers, sessions };
    let time = Duration::from_secs_f64(arguments.seconds);
    let pause = async {
        tokio::time::sleep(time).await;
        Ok(())
    };
    measure.during("none", pause).await?;

    let limited = sessioning.clone().with_policy(Policy { max_per_user: Some(LIMIT), ..Policy::default() });
    let attack = attack(arguments.attackers, time, async || {
        let _ = limited.create(mallory.clone(), NewSession::default()).await;
    });
    measure.during("creates under a limit", attack).await?;

    let live = create(&sessioning, &mallory, sessions, &NewSession::default()).await?;
    let refusing = Policy { max_per_user: Some(LIMIT), on_limit: OnLimit::Refuse, ..Policy::default() };
    let refusing = sessioning.clone().with_policy(refusing);
    if refusing.create(mallory.clone(), NewSession::default()).await.is_ok() {
        return Err("a create beyond the limit was not refused".into());
    }
    // The newest first: those are what the limit counts.
    let live = Mutex::new(live);
    let attack = self::attack(arguments.attackers, time, async || {
        let last = live.lock().pop();
        match last {
            Some(token) => drop(sessioning.delete(mallory.namespace(), &token).await),
            None => tokio::time::sleep(BETWEEN).await,
        }
    });
    measure.during("logouts under a limit", attack).await?;
    let revoke = async {
        sessioning.revoke_user(&mallory, None).await?;
        Ok(())
    };
    measure.during("a revocation", revoke).await?;

    create(&sessioning, &mallory, sessions, &NewSession::default()).await?;
    sessioning.revoke_everyone(Some(mallory.namespace())).await?;
    let attack = self::attack(arguments.attackers, time, async || {
        let _ = sessioning.list(&mallory, None, 100).await;
    });
    measure.during("lists of what has ended", attack).await?;
    Ok(())
}

/// Does the same again and again, in that number of tasks at once.
async fn attack(attackers: usize, time: Duration, one: impl AsyncFn()) -> Result<()> {
    let until = Instant::now() + time;
    futures::future::join_all((0..attackers).map(async |_| {
        while Instant::now() < until {
            one().await;
        }
    }))
    .await;
    Ok(())
}

async fn create(
    sessioning: &Sessioning,
    owner: &Owner,
    count: usize,
    new: &NewSession,
) -> Result<Vec<SessionToken>> {
    fill(sessioning, count, new, |_| Ok(owner.clone())).await
}

struct Measure {
    sessioning: Sessioning,
    tokens: Arc<Vec<SessionToken>>,
    callers: usize,
    sessions: usize,
}

impl Measure {
    /// Checks and creates for as long as `attack` takes, and prints a line.
    async fn during(&self, name: &str, attack: impl Future<Output = Result<()>>) -> Result<()> {
        let done = Arc::new(AtomicBool::new(false));
        let checks: Vec<_> = (0..self.callers).map(|_| tokio::spawn(self.check(&done))).collect();
        let creates: Vec<_> =
            (0..self.callers.div_ceil(2)).map(|number| tokio::spawn(self.create(number, &done))).collect();
        attack.await?;
        done.store(true, Ordering::Relaxed);
        let (mut checked, mut created) = (Vec::new(), Vec::new());
        for caller in checks {
            checked.extend(caller.await??);
        }
        for caller in creates {
            created.extend(caller.await??);
        }
        let ([p99, max], [p99_create, max_create]) = (worst(&mut checked), worst(&mut created));
        println!(
            "{:>8}  {name:<24} {:>9} {p99:>7.1} {max:>7.1} {:>8} {p99_create:>7.1} {max_create:>7.1}",
            self.sessions,
            checked.len(),
            created.len()
        );
        Ok(())
    }

    fn check(&self, done: &Arc<AtomicBool>) -> impl Future<Output = Result<Vec<Duration>>> + Send + use<> {
        let (sessioning, tokens, done) =
            (self.sessioning.clone(), Arc::clone(&self.tokens), Arc::clone(done));
        async move {
            let (namespace, mut times): (Namespace, _) = ("victim".parse()?, Vec::new());
            while !done.load(Ordering::Relaxed) {
                let token = &tokens[fastrand::usize(..tokens.len())];
                let asked = Instant::now();
                // One that is refused waited as long as it did, and is as bad.
                let checked = sessioning.check(&namespace, token).await;
                times.push(asked.elapsed());
                if !matches!(checked, Ok(Checked::Live(_))) {
                    return Err("a live session was not found".into());
                }
                tokio::time::sleep(BETWEEN).await;
            }
            Ok(times)
        }
    }

    fn create(
        &self,
        number: usize,
        done: &Arc<AtomicBool>,
    ) -> impl Future<Output = Result<Vec<Duration>>> + Send + use<> {
        let (sessioning, done) = (self.sessioning.clone(), Arc::clone(done));
        async move {
            let (owner, mut times) =
                (Owner::new("victim".parse()?, format!("bob {number}").parse()?), Vec::new());
            while !done.load(Ordering::Relaxed) {
                let asked = Instant::now();
                let created = sessioning.create(owner.clone(), NewSession::default()).await;
                times.push(asked.elapsed());
                created.map_err(|error| error.to_string())?;
                tokio::time::sleep(BETWEEN).await;
            }
            Ok(times)
        }
    }
}

/// The p99 and the longest, in milliseconds.
fn worst(times: &mut [Duration]) -> [f64; 2] {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    [at(0.99), at(1.0)]
}
