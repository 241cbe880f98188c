//! The requirements that only the running service can show, each by its number; `docs/security.md` lists all.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use support::{Answer, Service, command, eventually};

const ALICE: &str = r#"{"user":"alice"}"#;
const STORE_CALLS: &str = "sessioning_store_operations_total";

fn embedded() -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&["--store", &format!("embedded:{}", folder.path().display())]);
    (service, folder)
}

/// A text of the shape of a token, with a right checksum, that was never issued.
fn forged() -> String {
    let mut body = format!(
        "ses_{:012x}7{:03x}8{:015x}",
        1_790_000_000_000_u64,
        fastrand::u16(..) >> 4,
        fastrand::u64(..) >> 4
    );
    for _ in 0..4 {
        body.push_str(&format!("{:016x}", fastrand::u64(..)));
    }
    format!("{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

#[test]
fn sec_03_a_wrong_checksum_never_reaches_the_store() {
    let (service, _folder) = embedded();
    let (token, _) = service.begin(ALICE);
    // A purge may begin meanwhile.
    let calls =
        || service.metric(STORE_CALLS) - service.metric(&format!("{STORE_CALLS}{{operation=\"purge\""));
    let before = calls();
    for position in 4..token.len() {
        let mut wrong = token.clone();
        let other = if &token[position..=position] == "0" { "1" } else { "0" };
        wrong.replace_range(position..=position, other);
        assert_eq!(service.status_of(&wrong), 401);
        assert_eq!(service.v1("DELETE", "/v1/session", &wrong, "").status, 204);
        assert!(service.user_of(&wrong).body.contains("not found"));
    }
    assert_eq!(calls(), before, "the store was asked");
    assert_eq!(service.status_of(&token), 200);
}

#[test]
fn sec_07_a_clients_own_token_is_never_adopted() {
    let service = Service::start(&["--store", "memory:"]);
    let chosen = forged();
    assert_eq!(service.status_of(&chosen), 401);
    let cookie = format!("__Host-session={chosen}");
    let headers = [("Cookie", cookie.as_str()), ("Content-Type", "application/json")];
    let begun = service.request("POST", "/v1/sessions", &headers, ALICE.as_bytes());
    assert_ne!(begun.json()["token"], *chosen);
    assert_eq!(service.status_of(&chosen), 401);
    let listed = service.v1("GET", "/v1/users/alice/sessions", "", "").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for choosing in [r#"{"user":"a","id":"x"}"#, r#"{"user":"a","token":"x"}"#] {
        assert_eq!(service.v1("POST", "/v1/sessions", "", choosing).status, 400);
    }
}

#[test]
fn sec_11_after_an_acknowledged_delete_no_request_sees_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().display());
    let service = Service::start(&["--store", &store, "--set", "limits.failed_checks=0"]);
    for _ in 0..50 {
        let (token, _) = service.begin(ALICE);
        let deleted = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..30 {
                        let late = deleted.load(Ordering::SeqCst);
                        let status = service.status_of(&token);
                        assert!(!(late && status == 200), "a deleted session was seen");
                    }
                });
            }
            assert_eq!(service.v1("DELETE", "/v1/session", &token, "").status, 204);
            deleted.store(true, Ordering::SeqCst);
        });
        assert_eq!(service.status_of(&token), 401);
    }
}

#[test]
fn sec_13_asking_for_unknown_tokens_creates_nothing() {
    let (service, folder) = embedded();
    service.begin(ALICE);
    let writes = |service: &Service| {
        let of = |operation| service.metric(&format!("{STORE_CALLS}{{operation=\"{operation}\""));
        of("insert") + of("replace") + of("touch")
    };
    let (before, size) = (writes(&service), size_of(folder.path()));
    for _ in 0..20 {
        let tokens: Vec<_> = (0..1000).map(|_| forged()).collect();
        let answer = service.v1("POST", "/v1/sessions/check", "", &json!({ "tokens": tokens }).to_string());
        // Without a key, so many failures are too many; what matters is what they leave.
        assert!(matches!(answer.status, 200 | 429));
    }
    for _ in 0..500 {
        service.delete(&forged());
        service.v1("DELETE", "/v1/session", &forged(), "");
    }
    assert_eq!(writes(&service), before);
    assert_eq!(size_of(folder.path()), size, "the files have grown");
}

