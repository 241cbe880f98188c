//! Logs: lines for people on a terminal, JSON lines otherwise. Writing them never holds up a request.

mod plain;

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};
pub use plain::masked;
pub(crate) use plain::plain;

/// Lines that wait to be written; more are dropped, counted and said.
const BUFFERED_LINES: usize = 16 * 1024;

/// Writes what is left when it is dropped.
pub struct LogGuard {
    _worker: WorkerGuard,
    /// How many lines were dropped.
    pub(crate) dropped: ErrorCounter,
    /// Whether lines are JSON.
    pub(crate) json: bool,
}

/// Starts logging to standard error, for the whole process.
#[must_use]
pub fn start(config: &LogConfig) -> LogGuard {
    let (writer, worker) =
        NonBlockingBuilder::default().buffered_lines_limit(BUFFERED_LINES).lossy(true).finish(io::stderr());
    let dropped = writer.error_counter();
    let terminal = io::stderr().is_terminal();
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let registry = tracing_subscriber::registry().with(filter(config.level));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false);
    // Fails when the process logs already, as in a program that embeds the service: its way of logging stays.
    let _ = if json {
        registry.with(lines.json().flatten_event(true)).try_init()
    } else {
        registry.with(lines.with_ansi(terminal)).try_init()
    };
    LogGuard { _worker: worker, dropped, json }
}

/// The engine's and the protocol's own lines are for their developers.
fn filter(level: LogLevel) -> EnvFilter {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    EnvFilter::new(format!("warn,sessioning={level},sessioning_server={level},sessioning_cli={level}"))
}
