//! `sessioning create`

use clap::Args;
use sessioning::{Timeout, User};
use sessioning_client::{CreateSession, Metadata};

use crate::connection::Connection;
use crate::outcome::Failure;
use crate::output::Output;
use crate::sessions::or_never;
use crate::text::as_written;

/// Begins a session for a user, as an application does once it has checked their password.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning create alice                          print the token and the session
  sessioning create alice --quiet > token.txt      keep the bare token in a file
  sessioning create alice --idle-timeout 30m       end it after half an hour without use")]
pub(crate) struct Arguments {
    /// The application's own id of the person: 1 to 256 bytes.
    #[arg(value_parser = as_written::<User>)]
    user: String,

    /// End it when unused for so long, such as 30m; not longer than the service allows.
    #[arg(long, value_name = "DURATION", value_parser = as_written::<Timeout>)]
    idle_timeout: Option<String>,

    /// End it at that age, such as 12h; not longer than the service allows.
    #[arg(long, value_name = "DURATION", value_parser = as_written::<Timeout>)]
    absolute_timeout: Option<String>,

    /// A name for it, such as "kitchen tablet".
    #[arg(long)]
    label: Option<String>,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let label = arguments.label.clone();
    let new = CreateSession {
        user: arguments.user.clone(),
        idle_timeout: arguments.idle_timeout.clone(),
        absolute_timeout: arguments.absolute_timeout.clone(),
        metadata: label.map(|label| Metadata { label: Some(label), ..Metadata::default() }),
        ..CreateSession::default()
    };
    let service = arguments.connection.service()?;
    let created = service.client.create(&new).await.map_err(|error| service.failed(&error))?;
    let session = &created.session;
    output.result(
        &created,
        created.token.expose(),
        &[
            ("token", created.token.expose().to_owned()),
            ("session", session.id.clone()),
            ("user", session.user.clone()),
            ("ends", or_never(session.expires_at.as_deref())),
            ("ends unused", or_never(session.idle_expires_at.as_deref())),
        ],
    )
}
