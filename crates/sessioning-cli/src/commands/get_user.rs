//! `sessioning get-user`

use std::path::PathBuf;

use clap::Args;

use crate::connection::Connection;
use crate::outcome::Failure;
use crate::output::Output;
use crate::secret;

/// Tells whose session a token opens. Exits with 3 when it opens none.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning get-user token.txt          the token is in a file
  sessioning get-user - < token.txt      or on standard input
  sessioning get-user                    or typed at a prompt")]
pub(crate) struct Arguments {
    /// A file that holds the token, or - for standard input; a prompt asks if there is neither.
    #[arg(value_name = "TOKEN_FILE")]
    token: Option<PathBuf>,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let token = secret::token(arguments.token.as_deref())?;
    let service = arguments.connection.service()?;
    let found = service.client.check(&token).await.map_err(|error| service.failed(&error))?;
    let session = found.ok_or_else(Failure::no_session)?;
    output.result(
        &session,
        &session.user,
        &[
            ("user", session.user.clone()),
            ("session", session.id.clone()),
            ("began", session.created_at.clone()),
            ("last seen", session.last_seen.clone()),
        ],
    )
}