#[test]
fn sec_16_a_profile_with_looser_numbers_does_not_start() {
    for (profile, setting, starts) in [
        ("aal1", "session.absolute_timeout=30d", true),
        ("aal1", "session.absolute_timeout=31d", false),
        ("aal2", "session.idle_timeout=1h", true),
        ("aal2", "session.idle_timeout=61m", false),
        ("aal2", "session.max_absolute_timeout=25h", false),
        ("aal3", "session.idle_timeout=15m", true),
        ("aal3", "session.idle_timeout=never", false),
        ("aal3", "session.absolute_timeout=13h", false),
    ] {
        let profile = format!("session.profile={profile}");
        let mut prepared = command(&[]);
        prepared.current_dir("/");
        let arguments = ["--store", "memory:", "--set", &profile, "--set", setting];
        let service = Service::spawn(prepared, &arguments);
        assert_eq!(service.is_ok(), starts, "{profile} {setting}");
        if let Err(said) = service {
            assert!(said.contains("NIST SP 800-63B-4"), "{said}");
        }
    }
}

#[test]
fn sec_25_the_cookie_is_host_bound_and_strict() {
    let service = Service::start(&["--store", "memory:"]);
    let body = r#"{"user":"alice","absolute_timeout":"1h"}"#;
    let set_cookie = service.v1("POST", "/v1/sessions", "", body).json()["set_cookie"].clone();
    let parts: Vec<_> = set_cookie.as_str().unwrap().split("; ").collect();
    assert!(parts[0].starts_with("__Host-session=ses_"));
    assert_eq!(parts[1..], ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=3600"]);
    let strict = ["--set", "cookie.same_site=strict", "--set", "cookie.domain=example.org"];
    let service = Service::start(&[&["--store", "memory:"], &strict[..]].concat());
    let set_cookie = service.v1("POST", "/v1/sessions", "", body).json()["set_cookie"].clone();
    let text = set_cookie.as_str().unwrap();
    assert!(text.starts_with("__Secure-session=ses_") && text.contains("; Domain=example.org; "));
    assert!(text.contains("SameSite=Strict") && !text.contains("__Host-"));
}

/// curl's own cookie jar, with a cookie that it may send without TLS.
#[test]
fn sec_27_logout_empties_the_cookie_jar_and_the_cookie_opens_nothing_anyway() {
    let service = Service::start(&["--store", "memory:", "--set", "cookie.secure=false"]);
    let (token, _) = service.begin(ALICE);
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("jar");
    std::fs::write(&jar, format!("127.0.0.1\tFALSE\t/\tFALSE\t2000000000\tsession\t{token}\n")).unwrap();
    let curl = |method: &str| {
        let jar = jar.to_str().unwrap();
        let url = format!("{}/v1/session", service.url());
        let arguments = ["-s", "-i", "-X", method, "-b", jar, "-c", jar, &url];
        match std::process::Command::new("curl").args(arguments).output() {
            Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
            Err(_) => None,
        }
    };
    let Some(found) = curl("GET") else { return support::skip("curl is not installed") };
    assert!(found.contains("200 OK") && found.contains("alice"), "{found}");
    let left = curl("DELETE").unwrap().to_lowercase();
    assert!(
        left.contains("cache-control: no-store") && left.contains("clear-site-data: \"cache\", \"storage\"")
    );
    assert!(!std::fs::read_to_string(&jar).unwrap().contains("ses_"), "the jar still has the cookie");
    assert_eq!(service.status_of(&token), 401);
}

#[test]
fn sec_28_two_cookies_that_differ_are_refused_and_the_answer_takes_both_away() {
    let plain =
        ["--set", "cookie.secure=false", "--set", "cookie.name=sid", "--set", "hosts=app.shop.example.com"];
    let service = Service::start(&[&["--store", "memory:"], &plain[..]].concat());
    let (token, _) = service.begin(ALICE);
    let cookies = format!("sid={token}; theme=dark; sid=ses_planted");
    let sent = [("Host", "app.shop.example.com"), ("Cookie", cookies.as_str())];
    for method in ["GET", "DELETE"] {
        let refused = service.request(method, "/v1/session", &sent, b"");
        assert_eq!((refused.status, refused.code().as_str()), (400, "token_ambiguous"));
        let set: Vec<_> = refused.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
        for scope in [
            "Path=/",
            "Domain=app.shop.example.com; Path=/",
            "Domain=shop.example.com; Path=/",
            "Domain=example.com; Path=/",
            "Domain=example.com; Path=/v1/session",
        ] {
            let removal = format!("sid=; {scope}; HttpOnly; SameSite=Lax; Max-Age=0");
            assert!(set.iter().any(|(_, cookie)| *cookie == removal), "{removal} is not in {set:?}");
        }
        assert!(
            set.iter().all(|(_, cookie)| cookie.starts_with("sid=; ") && cookie.ends_with("; Max-Age=0"))
        );
    }
    assert_eq!(service.status_of(&token), 200, "what is refused changes no session");
    let twice = format!("sid={token}; sid={token}");
    assert_eq!(service.request("GET", "/v1/session", &[("Cookie", &twice)], b"").status, 200);
    // Not two cookies, but two tokens: nothing is wrong with the cookie.
    let other = [("Cookie", &*format!("sid={token}")), ("X-Session-Token", "ses_other")];
    let refused = service.request("GET", "/v1/session", &other, b"");
    assert_eq!((refused.status, refused.header("set-cookie")), (400, None));
}

#[test]
fn sec_31_a_cookie_changes_something_only_from_its_own_origin() {
    // With a key, so that nothing but the rule itself refuses.
    let (service, key, _folder) = Service::guarded(&[]);
    let own = format!("http://{}", service.address);
    for (headers, allowed) in [
        (vec![], true),
        (vec![("Sec-Fetch-Site", "same-origin")], true),
        (vec![("Sec-Fetch-Site", "none")], true),
        (vec![("Sec-Fetch-Site", "cross-site")], false),
        (vec![("Sec-Fetch-Site", "same-site")], false),
        (vec![("Origin", own.as_str())], true),
        (vec![("Origin", "https://evil.example")], false),
        (vec![("Origin", "null")], false),
    ] {
        for (method, path, body, good) in [
            ("DELETE", "/v1/session", "", 204),
            ("POST", "/v1/session/renew", "", 200),
            ("PATCH", "/v1/session/data", "{}", 200),
            ("DELETE", "/v1/my/sessions", "", 200),
        ] {
            let begun = service.v1_with("POST", "/v1/sessions", "", ALICE, &[("X-Api-Key", &key)]).json();
            let token = begun["token"].as_str().unwrap();
            let cookie = format!("__Host-session={token}");
            let more = [&headers[..], &[("Cookie", &cookie), ("X-Api-Key", &key)]].concat();
            let answer = service.v1_with(method, path, "", body, &more);
            assert_eq!(answer.status, if allowed { good } else { 403 }, "{method} {path} {headers:?}");
            if !allowed {
                assert_eq!(answer.code(), "origin_refused");
                // What changes nothing is answered; and nobody can make a browser send the token in a header.
                assert_eq!(service.v1_with("GET", "/v1/session", "", "", &more).status, 200);
                let headed = [&headers[..], &[("X-Api-Key", &key)]].concat();
                assert_eq!(service.v1_with(method, path, token, body, &headed).status, good);
            }
        }
    }
}

/// Every operation of the description, with a token and without, well formed and not.
fn crawl(service: &Service) -> Vec<(String, Answer)> {
    let document = service.request("GET", "/openapi.json", &[], b"").json();
    let mut answers = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let (token, id) = service.begin(ALICE);
            for (token, id, body) in
                [(token.as_str(), id.as_str(), "{}"), ("", "nonsense", "["), ("ses_x", &id, "")]
            {
                let path = path.replace("{id}", id).replace("{user}", "alice");
                let method = method.to_uppercase();
                let answer = service.v1(&method, &path, token, body);
                answers.push((format!("{method} {path} {body}"), answer));
            }
        }
    }
    answers.push(("GET /".into(), service.request("GET", "/", &[], b"")));
    answers.push(("GET /nowhere".into(), service.request("GET", "/nowhere", &[], b"")));
    answers.push(("concept create".into(), service.post("/api/Sessioning/create", ALICE)));
    answers.push(("concept getUser".into(), service.user_of("x")));
    answers
}

