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

    /// Whatever an application might take for one of the four identity headers, in any spelling, in order of the name.
    pub fn identity(&self) -> Vec<(String, String)> {
        let plain = |name: &str| {
            let letters = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' });
            letters.collect::<String>().to_lowercase()
        };
        let mut found: Vec<(String, String)> = self
            .headers()
            .map(|(name, value)| (plain(name), value.to_owned()))
            .filter(|(name, _)| NAMES.contains(&name.as_str()))
            .collect();
        found.sort();
        found
    }
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
        let upgrade = request.headers().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        seen.lock().unwrap().push(request);
        if upgrade && lines.is_empty() {
            return echo(reader, stream);
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
    let mut request = Seen { head: String::from_utf8_lossy(&head).into_owned(), body: Vec::new() };
    if request.header("transfer-encoding").is_some() {
        request.body = read_chunks(reader)?;
    } else if let Some(length) = request.header("content-length") {
        request.body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}

fn read_chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return Ok(body);
        }
    }
}

/// Agrees to the upgrade, and sends back what comes.
fn echo(mut reader: impl Read, mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")?;
    stream.write_all(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")?;
    let mut bytes = [0; 1024];
    while let read @ 1.. = reader.read(&mut bytes)? {
        stream.write_all(&bytes[..read])?;
    }
    Ok(())
}
