//! What reverse proxies ask, as they ask it. `tests/proxies.rs` has the proxies themselves.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::time::{Duration, Instant};

use support::mongo::Mongo;
use support::{Answer, Connection, Service, eventually, new_key};

const FORWARD: &str = "/v1/forward-auth";
const OPTIONAL: &str = "/v1/forward-auth/optional";
const IDENTITY: [&str; 4] = ["x-session-status", "x-session-user", "x-session-id", "x-session-expires"];

fn cookie(token: &str) -> String {
    format!("theme=dark; __Host-session={token}")
}

/// What a proxy asks about a visitor who sent these headers.
fn ask(service: &Service, path: &str, headers: &[(&str, &str)]) -> Answer {
    service.request("GET", path, headers, b"")
}

fn identity(answer: &Answer) -> [&str; 4] {
    IDENTITY.map(|name| answer.header(name).unwrap_or("missing"))
}

#[test]
fn sec_37_who_is_logged_in_passes_with_every_identity_header() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, id) = service.begin(r#"{"user": "Zoë (admin)/%"}"#);
    let (endless, endless_id) = service.begin(r#"{"user": "a.b-c_d~e"}"#);
    for path in [
        FORWARD,
        OPTIONAL,
        "/v1/forward-auth/required",
        "/v1/ext-authz",
        "/v1/ext-authz/",
        "/v1/ext-authz/a/b?c=d",
    ] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"] {
            let sent =
                [("Cookie", &*cookie(&token)), ("X-Session-User", "mallory"), ("X-Session-Status", "active")];
            let answer = service.request(method, path, &sent, b"");
            assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{method} {path}");
            let [status, user, told, expires] = identity(&answer);
            assert_eq!((status, user, told), ("active", "Zo%C3%AB%20%28admin%29%2F%25", id.as_str()));
            assert!(expires.ends_with('Z'), "{expires}");
            assert_eq!(answer.header("set-cookie"), None);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
    let answer = ask(&service, FORWARD, &[("Authorization", &format!("Bearer {endless}"))]);
    assert_eq!(identity(&answer)[1..3], ["a.b-c_d~e", &endless_id]);
}

#[test]
fn sec_37_a_session_without_an_end_says_so() {
    let service = Service::start(&[
        "--store",
        "memory:",
        "--set",
        "session.idle_timeout=never",
        "--set",
        "session.absolute_timeout=never",
    ]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    let answer = ask(&service, FORWARD, &[("X-Session-Token", &token)]);
    assert_eq!(identity(&answer)[3], "never");
}

#[test]
fn who_is_not_logged_in_passes_only_where_anybody_may() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    let (revoked, id) = service.begin(r#"{"user": "alice"}"#);
    assert_eq!(service.v1("DELETE", &format!("/v1/sessions/{id}"), "", "").status, 204);
    let (brief, _) = service.begin(r#"{"user": "alice", "absolute_timeout": "200ms"}"#);
    eventually("the session to expire", || service.status_of(&brief) == 401);
    let two = format!("{}; __Host-session=other", cookie(&token));
    let other = service.begin(r#"{"user": "bob"}"#).0;
    let nobodies: [&[(&str, &str)]; 7] = [
        &[],
        &[("Cookie", &cookie(&revoked))],
        &[("Cookie", &cookie(&brief))],
        &[("Cookie", &cookie("rubbish"))],
        &[("Cookie", &two)],
        &[("Cookie", &cookie(&token)), ("X-Session-Token", &other)],
        &[("Cookie", &format!("session={token}"))],
    ];
    for sent in nobodies {
        for path in [FORWARD, "/v1/ext-authz/private"] {
            let answer = ask(&service, path, sent);
            assert_eq!((answer.status, answer.code().as_str()), (401, "session_invalid"), "{sent:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
            assert_eq!(answer.header("set-cookie"), None, "proxies pass few of them on, so none is set here");
        }
        let answer = ask(&service, OPTIONAL, sent);
        assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
        assert_eq!(identity(&answer), ["anonymous", "(none)", "(none)", "(none)"]);
    }
}

#[test]
fn visitors_without_a_token_are_no_failed_checks() {
    let service = Service::start(&["--store", "memory:"]);
    for path in [FORWARD, OPTIONAL, "/v1/ext-authz/x"] {
        ask(&service, path, &[("Cookie", "theme=dark")]);
    }
    assert_eq!(service.metric("sessioning_checks_total"), 0.0);
    ask(&service, OPTIONAL, &[("Cookie", &cookie("rubbish"))]);
    assert_eq!(service.metric("sessioning_checks_total{result=\"malformed\"}"), 1.0);
}

#[test]
fn a_policy_stands_in_the_path_and_nothing_a_visitor_sends_is_one() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user": "alice", "authenticated": {"amr": ["pwd"], "level": 1}}"#);
    let sent = [("X-Session-Token", token.as_str())];
    assert_eq!(ask(&service, "/v1/forward-auth/min_level=1,max_age=1h", &sent).status, 200);
    let low = ask(&service, "/v1/forward-auth/min_level=2", &sent);
    assert_eq!((low.status, low.code().as_str()), (401, "step_up_required"));
    let challenge = low.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_user_authentication"), "{challenge}");
    // Misspelt, it is a fault of the proxy's: not 200, nor anything that a proxy would take for "log in".
    for path in ["/v1/forward-auth/optionall", "/v1/forward-auth/max_age=x", "/v1/forward-auth/optional%2Cx"]
    {
        assert_eq!(ask(&service, path, &sent).status, 403, "{path}");
    }
    for (path, headers) in [
        ("/v1/forward-auth?policy=optional", &[][..]),
        ("/v1/forward-auth?optional", &[]),
        ("/v1/ext-authz/optional", &[]),
        ("/v1/ext-authz/../forward-auth/optional", &[]),
        (FORWARD, &[("Session-Policy", "optional"), ("X-Forwarded-Uri", OPTIONAL)]),
    ] {
        assert_eq!(ask(&service, path, headers).status, 401, "{path}");
    }
}

#[test]
fn a_namespace_is_the_policys_or_the_keys_and_never_a_header() {
    let service = Service::start(&["--store", "memory:"]);
    let shop = [("X-Session-Namespace", "shop")];
    let answer = service.v1_with("POST", "/v1/sessions", "", r#"{"user": "root"}"#, &shop);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let sent = [("X-Session-Token", token.as_str()), shop[0]];
    assert_eq!(ask(&service, FORWARD, &sent).status, 403);
    assert_eq!(ask(&service, "/v1/ext-authz/x", &sent).status, 403);
    assert_eq!(ask(&service, FORWARD, &sent[..1]).status, 401);
    assert_eq!(ask(&service, "/v1/forward-auth/namespace=shop", &sent[..1]).status, 200);
}

#[test]
fn sec_37_a_name_that_could_be_taken_for_ours_is_refused_under_every_policy() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    let cookie = cookie(&token);
    let paths =
        [FORWARD, OPTIONAL, "/v1/forward-auth/open", "/v1/forward-auth/min_level=0", "/v1/ext-authz/x"];
    let separators = "!#$%&'*+-.^_`|~";
    for (one, two) in separators.chars().flat_map(|one| separators.chars().map(move |two| (one, two))) {
        for path in paths {
            let status = |rest: &str| {
                let name = format!("X{one}Session{two}{rest}");
                ask(&service, path, &[("Cookie", &cookie), (&name, "admin")]).status
            };
            let exact = (one, two) == ('-', '-');
            assert_eq!(status("User"), if exact { 200 } else { 403 }, "{path} X{one}Session{two}User");
            assert_eq!(status("level"), 403, "{path} X{one}Session{two}level");
        }
    }
    service.wait_for_log("the visitor sent the header x!session!user");
    let answer = ask(&service, OPTIONAL, &[("x`session|user", "admin")]);
    assert_eq!((answer.status, answer.code().as_str()), (403, "origin_refused"));
    assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
}

#[test]
fn an_open_page_is_told_nothing_and_needs_no_session() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    for sent in [&[][..], &[("Cookie", &*cookie(&token))], &[("Cookie", &cookie("rubbish"))]] {
        let answer = ask(&service, "/v1/forward-auth/open", sent);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
    }
    assert_eq!(service.metric("sessioning_checks_total"), 0.0);
    let unknown = ask(&service, "/v1/forward-auth/open,optional", &[]);
    assert_eq!(unknown.status, 403);
}

#[test]
fn the_proxys_key_comes_in_x_api_key_alone_and_its_lack_is_not_the_visitors() {
    let (key, entry) = new_key(&["--scope", "create,check", "--namespace", "shop"]);
    let (other, other_entry) = new_key(&["--scope", "create"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sessioning.toml"), [entry, other_entry].join("\n\n")).unwrap();
    let service = Service::start_in(folder.path(), &["--store", "memory:"]);
    let made = service.v1_with("POST", "/v1/sessions", "", r#"{"user": "alice"}"#, &[("X-Api-Key", &key)]);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let visitor = ("X-Session-Token", token.as_str());
    assert_eq!(ask(&service, FORWARD, &[visitor, ("X-Api-Key", &key)]).status, 200);
    let bearer = format!("Bearer {key}");
    let without: [&[(&str, &str)]; 4] = [
        &[visitor],
        &[visitor, ("Authorization", &bearer)],
        &[visitor, ("X-Api-Key", &other)],
        &[visitor, ("X-Api-Key", "sk_"), ("X-Api-Key", &key)],
    ];
    for sent in without {
        let answer = ask(&service, FORWARD, sent);
        assert_eq!((answer.status, answer.code().as_str()), (403, "scope_missing"), "{sent:?}");
        assert!(answer.body.contains("the proxy is not set up for this"), "{answer:?}");
    }
    for (policy, why) in [
        ("max_agee=5m", "policy: \"max_agee=5m\" is not one: known are required, "),
        ("max_age=soon", "policy: max_age must be a duration"),
        ("min_level=x", "policy: min_level must be an integer of 0 to 255"),
    ] {
        let answer = ask(&service, &format!("/v1/forward-auth/{policy}"), &[visitor, ("X-Api-Key", &key)]);
        assert_eq!((answer.status, answer.code().as_str()), (403, "invalid_policy"), "{policy}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(why), "{answer:?}");
    }
    let beyond = ask(&service, "/v1/forward-auth/namespace=other", &[visitor, ("X-Api-Key", &key)]);
    assert_eq!(beyond.status, 403);
    service.wait_for_log("A proxy was refused, not its visitor");
    // A visitor may have an Authorization of their own; what looks like a key in it is nobody's.
    assert_eq!(
        ask(&service, FORWARD, &[visitor, ("X-Api-Key", &key), ("Authorization", "Bearer sk_x")]).status,
        200
    );
}

#[test]
fn hosts_and_origins_are_the_visitors_and_pass() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    let sent = [
        ("Host", "shop.example"),
        ("Origin", "https://elsewhere.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Cookie", &*cookie(&token)),
    ];
    assert_eq!(ask(&service, FORWARD, &sent).status, 200);
    assert_eq!(ask(&service, "/v1/ext-authz/page", &sent).status, 200);
}

#[test]
fn sec_31_a_cookie_from_another_origins_page_changes_nothing_behind_a_proxy() {
    let service = Service::start(&["--store", "memory:", "--set", "proxy.trusted=127.0.0.1"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    let cookie = cookie(&token);
    let status = |method: &str, path: &str, more: &[(&str, &str)]| {
        let sent = [&[("Host", "shop.example"), ("Cookie", cookie.as_str())], more].concat();
        service.request(method, path, &sent, b"").status
    };
    let (foreign, own) = (("Origin", "https://elsewhere.example"), ("Origin", "https://shop.example"));
    let posted = [("X-Forwarded-Method", "POST"), ("X-Forwarded-Host", "shop.example")];
    let cross = ("Sec-Fetch-Site", "cross-site");
    assert_eq!(status("POST", "/v1/ext-authz/x", &[foreign]), 403);
    assert_eq!(status("POST", "/v1/ext-authz/x", &[own]), 200);
    assert_eq!(status("GET", "/v1/ext-authz/x", &[foreign, cross]), 200);
    assert_eq!(status("GET", FORWARD, &[posted[0], posted[1], foreign]), 403);
    assert_eq!(status("GET", FORWARD, &[posted[0], posted[1], own, cross]), 403);
    assert_eq!(status("GET", FORWARD, &[posted[0], posted[1], own]), 200);
    service.wait_for_log("A visitor was refused with 403");
    assert!(service.log().contains("a cookie counts only in requests of this origin"), "{}", service.log());
    for unreadable in ["PO ST", ""] {
        let sent = [("X-Forwarded-Method", unreadable), posted[1], foreign];
        assert_eq!(status("GET", FORWARD, &sent), 403, "{unreadable:?}");
    }
    assert_eq!(status("POST", FORWARD, &[foreign]), 200, "what the proxy's own request is like says nothing");
    let unbelieved = Service::start(&["--store", "memory:"]);
    let token = unbelieved.begin(r#"{"user": "alice"}"#).0;
    let sent = [posted[0], foreign, ("Cookie", &*self::cookie(&token))];
    assert_eq!(ask(&unbelieved, FORWARD, &sent).status, 200);
    unbelieved.wait_for_log("A proxy that proxy.trusted does not name");
}

#[test]
fn an_announced_body_is_not_waited_for() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    for path in [FORWARD, "/v1/ext-authz/upload"] {
        for announced in [
            "Content-Length: 1000000000",
            "Transfer-Encoding: chunked",
            "Content-Length: 5\r\nExpect: 100-continue",
        ] {
            let began = Instant::now();
            let mut connection = Connection::open(&service.address).unwrap();
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: a\r\nX-Session-Token: {token}\r\n{announced}\r\n\r\n");
            connection.send(head.as_bytes()).unwrap();
            assert_eq!(connection.answer(false).unwrap().status, 200, "{announced}");
            assert!(began.elapsed() < Duration::from_secs(5), "it waited for a body");
        }
    }
}

#[test]
fn sec_41_a_failing_store_lets_nobody_pass_and_logs_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mongo) = Mongo::start(&folder.path().join("mongo")) else { return };
    let service = Service::start(&["--store", &mongo.url("sessions"), "--set", "mongodb.deadline=500ms"]);
    let (token, _) = service.begin(r#"{"user": "alice"}"#);
    let sent = [("Cookie", &*cookie(&token))];
    mongo.signal("STOP");
    for path in [FORWARD, OPTIONAL, "/v1/ext-authz/x"] {
        let answer = ask(&service, path, &sent);
        assert_eq!((answer.status, answer.code().as_str()), (503, "store_unavailable"), "{path}");
        assert!(answer.header("retry-after").is_some());
        assert_eq!(answer.header("set-cookie"), None);
        assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
    }
    mongo.signal("CONT");
    eventually("the session to be known again", || ask(&service, FORWARD, &sent).status == 200);
}

#[test]
fn a_use_behind_a_proxy_keeps_the_session_alive() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, id) = service.begin(r#"{"user": "alice", "idle_timeout": "10s"}"#);
    let seen =
        || service.v1("GET", &format!("/v1/sessions/{id}"), "", "").json()["session"]["last_seen"].clone();
    let before = seen();
    eventually("a use to be recorded", || {
        assert_eq!(ask(&service, FORWARD, &[("X-Session-Token", &token)]).status, 200);
        seen() != before
    });
}