#[test]
fn sec_32_no_answer_may_be_stored() {
    let service = Service::start(&["--store", "memory:"]);
    let answers = crawl(&service);
    assert!(answers.len() > 50);
    for (asked, answer) in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{asked}");
    }
}

#[test]
fn sec_34_every_problem_has_its_shape_and_says_nothing_of_the_inside() {
    let service = Service::start(&["--store", "memory:"]);
    let mut titles = std::collections::HashMap::new();
    for (asked, answer) in crawl(&service) {
        if answer.status < 400 || asked.contains("introspect") || asked.contains("/v1/revoke") {
            continue;
        }
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{asked}");
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status, "{asked}");
        assert_eq!(problem["request_id"].as_str(), answer.header("x-request-id"), "{asked}");
        let (code, title) = (problem["code"].clone(), problem["title"].clone());
        assert_eq!(*titles.entry(code.to_string()).or_insert(title.clone()), title, "{asked}");
        for inside in ["panicked", ".rs:", "fjall", "/work", "/tmp", "ses_0", "stack"] {
            assert!(!answer.body.contains(inside), "{asked}: {}", answer.body);
        }
    }
    assert!(titles.len() > 3, "{titles:?}");
}

#[test]
fn sec_35_only_documented_methods_and_no_banner() {
    let service = Service::start(&["--store", "memory:"]);
    let document = service.request("GET", "/openapi.json", &[], b"").json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "01a20a61-fb89-7a5c-af52-803629217bfa").replace("{user}", "alice");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"] {
            if item.get(method.to_lowercase()).is_none() {
                let answer = service.request(method, &path, &[], b"");
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (405, "method_not_allowed"),
                    "{method} {path}"
                );
                let allow = answer.header("allow").unwrap();
                assert!(!allow.split(',').any(|allowed| allowed == method), "{method} {path}: {allow}");
            }
        }
        let answer = service.request("GET", &path, &[], b"");
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none());
    }
    for private in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(service.request("GET", private, &[], b"").status, 404, "{private} is public");
    }
}

