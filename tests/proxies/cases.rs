//! What every proxy must do, case by case.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use crate::application::{NAMES, Seen};
use crate::stage::{Stage, converse, cookie};
use crate::support::{Connection, Service, eventually};

/// A user whose name needs encoding, and how it is told.
const USER: &str = "älice smith";
const ENCODED: &str = "%C3%A4lice%20smith";

/// A case: its name, and what it asserts.
pub type Case = (&'static str, fn(&mut Stage));

/// The cases of the matrix, in the order in which they run: the last one ends the service.
pub const CASES: [Case; 13] = [
    ("allow", allow),
    ("none", none),
    ("expired", expired),
    ("revoked", revoked),
    ("forged", forged),
    ("optional", optional),
    ("open", open),
    ("paths", paths),
    ("POST", post),
    ("origin", origin),
    ("WebSocket", websocket),
    ("injection", injection),
    ("down", down),
];

fn begin(stage: &Stage, user: &str) -> (String, String) {
    stage.service.begin(&serde_json::json!({ "user": user }).to_string())
}

/// Asserts that the application was told that it is this session, and nothing else, in any spelling.
fn assert_identity(seen: &Seen, user: &str, id: &str) {
    // What is named there is dropped by whoever comes next.
    let connection = seen.header("connection").unwrap_or_default().to_lowercase();
    assert!(!connection.contains("session"), "{}", seen.head);
    let told = seen.identity();
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, NAMES, "{}", seen.head);
    let values: Vec<&str> = told.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values[1..], [id, "active", user], "{}", seen.head);
    assert!(values[0].ends_with('Z') && values[0].starts_with("20"), "{}", seen.head);
}

fn assert_anonymous(seen: &Seen) {
    let told = seen.identity();
    let values: Vec<&str> = told.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["(none)", "(none)", "anonymous", "(none)"], "{}", seen.head);
}

fn assert_nobody(seen: &Seen) {
    assert_eq!(seen.identity(), [], "{}", seen.head);
}

fn allow(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let seen = stage.get_as(&token, "/page", &[]).arrived();
    assert_identity(&seen, ENCODED, &id);
    // Two requests on one connection are two questions.
    let (other, other_id) = begin(stage, "bob");
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    for (token, user, id) in [(&token, ENCODED, &id), (&other, "bob", &other_id), (&token, ENCODED, &id)] {
        let answer = connection.request("GET", "/page", &[("Cookie", &cookie(token))], b"").unwrap();
        assert_identity(&stage.outcome(answer).arrived(), user, id);
    }
    // A token in a header is a session, too.
    for header in [("Authorization", format!("Bearer {token}")), ("X-Session-Token", token.clone())] {
        let seen = stage.get("/page", &[(header.0, &header.1)]).arrived();
        assert_identity(&seen, ENCODED, &id);
    }
}

fn none(stage: &mut Stage) {
    for headers in [
        vec![],
        vec![("Cookie", "theme=dark; lang=de")],
        vec![("Cookie", "__Host-session=")],
        vec![("Cookie", "__Host-session=ses_nonsense")],
        vec![("Authorization", "Bearer eyJhbGciOiJub25lIn0")],
        vec![("Authorization", "Basic YWxpY2U6c2VjcmV0")],
    ] {
        let outcome = stage.get("/page", &headers);
        outcome.refused(401);
        assert!(outcome.answer.header("www-authenticate").is_some(), "{:?}", outcome.answer);
    }
}

