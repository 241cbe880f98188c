//! An application behind a proxy, which remembers every request just as it came. It may stand for the service, too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What it answers to everything but a WebSocket.
pub const GREETING: &str = "this is the application\n";

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The head, from the request line to the empty line.
    pub head: String,
    pub body: Vec<u8>,
    /// What came after a chunked body, line by line.
    pub trailers: String,
}

impl Seen {
    /// The method, the path and the query.
    pub fn line(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        (words.next().unwrap(), words.next().unwrap())
    }

    /// The headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1);
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
    }

    /// The value of a header that comes at most once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = values.next();
        assert!(values.next().is_none(), "{name} came twice:\n{}", self.head);
        first.map(|(_, value)| value)
    }

    /// Whatever an application might take for a header of ours, in any spelling, in order of the name.
    pub fn identity(&self) -> Vec<(String, String)> {
        let ours = self.headers().filter(|(name, _)| is_lookalike(name));
        let mut found: Vec<_> = ours.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        found.sort();
        found
    }
}

/// Whether a CGI would begin the name with `HTTP_X_SESSION_`. The token is the visitor's own.
pub fn is_lookalike(name: &str) -> bool {
    let letters = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    letters.collect::<String>().to_uppercase().starts_with("X_SESSION_")
        && !name.eq_ignore_ascii_case("x-session-token")
}

/// The identity headers, in order.
pub const NAMES: [&str; 4] = ["x-session-expires", "x-session-id", "x-session-status", "x-session-user"];

/// The application. It ends with the test's process.
pub struct Application {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Application {
    pub fn start() -> Self {
        Self::answering("")
    }

    /// One whose answers have these lines in their heads, and no body if there are any.
    pub fn answering(lines: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let remembering = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = Arc::clone(&remembering);
                // A proxy that breaks a connection off is its own business.
                thread::spawn(move || drop(serve(&stream.unwrap(), &seen, lines)));
            }
        });
        Self { port, seen }
    }

    /// What came since this was last asked.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Seen>>, lines: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let upgrades = request.headers().find(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        let switched = match upgrades {
            Some((_, protocol)) => {
                Some(format!("101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}"))
            }
            None if request.line().0 == "CONNECT" => Some("200 OK".into()),
            None => None,
        };
        seen.lock().unwrap().push(request);
        if let Some(status) = switched.filter(|_| lines.is_empty()) {
            return echo(reader, stream, &status);
        }
        let body = if lines.is_empty() { GREETING } else { "" };
        write!(&*stream, "HTTP/1.1 200 OK\r\n{lines}Content-Length: {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}

/// The next request of a connection, whole; `None` at its end.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Seen>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut request = Seen { head, body: Vec::new(), trailers: String::new() };
    if request.header("transfer-encoding").is_some() {
        (request.body, request.trailers) = read_chunks(reader)?;
    } else if let Some(length) = request.header("content-length") {
        request.body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}

fn read_chunks(reader: &mut impl BufRead) -> std::io::Result<(Vec<u8>, String)> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        if length == 0 {
            return Ok((body, read_trailers(reader)?));
        }
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk[..length]);
    }
}

fn read_trailers(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut trailers = String::new();
    while !trailers.ends_with("\r\n\r\n") && trailers != "\r\n" && reader.read_line(&mut trailers)? > 0 {}
    Ok(trailers.trim_end().to_owned())
}

/// Agrees to the upgrade, to whatever protocol, and sends back what comes.
fn echo(mut reader: impl Read, mut stream: &TcpStream, status: &str) -> std::io::Result<()> {
    let accepted = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    stream.write_all(format!("HTTP/1.1 {status}\r\n{accepted}\r\n\r\n").as_bytes())?;
    let mut bytes = [0; 1024];
    while let read @ 1.. = reader.read(&mut bytes)? {
        stream.write_all(&bytes[..read])?;
    }
    Ok(())
}