#[test]
fn sec_38_failures_elsewhere_are_limited_and_good_tokens_never() {
    let trusted = ["--set", "proxy.trusted=127.0.0.1", "--set", "limits.failed_checks=20"];
    let service = Service::start(&[&["--store", "memory:"], &trusted[..]].concat());
    let (token, _) = service.begin(ALICE);
    let check = |token: &str, from: &str| {
        service.v1_with("GET", "/v1/session", token, "", &[("X-Forwarded-For", from)])
    };
    let statuses: Vec<_> = (0..25).map(|_| check(&forged(), "192.0.2.1").status).collect();
    assert_eq!((&statuses[..20], &statuses[20..]), (&[401; 20][..], &[429; 5][..]));
    let limited = check("nonsense", "192.0.2.1");
    assert_eq!((limited.code().as_str(), limited.header("retry-after")), ("rate_limited", Some("60")));
    assert_eq!(check(&token, "192.0.2.1").status, 200, "a good token was refused");
    assert_eq!(check(&forged(), "192.0.2.2").status, 401, "another address was limited");
    // What stands before the last untrusted hop is the client's own word.
    assert_eq!(check(&forged(), "198.51.100.1, 192.0.2.1").status, 429);
    for host in 0..20 {
        check(&forged(), &format!("2001:db8::{host}"));
    }
    assert_eq!(check(&forged(), "2001:db8:0:0:ffff::1").status, 429, "one /64 is one source");
    assert_eq!(check(&forged(), "2001:db8:0:1::1").status, 401);
    let told = || service.log().matches("than limits.failed_checks: they get 429").count();
    eventually("one event for each source", || told() >= 2);
    assert_eq!(told(), 2, "one event for each source");
    // The other surfaces count as well.
    let concept = |from: &str| {
        let headers = [("X-Forwarded-For", from)];
        service.request("POST", "/api/Sessioning/_getUser", &headers, b"{\"session\":\"x\"}").status
    };
    assert_eq!(concept("192.0.2.1"), 429);
    let statuses: Vec<_> = (0..21).map(|_| concept("192.0.2.3")).collect();
    assert_eq!((statuses[19], statuses[20]), (200, 429));
    assert!(service.metric("sessioning_checks_limited_total") > 5.0);
    // Good tokens among bad ones are told, and who sends none has not failed.
    let many = |tokens: &[&str]| {
        let body = json!({ "tokens": tokens }).to_string();
        let from = [("X-Forwarded-For", "192.0.2.1")];
        service.v1_with("POST", "/v1/sessions/check", "", &body, &from).status
    };
    assert_eq!((many(&[&token, "ses_x"]), many(&["ses_x", "ses_y"]), many(&[])), (200, 429, 200));
    for _ in 0..30 {
        assert_eq!(check("", "192.0.2.4").status, 401, "a visitor without a token was limited");
        let none =
            service.request("POST", "/api/Sessioning/_getUser", &[("X-Forwarded-For", "192.0.2.4")], b"{}");
        assert_eq!(none.status, 200);
    }
}

