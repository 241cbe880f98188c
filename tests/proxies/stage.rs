//! One proxy, the application behind it, and the service that it asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::application::{Application, Seen};
use crate::kind::{Kind, Places, Setting};
use crate::proxy::Proxy;
use crate::support::{Answer, Connection, PATIENCE, Service};

/// The cookie that holds a session.
pub fn cookie(token: &str) -> String {
    format!("theme=dark; __Host-session={token}; lang=de")
}

/// All of it.
pub struct Stage {
    pub kind: &'static Kind,
    pub service: Service,
    pub application: Application,
    pub proxy: Proxy,
}

/// What happened to a request: what the visitor was told, and what the application got.
pub struct Outcome {
    pub answer: Answer,
    pub seen: Option<Seen>,
}

impl Outcome {
    /// The request as the application got it, which it must have.
    pub fn arrived(self) -> Seen {
        assert_eq!(self.answer.status, 200, "{:?}", self.answer);
        assert_eq!(self.answer.body, crate::application::GREETING);
        self.seen.expect("the application was not reached")
    }

    /// Asserts that the visitor was refused so, and that the application heard nothing.
    pub fn refused(&self, status: u16) {
        assert_eq!(self.answer.status, status, "{:?}\n{:?}", self.answer, self.seen);
        assert!(self.seen.is_none(), "the application was reached:\n{:?}", self.seen);
    }
}

impl Stage {
    /// Sets it up: before a service, which needs the key if there is one.
    pub fn set(kind: &'static Kind, program: &Path, service: Service, key: &str) -> Self {
        Self::set_with(kind, program, service, key, &Vec::new)
    }

    /// The same with more settings of the proxy.
    pub fn set_with(
        kind: &'static Kind,
        program: &Path,
        service: Service,
        key: &str,
        more: &dyn Fn() -> Vec<Setting>,
    ) -> Self {
        let application = Application::start();
        let reached = format!("127.0.0.1:{}", application.port);
        let places = Places { service: &service.address, application: &reached, key };
        let proxy = Proxy::start(kind, program, &|listen| {
            (kind.settings)(places, listen).into_iter().chain(more()).collect()
        });
        Self { kind, service, application, proxy }
    }

    /// Sends a request to the proxy.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
        let headers = [&[("Host", "app.example")], headers].concat();
        let mut connection = Connection::open(&self.proxy.address).unwrap();
        let answer = connection.request(method, path, &headers, body);
        self.outcome(answer.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.proxy.log())))
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Outcome {
        self.send("GET", path, headers, b"")
    }

    /// A request with a session in its cookie.
    pub fn get_as(&self, token: &str, path: &str, headers: &[(&str, &str)]) -> Outcome {
        self.get(path, &[&[("Cookie", cookie(token).as_str())], headers].concat())
    }

    /// What was answered, and what has reached the application.
    pub fn outcome(&self, answer: Answer) -> Outcome {
        let mut seen = self.application.take();
        assert!(seen.len() <= 1, "more than one request arrived: {seen:?}");
        Outcome { answer, seen: seen.pop() }
    }

    /// Sends these bytes: the status of the first answer, 0 without one, and what reached the application by then.
    pub fn raw(&self, bytes: &[u8]) -> (u16, Vec<Seen>) {
        let mut connection = Connection::open(&self.proxy.address).unwrap();
        // Who has answered already may have closed.
        let _ = connection.send(bytes);
        let answer = connection.answer(false);
        (answer.map_or(0, |answer| answer.status), self.application.take())
    }

    /// Sends these bytes, of which the last should close, and reads to the end: what reached the application.
    pub fn until_closed(&self, bytes: &[u8]) -> Vec<Seen> {
        let mut stream = TcpStream::connect(&self.proxy.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Who has answered already may have closed.
        let _ = stream.write_all(bytes);
        let _ = stream.read_to_end(&mut Vec::new());
        self.application.take()
    }

    /// Begins a WebSocket: the status of the answer, and the connection.
    pub fn upgrade(&self, headers: &str) -> (u16, BufReader<TcpStream>) {
        self.upgrade_to("websocket", headers)
    }

    /// Begins another protocol.
    pub fn upgrade_to(&self, protocol: &str, headers: &str) -> (u16, BufReader<TcpStream>) {
        let mut stream = TcpStream::connect(&self.proxy.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = "GET /live HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        stream.write_all(format!("{head}Upgrade: {protocol}\r\n{headers}\r\n").as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        (status, reader)
    }
}

/// Sends bytes through a WebSocket, to and fro.
pub fn converse(socket: &mut BufReader<TcpStream>) {
    for round in 0..3 {
        let sent = format!("ping {round} {}", "x".repeat(100));
        socket.get_mut().write_all(sent.as_bytes()).unwrap();
        let mut got = vec![0; sent.len()];
        socket.read_exact(&mut got).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), sent);
    }
}
