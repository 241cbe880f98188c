//! A server that speaks MongoDB's protocol, started and ended by the test, and a proxy that makes faults before it.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Connection, eventually, skip};

/// Names a server that is there already, whichever it is.
pub const URL: &str = "SESSIONING_TEST_MONGODB_URL";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A new database on the server that the tests are given; `None`, said, where there is none.
pub fn database() -> Option<String> {
    let Ok(server) = std::env::var(URL) else {
        skip(&format!("{URL} names no server; scripts/test starts one"));
        return None;
    };
    let (server, options) = server.split_once('?').unwrap_or((&server, ""));
    let name = format!("sessioning_test_{:016x}", fastrand::u64(..));
    let options = if options.is_empty() { String::new() } else { format!("?{options}") };
    Some(format!("{}/{name}{options}", server.trim_end_matches('/')))
}

/// The name of the database that a URL names.
pub fn name_of(url: &str) -> &str {
    let (_, name) = url.rsplit_once('/').unwrap();
    name.split('?').next().unwrap()
}

/// The URL with one more option.
pub fn with_option(url: &str, option: &str) -> String {
    format!("{url}{}{option}", if url.contains('?') { '&' } else { '?' })
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server of the test's own, which it may stop and start.
pub struct Mongo {
    child: Child,
    port: u16,
    file: PathBuf,
}

impl Mongo {
    /// Starts one that keeps its data in `file`; `None`, said, where that is not possible.
    pub fn start(file: &Path) -> Option<Self> {
        if !root().join("tests/mongodb/lib").is_dir() {
            skip("tests/mongodb/lib has no server; scripts/test fetches it");
            return None;
        }
        let port = free_port();
        Some(Self { child: launch(port, file), port, file: file.to_owned() })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, database: &str) -> String {
        format!("mongodb://127.0.0.1:{}/{database}", self.port)
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Ends it in order, its data on the disk.
    pub fn stop(&mut self) {
        self.signal("TERM");
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port and data.
    pub fn restart(&mut self) {
        self.child = launch(self.port, &self.file);
    }
}

impl Drop for Mongo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(port: u16, file: &Path) -> Child {
    let mut child = Command::new("java")
        .current_dir(root().join("tests/mongodb"))
        .args(["-Xmx1g", "-cp", "lib/*", "TestMongoServer.java"])
        .arg(port.to_string())
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .expect("java");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "the test's MongoDB server did not start");
    child
}

/// A proxy before a server, which can be told to fail.
pub struct Faults {
    child: Child,
    control: String,
    pub port: u16,
}

impl Faults {
    /// Starts one before that port; `None`, said, where there is no such proxy.
    pub fn before(upstream: u16) -> Option<Self> {
        let program = root().join(".cache/tools/bin/toxiproxy");
        if !program.exists() {
            skip("toxiproxy is missing; scripts/test installs it where there is Go");
            return None;
        }
        let (control, port) = (free_port(), free_port());
        let child = Command::new(program)
            .args(["-host", "127.0.0.1", "-port", &control.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let faults = Self { child, control: format!("127.0.0.1:{control}"), port };
        eventually("the proxy to start", || Connection::open(&faults.control).is_ok());
        let body = format!(
            r#"{{"name":"db","listen":"127.0.0.1:{port}","upstream":"127.0.0.1:{upstream}","enabled":true}}"#
        );
        faults.ask("POST", "/proxies", &body);
        Some(faults)
    }

    fn ask(&self, method: &str, path: &str, body: &str) {
        let mut connection = Connection::open(&self.control).unwrap();
        let kind = [("Content-Type", "application/json"), ("User-Agent", "tests")];
        let answer = connection.request(method, path, &kind, body.as_bytes()).unwrap();
        assert!(answer.status < 300, "{answer:?}");
    }

    /// Cuts every connection and refuses new ones.
    pub fn cut(&self) {
        self.ask("POST", "/proxies/db", r#"{"enabled":false}"#);
    }

    pub fn mend(&self) {
        self.ask("POST", "/proxies/db", r#"{"enabled":true}"#);
    }

    /// Nothing comes through in either direction, and nobody is told.
    pub fn swallow(&self) {
        self.toxic("swallow-up", "upstream", r#""type":"timeout","attributes":{"timeout":0}"#);
        self.lose_answers();
    }

    /// What is asked is done; its answer never comes.
    pub fn lose_answers(&self) {
        self.toxic("lose", "downstream", r#""type":"timeout","attributes":{"timeout":0}"#);
    }

    /// Every answer comes so much later.
    pub fn delay(&self, milliseconds: u32) {
        let latency = format!(r#""type":"latency","attributes":{{"latency":{milliseconds}}}"#);
        self.toxic("delay", "downstream", &latency);
    }

    fn toxic(&self, name: &str, stream: &str, what: &str) {
        self.ask("POST", "/proxies/db/toxics", &format!(r#"{{"name":"{name}","stream":"{stream}",{what}}}"#));
    }

    /// Ends every fault.
    pub fn heal(&self) {
        self.ask("POST", "/reset", "");
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stands before a server and passes everything on, but a command that has a word in it: neither it nor what comes after
/// it on its connection arrives, and nobody is told.
pub struct Hole {
    pub port: u16,
    open: Arc<AtomicBool>,
    met: Arc<AtomicBool>,
}

impl Hole {
    pub fn before(upstream: u16, word: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, met) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (opened, meets) = (Arc::clone(&open), Arc::clone(&met));
        // These end with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) else { continue };
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (opened, meets) = (Arc::clone(&opened), Arc::clone(&meets));
                std::thread::spawn(move || {
                    pass_on(from, to, |bytes| {
                        let meant = bytes.windows(word.len()).any(|part| part == word);
                        let swallowed = meant && opened.load(Ordering::SeqCst);
                        meets.fetch_or(swallowed, Ordering::SeqCst);
                        swallowed
                    });
                });
                std::thread::spawn(move || pass_on(server, client, |_| false));
            }
        });
        Self { port, open, met }
    }

    pub fn url(&self, database: &str) -> String {
        format!("mongodb://127.0.0.1:{}/{database}", self.port)
    }

    /// Whether it has swallowed anything.
    pub fn was_met(&self) -> bool {
        self.met.load(Ordering::SeqCst)
    }

    /// From now on everything passes, on new connections.
    pub fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, mut swallow: impl FnMut(&[u8]) -> bool) {
    let (mut bytes, mut dead) = (vec![0; 1 << 16], false);
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        dead = dead || swallow(&bytes[..read]);
        if !dead && to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
