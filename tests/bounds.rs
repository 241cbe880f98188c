//! Bodies, headers, connections and waits are bounded; and every answer of the v1 surface is what it should be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use support::{Answer, Connection, Service};

/// The open connections of the public listener.
const PUBLIC: &str = "sessioning_connections{listener=\"public\"}";
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn create(service: &Service, body: &str) -> Answer {
    service.request("POST", "/v1/sessions", &[JSON], body.as_bytes())
}

fn check(service: &Service, headers: &[(&str, &str)]) -> Answer {
    service.request("GET", "/v1/session", headers, b"")
}

#[test]
fn a_session_of_the_v1_surface_lives_from_create_to_delete() {
    let service = Service::start(&["--store", "memory:", "--set", "session.max_idle_timeout=30d"]);
    let body = r#"{"user":"alice","idle_timeout":"30m","absolute_timeout":"12h","metadata":{"ip":"::1","label":"tablet"},"data":{"cart":[1.50]}}"#;
    let created = create(&service, body);
    assert_eq!(created.status, 201);
    let created_json = created.json();
    let token = created_json["token"].as_str().unwrap();
    let session = &created_json["session"];
    assert_eq!(session["user"], "alice");
    assert_eq!(session["metadata"], serde_json::json!({"ip": "::1", "label": "tablet"}));
    assert!(created.body.contains(r#""data":{"cart":[1.50]}"#), "numbers stay as they were written");
    assert!(!session.to_string().contains(token));
    let cookie = format!("__Host-session={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200");
    assert_eq!(created_json["set_cookie"], cookie);
    for moment in ["created_at", "last_seen", "idle_expires_at", "expires_at", "authenticated_at"] {
        let text = session[moment].as_str().unwrap();
        assert!(text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.', "{moment}: {text}");
    }
    let (bearer, cookie) = (format!("Bearer {token}"), format!("a=b; __Host-session={token}"));
    for header in [("Authorization", bearer.as_str()), ("X-Session-Token", token), ("Cookie", &cookie)] {
        let found = check(&service, &[header]);
        assert_eq!((found.status, &found.json()["session"]["id"]), (200, &session["id"]), "{header:?}");
    }
    assert_eq!(check(&service, &[("Authorization", &bearer), ("Cookie", &cookie)]).status, 200);
    let delete = |headers: &[(&str, &str)]| service.request("DELETE", "/v1/session", headers, b"");
    assert_eq!(delete(&[("X-Session-Token", token)]).status, 204);
    assert_eq!(check(&service, &[("X-Session-Token", token)]).status, 401);
    assert_eq!(delete(&[("X-Session-Token", token)]).status, 204, "gone already");
    assert_eq!(delete(&[("X-Session-Token", "ses_nonsense")]).status, 204, "any token");
    assert_eq!(delete(&[]).code(), "session_invalid");
}

#[test]
fn sec_10_every_bad_token_gets_one_and_the_same_answer() {
    let service = Service::start(&["--store", "memory:"]);
    let made =
        |service: &Service| create(service, r#"{"user":"a"}"#).json()["token"].as_str().unwrap().to_owned();
    let (deleted, live) = (made(&service), made(&service));
    service.request("DELETE", "/v1/session", &[("X-Session-Token", &deleted)], b"");
    let elsewhere = Service::start(&["--store", "memory:"]);
    let unknown = made(&elsewhere);
    // A right checksum over a wrong secret.
    let body = format!("{}{}", &live[..36], &unknown[36..100]);
    let wrong_secret = format!("{body}{:08x}", crc32fast::hash(body.as_bytes()));
    let (revoked, id) = service.begin(r#"{"user":"a"}"#);
    service.v1("DELETE", &format!("/v1/sessions/{id}"), "", "");
    let (renewed, _) = service.begin(r#"{"user":"a"}"#);
    service.v1("POST", "/v1/session/renew", &renewed, "");
    let in_other = [("X-Session-Namespace", "other")];
    let other = service.v1_with("POST", "/v1/sessions", "", r#"{"user":"a"}"#, &in_other).json();
    let (idle, _) = service.begin(r#"{"user":"a","idle_timeout":"1ms"}"#);
    let (aged, _) = service.begin(r#"{"user":"a","absolute_timeout":"1ms"}"#);
    support::eventually("both to expire", || service.status_of(&idle) + service.status_of(&aged) == 802);
    let with_everyone = Service::start(&["--store", "memory:"]);
    let ended = made(&with_everyone);
    with_everyone.v1("POST", "/v1/sessions/revoke-everyone", "", r#"{"confirm":"everyone"}"#);
    let answer_of = |service: &Service, headers: &[(&str, &str)]| {
        let mut answer = check(service, &[headers, &[("X-Request-Id", "same")]].concat());
        answer.headers.retain(|(name, _)| name != "date");
        (answer.status, answer.headers, answer.body)
    };
    let mut answers = Vec::new();
    for token in [
        &deleted,
        &unknown,
        &wrong_secret,
        &revoked,
        &renewed,
        &other["token"].as_str().unwrap().to_owned(),
        &idle,
        &aged,
        &live[..50].to_owned(),
        &live.to_uppercase(),
        &"ses_".to_owned(),
        &String::new(),
    ] {
        answers.push(answer_of(&service, &[("X-Session-Token", token)]));
    }
    answers.push(answer_of(&with_everyone, &[("X-Session-Token", &ended)]));
    answers.push(answer_of(&service, &[]));
    assert_eq!(answers[0].0, 401);
    assert_eq!(
        answers[0].2,
        r#"{"code":"session_invalid","title":"Not logged in","status":401,"request_id":"same"}"#
    );
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[test]
fn sec_30_a_token_counts_only_where_it_belongs_and_only_one() {
    let service = Service::start(&["--store", "memory:"]);
    let token = create(&service, r#"{"user":"a"}"#).json()["token"].as_str().unwrap().to_owned();
    let other = create(&service, r#"{"user":"b"}"#).json()["token"].as_str().unwrap().to_owned();
    let [cookie, other_cookie] = [&token, &other].map(|token| format!("__Host-session={token}"));
    for headers in [
        vec![("X-Session-Token", token.as_str()), ("X-Session-Token", &other)],
        vec![("X-Session-Token", &other), ("Cookie", &cookie)],
        vec![("Cookie", &cookie), ("Cookie", &other_cookie)],
    ] {
        let answer = check(&service, &headers);
        assert_eq!((answer.status, answer.code().as_str()), (400, "token_ambiguous"), "{headers:?}");
    }
    let query = service.request("GET", &format!("/v1/session?token={token}&session={token}"), &[], b"");
    assert_eq!(query.status, 401);
    let twice = [("Cookie", cookie.as_str()), ("Cookie", &cookie)];
    assert_eq!(check(&service, &twice).status, 200, "one token in two cookies is one token");
    let (basic, lower) = (format!("Basic {token}"), format!("__host-session={token}"));
    let second = [("Authorization", "Bearer other"), ("Authorization", &format!("Bearer {token}"))];
    assert_eq!(check(&service, &second).code(), "invalid_request", "two headers of the name");
    let others = [("Authorization", "Bearer other"), ("X-Session-Token", token.as_str())];
    assert_eq!(check(&service, &others).status, 200, "somebody else's Bearer counts as absent");
    let one = format!("Bearer {token}");
    assert_eq!(check(&service, &[("Authorization", &one), ("X-Session-Token", &other)]).status, 400);
    assert_eq!(check(&service, &[("Authorization", &one), ("Cookie", "__Host-session=")]).status, 200);
    for header in [("Authorization", basic.as_str()), ("Cookie", &lower), ("X-Session", &token)] {
        assert_eq!(check(&service, &[header]).status, 401, "{header:?}");
    }
}

#[test]
fn what_cannot_be_created_says_why_and_changes_nothing() {
    let service = Service::start(&["--store", "memory:"]);
    let long = format!(r#"{{"user":"a","data":{{"x":"{}"}}}}"#, "x".repeat(5000));
    for (body, status, code, detail) in [
        ("", 400, "invalid_request", "must be a JSON object"),
        ("{", 400, "invalid_request", "EOF"),
        (r#"["alice",null,null,null,null]"#, 400, "invalid_request", "must be a JSON object"),
        ("{}", 400, "invalid_request", "user is missing"),
        (r#"{"user":1}"#, 400, "invalid_request", "user must be a string"),
        (r#"{"user":"a","idle":"1m"}"#, 400, "invalid_request", "idle is not a field"),
        (r#"{"user":""}"#, 422, "invalid_user", "1 to 256 bytes"),
        (r#"{"user":"a","idle_timeout":"soon"}"#, 400, "invalid_request", "not a duration"),
        (
            r#"{"user":"a","idle_timeout":"8d"}"#,
            422,
            "timeout_too_long",
            "idle_timeout 8d is longer than the 7d",
        ),
        (
            r#"{"user":"a","absolute_timeout":"never"}"#,
            422,
            "timeout_too_long",
            "never is longer than the 30d",
        ),
        (r#"{"user":"a","data":[]}"#, 400, "invalid_request", "data must be an object"),
        (&long, 400, "invalid_request", "at most 4096 bytes"),
        (r#"{"user":"a","metadata":{"ip":5}}"#, 400, "invalid_request", "metadata.ip must be a string"),
        (r#"{"user":"a","metadata":{"os":""}}"#, 400, "invalid_request", "metadata.os is not a field"),
    ] {
        let answer = create(&service, body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}: {answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(detail), "{body}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    for (kind, said) in [
        ("text/plain", "the body has another Content-Type: add the header Content-Type: application/json"),
        (
            "application/x-www-form-urlencoded",
            "the body has the Content-Type of a form, as curl -d sends it: add the header Content-Type: application/json",
        ),
    ] {
        let other =
            service.request("POST", "/v1/sessions", &[("Content-Type", kind)], br#"{"user":"alice"}"#);
        assert_eq!((other.status, other.code().as_str()), (415, "unsupported_media_type"));
        assert_eq!(other.json()["detail"], said);
    }
    assert!(!service.log().contains("Successfully"));
}

#[test]
fn sec_35_wrong_methods_and_paths_are_problems() {
    let service = Service::start(&["--store", "memory:"]);
    let answer = service.request("PUT", "/v1/session", &[], b"");
    assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), Some("GET,HEAD,DELETE"));
    assert_eq!(service.request("TRACE", "/v1/sessions", &[], b"").status, 405);
    let answer = service.request("GET", "/nowhere", &[], b"");
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
}

#[test]
fn requests_have_names_and_answers_are_not_stored() {
    let service = Service::start(&["--store", "memory:"]);
    let own = service.request("GET", "/", &[("X-Request-Id", "my-1.A_b")], b"");
    assert_eq!(own.header("x-request-id"), Some("my-1.A_b"));
    let long = "x".repeat(65);
    for bad in ["a b", "a\"b", "", long.as_str()] {
        let answer = service.request("GET", "/", &[("X-Request-Id", bad)], b"");
        assert_ne!(answer.header("x-request-id"), Some(bad));
        assert!(answer.header("x-request-id").unwrap().len() > 8);
    }
    for answer in [
        service.request("GET", "/v1/session", &[], b""),
        create(&service, r#"{"user":"a"}"#),
        service.post("/api/Sessioning/_getUser", "{}"),
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("server").is_none());
    }
}

#[test]
fn sec_36_what_is_too_large_is_refused() {
    let service = Service::start(&["--store", "memory:"]);
    let answer = create(&service, &" ".repeat(257 * 1024));
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
    let answer = service.request("GET", &format!("/{}", "x".repeat(9000)), &[], b"");
    assert_eq!((answer.status, answer.code().as_str()), (414, "uri_too_long"));
    let long = "x".repeat(17 * 1024);
    let answer = service.request("GET", "/", &[("X-Long", &long)], b"");
    assert_eq!((answer.status, answer.code().as_str()), (431, "headers_too_large"));
    // Beyond what is held in memory at all, the protocol itself refuses.
    let huge = "x".repeat(200 * 1024);
    let refused = Connection::open(&service.address).unwrap().request("GET", "/", &[("X-Huge", &huge)], b"");
    assert!(refused.map_or(true, |answer| answer.status == 431));
    // A body that claims more than it may is not waited for.
    let mut connection = Connection::open(&service.address).unwrap();
    connection
        .send(
            b"POST /api/Sessioning/_getUser HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        )
        .unwrap();
    assert_eq!(connection.answer(false).unwrap().status, 413);
    // One that does not say how long it is, is read no further than it may be.
    let mut connection = Connection::open(&service.address).unwrap();
    let head = "POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    connection.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    for _ in 0..5 {
        connection.send(chunk.as_bytes()).unwrap();
    }
    assert_eq!(connection.answer(false).unwrap().status, 413);
}

#[test]
fn sec_36_a_body_that_does_not_come_is_not_waited_for() {
    let service = Service::start(&["--store", "memory:", "--set", "limits.request_timeout=200ms"]);
    let mut connection = Connection::open(&service.address).unwrap();
    connection.send(b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{").unwrap();
    let answer = connection.answer(false).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (408, "request_timeout"));
}

#[test]
fn sec_36_a_client_that_reads_no_answers_loses_its_place() {
    let service = Service::start(&[
        "--store",
        "memory:",
        "--set",
        "limits.connections=1",
        "--set",
        "limits.request_timeout=300ms",
    ]);
    let mut deaf = Connection::open(&service.address).unwrap();
    let body = support::session_body(&"x".repeat(200_000));
    let request = format!(
        "POST /api/Sessioning/_getUser HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // Each is echoed in its answer; soon the answers fill every buffer on the way, and then this side's too.
    std::thread::spawn(move || while deaf.send(request.as_bytes()).is_ok() {});
    let mut next = Connection::open(&service.address).unwrap();
    assert_eq!(next.request("GET", "/", &[], b"").unwrap().status, 200);
}

#[test]
fn sec_36_connections_beyond_the_limit_wait_for_a_place() {
    let service = Service::start(&["--store", "memory:", "--set", "limits.connections=2"]);
    // What is idle would make room.
    let head = b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let mut held: Vec<_> = (0..2).map(|_| Connection::open(&service.address).unwrap()).collect();
    for connection in &mut held {
        connection.send(head).unwrap();
    }
    support::eventually("both to be taken", || service.metric(PUBLIC) == 2.0);
    let address = service.address.clone();
    let (done, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let answer = Connection::open(&address).unwrap().request("GET", "/", &[], b"").unwrap();
        done.send(answer.status).unwrap();
    });
    assert!(finished.recv_timeout(std::time::Duration::from_millis(300)).is_err(), "the third one waits");
    held.pop();
    assert_eq!(finished.recv_timeout(support::PATIENCE), Ok(200));
}
