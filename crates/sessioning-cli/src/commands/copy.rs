//! `sessioning copy`

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use sessioning::store::{EmbeddedSettings, Transfer};
use sessioning::{Copy, CopyError, CopyReport, Embedded, SystemClock, Timeout, Timeouts};
use sessioning_mongodb::{Access, MongoDb, MongoSettings};
use sessioning_server::config::{Inside, StoreUrl};

use crate::bar::Bar;
use crate::outcome::Failure;
use crate::output::Output;
use crate::text::Text;

/// How long one step may take: a thousand sessions at once, on a server that may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// Copies all sessions of one store into another, which has to be empty. Tokens go on working.
#[derive(Args)]
#[command(after_help = "\
Stores are embedded:PATH and mongodb://HOST/DATABASE; ?layout=concept reads the original's own collection. Tokens go on
working. Stop what uses the source first: what ends in it after the copy, nobody tells the target. Until the copy has
ended the target is not served. When it is interrupted, the same command goes on where it ended, and what ended in the
source meanwhile is removed from the target, so that nobody is logged in again.

Examples:
  sessioning copy --dry-run --from 'mongodb://db/app?layout=concept' --to mongodb://db/app
                                     what moving away from the original's documents would do
  sessioning copy --from embedded:./data --to mongodb://db/sessions
                                     from one machine's disk to a database for several
  sessioning copy --abandon --to mongodb://db/sessions
                                     give up a copy that has not ended; what it copied stays")]
pub(crate) struct Arguments {
    /// The store to copy; an embedded one must not be in use. The environment keeps a password out of the list of
    /// processes.
    #[arg(
        long,
        value_name = "URL",
        env = "SESSIONING_COPY_FROM",
        hide_env_values = true,
        value_parser = Text(Inside::Spaces),
        required_unless_present = "abandon",
        conflicts_with = "abandon"
    )]
    from: Option<String>,

    /// The store to copy into. Nothing in it is ever overwritten.
    #[arg(
        long,
        value_name = "URL",
        env = "SESSIONING_COPY_TO",
        hide_env_values = true,
        value_parser = Text(Inside::Spaces)
    )]
    to: String,

    /// Only look: tells what would be copied, and changes nothing.
    #[arg(long)]
    dry_run: bool,

    /// Give up a copy into the target that has not ended, so that it can be served. Sessions that ended in the source
    /// since they were copied stay open in the target.
    #[arg(long, conflicts_with = "dry_run")]
    abandon: bool,

    #[command(flatten)]
    original: Original,
}

/// What the sessions of the original get, which have no times of their own.
#[derive(Args)]
struct Original {
    /// How old a session of the original may be, by the date in its UUID; older ones end.
    #[arg(long, value_name = "DURATION", default_value = "never")]
    legacy_max_age: Timeout,

    /// How long a session of the original may be unused, from now on.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    idle_timeout: Timeout,

    /// How old a session of the original may become, from now on.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    absolute_timeout: Timeout,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let to = url("--to", &arguments.to)?;
    let Some(from) = &arguments.from else { return abandon(arguments, &to, output).await };
    let from = url("--from", from)?;
    if from == to {
        return Err(Failure::usage("--from and --to are the same store"));
    }
    check_there("--from", &from)?;
    let look = arguments.dry_run;
    let absent = look && check_there("--to", &to).is_err();
    let (reads, writes) = if look { (Access::Look, Access::Look) } else { (Access::From, Access::Into) };
    let source = open(&from, reads, &arguments.original).await?;
    let target = if absent { None } else { Some(open(&to, writes, &arguments.original).await?) };
    let (bar, began) = (Bar::new(output), Instant::now());
    let (told, clock) = (|progress| bar.show(progress), Arc::new(SystemClock::new()));
    let done = match target {
        Some(target) if !look => Copy::new(source, target, clock).run(&told).await,
        target => Copy::look(&*source, target.as_deref(), &*clock, &told).await,
    };
    bar.clear();
    let report = done.map_err(|error| failure(&from, &to, &error))?;
    tell(&report, look, began.elapsed(), output)
}

/// A store as it was written; what was written is not repeated, since it may hold a password.
fn url(flag: &str, text: &str) -> Result<StoreUrl, Failure> {
    match text.parse() {
        Ok(StoreUrl::Memory) => {
            Err(Failure::usage(format!("{flag}: memory: is gone with its process, and cannot be copied")))
        }
        parsed => parsed.map_err(|error| Failure::usage(format!("{flag}: {error}"))),
    }
}

