//! `sessioning list`

use clap::Args;
use serde_json::json;
use sessioning::User;

use crate::connection::Connection;
use crate::outcome::Failure;
use crate::output::Output;
use crate::sessions::{heading, line};
use crate::text::as_written;

/// How many are asked for at once.
const PAGE: usize = 200;

/// Lists a user's live sessions, the oldest first. Needs a key with the scope admin, where keys are configured.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning list alice              where alice is logged in
  sessioning list alice --quiet      the ids alone, one a line
  sessioning list alice --json       everything, as one JSON object")]
pub(crate) struct Arguments {
    /// The application's own id of the person.
    #[arg(value_parser = as_written::<User>)]
    user: String,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let service = arguments.connection.service()?;
    let (mut sessions, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = service.client.list_user(&arguments.user, PAGE, cursor.as_deref()).await;
        let page = page.map_err(|error| service.failed(&error))?;
        sessions.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    if output.json {
        return output.line(&format!("{:#}", json!({ "items": sessions })));
    }
    if output.quiet {
        return sessions.iter().try_for_each(|session| output.line(&session.id));
    }
    if sessions.is_empty() {
        return output.line("no sessions");
    }
    output.line(&heading())?;
    sessions.iter().try_for_each(|session| output.line(&line(session)))
}
