//! What can be said on the command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    config, copy, create, delete, describe, get_user, healthcheck, keys, list, revoke, serve,
};

/// Keeps a user's logged-in state across requests: begin a session, ask whose it is, end it for good.
#[derive(Parser)]
#[command(
    name = "sessioning",
    version = sessioning_server::BUILD,
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  sessioning                              run the service on ./data, at 127.0.0.1:7377
  sessioning --store memory: -v           run it in memory, logging every request
  sessioning create alice --quiet > t     begin a session, keep its token in the file t
  sessioning get-user t                   ask whose it is
  sessioning delete t                     end it
  sessioning list alice                   see where alice is logged in
  sessioning revoke --user alice          log alice out everywhere
  sessioning copy --from A --to B         move all sessions to another store
  sessioning config show                  what is set, and where

Exit codes: 0 ok, 1 failure, 2 usage, 3 no such session, 4 not allowed, 5 unavailable."
)]
pub(crate) struct Cli {
    /// Print results as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print the bare result alone, for scripts.
    #[arg(long, short, global = true, conflicts_with = "json")]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) serve: serve::Arguments,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the service (the default).
    Serve(serve::Arguments),
    /// Begin a session for a user; prints its token.
    Create(create::Arguments),
    /// Tell whose session a token opens.
    GetUser(get_user::Arguments),
    /// Log out: end the session that a token opens.
    Delete(delete::Arguments),
    /// List a user's sessions.
    List(list::Arguments),
    /// Show a session by its public id.
    Describe(describe::Arguments),
    /// End a session by its id, all of a user, or everybody's.
    Revoke(revoke::Arguments),
    /// Move all sessions from one store to another.
    Copy(copy::Arguments),
    /// Make API keys.
    Keys(keys::Arguments),
    /// Show the configuration.
    Config(config::Arguments),
    /// Ask a running service whether it is ready.
    Healthcheck(healthcheck::Arguments),
}
