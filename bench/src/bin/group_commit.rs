//! How many creates a second the embedded store acknowledges, as multiples of the disk's own rate of
//! `pwrite` + `fdatasync`, measured in turn in the same run.
#![allow(clippy::print_stdout, reason = "a measurement prints its result")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use sessioning::{Embedded, NewSession, Owner, Sessioning, SystemClock};
use sessioning_bench::{Result, median};

const CALLERS: [usize; 4] = [1, 16, 64, 256];
/// About what a session writes.
const RECORD: [u8; 256] = [7; 256];

/// Creates a second with 1, 16, 64 and 256 callers, against the raw rate of pwrite + fdatasync.
#[derive(Parser)]
struct Arguments {
    /// Where to write; the disk to measure.
    #[arg(long, default_value = "target")]
    directory: PathBuf,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often each is repeated; medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let time = Duration::from_secs_f64(arguments.seconds);
    let mut runs: Vec<Vec<Run>> = CALLERS.iter().map(|_| Vec::new()).collect();
    for _ in 0..arguments.rounds {
        for (callers, runs) in CALLERS.iter().zip(&mut runs) {
            // The raw rate before and after: a noisy disk changes in between.
            let before = raw(&arguments.directory, time / 2)?;
            let (creates, group, largest) =
                runtime.block_on(creates(&arguments.directory, *callers, time))?;
            let raw = f64::midpoint(before, raw(&arguments.directory, time / 2)?);
            runs.push(Run { raw, creates, group, largest });
        }
    }
    println!("callers   raw syncs/s   creates/s   ratio   mean group   largest group");
    for (callers, runs) in CALLERS.iter().zip(&runs) {
        let of = |pick: fn(&Run) -> f64| median(runs.iter().map(pick).collect());
        println!(
            "{callers:>7} {:>13.0} {:>11.0} {:>6.2}x {:>12.1} {:>15.0}",
            of(|run| run.raw),
            of(|run| run.creates),
            of(|run| run.creates / run.raw),
            of(|run| run.group),
            of(|run| run.largest),
        );
    }
    Ok(())
}

struct Run {
    raw: f64,
    creates: f64,
    group: f64,
    largest: f64,
}

/// How many times a second the disk takes a record and syncs it, into space that is set aside already.
fn raw(directory: &Path, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir_in(directory)?;
    let file = File::create(folder.path().join("raw"))?;
    file.set_len(64 * 1024 * 1024)?;
    file.sync_all()?;
    let (started, mut writes) = (Instant::now(), 0_u32);
    while started.elapsed() < time {
        file.write_all_at(&RECORD, u64::from(writes) * RECORD.len() as u64)?;
        file.sync_data()?;
        writes += 1;
    }
    Ok(f64::from(writes) / started.elapsed().as_secs_f64())
}

/// Creates a second with that many callers, each of which waits for its answer; and the groups they shared.
async fn creates(directory: &Path, callers: usize, time: Duration) -> Result<(f64, f64, f64)> {
    let folder = tempfile::tempdir_in(directory)?;
    let store = Arc::new(Embedded::open(folder.path(), &SystemClock::new())?);
    let sessioning = Sessioning::over(Arc::clone(&store) as _);
    let started = Instant::now();
    let work: Vec<_> = (0..callers)
        .map(|caller| {
            let sessioning = sessioning.clone();
            tokio::spawn(async move {
                let owner: Owner = format!("user {caller}").parse()?;
                let mut done = 0_u32;
                while started.elapsed() < time {
                    sessioning.create(owner.clone(), NewSession::default()).await?;
                    done += 1;
                }
                Result::Ok(done)
            })
        })
        .collect();
    let mut done = 0;
    for caller in work {
        done += caller.await??;
    }
    let rate = f64::from(done) / started.elapsed().as_secs_f64();
    let stats = store.group_stats();
    Ok((rate, stats.writes as f64 / stats.groups.max(1) as f64, stats.largest as f64))
}
