//! Parity with the original concept server: requests of every kind, with the status and the exact body each.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Answer, Service};

const CREATE: &str = "/api/Sessioning/create";
const DELETE: &str = "/api/Sessioning/delete";
const GET_USER: &str = "/api/Sessioning/_getUser";
const BAD_USER: &str = r#"{"error":"Failed to create session: user must be a string of 1 to 256 bytes without control characters"}"#;
const NOT_FOUND: &str = "404 Not Found";

fn missing(sent: &str) -> String {
    serde_json::json!({ "error": format!("Session with id {sent} not found") }).to_string()
}

/// One row of the table: what is sent, and what must come back.
struct Row<'a> {
    name: &'a str,
    method: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: Vec<u8>,
    status: u16,
    answer: String,
}

fn post<'a>(name: &'a str, path: &'a str, body: impl AsRef<[u8]>, answer: impl Into<String>) -> Row<'a> {
    Row {
        name,
        method: "POST",
        path,
        headers: &[("Content-Type", "application/json")],
        body: body.as_ref().to_vec(),
        status: 200,
        answer: answer.into(),
    }
}

fn other<'a>(name: &'a str, method: &'a str, path: &'a str, status: u16, answer: &str) -> Row<'a> {
    Row { method, status, ..post(name, path, "", answer) }
}