/// An embedded store is made by opening it: what is to be there already is looked for first.
fn check_there(flag: &str, store: &StoreUrl) -> Result<(), Failure> {
    match store {
        StoreUrl::Embedded(directory) if !directory.exists() => {
            Err(Failure::usage(format!("{flag} {store}: there is no such directory")))
        }
        _ => Ok(()),
    }
}

async fn abandon(arguments: &Arguments, to: &StoreUrl, output: Output) -> Result<(), Failure> {
    check_there("--to", to)?;
    let target = open(to, Access::Look, &arguments.original).await?;
    let failed = |error| Failure::of_store(to, &error);
    let mark = target.import_mark().await.map_err(failed)?;
    let was = mark.is_some();
    if was && !target.change_import_mark(mark.as_deref(), None).await.map_err(failed)? {
        return Err(Failure::busy(format!("{to}: the copy is under way; stop it, then give it up")));
    }
    if output.json {
        return output.line(&json!({ "abandoned": was }).to_string());
    }
    output.line(if was {
        "the copy is given up; sessions that ended in its source since they were copied are still open here"
    } else {
        "there was no copy to give up"
    })
}

/// Opens a store for a copy alone.
async fn open(url: &StoreUrl, access: Access, original: &Original) -> Result<Arc<dyn Transfer>, Failure> {
    let failed = |error: sessioning::Error| Failure::of_store(url, &error);
    match url {
        StoreUrl::Memory => Err(Failure::usage("memory: cannot be copied")),
        StoreUrl::Embedded(directory) => {
            let settings = EmbeddedSettings { importing: true, ..EmbeddedSettings::new(directory) };
            Ok(Arc::new(Embedded::open_with(&settings, &SystemClock::new()).map_err(failed)?))
        }
        StoreUrl::MongoDb(url) => {
            let settings = MongoSettings {
                deadline: DEADLINE,
                legacy_max_age: original.legacy_max_age.bound(),
                adopted: Timeouts { idle: original.idle_timeout, absolute: original.absolute_timeout },
                ..MongoSettings::new(url.clone())
            };
            let database = MongoDb::new(settings);
            database.prepare_to_copy(access).await.map_err(failed)?;
            Ok(Arc::new(database))
        }
    }
}

fn failure(from: &StoreUrl, to: &StoreUrl, error: &CopyError) -> Failure {
    match error {
        CopyError::Source(cause) => Failure::of_store(from, cause).and_then_say(error),
        CopyError::Target(cause) => Failure::of_store(to, cause).and_then_say(error),
        CopyError::HalfSource => Failure::usage(format!("{from}: {error}")),
        CopyError::NotEmpty(_) | CopyError::OtherCopy | CopyError::KeepsTokens => {
            Failure::usage(format!("{to}: {error}"))
        }
        _ => Failure::other(to, error),
    }
}

/// What was done: the numbers, and what to do next.
fn tell(report: &CopyReport, look: bool, took: Duration, output: Output) -> Result<(), Failure> {
    let seconds = took.as_secs_f64();
    let whole = json!({
        "dry_run": look, "resumed": report.resumed, "sessions": report.sessions, "added": report.added,
        "amended": report.amended, "removed": report.removed, "imported": report.imported,
        "ended": report.ended, "foreign": report.foreign, "seconds": seconds,
    });
    if output.json || output.quiet {
        return if output.json { output.line(&whole.to_string()) } else { Ok(()) };
    }
    let rows = [
        (
            if look { "would copy" } else { "sessions" },
            report.sessions,
            "in both stores, compared one by one",
        ),
        ("added", report.added, "by this run"),
        ("amended", report.amended, "had changed in the source meanwhile"),
        ("removed", report.removed, "had ended in the source meanwhile"),
        (
            "imported",
            report.imported,
            "have tokens of another system: serve with session.imported_tokens=uuid",
        ),
        ("left behind", report.ended, "ended more than a day ago"),
        ("no sessions", report.foreign, "in the source, and left there"),
    ];
    let of_interest = rows
        .iter()
        .enumerate()
        .filter(|(row, (_, count, _))| *row == 0 || *count > 0 && !(look && *row == 1));
    for (row, (name, count, what)) in of_interest {
        let what = if look && row == 0 { "" } else { what };
        output.line(format!("{name:<13}{count:>12}  {what}").trim_end())?;
    }
    output.line(&format!("{:<13}{seconds:>11.1}s", "took"))
}
