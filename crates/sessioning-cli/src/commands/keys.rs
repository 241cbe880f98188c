//! `sessioning keys new`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use sessioning::Namespace;
use sessioning_server::{NewKey, Scope};

use crate::outcome::Failure;
use crate::output::Output;

/// Makes API keys. The service stores their digests only.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key: printed once, with the lines to put into the configuration.
    #[command(after_help = "\
Examples:
  sessioning keys new --scope create,check --label shop
  sessioning keys new --scope check --namespace blog
  sessioning keys new --scope check --toml >> sessioning.toml     the key itself goes to standard error")]
    New {
        /// What the key may do; several separated by commas.
        #[arg(long, required = true, value_delimiter = ',')]
        scope: Vec<ScopeName>,

        /// What the key is for.
        #[arg(long, default_value = "")]
        label: String,

        /// The only namespace the key may use.
        #[arg(long)]
        namespace: Option<Namespace>,

        /// Print the lines for sessioning.toml alone, and the key on standard error.
        #[arg(long, conflicts_with_all = ["json", "quiet"])]
        toml: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ScopeName {
    /// Begin sessions.
    Create,
    /// Ask whose a session is, and end it by its own token.
    Check,
    /// See and end anybody's sessions.
    Admin,
}

pub(crate) fn run(arguments: Arguments, output: Output) -> Result<(), Failure> {
    let Command::New { scope, label, namespace, toml } = arguments.command;
    let scopes = scope.into_iter().map(|name| match name {
        ScopeName::Create => Scope::Create,
        ScopeName::Check => Scope::Check,
        ScopeName::Admin => Scope::Admin,
    });
    let made = NewKey::generate(scopes.collect(), label, namespace);
    let made = made.map_err(|error| Failure::other("no random bytes", &error))?;
    if output.json {
        let whole = json!({ "key": made.key.as_str(), "entry": made.entry });
        return output.line(&whole.to_string());
    }
    if output.quiet {
        return output.line(&made.key);
    }
    let entry = toml::to_string(&made.entry).map_err(|error| Failure::other("output", &error))?;
    let shown = "The key, for the caller. It is shown this once:\n";
    if toml {
        // Whatever the file that it is added to ends with.
        output.line(&format!("\n[[keys]]\n{}", entry.trim_end()))?;
        return output.aside(&format!("{shown}\n  {}", made.key.as_str()));
    }
    output.line(shown)?;
    output.line(&format!("  {}\n", made.key.as_str()))?;
    output.line("For sessioning.toml (it holds a digest, not the key):\n")?;
    output.line("  [[keys]]")?;
    entry.lines().try_for_each(|line| output.line(&format!("  {line}")))
}
