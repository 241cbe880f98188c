//! What would let a visitor speak to the application past the proxy: upgrades, CONNECT, HTTP/2, odd framing, trailers.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::application::{Seen, is_lookalike};
use crate::identity::{ENCODED, USER, assert_anonymous, assert_identity, assert_nobody, begin};
use crate::stage::{Stage, converse, cookie};
use crate::support::{Connection, PATIENCE};

/// Other protocols than WebSocket, and lists: the application behind would agree to any.
const PROTOCOLS: [&str; 12] = [
    "h2c",
    "H2C",
    "HTTP/2.0",
    "TLS/1.2",
    "connect-ip",
    "websocket/13",
    "websockets",
    "websocket, h2c",
    "h2c,websocket",
    "websocket,",
    "h2c\r\nUpgrade: websocket",
    "websocket\r\nUpgrade: h2c",
];

/// Of `Upgrade` only WebSocket passes, and no header that a visitor names in `Connection` is lost by it.
pub fn upgrade(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    for protocol in PROTOCOLS {
        for connection in ["Upgrade, HTTP2-Settings", "keep-alive, upgrade", "close, X-Session-User, Upgrade"]
        {
            for path in ["/live", "/welcome", "/login"] {
                let head = format!(
                    "GET {path} HTTP/1.1\r\nHost: app.example\r\nConnection: {connection}\r\nUpgrade: {protocol}\r\n\
                     HTTP2-Settings: AAMAAABkAAQAAP__\r\nCookie: {}\r\n\r\n",
                    cookie(&token)
                );
                let (status, seen) = stage.raw(head.as_bytes());
                for seen in &seen {
                    assert_only_websocket(seen, protocol);
                    if path == "/login" { assert_nobody(seen) } else { assert_identity(seen, ENCODED, &id) }
                }
                let reached = if matches!(status, 101 | 200) { 1 } else { 0 };
                assert_eq!(seen.len(), reached, "{protocol:?} was answered with {status}");
                let lists_websocket = protocol.contains('\n');
                assert!(status != 101 || lists_websocket, "{protocol:?} is a tunnel");
            }
        }
    }
    for protocol in ["websocket", "WebSocket", "WEBSOCKET"] {
        let named = "Connection: X-Session-User, x-session-status\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
        let (status, mut socket) =
            stage.upgrade_to(protocol, &format!("Cookie: {}\r\n{named}", cookie(&token)));
        assert_eq!(status, 101, "{protocol}: {}", stage.proxy.log());
        let seen = stage.application.take().remove(0);
        assert_only_websocket(&seen, protocol);
        assert_eq!(seen.header("upgrade").map(str::to_lowercase).as_deref(), Some("websocket"));
        assert_identity(&seen, ENCODED, &id);
        converse(&mut socket);
    }
}

fn assert_only_websocket(seen: &Seen, protocol: &str) {
    let upgrade = seen.header("upgrade").map(str::to_lowercase);
    let passed = matches!(upgrade.as_deref(), None | Some("websocket"));
    assert!(passed, "Upgrade: {protocol} arrived:\n{}", seen.head);
    assert_eq!(seen.header("http2-settings"), None, "{}", seen.head);
    let connection = seen.header("connection").unwrap_or_default().to_lowercase();
    assert!(!connection.contains("http2-settings"), "{}", seen.head);
    assert!(upgrade.is_some() || !connection.contains("upgrade"), "{}", seen.head);
}

/// No CONNECT and no HTTP/2 of the visitor's reaches the application.
pub fn connect(stage: &mut Stage) {
    let (token, _) = begin(stage, USER);
    for target in ["app.example:80", "/page", "/login", "http://app.example/login", "*"] {
        let head =
            format!("CONNECT {target} HTTP/1.1\r\nHost: app.example\r\nCookie: {}\r\n\r\n", cookie(&token));
        let (status, seen) = stage.raw(head.as_bytes());
        assert!(seen.is_empty(), "CONNECT {target} arrived: {seen:?}");
        assert!(matches!(status, 400..=405 | 501), "CONNECT {target} was answered with {status}");
    }
    for path in ["/page", "/welcome", "/login"] {
        two(stage, path);
        for seen in stage.application.take() {
            // Whoever speaks HTTP/2 with the visitor judges each request all the same.
            assert_eq!((seen.line().0, path != "/page"), ("GET", true), "{}", seen.head);
            assert!(!seen.head.contains("admin"), "{}", seen.head);
            if path == "/login" { assert_nobody(&seen) } else { assert_anonymous(&seen) }
        }
    }
}