fn expired(stage: &mut Stage) {
    // Long enough to be let in once on a busy machine, and not longer.
    let (token, id) = stage.service.begin(r#"{"user":"carol","idle_timeout":"1500ms"}"#);
    assert_identity(&stage.get_as(&token, "/page", &[]).arrived(), "carol", &id);
    // To describe a session is no use of it; to ask through the proxy would be, and it would never end.
    let describe = || stage.service.v1("GET", &format!("/v1/sessions/{id}"), "", "").status;
    eventually("the session to expire", || describe() == 404);
    stage.get_as(&token, "/page", &[]).refused(401);
}

fn revoked(stage: &mut Stage) {
    let (token, id) = begin(stage, "dave");
    assert_identity(&stage.get_as(&token, "/page", &[]).arrived(), "dave", &id);
    assert_eq!(stage.service.v1("DELETE", &format!("/v1/sessions/{id}"), "", "").status, 204);
    stage.get_as(&token, "/page", &[]).refused(401);
    let (token, _) = begin(stage, "dave");
    assert_eq!(stage.service.v1("DELETE", "/v1/session", &token, "").status, 204);
    stage.get_as(&token, "/page", &[]).refused(401);
}

/// What a visitor may try in order to be somebody.
const FORGERIES: [&[(&str, &str)]; 8] = [
    &[("X-Session-User", "admin")],
    &[("x_session_user", "admin")],
    &[
        ("X-SESSION-USER", "admin"),
        ("X-SESSION-STATUS", "active"),
        ("X-Session-ID", "1"),
        ("x-session-expires", "2"),
    ],
    &[("X-Session-User", "admin"), ("x-session-user", "admin"), ("X-Session-Status", "active")],
    &[("X_Session-User", "admin"), ("X-Session_User", "admin"), ("X_SESSION_STATUS", "active")],
    &[("X.Session.User", "admin"), ("X-Session.Status", "active")],
    &[("Connection", "X-Session-User, X-Session-Status"), ("X-Session-User", "admin")],
    &[("Connection", "close, x-session-user"), ("Connection", "x-session-id,X-Session-Expires")],
];

fn forged(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    for forgery in FORGERIES {
        assert_identity(&stage.get_as(&token, "/page", forgery).arrived(), ENCODED, &id);
        stage.get("/page", forgery).refused(401);
        assert_nobody(&stage.get("/login", forgery).arrived());
        assert_nobody(&stage.get_as(&token, "/login", forgery).arrived());
        assert_anonymous(&stage.get("/welcome", forgery).arrived());
        assert_identity(&stage.get_as(&token, "/welcome", forgery).arrived(), ENCODED, &id);
    }
}

fn optional(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    assert_anonymous(&stage.get("/welcome", &[]).arrived());
    assert_anonymous(&stage.get("/welcome", &[("Cookie", "__Host-session=ses_nonsense")]).arrived());
    assert_identity(&stage.get_as(&token, "/welcome", &[]).arrived(), ENCODED, &id);
    let seen = stage.get("/welcome?from=mail&x=%2F", &[]).arrived();
    assert_eq!(seen.line(), ("GET", "/welcome?from=mail&x=%2F"));
}

fn open(stage: &mut Stage) {
    let seen = stage.get("/login?next=%2Fpage", &[]).arrived();
    assert_eq!(seen.line(), ("GET", "/login?next=%2Fpage"));
    let seen = stage.send("POST", "/login", &[("Origin", "https://evil.example")], b"user=alice").arrived();
    assert_eq!((seen.line(), seen.body.as_slice()), (("POST", "/login"), &b"user=alice"[..]));
    // What a browser still holds does not lock it out, nor is it told to the application as somebody.
    assert_nobody(&stage.get("/login", &[("Cookie", "__Host-session=ses_nonsense")]).arrived());
}

/// Paths that some read as an open one, and others as a guarded one: none may arrive as it is without a session.
fn paths(stage: &mut Stage) {
    for path in [
        "/admin/../login",
        "/admin/../welcome",
        "/login/../admin",
        "/admin/..%2flogin",
        "/admin/%2e%2e/login",
        "/%6cogin",
        "/login/",
        "//login",
        "/LOGIN",
        "/login;/admin",
        "/login%00",
        "/login%2f..%2fadmin",
        "/login/x",
        "/admin?/login",
        "/welcome/",
        "/welcomer",
        "/.sessioning/required",
        "/.sessioning/optional",
        "/v1/forward-auth/optional",
    ] {
        let outcome = stage.get(path, &[]);
        match outcome.seen {
            None => assert!(matches!(outcome.answer.status, 400..=404), "{path}: {:?}", outcome.answer),
            Some(seen) => {
                // %6c is but another way to write l (RFC 3986, 6.2.2.2).
                let open = matches!(seen.line().1, "/login" | "/welcome" | "/%6cogin");
                assert!(open, "{path} arrived: {}", seen.head);
            }
        }
    }
}

fn post(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let cookie = cookie(&token);
    let body: Vec<u8> = (0..300_000_u32).map(|place| (place % 251) as u8).collect();
    let seen = stage.send("POST", "/save", &[("Cookie", &cookie)], &body).arrived();
    assert_identity(&seen, ENCODED, &id);
    assert!(seen.body == body, "{} bytes arrived", seen.body.len());
    stage.send("POST", "/save", &[], b"a=1").refused(401);

    let mut chunked =
        format!("POST /save HTTP/1.1\r\nHost: app.example\r\nCookie: {cookie}\r\n").into_bytes();
    chunked.extend(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n8\r\n defghij\r\n0\r\n\r\n");
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    connection.send(&chunked).unwrap();
    let seen = stage.outcome(connection.answer(false).unwrap()).arrived();
    assert_eq!(seen.body, b"abc defghij");
    assert_identity(&seen, ENCODED, &id);

    // The service is asked before any of the body is sent: the check waits for none.
    let asked = || stage.service.metric("sessioning_http_requests_total");
    let before = asked();
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    connection.send(b"POST /save HTTP/1.1\r\nHost: app.example\r\nContent-Length: 10\r\n\r\n").unwrap();
    eventually("the service to be asked", || asked() > before);
    // Who has answered already may have closed.
    let _ = connection.send(b"0123456789");
    stage.outcome(connection.answer(false).unwrap()).refused(401);
}

/// What another site's page makes a browser send is refused, whatever the visitor says of their request.
fn origin(stage: &mut Stage) {
    let (token, _) = begin(stage, "erin");
    let cookie = cookie(&token);
    for foreign in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
        for told in [
            ("Accept", "*/*"),
            ("X-Forwarded-Method", "GET"),
            ("X-Original-Method", "GET"),
            ("X-Forwarded-Host", "evil.example"),
        ] {
            let headers = [("Cookie", cookie.as_str()), foreign, told];
            stage.send("POST", "/save", &headers, b"a=1").refused(403);
            stage.send("DELETE", "/save", &headers, b"").refused(403);
        }
        stage.get_as(&token, "/page", &[foreign]).arrived();
        // No browser sends this by itself.
        let bearer = format!("Bearer {token}");
        stage.send("POST", "/save", &[("Authorization", &bearer), foreign], b"a=1").arrived();
    }
    let own = [("Cookie", cookie.as_str()), ("Origin", "https://app.example")];
    stage.send("POST", "/save", &own, b"a=1").arrived();
}

fn websocket(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let (status, mut socket) = stage.upgrade(&format!("Cookie: {}\r\n", cookie(&token)));
    assert_eq!(status, 101, "{}", stage.proxy.log());
    let seen = stage.application.take().remove(0);
    assert_identity(&seen, ENCODED, &id);
    converse(&mut socket);
    // One that tries to keep its names back.
    let forged = format!(
        "Cookie: {}\r\nConnection: Upgrade, X-Session-User\r\nX-Session-User: admin\r\n",
        cookie(&token)
    );
    let (status, mut socket) = stage.upgrade(&forged);
    assert_eq!(status, 101);
    assert_identity(&stage.application.take().remove(0), ENCODED, &id);
    converse(&mut socket);

    for without in ["", "Cookie: __Host-session=ses_nonsense\r\n"] {
        let (status, _) = stage.upgrade(without);
        assert_eq!(status, 401);
        assert!(stage.application.take().is_empty());
    }
}

fn injection(stage: &mut Stage) {
    let other = stage.service.v1_with(
        "POST",
        "/v1/sessions",
        "",
        r#"{"user":"admin"}"#,
        &[("X-Session-Namespace", "other")],
    );
    let elsewhere = other.json()["token"].as_str().unwrap().to_owned();
    for path in [
        "/page?policy=optional",
        "/page?/v1/forward-auth/optional",
        "/page?optional",
        "/optional",
        "/page?next=/login",
    ] {
        stage.get(path, &[]).refused(401);
        stage.get_as(&elsewhere, path, &[]).refused(401);
    }
    for header in [
        ("X-Session-Policy", "optional"),
        ("X-Session-Policy", "namespace=other"),
        ("x_session_policy", "optional"),
        ("X-Session-Namespace", "other"),
        ("X-Forwarded-Uri", "/login"),
        ("X-Original-URL", "/login"),
        ("X-Rewrite-URL", "/login"),
        ("X-Forwarded-Prefix", "/login"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        ("Session-Policy", "optional"),
    ] {
        stage.get("/page", &[header]).refused(401);
        stage.get_as(&elsewhere, "/page", &[header]).refused(401);
    }
    // The query is the application's, and reaches it as it is.
    let (token, id) = begin(stage, USER);
    let path = "/page?policy=optional&a=1&b=%2Fx%20y&c=%25&d=+&e";
    let seen = stage.get_as(&token, path, &[]).arrived();
    assert_eq!(seen.line(), ("GET", path));
    assert_identity(&seen, ENCODED, &id);
}

/// The service's key: the proxy's own is sent, whatever the visitor sends, and nobody else ever sees it.
pub fn key(stage: &mut Stage, key: &str) {
    let begin = |user: &str| {
        let body = serde_json::json!({ "user": user }).to_string();
        let made = stage.service.v1_with("POST", "/v1/sessions", "", &body, &[("X-Api-Key", key)]);
        made.json()["token"].as_str().unwrap().to_owned()
    };
    let secret = key.rsplit('_').next().unwrap();
    let token = begin(USER);
    let bearer = format!("Bearer sk_0123456789abcdef_{}", "0".repeat(64));
    for theirs in [
        ("Accept", "*/*"),
        ("X-Api-Key", "sk_0123456789abcdef_00"),
        ("X-Api-Key", ""),
        ("Connection", "X-Api-Key"),
        ("Authorization", &bearer),
    ] {
        let outcome = stage.get_as(&token, "/page", &[theirs]);
        assert!(!format!("{:?}", outcome.answer).contains(secret), "the visitor is told the key");
        let seen = outcome.arrived();
        assert_eq!(seen.header("x-session-user"), Some(ENCODED));
        assert!(!seen.head.contains(secret), "the application is told the key");
        for path in ["/page", "/welcome", "/login"] {
            let outcome = stage.get(path, &[theirs]);
            assert_eq!(outcome.answer.status, if path == "/page" { 401 } else { 200 }, "{path}");
            assert!(!format!("{:?}{:?}", outcome.answer, outcome.seen).contains(secret), "{path}");
        }
    }
    // Nor does a visitor's key open anything, be it the right one.
    stage.get("/page", &[("X-Api-Key", key)]).refused(401);
    assert!(!stage.proxy.log().contains(secret) && !stage.proxy.log().contains(&token));
}

/// Nobody is let in because something failed, and nobody is told that they are not logged in.
fn down(stage: &mut Stage) {
    let (token, _) = begin(stage, "frank");
    let headers = cookie(&token);
    let (cookie, session) = (("Cookie", headers.as_str()), stage.service.address.clone());
    stage.get("/page", &[cookie]).arrived();
    stage.service.kill();
    for headers in [&[][..], &[cookie], &[("X-Session-User", "admin")]] {
        stage.get("/page", headers).refused(503);
        stage.get("/welcome", headers).refused(503);
        assert_nobody(&stage.get("/login", headers).arrived());
    }
    assert_eq!(stage.upgrade(&format!("Cookie: {headers}\r\n")).0, 503);
    answering_nothing(&session, || stage.get("/page", &[cookie]).refused(503));
    let problem =
        "Content-Type: application/problem+json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    for (status, told) in [
        ("503 Service Unavailable", 503..=503),
        ("500 Internal Server Error", 500..=503),
        ("404 Not Found", 400..=503),
        ("400 Bad Request", 400..=503),
        ("302 Found", 300..=503),
    ] {
        answering(&session, &format!("HTTP/1.1 {status}\r\n{problem}"), || {
            let outcome = stage.get("/page", &[cookie]);
            assert!(told.contains(&outcome.answer.status), "{status} became {:?}", outcome.answer);
            assert!(outcome.seen.is_none(), "{status} let in");
        });
    }
    // It is back, and asked again: it has forgotten everybody.
    stage.service = Service::start(&["--store", "memory:", "--listen", &session]);
    eventually("the service to be asked again", || stage.get("/page", &[cookie]).answer.status == 401);
    let (token, id) = begin(stage, USER);
    assert_identity(&stage.get_as(&token, "/page", &[]).arrived(), ENCODED, &id);
}

/// In the place of the service, something that takes connections and says nothing.
fn answering_nothing(address: &str, meanwhile: impl FnOnce()) {
    let silent = TcpListener::bind(address).unwrap();
    meanwhile();
    drop(silent);
}

/// In the place of the service, something that says always the same.
fn answering(address: &str, answer: &str, meanwhile: impl FnOnce()) {
    let listener = TcpListener::bind(address).unwrap();
    let answer = answer.to_owned();
    listener.set_nonblocking(false).unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let server = thread::spawn(move || {
        for stream in listener.incoming() {
            if stopped.try_recv().is_ok() {
                return;
            }
            let mut stream = std::io::BufReader::new(stream.unwrap());
            let mut line = String::new();
            while line != "\r\n"
                && std::io::BufRead::read_line(&mut stream, &mut line).is_ok_and(|read| read > 0)
            {
                if line != "\r\n" {
                    line.clear();
                }
            }
            // A proxy may have gone.
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    meanwhile();
    stop.send(()).unwrap();
    // One more connection, so that it looks.
    drop(std::net::TcpStream::connect(address));
    server.join().unwrap();
}