#[test]
fn sec_38_callers_with_a_key_are_not_limited() {
    let (service, key, _folder) = Service::guarded(&["--set", "limits.failed_checks=3"]);
    for _ in 0..20 {
        let answer = service.v1_with("GET", "/v1/session", &forged(), "", &[("X-Api-Key", &key)]);
        assert_eq!(answer.code(), "session_invalid");
    }
}

#[test]
fn sec_39_an_open_service_without_keys_has_no_administration() {
    let service = Service::start(&["--store", "memory:", "--listen", "0.0.0.0:0", "--open"]);
    let port = service.address.rsplit(':').next().unwrap();
    let mut connection = support::Connection::open(&format!("127.0.0.1:{port}")).unwrap();
    let headers = [("Content-Type", "application/json")];
    let everyone = br#"{"confirm":"everyone"}"#;
    for (method, path, body) in [
        ("POST", "/v1/sessions/revoke-everyone", &everyone[..]),
        ("GET", "/v1/users/alice/sessions", b""),
        ("DELETE", "/v1/users/alice/sessions", b""),
    ] {
        assert_eq!(
            connection.request(method, path, &headers, body).unwrap().code(),
            "api_key_invalid",
            "{path}"
        );
    }
    let begun = connection.request("POST", "/v1/sessions", &headers, ALICE.as_bytes()).unwrap();
    assert_eq!(begun.status, 201, "{begun:?}");
}

/// An application without a key, and its visitors without a session.
#[test]
fn sec_38_this_machine_and_trusted_proxies_are_never_limited_for_their_visitors() {
    let settings = ["--store", "memory:", "--set", "limits.failed_checks=3"];
    let local = Service::start(&settings);
    let proxied = Service::start(&[&settings[..], &["--set", "proxy.trusted=127.0.0.1"]].concat());
    for (service, headers) in [
        (&local, &[][..]),
        // Nobody is believed here, so it is still this machine that asks.
        (&local, &[("X-Forwarded-For", "192.0.2.1")]),
        (&proxied, &[]),
        (&proxied, &[("X-Forwarded-For", "127.0.0.1")]),
    ] {
        for _ in 0..20 {
            let check = service.v1_with("GET", "/v1/session", &forged(), "", headers);
            assert_eq!(check.code(), "session_invalid", "{headers:?}");
            let concept =
                service.request("POST", "/api/Sessioning/_getUser", headers, b"{\"session\":\"x\"}");
            assert_eq!(concept.status, 200, "{headers:?}");
        }
        assert_eq!(service.metric("sessioning_checks_limited_total"), 0.0);
    }
}