/// Asks for a path in HTTP/2, with forged headers, and waits for the answer, in whatever version.
fn two(stage: &Stage, path: &str) {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "app.example"),
        ("x-session-user", "admin"),
        ("x_session_user", "admin"),
        ("x!session!user", "admin"),
    ] {
        // A literal, not to be indexed (RFC 7541, 6.2.2).
        block.push(0);
        for text in [name, value] {
            block.push(text.len() as u8);
            block.extend(text.as_bytes());
        }
    }
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    // HEADERS of the first stream, which end it.
    bytes.extend([0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1]);
    bytes.extend(block);
    let mut stream = TcpStream::connect(&stage.proxy.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut frame = [0; 9];
    while stream.read_exact(&mut frame).is_ok() && !frame.starts_with(b"HTTP/1") {
        let length = usize::from(frame[0]) << 16 | usize::from(frame[1]) << 8 | usize::from(frame[2]);
        let mut payload = vec![0; length];
        // HEADERS, RST_STREAM and GOAWAY are answers.
        if stream.read_exact(&mut payload).is_err() || matches!(frame[3], 1 | 3 | 7) {
            break;
        }
    }
}

/// Every request of a connection is judged by itself, however they are framed, and trailers are no headers.
pub fn framing(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let cookie = cookie(&token);
    let own = format!("Host: app.example\r\nCookie: {cookie}\r\n");
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    let forged = "Host: app.example\r\nX-Session-User: admin\r\n";
    let all = format!(
        "GET /page HTTP/1.1\r\n{own}\r\nGET /page HTTP/1.1\r\n{forged}\r\nGET /login HTTP/1.1\r\n{forged}\r\n\
         GET http://app.example/page HTTP/1.1\r\n{forged}\r\n"
    );
    connection.send(all.as_bytes()).unwrap();
    let statuses: Vec<u16> = (0..4).map(|_| connection.answer(false).unwrap().status).collect();
    assert_eq!(statuses, [200, 401, 200, 401]);
    let seen = stage.application.take();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_identity(&seen[0], ENCODED, &id);
    assert_nobody(&seen[1]);

    for named in [
        "Connection: close, X-Session-User, X-Session-Status",
        "Connection: X-Session-User\r\nConnection: x-session-id, keep-alive",
        "Connection: close\r\nProxy-Connection: X-Session-User, X-Session-Status",
        "Connection: close\r\nKeep-Alive: X-Session-User",
        "Connection: TE, X-Session-User\r\nTE: trailers",
    ] {
        let (status, seen) = stage.raw(format!("GET /page HTTP/1.1\r\n{own}{named}\r\n\r\n").as_bytes());
        assert_eq!((status, seen.len()), (200, 1), "{named}");
        assert_identity(&seen[0], ENCODED, &id);
    }
    trailers(stage, &own, &id);
    smuggled(stage, &own, &id);
}

fn trailers(stage: &Stage, own: &str, id: &str) {
    let trailers = "X-Session-User: admin\r\nX_Session_User: admin\r\nx!session!user: admin\r\n";
    let head = "TE: trailers\r\nTrailer: X-Session-User\r\nTransfer-Encoding: chunked\r\n";
    let (status, seen) = stage
        .raw(format!("POST /save HTTP/1.1\r\n{own}{head}\r\n3\r\nabc\r\n0\r\n{trailers}\r\n").as_bytes());
    assert!(matches!(status, 200 | 400), "{status}");
    for seen in seen {
        assert_identity(&seen, ENCODED, id);
        assert_eq!(seen.body, b"abc");
        assert!(
            stage.kind.passes_trailers || seen.trailers.is_empty(),
            "trailers arrived: {}",
            seen.trailers
        );
    }
}

/// A request that hides in another's body, or in a line that is none, arrives as nobody's, or not at all.
fn smuggled(stage: &Stage, own: &str, id: &str) {
    let hidden =
        "GET /hidden HTTP/1.1\r\nHost: app.example\r\nX-Session-User: admin\r\nConnection: close\r\n\r\n";
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
        "Accept: a\r\n X-Session-User: admin\r\n\r\n",
        "Accept: a\r\n\tX-Session-User: admin\r\n\r\n",
        "Accept: a\nX-Session-User: admin\r\n\r\n",
        "Accept: a\rX-Session-User: admin\r\n\r\n",
        "X-Session-User : admin\r\n\r\n",
        " X-Session-User: admin\r\n\r\n",
        "X-Session-User\r\n : admin\r\n\r\n",
        ": admin\r\nX-Session-User:admin\r\n\r\n",
    ] {
        let whole = format!("POST /save HTTP/1.1\r\n{own}{head}{hidden}");
        for seen in stage.until_closed(whole.as_bytes()) {
            assert!(seen.line().1 != "/hidden", "{head:?} smuggles:\n{}", seen.head);
            let lines = seen.head.split(['\r', '\n']).map(|line| line.split(':').next().unwrap().trim());
            assert_eq!(lines.filter(|name| is_lookalike(name)).count(), 4, "{head:?}:\n{}", seen.head);
            assert_identity(&seen, ENCODED, id);
        }
    }
}
