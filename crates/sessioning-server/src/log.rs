//! Logs: lines for people on a terminal, JSON lines otherwise. Writing them never holds up a request.

mod audit;
mod fold;
mod plain;
mod queue;
pub(crate) mod request;

use std::io::{self, IsTerminal};
use std::time::Duration;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};
pub(crate) use audit::{AUDIT, Kind, audit};
pub(crate) use fold::{Folded, Folds};
pub use plain::masked;
pub(crate) use plain::plain;
pub(crate) use queue::Lines;
use request::WithRequest;

/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Writes what is left when it is dropped.
pub struct LogGuard {
    pub(crate) lines: Lines,
    /// Whether lines are JSON.
    pub(crate) json: bool,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.lines.close(LAST_LINES);
    }
}

/// Starts logging to standard error, for the whole process.
#[must_use]
pub fn start(config: &LogConfig) -> LogGuard {
    let lines = Lines::default();
    let terminal = io::stderr().is_terminal();
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let registry = tracing_subscriber::registry().with(filter(config.level));
    let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone());
    // Fails when the process logs already, as in a program that embeds the service: its way of logging stays.
    let _ = if json {
        let line = format::json().flatten_event(true).with_target(false);
        let layer = layer.fmt_fields(format::JsonFields::new());
        registry.with(layer.event_format(WithRequest { line, json })).try_init()
    } else {
        let line = format::format().with_target(false).with_ansi(terminal);
        registry.with(layer.with_ansi(terminal).event_format(WithRequest { line, json })).try_init()
    };
    let writing = lines.clone();
    // Without a thread nothing is written; the lines are counted as lost all the same.
    let _ = std::thread::Builder::new().name("log".into()).spawn(move || writing.write_to(io::stderr()));
    LogGuard { lines, json }
}

/// The engine's and the protocol's own lines are for their developers. What the engine meets the store says itself, once and
/// in words.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let others = Targets::new().with_default(Level::WARN);
    let engine = ["fjall", "lsm_tree"].map(|name| (name, LevelFilter::OFF));
    let ours = ["sessioning", "sessioning_server", "sessioning_cli"]
        .map(|name| (name, LevelFilter::from_level(level)));
    others.with_targets(engine).with_targets(ours)
}
