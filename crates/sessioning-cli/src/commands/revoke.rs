//! `sessioning revoke`

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use serde_json::json;
use sessioning::{Namespace, User};

use crate::connection::{Connection, Service};
use crate::outcome::Failure;
use crate::output::Output;
use crate::text::as_written;

/// Ends sessions for good: one by its id, all of a user, or everybody's. Asks first.
///
/// Needs a key with the scope admin, where keys are configured.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sessioning revoke 01a20a61-fb89-7a5c-af52-803629217bfa       one session
  sessioning revoke --user alice                               all of alice's
  sessioning revoke --user alice --except 01a20a61-…           all but one
  sessioning revoke --everyone                                 everybody's in this namespace
  sessioning revoke --everyone --yes --json                    in a script, without being asked")]
pub(crate) struct Arguments {
    #[command(flatten)]
    whom: Whom,

    /// Leave the session of this id.
    #[arg(long, value_name = "ID", conflicts_with_all = ["id", "everyone"])]
    except: Option<String>,

    /// With --everyone: in every namespace, not this one alone.
    #[arg(long, conflicts_with_all = ["id", "user", "namespace"])]
    all_namespaces: bool,

    /// Do not ask.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// The public id of the session to end.
    id: Option<String>,

    /// End all sessions of this user.
    #[arg(long, value_name = "USER", value_parser = as_written::<User>)]
    user: Option<String>,

    /// End everybody's sessions.
    #[arg(long)]
    everyone: bool,
}

pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let service = arguments.connection.service()?;
    let (what, word) = arguments.question(&service).await?;
    if !arguments.yes {
        confirm(&what, word)?;
    }
    let (said, result) = arguments.revoke(&service).await?;
    match (output.json, output.quiet) {
        (true, _) => output.line(&result.to_string()),
        (_, true) => Ok(()),
        _ => output.line(&said),
    }
}

impl Arguments {
    /// What is about to happen, and the word that confirms it. To a session that is not there, nothing.
    async fn question(&self, service: &Service) -> Result<(String, &str), Failure> {
        Ok(match &self.whom {
            Whom { id: Some(id), .. } => {
                let found = service.client.describe(id).await.map_err(|error| service.failed(&error))?;
                let user = found.ok_or_else(|| Failure::no_session_of(id))?.user;
                (format!("This ends the session {id} of {user}."), "yes")
            }
            Whom { user: Some(user), .. } => {
                let but = self.except.as_ref().map(|id| format!(" but {id}")).unwrap_or_default();
                (format!("This ends all sessions of {user}{but}."), user)
            }
            _ if self.all_namespaces => ("This logs everybody out, in every namespace.".into(), "everyone"),
            _ => {
                let namespace = self.connection.namespace.as_ref();
                let namespace = namespace.map_or("that is the key's own, or default", Namespace::as_str);
                (format!("This logs everybody out of the namespace {namespace}."), "everyone")
            }
        })
    }

    /// Does it; what was done, in words and as JSON.
    async fn revoke(&self, service: &Service) -> Result<(String, serde_json::Value), Failure> {
        let failed = |error| service.failed(&error);
        let client = &service.client;
        match &self.whom {
            Whom { id: Some(id), .. } => {
                let ended = client.revoke(id).await.map_err(failed)?;
                ended.ok_or_else(|| Failure::no_session_of(id))?;
                Ok((format!("the session {id} has ended"), json!({ "revoked": 1 })))
            }
            Whom { user: Some(user), .. } => {
                let count = client.revoke_user(user, self.except.as_deref()).await.map_err(failed)?;
                Ok((format!("{count} sessions of {user} have ended"), json!({ "revoked": count })))
            }
            _ => {
                let namespace = client.revoke_everyone(self.all_namespaces).await.map_err(failed)?;
                let of = namespace.as_ref().map_or("every namespace", |name| name);
                Ok((format!("every session of {of} has ended"), json!({ "namespace": namespace })))
            }
        }
    }
}

/// Asks on standard error; only the very word counts as yes.
fn confirm(what: &str, word: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::nobody_to_ask(what));
    }
    let failed = |error: io::Error| Failure::other("cannot ask", &error);
    let mut asking = io::stderr();
    write!(asking, "{what} Type {word} to go on: ").and_then(|()| asking.flush()).map_err(failed)?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).map_err(failed)?;
    if typed.trim() == word { Ok(()) } else { Err(Failure::not_confirmed()) }
}
