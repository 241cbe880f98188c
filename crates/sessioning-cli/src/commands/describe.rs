//! `sessioning describe`

use clap::Args;

use crate::connection::Connection;
use crate::outcome::Failure;
use crate::output::Output;
use crate::sessions::rows;

/// Shows a live session by its public id, as logs and lists name it. Exits with 3 when there is none.
///
/// Needs a key with the scope admin, where keys are configured. Looking is no use: it keeps no session alive.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning describe 01a20a61-fb89-7a5c-af52-803629217bfa
  sessioning describe 01a20a61-fb89-7a5c-af52-803629217bfa --json")]
pub(crate) struct Arguments {
    /// The session's public id.
    id: String,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let service = arguments.connection.service()?;
    let found = service.client.describe(&arguments.id).await.map_err(|error| service.failed(&error))?;
    let session = found.ok_or_else(|| Failure::no_session_of(&arguments.id))?;
    output.result(&session, &session.user, &rows(&session))
}
