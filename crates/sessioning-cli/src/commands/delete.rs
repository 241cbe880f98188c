//! `sessioning delete`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::connection::Connection;
use crate::outcome::Failure;
use crate::output::Output;
use crate::secret;

/// Logs out: ends the session that a token opens, for good. Ending what has ended already is no failure.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning delete token.txt          the token is in a file
  sessioning delete - < token.txt      or on standard input")]
pub(crate) struct Arguments {
    /// A file that holds the token, or - for standard input; a prompt asks if there is neither.
    #[arg(value_name = "TOKEN_FILE")]
    token: Option<PathBuf>,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let token = secret::token(arguments.token.as_deref())
        .map_err(|failure| failure.and_then_say(&"nothing has ended"))?;
    let service = arguments.connection.service()?;
    let failed = |error| service.failed(&error);
    let found = service.client.check(&token).await.map_err(failed)?;
    service.client.delete(&token).await.map_err(failed)?;
    match (output.json, output.quiet) {
        (true, _) => output.line(&json!({ "deleted": found.is_some() }).to_string()),
        (_, true) => Ok(()),
        _ if found.is_none() => {
            output.line("there was no such session here: it had ended, or is of another namespace")
        }
        _ => output.line("the session has ended"),
    }
}
