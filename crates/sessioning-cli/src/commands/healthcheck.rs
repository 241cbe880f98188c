//! `sessioning healthcheck`

use clap::Args;
use serde_json::json;

use crate::connection::ApiKey;
use crate::outcome::Failure;
use crate::output::Output;

/// Asks a running service whether it is ready: for container health checks and for people at night.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning healthcheck
  sessioning healthcheck --admin-url http://127.0.0.1:9000")]
pub(crate) struct Arguments {
    /// Where its admin listener is.
    #[arg(long, env = "SESSIONING_ADMIN_URL", default_value = "http://127.0.0.1:7378", value_name = "URL")]
    admin_url: String,

    #[command(flatten)]
    key: ApiKey,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let url = &arguments.admin_url;
    let failed = |error| Failure::of_call(url, &error);
    arguments.key.client(url)?.ready().await.map_err(failed)?;
    match (output.json, output.quiet) {
        (true, _) => output.line(&json!({ "ready": true }).to_string()),
        (_, true) => Ok(()),
        _ => output.line("ready"),
    }
}
