//! Preflights: refused as they come, passed as nobody's where the file's lines for them are uncommented.

use std::path::Path;

use crate::application::Seen;
use crate::identity::{ENCODED, USER, assert_anonymous, assert_identity, begin};
use crate::kind::{Kind, Setting};
use crate::stage::{Stage, cookie};
use crate::support::{Connection, Service};

/// What a browser asks with.
const ASKED: [(&str, &str); 3] = [
    ("Origin", "https://shop.example"),
    ("Access-Control-Request-Method", "DELETE"),
    ("Access-Control-Request-Headers", "content-type"),
];

/// As the files are, a preflight is nobody's and goes no further.
pub fn refused(stage: &mut Stage) {
    stage.send("OPTIONS", "/page", &ASKED, b"").refused(401);
}

/// With the lines uncommented it reaches the application as nobody's, whoever sent it, and nothing else does.
pub fn passed(kind: &'static Kind, program: &Path) {
    let service = Service::start(&["--store", "memory:", "--set", "proxy.trusted=127.0.0.1/32"]);
    let uncommented = || vec![Setting::Written("#| ", String::new())];
    let mut stage = Stage::set_with(kind, program, service, "", &uncommented);
    let (token, id) = begin(&stage, USER);
    for path in ["/page", "/a/b?c=d"] {
        let seen = stage.send("OPTIONS", path, &ASKED, b"").arrived();
        assert_eq!(seen.line(), ("OPTIONS", path), "{}", seen.head);
        assert_bare(&seen);
    }
    as_somebody(&stage, &token);
    with_a_body(&stage);
    others(&stage, &token, &id);
    // The service has no say in it.
    stage.service.kill();
    assert_bare(&stage.send("OPTIONS", "/page", &ASKED, b"").arrived());
}

fn as_somebody(stage: &Stage, token: &str) {
    let (cookie, bearer) = (cookie(token), format!("Bearer {token}"));
    for name in [
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X_HTTP_Method_Override",
        "X.HTTP.Method",
    ] {
        let more = [
            ("Cookie", cookie.as_str()),
            ("Authorization", bearer.as_str()),
            ("X-Session-Token", token),
            ("X-Session-User", "admin"),
            ("X_Session_User", "admin"),
            (name, "DELETE"),
        ];
        assert_bare(&stage.send("OPTIONS", "/page", &[&ASKED[..], &more].concat(), b"").arrived());
    }
}

/// Asserts that nothing in it says who it is, or makes something else of it.
fn assert_bare(seen: &Seen) {
    assert_anonymous(seen);
    for (name, value) in ASKED.into_iter().chain([("Host", "app.example")]) {
        assert_eq!(seen.header(name), Some(value), "{}", seen.head);
    }
    for (name, value) in seen.headers() {
        let folded = name.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let is_secret = matches!(&*folded, "cookie" | "authorization" | "x_session_token" | "x_api_key");
        let is_method = folded.starts_with("x_") && folded.contains("method");
        // What the proxy itself says of the request.
        let is_own = folded.starts_with("x_forwarded");
        assert!(!is_secret && (!is_method || is_own), "{name}: {value}");
    }
    assert!(seen.body.is_empty(), "{:?}", seen.body);
}

/// A body goes no further: without it, or not at all.
fn with_a_body(stage: &Stage) {
    let outcome = stage.send("OPTIONS", "/page", &ASKED, b"method=DELETE");
    match outcome.answer.status {
        200 => assert_bare(&outcome.arrived()),
        status => outcome.refused(if status == 413 { 413 } else { 401 }),
    }
    let head: String = ASKED.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let chunked = format!(
        "OPTIONS /page HTTP/1.1\r\nHost: app.example\r\n{head}Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n"
    );
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    connection.send(chunked.as_bytes()).unwrap();
    let outcome = stage.outcome(connection.answer(false).unwrap());
    match outcome.answer.status {
        200 => assert_bare(&outcome.arrived()),
        status => outcome.refused(if status == 413 { 413 } else { 401 }),
    }
}

/// What is not quite a preflight is asked about as ever.
fn others(stage: &Stage, token: &str, id: &str) {
    for method in ["GET", "POST", "DELETE", "HEAD"] {
        let refused = stage.send(method, "/page", &ASKED, b"");
        assert!(refused.seen.is_none() && refused.answer.status == 401, "{method}");
    }
    for missing in 0..2 {
        let mut asked = ASKED.to_vec();
        asked.remove(missing);
        stage.send("OPTIONS", "/page", &asked, b"").refused(401);
    }
    let cookie = cookie(token);
    for method in ["OPTIONS", "GET"] {
        let seen = stage.send(method, "/page", &[("Cookie", &cookie)], b"").arrived();
        assert_identity(&seen, ENCODED, id);
    }
}
