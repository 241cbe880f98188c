//! The proxies, and how the addresses are written in the file of each.

use std::path::{Path, PathBuf};

use crate::support::skip;

/// Where things are: addresses as `127.0.0.1:PORT`, and the service's key, which may be empty.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    pub service: &'a str,
    pub application: &'a str,
    pub key: &'a str,
}

/// How a place is told to a proxy.
pub enum Setting {
    /// This text of its file is replaced by that one.
    Written(&'static str, String),
    /// This variable of the environment, which one of its files must name, has that value.
    Variable(&'static str, String),
    /// This is its whole file.
    Instead(String),
}

use Setting::{Variable, Written};

/// How a proxy is started.
pub struct Kind {
    /// Its folder in `deploy/proxies`.
    pub name: &'static str,
    program: &'static str,
    /// `{folder}` in them is where its files are.
    pub arguments: &'static [&'static str],
    /// The file that has the addresses.
    pub file: &'static str,
    /// It cannot remove headers by a pattern: the service refuses them, and is asked on open paths, too.
    pub asks_of_names: bool,
    /// It passes on trailers, as trailers.
    pub passes_trailers: bool,
    /// What a visitor with 18 KiB of cookies is told.
    pub oversized: u16,
    /// Where it is told what, listening at this address.
    pub settings: fn(Places<'_>, &str) -> Vec<Setting>,
}

pub const NGINX: Kind = Kind {
    name: "nginx",
    program: "nginx",
    arguments: &["-p", "{folder}/", "-c", "nginx.conf"],
    file: "sessioning.conf",
    asks_of_names: true,
    passes_trailers: false,
    oversized: 503,
    settings: |places, listen| {
        vec![
            Written("127.0.0.1:7377", places.service.into()),
            Written("127.0.0.1:3000", places.application.into()),
            Written("127.0.0.1:8080", listen.into()),
            Written("default \"\"; }", format!("default \"{}\"; }}", places.key)),
        ]
    },
};

/// nginx as it is for headers before `Host` when another server, whose settings are these, is the address's default.
pub const LENIENT_NGINX: Kind = Kind {
    settings: |places, listen| {
        let mut settings = (NGINX.settings)(places, listen);
        settings.push(Written("underscores_in_headers off", "underscores_in_headers on".into()));
        settings.push(Written("ignore_invalid_headers on", "ignore_invalid_headers off".into()));
        settings
    },
    ..NGINX
};

pub const CADDY: Kind = Kind {
    name: "caddy",
    program: "caddy",
    arguments: &["run", "--config", "Caddyfile"],
    file: "Caddyfile",
    asks_of_names: false,
    passes_trailers: false,
    oversized: 431,
    settings: |places, listen| {
        vec![
            Variable("SESSIONING", places.service.into()),
            Variable("SESSIONING_API_KEY", places.key.into()),
            Variable("APPLICATION", places.application.into()),
            Variable("LISTEN", listen.replace("127.0.0.1", "")),
            Variable("CADDY_ADMIN", "off".into()),
        ]
    },
};

pub const HAPROXY: Kind = Kind {
    name: "haproxy",
    program: "haproxy",
    arguments: &["-db", "-f", "haproxy.cfg"],
    file: "haproxy.cfg",
    asks_of_names: false,
    passes_trailers: true,
    oversized: 400,
    settings: |places, listen| {
        vec![
            Variable("SESSIONING", format!("http://{}", places.service)),
            Variable("SESSIONING_API_KEY", places.key.into()),
            Variable("APPLICATION", places.application.into()),
            Variable("LISTEN", listen.into()),
        ]
    },
};

pub const APACHE: Kind = Kind {
    name: "apache",
    program: "apache2",
    arguments: &["-f", "{folder}/httpd.conf", "-DFOREGROUND"],
    file: "sessioning.conf",
    asks_of_names: false,
    passes_trailers: false,
    oversized: 400,
    settings: |places, listen| {
        vec![
            Variable("SESSIONING", format!("http://{}", places.service)),
            Variable("SESSIONING_API_KEY", places.key.into()),
            Written("127.0.0.1:3000", places.application.into()),
            Written("127.0.0.1:8080", listen.into()),
        ]
    },
};

pub const ENVOY: Kind = Kind {
    name: "envoy",
    program: "envoy",
    arguments: &["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"],
    file: "envoy.yaml",
    asks_of_names: false,
    passes_trailers: false,
    oversized: 431,
    settings: |places, listen| {
        let port = |address: &str| address.replace("127.0.0.1:", "port_value: ");
        vec![
            Written("port_value: 7377", port(places.service)),
            Written("port_value: 3000", port(places.application)),
            Written("port_value: 8080", port(listen)),
            Written("value: \"\"", format!("value: \"{}\"", places.key)),
        ]
    },
};

/// The folder of the whole project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Kind {
    /// The program, if this machine has it; otherwise that is said.
    pub fn program(&self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Of what is installed by the system, users other than root may not have the last in their path.
        let more = [root().join(".cache/python/bin"), "/usr/sbin".into()];
        let folders = std::env::split_paths(&path).chain(more);
        let found = folders.map(|folder| folder.join(self.program)).find(|program| program.exists());
        if found.is_none() {
            skip(&format!("{} is missing; scripts/test installs it where it may", self.program));
        }
        found
    }
}
