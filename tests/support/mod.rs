//! What the end-to-end tests share: the real binary, started and ended, and a plain HTTP client.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub mod mongo;

/// How long anything may take here before it counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The binary under test: the release build that `scripts/test` names, or the one cargo just built.
pub fn binary() -> PathBuf {
    std::env::var_os("SESSIONING_BIN").map_or(env!("CARGO_BIN_EXE_sessioning").into(), PathBuf::from)
}

/// Says that a test cannot run here for want of something; under CI that is a failure.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "under CI nothing may be skipped: {why}");
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    {
        println!("SKIPPED: {why}");
    }
}

/// The command line, on no configuration but what the arguments say.
/// Whether a program is there and does that.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("SESSIONING_") || text == "MONGODB_URL" || text == "DB_NAME" {
            command.env_remove(name);
        }
    }
    command
}

pub fn run(arguments: &[&str]) -> Output {
    command(arguments).stdin(Stdio::null()).output().unwrap()
}

/// A new key as `keys new` makes it with these arguments, and its lines for the configuration.
pub fn new_key(arguments: &[&str]) -> (String, String) {
    let output = run(&[&["keys", "new"], arguments].concat());
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let key = text.lines().find_map(|line| line.trim().strip_prefix("sk_")).unwrap();
    let entry = &text[text.find("[[keys]]").unwrap()..];
    (format!("sk_{key}"), entry.lines().map(str::trim).collect::<Vec<_>>().join("\n"))
}

/// A running service.
pub struct Service {
    child: Child,
    pub address: String,
    pub admin: String,
    /// Where its sessions are, if a test that wants them in memory has them in another store.
    pub elsewhere: Option<String>,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts one on free ports with these arguments; panics with its log if it does not come up.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(Path::new("/"), arguments)
    }

    /// Starts one in memory that needs a key; the key, which may do everything; and the folder with its
    /// configuration, which lives as long.
    pub fn guarded(arguments: &[&str]) -> (Self, String, tempfile::TempDir) {
        let (key, entry) = new_key(&["--scope", "create,check,admin"]);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sessioning.toml"), entry).unwrap();
        let service = Self::start_in(folder.path(), &[&["--store", "memory:"], arguments].concat());
        (service, key, folder)
    }

    pub fn start_in(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = command(&[]);
        command.current_dir(folder);
        Self::spawn(command, arguments).unwrap_or_else(|log| panic!("the service did not start:\n{log}"))
    }

    /// Starts one from a prepared command; the log, if it does not come up.
    pub fn spawn(mut command: Command, arguments: &[&str]) -> Result<Self, String> {
        // The same tests on another store: what would be in memory is in a new database.
        let other = std::env::var_os("SESSIONING_TEST_STORE").and_then(|_| mongo::database());
        let elsewhere = |argument: &&str| if *argument == "memory:" { other.clone() } else { None };
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| elsewhere(argument).unwrap_or_else(|| (*argument).to_owned()))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "text"];
        // What the test says comes later and counts.
        let given = |flag: &&str| arguments.contains(flag);
        // No test waits for balancers but those that say so.
        command.env("SESSIONING_LIMITS_STOP_DELAY", "0s");
        for pair in ports.chunks(2).filter(|pair| !given(&pair[0])) {
            command.args(pair);
        }
        let mut child = command.args(&arguments).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut address, mut admin) = (String::new(), String::new());
        let mut line = String::new();
        while stderr.read_line(&mut line).unwrap() > 0 {
            log.lock().unwrap().push_str(&line);
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["listening", url] => address = url.trim_start_matches("http://").into(),
                ["admin", url] => admin = url.trim_start_matches("http://").into(),
                ["routes", ..] => break,
                _ => {}
            }
            line.clear();
        }
        if address.is_empty() {
            child.wait().unwrap();
            return Err(std::mem::take(&mut log.lock().unwrap()));
        }
        let filling = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(read @ 1..) = stderr.read(&mut bytes) {
                filling.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Ok(Self { child, address, admin, elsewhere: other, log, reader: Some(reader) })
    }

    /// Everything it has said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has said something.
    pub fn wait_for_log(&self, text: &str) {
        eventually(&format!("the log to say {text:?}"), || self.log().contains(text));
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Kills it at once, as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop; how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reader) = self.reader.take() {
                    reader.join().unwrap();
                }
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the service does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.request("POST", path, &[], body.as_bytes())
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        Connection::open(&self.address).unwrap().request(method, path, headers, body).unwrap()
    }

    pub fn admin(&self, path: &str) -> Answer {
        Connection::open(&self.admin).unwrap().request("GET", path, &[], b"").unwrap()
    }

    /// A request of the v1 surface: with a session token, unless it is empty, and a JSON body, likewise.
    pub fn v1(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        self.v1_with(method, path, token, body, &[])
    }

    pub fn v1_with(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = more.to_vec();
        if !token.is_empty() {
            headers.push(("X-Session-Token", token));
        }
        if !body.is_empty() && !more.iter().any(|(name, _)| *name == "Content-Type") {
            headers.push(("Content-Type", "application/json"));
        }
        self.request(method, path, &headers, body.as_bytes())
    }

    /// Begins a session of the v1 surface: its token and its id.
    pub fn begin(&self, body: &str) -> (String, String) {
        let answer = self.v1("POST", "/v1/sessions", "", body);
        assert_eq!(answer.status, 201, "{answer:?}");
        let json = answer.json();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (text(&json["token"]), text(&json["session"]["id"]))
    }

    /// Whose a token is: the status of its check.
    pub fn status_of(&self, token: &str) -> u16 {
        self.v1("GET", "/v1/session", token, "").status
    }

    /// The sum of the metrics whose lines begin so, as the admin listener tells it.
    pub fn metric(&self, line: &str) -> f64 {
        let text = self.admin("/metrics").body;
        let of_it = text.lines().filter(|told| told.starts_with(line));
        of_it.map(|told| told.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    pub fn create(&self, user: &str) -> String {
        let answer = self.post("/api/Sessioning/create", &serde_json::json!({ "user": user }).to_string());
        answer.json()["session"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    pub fn user_of(&self, session: &str) -> Answer {
        self.post("/api/Sessioning/_getUser", &session_body(session))
    }

    pub fn delete(&self, session: &str) -> Answer {
        self.post("/api/Sessioning/delete", &session_body(session))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn session_body(session: &str) -> String {
    serde_json::json!({ "session": session }).to_string()
}

/// Waits until something is so, however long it takes within patience.
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < PATIENCE, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A connection over which requests go exactly as written.
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Connection {
    pub fn open(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: address.into() })
    }

    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let own_host = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !own_host {
            head.push_str(&format!("Host: {}\r\n", self.host));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.send(&bytes)?;
        self.answer(method == "HEAD")
    }

    /// Whether the other end has not closed it yet.
    pub fn is_open(&self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).unwrap();
        matches!(peeked, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub fn answer(&mut self, bodiless: bool) -> std::io::Result<Answer> {
        let closed = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(closed());
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(closed)?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(closed());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; if bodiless { 0 } else { length }];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }
}
