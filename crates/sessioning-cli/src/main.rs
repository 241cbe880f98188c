//! The `sessioning` command line: runs the service, and talks to one.

mod bar;
mod cli;
mod commands;
mod connection;
mod outcome;
mod output;
mod place;
mod secret;
mod sessions;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::commands::{
    config, copy, create, delete, describe, get_user, healthcheck, keys, list, revoke, serve,
};
use crate::outcome::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    sessioning_server::keep_files_private();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::refusal(&error),
    };
    let output = Output { json: cli.json, quiet: cli.quiet };
    match run(cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::other("cannot start", &error))?;
    let result = runtime.block_on(async {
        match cli.command {
            None => serve::run(&cli.serve).await,
            Some(Command::Serve(arguments)) => serve::run(&arguments).await,
            Some(Command::Create(arguments)) => create::run(&arguments, output).await,
            Some(Command::GetUser(arguments)) => get_user::run(&arguments, output).await,
            Some(Command::Delete(arguments)) => delete::run(&arguments, output).await,
            Some(Command::List(arguments)) => list::run(&arguments, output).await,
            Some(Command::Describe(arguments)) => describe::run(&arguments, output).await,
            Some(Command::Revoke(arguments)) => revoke::run(&arguments, output).await,
            Some(Command::Keys(arguments)) => keys::run(arguments, output),
            Some(Command::Copy(arguments)) => copy::run(&arguments, output).await,
            Some(Command::Config(arguments)) => config::run(&arguments, output),
            Some(Command::Healthcheck(arguments)) => healthcheck::run(&arguments, output).await,
        }
    });
    // A purge or a write may still be under way on other threads; what was acknowledged is on the disk.
    runtime.shutdown_background();
    result
}
