//! What a proxy asks the service, byte by byte: the visitor's say in it is small.

use std::path::Path;

use crate::application::{Application, NAMES, Seen};
use crate::kind::{Kind, Places};
use crate::proxy::Proxy;
use crate::support::Connection;

const KEY: &str = "sk_0123456789abcdef_ours";
const COOKIE: &str = "theme=dark; __Host-session=ses_x";
/// The service's answer, whoever comes.
const PASS: &str =
    "X-Session-Status: active\r\nX-Session-User: alice\r\nX-Session-Id: 1\r\nX-Session-Expires: never\r\n";

/// What a visitor sends who would like to be asked about differently.
const FORGED: [(&str, &str); 15] = [
    ("X-Session-User", "admin"),
    ("X-Session-Status", "active"),
    ("Cookie", COOKIE),
    ("X-Api-Key", "sk_theirs"),
    ("x-api-key", "sk_theirs_too"),
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-For", "192.0.2.66"),
    ("X-Session-Policy", "optional"),
    ("X-Session-Namespace", "other"),
    ("Connection", "X-Api-Key, X-Forwarded-Method, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Origin", "https://app.example"),
];

/// Asserts what one asks when such a visitor comes, with a body and without, to a guarded and to an optional page.
pub fn question(kind: &Kind, program: &Path) {
    let (service, application) = (Application::answering(PASS), Application::start());
    let [asked, reached] = [&service, &application].map(|server| format!("127.0.0.1:{}", server.port));
    let places = Places { service: &asked, application: &reached, key: KEY };
    let proxy = Proxy::start(kind, program, &|listen| (kind.settings)(places, listen));
    for (page, policy) in [("/page", "required"), ("/welcome", "optional")] {
        for (method, body) in [("POST", &[b'x'; 100_000][..]), ("GET", b"")] {
            // With a body it is no WebSocket.
            let skipped = if body.is_empty() { "" } else { "Upgrade" };
            let headers: Vec<_> = FORGED.into_iter().filter(|(name, _)| *name != skipped).collect();
            let headers = [&[("Host", "app.example")], &headers[..]].concat();
            let path = format!("{page}?/v1/forward-auth/optional");
            let mut connection = Connection::open(&proxy.address).unwrap();
            let answer = connection.request(method, &path, &headers, body).unwrap();
            let status = if body.is_empty() { 101 } else { 200 };
            assert_eq!(answer.status, status, "{answer:?}\n{}", proxy.log());
            let questions = service.take();
            assert_eq!(questions.len(), 1, "{questions:?}");
            assert_asked(kind, &questions[0], method, policy, &path);
        }
    }
}

fn assert_asked(kind: &Kind, seen: &Seen, method: &str, policy: &str, path: &str) {
    let head = &seen.head;
    if kind.name == "envoy" && policy == "required" {
        assert_eq!(seen.line(), (method, format!("/v1/ext-authz{path}").as_str()), "{head}");
        assert_eq!(seen.header("x-forwarded-method"), None, "{head}");
        assert_eq!(seen.header("host"), Some("app.example"), "{head}");
    } else {
        assert_eq!(seen.line().1, format!("/v1/forward-auth/{policy}"), "{head}");
        assert_eq!(seen.header("x-forwarded-method"), Some(method), "{head}");
        assert_eq!(seen.header("x-forwarded-host"), Some("app.example"), "{head}");
    }
    assert_eq!(seen.header("x-api-key"), Some(KEY), "{head}");
    assert_eq!(seen.header("cookie"), Some(COOKIE), "{head}");
    assert_eq!(seen.header("origin"), Some("https://app.example"), "{head}");
    // Where all headers go along, the service refuses these two.
    assert!(kind.asks_of_names || seen.header("x-session-policy").is_none(), "{head}");
    assert!(kind.asks_of_names || seen.header("x-session-namespace").is_none(), "{head}");
    assert!(seen.identity().iter().all(|(name, _)| !NAMES.contains(&name.as_str())), "{head}");
    // The nearest address is the proxy's word.
    let told = seen.header("x-forwarded-for").unwrap();
    assert!(!told.ends_with("192.0.2.66"), "{head}");
    // No body, none announced, and no WebSocket.
    assert!(seen.body.is_empty(), "{} bytes of body", seen.body.len());
    assert!(matches!(seen.header("content-length"), None | Some("0")), "{head}");
    assert_eq!(seen.header("transfer-encoding"), None, "{head}");
    assert_eq!(seen.header("upgrade"), None, "{head}");
    assert!(!seen.header("connection").unwrap_or_default().to_lowercase().contains("upgrade"), "{head}");
}
