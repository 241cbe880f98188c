//! `[concept]`: the concept surface and the dialects that people have of it.

use serde::{Deserialize, Serialize};

/// `[concept]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConceptConfig {
    /// What its paths begin with.
    pub base_path: String,
    /// The concept's name.
    pub name: String,
    /// The name of the action that begins a session.
    pub create: String,
    /// The name of the action that ends one.
    pub delete: String,
    /// The name of the query for a session's user.
    pub get_user: String,
    /// The field that holds the session.
    pub field: String,
    /// What a query for an unknown session answers: `error` or `empty`.
    pub unknown_session: UnknownSession,
    /// The browser origins that may call; `*` is all of them.
    pub cors_origins: Vec<String>,
}

impl Default for ConceptConfig {
    fn default() -> Self {
        Self {
            base_path: "/api".into(),
            name: "Sessioning".into(),
            create: "create".into(),
            delete: "delete".into(),
            get_user: "_getUser".into(),
            field: "session".into(),
            unknown_session: UnknownSession::Error,
            cors_origins: Vec::new(),
        }
    }
}

impl ConceptConfig {
    /// The paths of create, delete and the query for a user.
    #[must_use]
    pub fn paths(&self) -> [String; 3] {
        [&self.create, &self.delete, &self.get_user]
            .map(|method| format!("{}/{}/{method}", self.base_path.trim_end_matches('/'), self.name))
    }

    /// Why these names cannot be paths; `None` if they can.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let fault = |key: &str, why: String| Some((format!("concept.{key}"), why));
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte));
        let is_name = |text: &str| !text.is_empty() && plain(text);
        let base = &self.base_path;
        if !(base.is_empty() || base.strip_prefix('/').is_some_and(|path| path.split('/').all(is_name))) {
            return fault("base_path", format!("{base:?} must be empty or a path such as /api"));
        }
        let names = [
            ("name", &self.name),
            ("create", &self.create),
            ("delete", &self.delete),
            ("get_user", &self.get_user),
        ];
        if let Some((key, name)) = names.into_iter().find(|(_, name)| !is_name(name)) {
            return fault(key, format!("{name:?} must be a plain name of A-Z, a-z, 0-9, _, -, . and ~"));
        }
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            let why = format!("{origin:?} is no origin such as https://app.example, and not *");
            return fault("cors_origins", why);
        }
        let mut paths = self.paths();
        paths.sort();
        if paths.windows(2).any(|pair| pair[0] == pair[1]) || paths[0].starts_with("/v1/") {
            let why = "create, delete and get_user need three different paths outside /v1/";
            return fault("create", why.into());
        }
        None
    }
}

/// What a concept query for an unknown session answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSession {
    /// `[{"error": …}]`, as the original does.
    Error,
    /// `[]`
    Empty,
}

/// Whether a browser could send it: `*` here is all of them.
fn is_origin(text: &str) -> bool {
    let host =
        text.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    text == "*" || host.is_some_and(|(_, host)| !host.is_empty() && host.bytes().all(is_of_a_host))
}

/// Whether a host with its port may hold it.
pub(super) fn is_of_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte)
}
