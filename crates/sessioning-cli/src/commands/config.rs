//! `sessioning config show`

use clap::{Args, Subcommand};

use super::serve;
use crate::outcome::Failure;
use crate::output::Output;

/// Shows the configuration that `serve` would run with.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print every value in force, and where it came from; takes the flags of serve.
    Show(serve::Arguments),
}

pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let Command::Show(flags) = &arguments.command;
    let effective = flags.effective()?;
    if output.json {
        let text = serde_json::to_string_pretty(&effective.settings);
        return output.line(&text.map_err(|error| Failure::other("output", &error))?);
    }
    let width = |text: fn(&sessioning_server::config::Setting) -> &str| {
        effective.settings.iter().map(|setting| text(setting).len()).max().unwrap_or(0)
    };
    let (key, value) = (width(|setting| &setting.key), width(|setting| &setting.value));
    for setting in &effective.settings {
        output.line(&format!("{:<key$}  {:<value$}  {}", setting.key, setting.value, setting.source))?;
    }
    for known in &effective.config.keys {
        let scopes: Vec<_> = known.scopes.iter().map(ToString::to_string).collect();
        output.line(&format!(
            "key {}  {}  {}  (digest not shown)",
            known.id,
            scopes.join(","),
            known.label
        ))?;
    }
    Ok(())
}
