//! `sessioning healthcheck`

use clap::Args;
use serde_json::json;
use sessioning_client::Code;
use sessioning_server::config::Inside;

use crate::connection::Caller;
use crate::outcome::Failure;
use crate::output::Output;
use crate::place::Listener;
use crate::text::Text;

const ELSEWHERE: &str = "health is told by the admin listener; --admin-url says where that is";

/// Asks a running service whether it is ready: for container health checks and for people at night.
#[derive(Args)]
#[command(after_help = "\
Without --admin-url it asks where the configuration of this folder, or SESSIONING_CONFIG, and the environment say that
the service tells health, if that is on this machine.

Examples:
  sessioning healthcheck
  sessioning healthcheck --admin-url http://127.0.0.1:9000")]
pub(crate) struct Arguments {
    /// Where its admin listener is [default: where the configuration says, if that is on this machine]
    #[arg(long, env = "SESSIONING_ADMIN_URL", value_name = "URL", value_parser = Text(Inside::Nothing))]
    admin_url: Option<String>,

    #[command(flatten)]
    caller: Caller,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let service = arguments.caller.service(arguments.admin_url.as_deref(), Listener::Admin)?;
    service.client.ready().await.map_err(|error| {
        let failure = service.failed(&error);
        match error.problem() {
            Some(problem) if problem.code == Code::NotFound => failure.and_then_say(&ELSEWHERE),
            _ => failure,
        }
    })?;
    match (output.json, output.quiet) {
        (true, _) => output.line(&json!({ "ready": true }).to_string()),
        (_, true) => Ok(()),
        _ => output.line("ready"),
    }
}