/// The address by which this machine would reach others: a connection to it comes from it.
fn own_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip().to_string())
}

#[test]
fn sec_38_bad_keys_are_counted_wherever_they_are_sent() {
    let Some(own) = own_address() else { return support::skip(NO_ADDRESS) };
    for path in ["/", "/openapi.json", "/v1/forward-auth", "/v1/ext-authz/"] {
        let (service, key, _folder) =
            Service::guarded(&["--listen", "0.0.0.0:0", "--set", "limits.failed_checks=3"]);
        let port = service.address.rsplit(':').next().unwrap();
        let ask = |path: &str, key: &str| {
            let mut connection = support::Connection::open(&format!("{own}:{port}")).unwrap();
            // What it says of its visitors changes nothing.
            let headers = [("X-Api-Key", key), ("X-Forwarded-For", "192.0.2.1")];
            connection.request("GET", path, &headers, b"").unwrap().status
        };
        (0..3).for_each(|_| assert!(matches!(ask(path, "sk_nonsense"), 401 | 403), "{path}"));
        assert_eq!(ask("/", "sk_nonsense"), 429, "{path}");
        assert_eq!(ask("/", &key), 200, "{path}");
    }
}

const NO_ADDRESS: &str = "this machine has no address but its loopback one";

#[test]
fn sec_38_callers_without_a_key_from_other_machines_are_limited() {
    let Some(own) = own_address() else { return support::skip(NO_ADDRESS) };
    let open = ["--store", "memory:", "--listen", "0.0.0.0:0", "--open", "--set", "limits.failed_checks=5"];
    let service = Service::start(&open);
    let port = service.address.rsplit(':').next().unwrap();
    let check = |host: &str, number: u32| {
        let from = format!("192.0.2.{number}");
        let mut connection = support::Connection::open(&format!("{host}:{port}")).unwrap();
        let headers = [("X-Forwarded-For", from.as_str()), ("X-Session-Token", "nonsense")];
        connection.request("GET", "/v1/session", &headers, b"").unwrap()
    };
    // What it says of other addresses is not believed.
    let statuses: Vec<_> = (0..7).map(|number| check(&own, number).status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(check(&own, 9).header("retry-after"), Some("60"));
    (0..9).for_each(|number| assert_eq!(check("127.0.0.1", number).status, 401));
}

#[test]
fn sec_38_bad_api_keys_are_limited_by_address_and_a_good_one_is_always_accepted() {
    let settings = ["--set", "proxy.trusted=127.0.0.1", "--set", "limits.failed_checks=5"];
    let (service, key, _folder) = Service::guarded(&settings);
    let bad = format!("{}{}", &key[..20], "0".repeat(64));
    let ask = |key: &str, from: &str| {
        let headers = [("X-Api-Key", key), ("X-Forwarded-For", from)];
        let headers = &headers[usize::from(key.is_empty())..];
        service.v1_with("GET", "/v1/session", &forged(), "", headers)
    };
    let codes: Vec<_> = (0..7).map(|_| ask(&bad, "192.0.2.1").code()).collect();
    assert_eq!(codes[..5], ["api_key_invalid"; 5]);
    assert_eq!(codes[5..], ["rate_limited"; 2]);
    assert_eq!(ask("sk_", "192.0.2.1").header("retry-after"), Some("60"));
    let headers = [("X-Api-Key", bad.as_str()), ("X-Forwarded-For", "192.0.2.1")];
    let concept = service.request("POST", "/api/Sessioning/create", &headers, ALICE.as_bytes());
    assert_eq!((concept.status, concept.header("retry-after")), (429, Some("60")));
    // A good key from that very address, whatever its visitors send; no key at all; another address; this machine.
    (0..9).for_each(|_| assert_eq!(ask(&key, "192.0.2.1").code(), "session_invalid"));
    (0..9).for_each(|_| assert_eq!(ask("", "192.0.2.1").code(), "api_key_invalid"));
    assert_eq!(ask(&bad, "192.0.2.2").code(), "api_key_invalid");
    (0..9).for_each(|_| assert_eq!(ask(&bad, "127.0.0.1").code(), "api_key_invalid"));
    assert_eq!(service.log().matches("than limits.failed_checks: they get 429").count(), 1);
}

#[test]
fn sec_39_a_mutated_cursor_is_refused_and_breaks_nothing() {
    let service = Service::start(&["--store", "memory:"]);
    for _ in 0..3 {
        service.begin(ALICE);
    }
    let (bobs, _) = service.begin(r#"{"user":"bob"}"#);
    let list =
        |path: &str, cursor: &str| service.v1("GET", &format!("{path}?limit=1&cursor={cursor}"), &bobs, "");
    let alices = "/v1/users/alice/sessions";
    let first = service.v1("GET", &format!("{alices}?limit=1"), "", "").json();
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(list(alices, &cursor).status, 200);
    for (position, old) in cursor.char_indices() {
        let mut mutated = cursor.clone();
        mutated.replace_range(position..=position, if old == 'A' { "B" } else { "A" });
        assert_eq!(list(alices, &mutated).status, 400, "{position}");
    }
    for other in ["/v1/users/bob/sessions", "/v1/my/sessions"] {
        assert_eq!(list(other, &cursor).status, 400, "another list's cursor was taken");
    }
    for nonsense in ["", "x", "%00", "..%2F..", "%F0%9F%92%A9", &"A".repeat(5000)] {
        assert_eq!(list(alices, nonsense).status, 400, "{nonsense:.20}");
    }
}

#[test]
fn sec_40_what_matters_is_logged_with_who_what_and_the_public_id() {
    let mut service = Service::start(&["--store", "memory:", "-v"]);
    let (token, id) = service.begin(ALICE);
    let renewed = service.v1("POST", "/v1/session/renew", &token, "").json();
    let renewed = renewed["token"].as_str().unwrap();
    service.status_of(&token);
    let (expired, expired_id) = service.begin(r#"{"user":"alice","idle_timeout":"1ms"}"#);
    eventually("the session to expire", || service.status_of(&expired) == 401);
    service.v1("DELETE", "/v1/session", renewed, "");
    let (_, revoked) = service.begin(ALICE);
    service.v1("DELETE", &format!("/v1/sessions/{revoked}"), "", "");
    service.v1("DELETE", "/v1/users/alice%0D%0Abob/sessions", "", "");
    service.v1("DELETE", "/v1/users/alice/sessions", "", "");
    service.v1("POST", "/v1/sessions/revoke-everyone", "", r#"{"confirm":"everyone"}"#);
    service.stop();
    let log = service.log();
    for line in [
        format!("[v1.create] Successfully created session: {id} for user: alice"),
        format!("[v1.renew] Renewed session: {id}"),
        format!("[v1.check] No such session: {id} (there is one, but this is not its token)"),
        format!("[v1.check] No such session: {expired_id} (it expired unused)"),
        format!("[v1.delete] Deleted session: {id}"),
        format!("[v1.revoke] Revoked session: {revoked}, asked by a caller without a key"),
        "[v1.revoke] Revoked 1 sessions of user: alice, asked by".into(),
        "[v1.revoke] Revoked every session of default, asked by".into(),
    ] {
        let told = log
            .lines()
            .find(|told| told.contains(&line))
            .unwrap_or_else(|| panic!("not logged: {line}\n{log}"));
        // UTC, to the microsecond.
        assert!(told.starts_with("20") && told.as_bytes()[26] == b'Z', "{told}");
    }
    for secret in [&token[36..100], &renewed[36..100], &expired[36..100]] {
        assert!(!log.contains(secret));
    }
}

/// With room for one read at a time and nothing cached, a batch asks for more than the store takes.
#[test]
fn sec_41_an_overloaded_store_is_503_and_never_not_logged_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().display());
    let mut service = Service::start(&["--store", &store]);
    let tokens: Vec<_> = (0..300).map(|_| service.begin(ALICE).0).collect();
    service.stop();
    let service = Service::start(&["--store", &store, "--set", "limits.queue=1"]);
    let all = json!({ "tokens": tokens }).to_string();
    let batch = service.v1("POST", "/v1/sessions/check", "", &all);
    assert_eq!((batch.status, batch.code().as_str()), (503, "overloaded"));
    assert_eq!(batch.header("retry-after"), Some("1"));
    for token in &tokens {
        // What is left of the batch may still take the one place, which is "unavailable".
        support::eventually("the session to be found", || {
            let status = service.status_of(token);
            assert_ne!(status, 401, "an outage logged somebody out");
            status == 200
        });
    }
    assert!(service.metric("sessioning_checks_total{result=\"error\"}") > 0.0);
}

#[test]
fn sec_43_installations_and_namespaces_do_not_know_each_others_tokens() {
    let (one, other) = (Service::start(&["--store", "memory:"]), Service::start(&["--store", "memory:"]));
    let (token, _) = one.begin(ALICE);
    assert_eq!((one.status_of(&token), other.status_of(&token)), (200, 401));
    let elsewhere = [("X-Session-Namespace", "elsewhere")];
    for (method, path) in [("GET", "/v1/session"), ("POST", "/v1/session/renew"), ("GET", "/v1/my/sessions")]
    {
        assert_eq!(one.v1_with(method, path, &token, "", &elsewhere).status, 401, "{path}");
    }
    assert_eq!(one.v1_with("DELETE", "/v1/session", &token, "", &elsewhere).status, 204);
    one.v1_with("DELETE", "/v1/users/alice/sessions", "", "", &elsewhere);
    assert_eq!(one.status_of(&token), 200);
}

#[test]
fn sec_44_ids_and_users_are_never_paths_or_queries() {
    let (service, folder) = embedded();
    let users = ["../../etc/passwd", "{\"$ne\":null}", "' OR 1=1 --", "$where", "a\"b", "%00", "a/../b"];
    for user in users {
        let (token, _) = service.begin(&json!({ "user": user }).to_string());
        let found: Value = service.v1("GET", "/v1/session", &token, "").json();
        assert_eq!(found["session"]["user"], user);
    }
    for odd in ["../../x", "..%2f..%2fx", "%00", "$where", "'", "{}", "a%0d%0ab"] {
        assert_eq!(service.v1("GET", &format!("/v1/sessions/{odd}"), "", "").status, 404, "{odd}");
    }
    for odd in ["../x", "ses_\u{0}", "$ne", "'", "ses_../../"] {
        assert!(service.user_of(odd).body.contains("not found"), "{odd}");
    }
    let mut names = Vec::new();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            names.push(entry.file_name().to_string_lossy().into_owned());
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert!(!names.iter().any(|name| name.contains("passwd") || name.contains('$')), "{names:?}");
}

/// `docs/security.md` names a test for nearly every number, and every test that it names is there, as a test.
#[test]
fn the_list_of_requirements_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let list = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    // A test is what follows its attribute; a conformance case is public, and becomes a test on every store.
    let attribute = r"\[(tokio::)?test|^pub async fn |^        fn sec_|^    fn sec_";
    let arguments = ["-rhE", "-A4", attribute, "crates", "tests", "--include=*.rs"];
    let output = std::process::Command::new("grep").args(arguments).current_dir(&root).output().unwrap();
    let sources = String::from_utf8(output.stdout).unwrap();
    let mut proven = 0;
    for number in 1..=44 {
        let start = format!("| {number} |");
        let row =
            list.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {number}"));
        let own = |part: &&str| {
            part.starts_with("sec_") || part.starts_with("insert::") || part.starts_with("race::")
        };
        let tests: Vec<_> = row.split('`').filter(own).collect();
        assert!(tests.is_empty() == row.contains("not yet"), "{row}");
        for test in &tests {
            let name = test.rsplit("::").next().unwrap();
            assert!(
                sources.contains(&format!("fn {name}(")),
                "row {number} names {test}, which is not there"
            );
        }
        proven += usize::from(!tests.is_empty());
    }
    assert!(proven >= 36, "{proven} proven");
}