/// Whatever value is sent as a session, it is looked up as nothing and written as JavaScript would.
fn lookups() -> Vec<Row<'static>> {
    let long = "x".repeat(10_240);
    let rows: Vec<(&str, String, String)> = vec![
        ("empty body", String::new(), "undefined".into()),
        ("broken JSON", r#"{"session": "#.into(), "undefined".into()),
        ("a list as body", r#"["session"]"#.into(), "undefined".into()),
        ("a string as body", r#""session""#.into(), "undefined".into()),
        ("null as body", "null".into(), "undefined".into()),
        ("missing field", "{}".into(), "undefined".into()),
        ("another field", r#"{"user": "alice"}"#.into(), "undefined".into()),
        ("null", r#"{"session": null}"#.into(), "null".into()),
        ("a number", r#"{"session": 42}"#.into(), "42".into()),
        ("a fraction", r#"{"session": 0.10}"#.into(), "0.1".into()),
        ("1e21", r#"{"session": 1e21}"#.into(), "1e+21".into()),
        ("-0", r#"{"session": -0}"#.into(), "0".into()),
        ("1e999", r#"{"session": 1e999}"#.into(), "Infinity".into()),
        ("a large integer", r#"{"session": 12345678901234567890}"#.into(), "12345678901234567000".into()),
        ("true", r#"{"session": true}"#.into(), "true".into()),
        ("an array", r#"{"session": ["a", 1, null]}"#.into(), "a,1,".into()),
        ("nested arrays", r#"{"session": [[1, [2]], [], {}]}"#.into(), "1,2,,[object Object]".into()),
        ("an object with $ne", r#"{"session": {"$ne": null}}"#.into(), "[object Object]".into()),
        ("an empty string", r#"{"session": ""}"#.into(), String::new()),
        ("10 KB", format!(r#"{{"session": "{long}"}}"#), long),
        ("unicode", r#"{"session": "日本語 ünï 🦀"}"#.into(), "日本語 ünï 🦀".into()),
        ("control characters", r#"{"session": "a\u0000\n\u001b[31m"}"#.into(), "a\0\n\u{1b}[31m".into()),
        ("duplicate keys", r#"{"session": 1, "session": 2}"#.into(), "2".into()),
        ("a lone surrogate", r#"{"session": "\ud800"}"#.into(), "undefined".into()),
        (
            "a UUID of the original",
            r#"{"session": "0199c1a0-7c7e-7000-8000-000000000000"}"#.into(),
            "0199c1a0-7c7e-7000-8000-000000000000".into(),
        ),
        ("a path", r#"{"session": "../../etc/passwd"}"#.into(), "../../etc/passwd".into()),
    ];
    let mut table = Vec::new();
    for (name, body, sent) in rows {
        table.push(post(name, GET_USER, &body, format!("[{}]", missing(&sent))));
        table.push(post(name, DELETE, &body, missing(&sent)));
    }
    table
}

/// What cannot be a user begins nothing.
fn refused_users() -> Vec<Row<'static>> {
    let long = format!(r#"{{"user": "{}"}}"#, "x".repeat(257));
    let bodies: [(&str, &str); 12] = [
        ("empty body", ""),
        ("broken JSON", "{\"user\": \"alice\""),
        ("missing user", "{}"),
        ("null user", r#"{"user": null}"#),
        ("number user", r#"{"user": 7}"#),
        ("array user", r#"{"user": ["alice"]}"#),
        ("object user", r#"{"user": {"$ne": null}}"#),
        ("boolean user", r#"{"user": true}"#),
        ("empty user", r#"{"user": ""}"#),
        ("user with a line feed", r#"{"user": "alice\n"}"#),
        ("user with NUL", r#"{"user": "\u0000"}"#),
        ("user of 257 bytes", &long),
    ];
    bodies.into_iter().map(|(name, body)| post(name, CREATE, body, BAD_USER)).collect()
}

fn paths() -> Vec<Row<'static>> {
    vec![
        other("GET on an action", "GET", CREATE, 404, NOT_FOUND),
        other("PUT on an action", "PUT", DELETE, 404, NOT_FOUND),
        other("DELETE on a query", "DELETE", GET_USER, 404, NOT_FOUND),
        other("OPTIONS without CORS", "OPTIONS", GET_USER, 404, NOT_FOUND),
        other("unknown action", "POST", "/api/Sessioning/renew", 404, NOT_FOUND),
        other("another concept", "POST", "/api/UserAuthentication/login", 404, NOT_FOUND),
        other("wrong case", "POST", "/api/sessioning/create", 404, NOT_FOUND),
        other("trailing slash", "POST", "/api/Sessioning/create/", 404, NOT_FOUND),
        other("the base path", "POST", "/api", 404, NOT_FOUND),
        other(
            "GET /",
            "GET",
            "/",
            200,
            concat!("sessioning ", env!("CARGO_PKG_VERSION"), ", store memory:\n"),
        ),
        Row {
            status: 413,
            ..post(
                "257 KiB",
                GET_USER,
                vec![b' '; 257 * 1024],
                r#"{"error":"The body is too large: the most is 256KiB"}"#,
            )
        },
        post("256 KiB", GET_USER, vec![b' '; 256 * 1024], format!("[{}]", missing("undefined"))),
        post(
            "a query string",
            "/api/Sessioning/_getUser?session=x",
            "{}",
            format!("[{}]", missing("undefined")),
        ),
    ]
}

/// Browsers and rebound names are refused where no key guards the service.
fn browsers() -> Vec<Row<'static>> {
    let host = r#"{"error":"This origin or host may not call the service: the Host \"evil.example\" is not a loopback name; list it under hosts, or configure an API key"}"#;
    let origin = r#"{"error":"This origin or host may not call the service: the Origin https://evil.example is not listed under concept.cors_origins"}"#;
    let site = r#"{"error":"This origin or host may not call the service: it comes from a page of another site (Sec-Fetch-Site: cross-site)"}"#;
    vec![
        Row {
            headers: &[("Host", "evil.example")],
            status: 403,
            ..post("foreign Host", GET_USER, "{}", host)
        },
        Row {
            headers: &[("Origin", "https://evil.example")],
            status: 403,
            ..post("foreign Origin", CREATE, r#"{"user":"alice"}"#, origin)
        },
        Row {
            headers: &[("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")],
            status: 403,
            ..other("preflight of a foreign Origin", "OPTIONS", CREATE, 403, origin)
        },
        Row {
            headers: &[("Sec-Fetch-Site", "cross-site")],
            status: 403,
            ..post("a form on another site", CREATE, r#"{"user":"alice"}"#, site)
        },
        Row {
            headers: &[("Host", "localhost:1234"), ("Origin", "http://localhost:1234")],
            ..post("a page of the same host", GET_USER, "{}", format!("[{}]", missing("undefined")))
        },
    ]
}

fn ask(service: &Service, row: &Row<'_>) -> Answer {
    service.request(row.method, row.path, row.headers, &row.body)
}

#[test]
fn every_row_of_the_table_answers_as_written() {
    let service = Service::start(&["--store", "memory:"]);
    let session = service.create("alice");
    let gone = service.create("alice");
    assert_eq!(service.delete(&gone).body, "{}");
    let cut = &session[..107];
    let mut flipped = session.clone();
    flipped.replace_range(50..51, if &session[50..51] == "0" { "1" } else { "0" });
    let body = |session: &str| support::session_body(session);
    let mut table = vec![
        post("a live session", GET_USER, body(&session), r#"[{"user":"alice"}]"#),
        post(
            "extra fields",
            GET_USER,
            format!(r#"{{"x":[1],"session":"{session}","user":"bob"}}"#),
            r#"[{"user":"alice"}]"#,
        ),
        post(
            "white space",
            GET_USER,
            format!("\n\t{{ \"session\" : \"{session}\" }}\r\n"),
            r#"[{"user":"alice"}]"#,
        ),
        post("a byte order mark", GET_USER, format!("\u{feff}{}", body(&session)), r#"[{"user":"alice"}]"#),
        post(
            "invalid UTF-8 elsewhere",
            GET_USER,
            [b"{\"x\":\"\xff\",".as_slice(), &body(&session).as_bytes()[1..]].concat(),
            r#"[{"user":"alice"}]"#,
        ),
        post(
            "invalid UTF-8 as the session",
            GET_USER,
            b"{\"session\":\"\xff\"}",
            format!("[{}]", missing("\u{fffd}")),
        ),
        Row { headers: &[], ..post("no Content-Type", GET_USER, body(&session), r#"[{"user":"alice"}]"#) },
        Row {
            headers: &[("Content-Type", "text/plain")],
            ..post("text/plain", GET_USER, body(&session), r#"[{"user":"alice"}]"#)
        },
        post("a deleted session", GET_USER, body(&gone), format!("[{}]", missing(&gone))),
        post("deleting it again", DELETE, body(&gone), missing(&gone)),
        post("a cut session", GET_USER, body(cut), format!("[{}]", missing(cut))),
        post("a changed session", GET_USER, body(&flipped), format!("[{}]", missing(&flipped))),
        post(
            "an upper-case session",
            DELETE,
            body(&session.to_uppercase()),
            missing(&session.to_uppercase()),
        ),
        post(
            "a session in a list",
            GET_USER,
            format!(r#"{{"session":["{session}"]}}"#),
            format!("[{}]", missing(&session)),
        ),
        post(
            "a live session in a list, deleted",
            DELETE,
            format!(r#"{{"session":["{session}"]}}"#),
            missing(&session),
        ),
    ];
    table.extend(lookups());
    table.extend(refused_users());
    table.extend(paths());
    table.extend(browsers());
    table.push(post("deleting the live session", DELETE, body(&session), "{}"));
    table.push(post("and asking again", GET_USER, body(&session), format!("[{}]", missing(&session))));
    assert!(table.len() >= 40);
    for row in &table {
        let answer = ask(&service, row);
        let body = answer.body.replace(service.elsewhere.as_deref().unwrap_or("memory:"), "memory:");
        assert_eq!((answer.status, body.as_str()), (row.status, row.answer.as_str()), "{}", row.name);
    }
    println!("{} requests answered as written", table.len());
}

#[test]
fn every_acceptable_user_begins_a_session_of_theirs() {
    let service = Service::start(&["--store", "memory:"]);
    let long = "x".repeat(256);
    for user in [
        "alice",
        "ünï 日本 🦀",
        "{\"$ne\":null}",
        "../..",
        " ",
        "0199c1a0-7c7e-7000-8000-000000000000",
        &long,
    ] {
        let session = service.create(user);
        let expected = serde_json::json!([{ "user": user }]).to_string();
        assert_eq!(service.user_of(&session).body, expected);
    }
}

#[test]
fn a_preflight_and_a_request_of_a_listed_origin_pass() {
    let origin = "https://app.example";
    let service =
        Service::start(&["--store", "memory:", "--set", "concept.cors_origins=https://app.example"]);
    let preflight = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    let answer = service.request("OPTIONS", CREATE, &preflight, b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type"));
    let answer = service.request(
        "POST",
        CREATE,
        &[("Origin", origin), ("Sec-Fetch-Site", "cross-site")],
        br#"{"user":"alice"}"#,
    );
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
    assert_eq!(service.request("POST", CREATE, &[("Origin", "https://app.example.evil")], b"{}").status, 403);
}

#[test]
fn dialects_rename_paths_methods_and_the_field() {
    let service = Service::start(&[
        "--store",
        "memory:",
        "--set",
        "concept.base_path=/backend/v2",
        "--set",
        "concept.name=Sessions",
        "--set",
        "concept.create=start",
        "--set",
        "concept.delete=end",
        "--set",
        "concept.get_user=getUser",
        "--set",
        "concept.field=sessionId",
        "--set",
        "concept.unknown_session=empty",
    ]);
    let answer = service.post("/backend/v2/Sessions/start", r#"{"user":"alice"}"#);
    let session = answer.json()["sessionId"].as_str().unwrap().to_owned();
    let body = serde_json::json!({ "sessionId": session }).to_string();
    assert_eq!(service.post("/backend/v2/Sessions/getUser", &body).body, r#"[{"user":"alice"}]"#);
    assert_eq!(service.post("/backend/v2/Sessions/end", &body).body, "{}");
    assert_eq!(service.post("/backend/v2/Sessions/getUser", &body).body, "[]");
    let gone = missing(&session);
    assert_eq!(service.post("/backend/v2/Sessions/end", &body).body, gone);
    assert_eq!(service.post("/backend/v2/Sessions/create", "{}").body, NOT_FOUND);
    assert_eq!(service.post(CREATE, "{}").json()["code"], "not_found");
    service.wait_for_log("[Sessions.start] Successfully created session: ");
}

#[test]
fn the_log_tells_developers_in_their_words_what_was_called() {
    let service = Service::start(&["--store", "memory:", "-v"]);
    let session = service.create("alice");
    let id = format!(
        "{}-{}-{}-{}-{}",
        &session[4..12],
        &session[12..16],
        &session[16..20],
        &session[20..24],
        &session[24..36]
    );
    service.user_of(&session);
    service.delete(&session);
    service.delete(&session);
    service.post(CREATE, r#"{"user":"a\r\nb\u001b[31m"}"#);
    let name = "Sessioning";
    for line in [
        format!("[{name}.create] Attempting to insert session for user: alice with ID: {id} request="),
        format!("[{name}.create] Successfully created session: {id} request="),
        format!("[{name}._getUser] Session {id} is of user: alice request="),
        format!("[{name}.delete] Deleted session: {id} request="),
        format!("[{name}.delete] No such session: {id} request="),
        format!(
            "[{name}.create] Error creating session for user a\\r\\nb\\u{{1b}}[31m: user must be a string"
        ),
    ] {
        service.wait_for_log(&line);
    }
    assert_eq!(service.log().matches("Attempting to insert").count(), 1, "a refused user is not attempted");
}
