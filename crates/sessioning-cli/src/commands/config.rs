//! `sessioning config show`

use clap::{Args, Subcommand};
use sessioning_server::config::{Effective, KeyConfig, Setting};

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
    /// Print every value in force, and where it came from; takes the flags of serve. What serve refuses is refused.
    Show(Show),
}

#[derive(Args)]
struct Show {
    /// Print it as a sessioning.toml; without the digests of keys, and without passwords.
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    toml: bool,

    #[command(flatten)]
    flags: serve::Arguments,
}

pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let Command::Show(Show { toml, flags }) = &arguments.command;
    let effective = flags.effective()?;
    sessioning_server::check(&effective)?;
    if output.json {
        let text = serde_json::to_string_pretty(&effective.settings);
        output.line(&text.map_err(|error| Failure::other("output", &error))?)
    } else if *toml {
        as_toml(&effective).iter().try_for_each(|line| output.line(line))
    } else {
        as_table(&effective).iter().try_for_each(|line| output.line(line))
    }
}

fn as_table(effective: &Effective) -> Vec<String> {
    let rows = effective.settings.iter();
    let rows: Vec<_> =
        rows.map(|Setting { key, value, source }| (key.as_str(), value.to_string(), source)).collect();
    let key = rows.iter().map(|(key, ..)| key.len()).max().unwrap_or(0);
    let value = rows.iter().map(|(_, value, _)| value.len()).max().unwrap_or(0);
    let settings = rows.iter().map(|(name, text, source)| format!("{name:<key$}  {text:<value$}  {source}"));
    settings.chain(effective.config.keys.iter().map(about_key)).collect()
}

fn about_key(KeyConfig { id, scopes, label, .. }: &KeyConfig) -> String {
    let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    format!("key {id}  {}  {}  (digest not shown)", scopes.join(","), label.escape_debug())
}

/// The lines of a file: what belongs to no table first, since what follows a table's name belongs to it.
fn as_toml(effective: &Effective) -> Vec<String> {
    let (mut lines, mut tables) = (Vec::new(), Vec::new());
    let mut table = "";
    for Setting { key, value, source } in &effective.settings {
        let (name, key) = key.split_once('.').unwrap_or(("", key));
        let line = format!("{key} = {value}  # {source}");
        if name.is_empty() {
            lines.push(line);
            continue;
        }
        if name != table {
            table = name;
            tables.extend([String::new(), format!("[{name}]")]);
        }
        tables.push(line);
    }
    lines.extend(tables);
    lines.extend(effective.config.keys.iter().map(|key| format!("# {}", about_key(key))));
    lines
}
