//! Logs: lines for people on a terminal, JSON lines otherwise. Writing them never holds up a request.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat, LogLevel};

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

/// What a caller sent, fit for a line: control characters escaped, tokens and keys cut, at most 300 characters.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    const MOST: usize = 300;
    let harmless = text.len() <= MOST
        && !text.contains("ses_")
        && !text.contains("sk_")
        && !text.chars().any(char::is_control);
    if harmless {
        return text.into();
    }
    let mut line = String::new();
    for character in text.chars().take(MOST) {
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
    for secret in ["ses_", "sk_"] {
        if let Some(start) = line.find(secret) {
            line.truncate(start + secret.len());
            line.push('…');
        }
    }
    line.into()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_callers_send_cannot_break_a_line_or_leak_a_token() {
        assert_eq!(plain("alice"), "alice");
        assert_eq!(plain("a\r\n\u{1b}[31mb"), "a\\r\\n\\u{1b}[31mb");
        assert_eq!(plain("my ses_0123456789"), "my ses_…");
        assert_eq!(plain(&"x".repeat(5000)).len(), 300);
    }
}
