//! Results on standard output, failures on standard error; for people, for scripts, or as JSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use sessioning_server::masked;

use crate::outcome::Failure;

/// Tells why the arguments are no command, without repeating a key or a token among them; or the help.
pub(crate) fn refusal(error: &clap::Error) -> ExitCode {
    let shown = error.render();
    let masked_out = matches!(masked(&shown.to_string()), Cow::Owned(_));
    if masked_out {
        // Without colours: they would stand between the parts of a secret.
        let _ = write!(io::stderr(), "{}", masked(&shown.to_string()));
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints a result: whole as JSON, its essence alone when quiet, else as names and values.
    pub(crate) fn result(
        self,
        whole: &impl Serialize,
        essence: &str,
        rows: &[(&str, String)],
    ) -> Result<(), Failure> {
        if self.json {
            let text =
                serde_json::to_string_pretty(whole).map_err(|error| Failure::other("output", &error))?;
            self.line(&text)
        } else if self.quiet {
            self.line(essence)
        } else {
            let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
            rows.iter().try_for_each(|(name, value)| self.line(&format!("{name:<width$}{value}")))
        }
    }

    /// Prints a line of a result.
    pub(crate) fn line(self, line: &str) -> Result<(), Failure> {
        writeln!(io::stdout(), "{line}").map_err(|error| Failure::other("cannot write the result", &error))
    }

    /// Prints what belongs to a result and not into it, on standard error.
    pub(crate) fn aside(self, line: &str) -> Result<(), Failure> {
        writeln!(io::stderr(), "{line}").map_err(|error| Failure::other("cannot write", &error))
    }

    /// Tells why a command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        let message = if self.json {
            json!({ "error": failure.code_name(), "message": failure.message }).to_string()
        } else {
            format!("sessioning: {}", failure.message)
        };
        // There is nobody to tell when standard error is closed; the exit code says it as well.
        let _ = writeln!(io::stderr(), "{message}");
    }
}
