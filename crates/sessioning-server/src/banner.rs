//! What the service says at its start: am I running what I think I am, and where?

use std::io::Write;

use sessioning_mongodb::{Layout, MongoSettings};

use crate::BUILD;
use crate::app::App;
use crate::config::{AdminListen, Config, StoreUrl};
use crate::data_folder;
use crate::router::document;

/// Where reverse proxies ask, by any method.
const FOR_PROXIES: [&str; 3] = ["ANY /v1/forward-auth", "ANY /v1/forward-auth/{policy}", "ANY /v1/ext-authz"];

/// What is told: a name and what it is.
fn facts(
    app: &App,
    listening: &str,
    admin: Option<&str>,
    store_by: Option<&str>,
) -> Vec<(&'static str, String)> {
    let config = &app.config;
    let keys = match (app.keys().is_empty(), config.open) {
        (true, false) => "no API keys, so only this machine may call (protected mode)",
        (true, true) => "no API keys, and open: whoever reaches the address may log in as anybody",
        (false, _) => "every call needs an API key",
    };
    let policy = app.sessioning.policy();
    vec![
        ("store", store(config, store_by)),
        ("sessions end", format!("{} unused, {} old", policy.timeouts.idle, policy.timeouts.absolute)),
        ("callers", keys.into()),
        ("listening", listening.into()),
        ("admin", admin.unwrap_or("off").into()),
    ]
}

/// The store: on a disk by the folder's full path; and the variable of another program, if that chose it.
fn store(config: &Config, by: Option<&str>) -> String {
    let by = by.map(|variable| format!(", by {variable} in the environment")).unwrap_or_default();
    place(config) + &by
}

fn place(config: &Config) -> String {
    match config.mongo_settings() {
        None => match &config.store {
            StoreUrl::Embedded(path) => {
                let folder = data_folder::find(path).unwrap_or_else(|| path.clone());
                StoreUrl::Embedded(folder).to_string()
            }
            other => other.to_string(),
        },
        Some(MongoSettings { layout: Layout::Native, database, .. }) => {
            format!("{} (database {database})", config.store)
        }
        Some(MongoSettings { concept, database, .. }) => format!(
            "{} (database {database}, concept layout: {concept}.sessions keeps tokens in clear, as the original does)",
            config.store
        ),
    }
}

fn routes(app: &App) -> Vec<String> {
    let concept = app.config.concept.paths().map(|path| format!("POST {path}"));
    let admin: &[&str] = match app.config.admin_listen {
        AdminListen::On(_) => &["GET /livez (admin)", "GET /readyz (admin)", "GET /metrics (admin)"],
        AdminListen::Off => &[],
    };
    let others = ["GET /openapi.json", "GET /"].iter().chain(admin).map(ToString::to_string);
    let for_proxies = FOR_PROXIES.iter().map(ToString::to_string);
    concept.into_iter().chain(v1_routes()).chain(for_proxies).chain(others).collect()
}

fn v1_routes() -> impl Iterator<Item = String> {
    document().paths.paths.iter().flat_map(|(path, item)| {
        let methods = [
            ("GET", item.get.is_some()),
            ("POST", item.post.is_some()),
            ("PATCH", item.patch.is_some()),
            ("DELETE", item.delete.is_some()),
        ];
        let there = methods.into_iter().filter(|(_, there)| *there);
        there.map(move |(method, _)| format!("{method} {path}"))
    })
}

/// Says it: as a block of lines, or as one JSON line among the others.
pub(crate) fn show(app: &App, listening: &str, admin: Option<&str>, store_by: Option<&str>, json: bool) {
    let (facts, routes) = (facts(app, listening, admin, store_by), routes(app));
    if json {
        let of = |name| facts.iter().find(|(known, _)| *known == name).map(|(_, fact)| fact.as_str());
        tracing::info!(
            version = BUILD,
            store = of("store"),
            callers = of("callers"),
            listening,
            admin,
            routes = routes.join(", "),
            "sessioning has started"
        );
        return;
    }
    let mut block = String::new();
    for (name, fact) in facts {
        block.push_str(&format!("  {name:<13}{fact}\n"));
    }
    for (number, route) in routes.iter().enumerate() {
        let name = if number == 0 { "routes" } else { "" };
        block.push_str(&format!("  {name:<13}{route}\n"));
    }
    write(&block);
}

/// Says what begins, before anything can take time or fail: which build, and as which process.
pub(crate) fn begin(json: bool) {
    let process = std::process::id();
    if json {
        tracing::info!(version = BUILD, process, "sessioning starts");
    } else {
        write(&format!("sessioning {BUILD}, process {process}\n"));
    }
}

fn write(block: &str) {
    // There is nobody to tell when standard error is closed.
    let _ = std::io::stderr().write_all(block.as_bytes());
}
