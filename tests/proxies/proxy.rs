//! A real proxy, on its file in deploy/proxies with other addresses.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::mongo::free_port;
use crate::support::{PATIENCE, skip};

/// Where things are: addresses `127.0.0.1:PORT`, and the service's key, which may be empty.
pub struct Places<'a> {
    pub service: &'a str,
    pub application: &'a str,
    pub key: &'a str,
}

/// How a proxy is started.
pub struct Kind {
    pub name: &'static str,
    /// The programs it may be.
    program: &'static str,
    /// Its arguments; `{folder}` is where its files are.
    arguments: &'static [&'static str],
    /// Its file with the addresses, and how each is written in it: the service, the application, where it listens,
    /// the key. A name in capitals is set in the environment instead.
    file: &'static str,
    written: [&'static str; 4],
}

pub const NGINX: Kind = Kind {
    name: "nginx",
    program: "nginx",
    arguments: &["-p", "{folder}/", "-c", "nginx.conf"],
    file: "sessioning.conf",
    written: ["127.0.0.1:7377", "127.0.0.1:3000", "127.0.0.1:8080", "default \"\"; }"],
};

pub const CADDY: Kind = Kind {
    name: "caddy",
    program: "caddy",
    arguments: &["run", "--config", "Caddyfile"],
    file: "Caddyfile",
    written: ["SESSIONING", "APPLICATION", "LISTEN", "SESSIONING_API_KEY"],
};

pub const HAPROXY: Kind = Kind {
    name: "haproxy",
    program: "haproxy",
    arguments: &["-db", "-f", "haproxy.cfg"],
    file: "haproxy.cfg",
    written: ["SESSIONING", "APPLICATION", "LISTEN", "SESSIONING_API_KEY"],
};

pub const APACHE: Kind = Kind {
    name: "apache",
    program: "apache2",
    arguments: &["-f", "{folder}/httpd.conf", "-DFOREGROUND"],
    file: "sessioning.conf",
    written: ["SESSIONING", "127.0.0.1:3000", "127.0.0.1:8080", "SESSIONING_API_KEY"],
};

pub const ENVOY: Kind = Kind {
    name: "envoy",
    program: "envoy",
    arguments: &["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"],
    file: "envoy.yaml",
    written: ["7377", "3000", "8080", "value: \"\""],
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Kind {
    /// The program, if this machine has it; otherwise that is said.
    pub fn program(&self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let more = [root().join(".cache/python/bin"), "/usr/sbin".into()];
        let found = std::env::split_paths(&path).chain(more).map(|folder| folder.join(self.program));
        let program = found.into_iter().find(|program| program.exists());
        if program.is_none() {
            skip(&format!("{} is not installed; scripts/test installs it where it may", self.program));
        }
        program
    }

    /// The folder with its files, its addresses those of this test.
    fn folder(&self, places: &Places<'_>, port: u16) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        // Started by root, some serve as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for file in fs::read_dir(root().join("deploy/proxies").join(self.name)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        // Apache's and HAProxy's addresses of the service may lie in a script or in the file.
        let file = folder.path().join(self.file);
        let mut text = fs::read_to_string(&file).unwrap();
        for (written, value) in self.written.iter().zip(self.values(places, port)) {
            if is_variable(written) {
                assert!(self.names_variable(folder.path(), written), "nothing reads {written}");
                continue;
            }
            assert!(text.contains(written), "{} has no {written}", self.file);
            text = text.replace(written, &value);
        }
        fs::write(&file, text).unwrap();
        folder
    }

    /// What stands in the place of what is written.
    fn values(&self, places: &Places<'_>, port: u16) -> [String; 4] {
        let [service, application, listen] =
            [places.service, places.application, &format!("127.0.0.1:{port}")].map(str::to_owned);
        let port_of = |address: &str| address.rsplit(':').next().unwrap().to_owned();
        match self.name {
            "nginx" => [service, application, listen, format!("default \"{}\"; }}", places.key)],
            "caddy" => [service, application, format!(":{port}"), places.key.into()],
            "haproxy" => [format!("http://{service}"), application, listen, places.key.into()],
            "apache" => [format!("http://{service}"), application, listen, places.key.into()],
            "envoy" => [
                port_of(&service),
                port_of(&application),
                port_of(&listen),
                format!("value: \"{}\"", places.key),
            ],
            other => panic!("{other} is no proxy"),
        }
    }

    fn names_variable(&self, folder: &Path, name: &str) -> bool {
        fs::read_dir(folder).unwrap().any(|file| {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            ["{$NAME:", "{$NAME}", "getenv(\"NAME\")", "presetenv NAME "]
                .iter()
                .any(|form| text.contains(&form.replace("NAME", name)))
        })
    }
}

fn is_variable(written: &str) -> bool {
    written.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

/// A running proxy.
pub struct Proxy {
    child: Child,
    /// Where visitors come.
    pub address: String,
    folder: tempfile::TempDir,
}

impl Proxy {
    /// Starts one; panics with its log if it does not come up.
    pub fn start(kind: &Kind, program: &Path, places: &Places<'_>) -> Self {
        // A port that was free a moment ago may be taken: by another test, or by a connection.
        for _ in 0..2 {
            if let Ok(proxy) = Self::try_start(kind, program, places) {
                return proxy;
            }
        }
        Self::try_start(kind, program, places)
            .unwrap_or_else(|log| panic!("{} did not start:\n{log}", kind.name))
    }

    fn try_start(kind: &Kind, program: &Path, places: &Places<'_>) -> Result<Self, String> {
        let port = free_port();
        let folder = kind.folder(places, port);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let here = folder.path().to_str().unwrap();
        let mut command = Command::new(program);
        command
            .args(kind.arguments.iter().map(|argument| argument.replace("{folder}", here)))
            .current_dir(&folder)
            .envs([("SESSIONING_FOLDER", here), ("HOME", here), ("CADDY_ADMIN", "off")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        let values = kind.values(places, port);
        command.envs(kind.written.iter().zip(values).filter(|(written, _)| is_variable(written)));
        let child = command.spawn().unwrap();
        let mut proxy = Self { child, address: format!("127.0.0.1:{port}"), folder };
        if proxy.comes_up() { Ok(proxy) } else { Err(proxy.log()) }
    }

    fn comes_up(&mut self) -> bool {
        let began = std::time::Instant::now();
        while began.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(&self.address).is_ok() {
                return true;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        false
    }

    /// Everything it has said so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its workers, too.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}
