//! Who may call: protected mode, API keys, scopes, namespaces.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;

use support::{Service, command, new_key, run, session_body};

const CREATE: &str = "/api/Sessioning/create";
const GET_USER: &str = "/api/Sessioning/_getUser";

fn start_with(keys: &[&str], arguments: &[&str]) -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sessioning.toml"), keys.join("\n\n")).unwrap();
    let service = Service::start_in(folder.path(), &[&["--store", "memory:"], arguments].concat());
    (service, folder)
}

#[test]
fn sec_39_listening_elsewhere_without_a_key_is_refused_with_both_remedies() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let output = run(&["--store", "memory:", "--listen", address, "--admin-listen", "off"]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("sessioning keys new") && said.contains("--open"), "{said}");
    }
    let output =
        run(&["--store", "memory:", "--listen", "127.0.0.1:0", "--admin-listen", "0.0.0.0:0", "--open"]);
    assert_eq!(output.status.code(), Some(2));
    let open = Service::start(&["--store", "memory:", "--listen", "0.0.0.0:0", "--open"]);
    let port = open.address.rsplit(':').next().unwrap();
    let mut connection = support::Connection::open(&format!("127.0.0.1:{port}")).unwrap();
    let any_host =
        connection.request("POST", CREATE, &[("Host", "sessions.example")], b"{\"user\":\"a\"}").unwrap();
    assert_eq!(any_host.status, 200);
    let origin = connection
        .request("POST", CREATE, &[("Origin", "https://evil.example")], b"{\"user\":\"a\"}")
        .unwrap();
    assert_eq!(origin.status, 403);
}

#[test]
fn with_keys_every_route_needs_one_with_its_scope() {
    let (create, create_entry) = new_key(&["--scope", "create"]);
    let (check, check_entry) = new_key(&["--scope", "check", "--label", "gate"]);
    let (service, _folder) = start_with(&[&create_entry, &check_entry], &[]);
    let bearer = |key: &str| format!("Bearer {key}");
    let ask = |path: &str, headers: &[(&str, &str)], body: &str| {
        service.request("POST", path, headers, body.as_bytes())
    };
    let user = r#"{"user":"alice"}"#;

    let none = ask(CREATE, &[], user);
    assert_eq!((none.status, none.body.as_str()), (401, r#"{"error":"The API key is missing or wrong"}"#));
    let mut wrong = create.clone();
    wrong.replace_range(wrong.len() - 1.., if create.ends_with('0') { "1" } else { "0" });
    for key in [wrong.as_str(), "sk_", "sk_0_0", &create[..50], &create.to_uppercase()] {
        assert_eq!(ask(CREATE, &[("X-Api-Key", key)], user).status, 401, "{key}");
    }
    let scope = ask(CREATE, &[("X-Api-Key", &check)], user);
    assert_eq!(
        (scope.status, scope.body.as_str()),
        (403, r#"{"error":"The API key may not do this: it needs the scope create"}"#)
    );

    let made = ask(CREATE, &[("X-Api-Key", &create)], user);
    let session = made.json()["session"].as_str().unwrap().to_owned();
    assert_eq!(ask(GET_USER, &[("X-Api-Key", &create)], &session_body(&session)).status, 403);
    for headers in [
        ("X-Api-Key", check.clone()),
        ("Authorization", bearer(&check)),
        ("authorization", format!("bearer {check}")),
    ] {
        let found = ask(GET_USER, &[(headers.0, &headers.1)], &session_body(&session));
        assert_eq!(found.body, r#"[{"user":"alice"}]"#);
    }
    let both = ask(GET_USER, &[("X-Api-Key", &check), ("Authorization", &bearer(&create))], "{}");
    assert_eq!(both.status, 400);

    // A token and a key travel together and are told apart; somebody else's Bearer counts as absent.
    let v1 = |headers: &[(&str, &str)]| service.request("GET", "/v1/session", headers, b"");
    assert_eq!(v1(&[("X-Api-Key", &check), ("Authorization", &bearer(&session))]).status, 200);
    assert_eq!(v1(&[("Authorization", &bearer(&check)), ("X-Session-Token", &session)]).status, 200);
    assert_eq!(
        v1(&[("Authorization", &bearer("eyJhbGciOi")), ("X-Session-Token", &session)]).code(),
        "api_key_invalid"
    );
    assert_eq!(v1(&[("Authorization", &bearer(&session))]).code(), "api_key_invalid");
    assert_eq!(v1(&[("X-Api-Key", &create), ("X-Session-Token", &session)]).code(), "scope_missing");

    // With keys, hosts and origins do not matter; and strangers are told nothing about what runs.
    let foreign =
        [("X-Api-Key", check.as_str()), ("Host", "sessions.example"), ("Origin", "https://evil.example")];
    assert_eq!(ask(GET_USER, &foreign, "{}").status, 200);
    assert_eq!(service.request("GET", "/", &[], b"").body, "sessioning\n");
    assert!(service.request("GET", "/", &[("X-Api-Key", &create)], b"").body.contains("store m"));
    assert_eq!(service.admin("/livez").status, 200);
}

#[test]
fn a_key_may_be_bound_to_a_namespace_and_tokens_stay_in_theirs() {
    let (bound, bound_entry) = new_key(&["--scope", "create,check", "--namespace", "shop"]);
    let (free, free_entry) = new_key(&["--scope", "create,check"]);
    let (service, _folder) = start_with(&[&bound_entry, &free_entry], &[]);
    let create = |headers: &[(&str, &str)]| service.request("POST", CREATE, headers, br#"{"user":"alice"}"#);
    let in_shop = create(&[("X-Api-Key", &bound)]).json()["session"].as_str().unwrap().to_owned();
    let check = |headers: &[(&str, &str)]| {
        service.request("POST", GET_USER, headers, session_body(&in_shop).as_bytes()).body
    };
    assert_eq!(check(&[("X-Api-Key", &bound)]), r#"[{"user":"alice"}]"#);
    assert_eq!(check(&[("X-Api-Key", &free), ("X-Session-Namespace", "shop")]), r#"[{"user":"alice"}]"#);
    assert!(check(&[("X-Api-Key", &free)]).contains("not found"));
    assert_eq!(create(&[("X-Api-Key", &bound), ("X-Session-Namespace", "blog")]).status, 403);
    assert_eq!(create(&[("X-Api-Key", &free), ("X-Session-Namespace", "a b")]).status, 400);
}

#[test]
fn keys_may_live_in_a_file_of_their_own() {
    let (key, entry) = new_key(&["--scope", "create"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    fs::write(&file, entry).unwrap();
    let setting = format!("keys_file={}", file.display());
    let service = Service::start(&["--store", "memory:", "--set", &setting]);
    assert_eq!(service.post(CREATE, r#"{"user":"a"}"#).status, 401);
    assert_eq!(service.request("POST", CREATE, &[("X-Api-Key", &key)], br#"{"user":"a"}"#).status, 200);
    fs::write(&file, "[[keys]]\nid = \"x\"\ndigest = \"y\"\nscopes = []\n").unwrap();
    let output =
        run(&["--store", "memory:", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--set", &setting]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("keys.toml") && said.contains("an id is 16 hex digits"), "{said}");
}

#[test]
fn the_command_line_exits_with_4_where_it_is_not_allowed() {
    let (key, entry) = new_key(&["--scope", "create"]);
    let (service, folder) = start_with(&[&entry], &[]);
    let output = run(&["create", "alice", "--url", &service.url()]);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8(output.stderr).unwrap().contains("SESSIONING_API_KEY"));
    let file = folder.path().join("key");
    fs::write(&file, format!("{key}\n")).unwrap();
    let output =
        run(&["create", "alice", "-q", "--url", &service.url(), "--api-key-file", file.to_str().unwrap()]);
    assert!(output.status.success());
    fs::write(folder.path().join("token"), &output.stdout).unwrap();
    let mut get =
        command(&["get-user", folder.path().join("token").to_str().unwrap(), "--url", &service.url()]);
    assert_eq!(get.env("SESSIONING_API_KEY", &key).output().unwrap().status.code(), Some(4));
}

#[test]
fn sec_39_admin_operations_need_the_scope_admin() {
    let (key, entry) = new_key(&["--scope", "create,check"]);
    let (admin, admin_entry) = new_key(&["--scope", "admin"]);
    let (service, _folder) = start_with(&[&entry, &admin_entry], &[]);
    let id = "01a20a61-fb89-7a5c-af52-803629217bfa";
    let everyone = r#"{"confirm":"everyone"}"#;
    for (method, path, body) in [
        ("GET", format!("/v1/sessions/{id}"), ""),
        ("DELETE", format!("/v1/sessions/{id}"), ""),
        ("GET", "/v1/users/alice/sessions".into(), ""),
        ("DELETE", "/v1/users/alice/sessions".into(), ""),
        ("GET", "/v1/users/sessions?user=alice".into(), ""),
        ("DELETE", "/v1/users/sessions?user=alice".into(), ""),
        ("POST", "/v1/sessions/revoke-everyone".into(), everyone),
    ] {
        let with = |key: &str| service.v1_with(method, &path, "", body, &[("X-Api-Key", key)]);
        assert_eq!(with(&key).code(), "scope_missing", "{method} {path}");
        assert!(matches!(with(&admin).status, 200 | 204 | 404), "{method} {path}");
        assert_eq!(service.v1(method, &path, "", body).code(), "api_key_invalid", "{method} {path}");
    }
    let create = service.v1_with("POST", "/v1/sessions", "", r#"{"user":"a"}"#, &[("X-Api-Key", &admin)]);
    assert_eq!(create.code(), "scope_missing");
}

#[test]
fn what_runs_here_is_told_to_those_who_have_a_key() {
    let (service, key, _folder) = Service::guarded(&[]);
    let told = |headers: &[(&str, &str)]| service.request("GET", "/", headers, b"").body;
    assert_eq!(told(&[]), "sessioning\n");
    assert!(told(&[("X-Api-Key", "sk_x")]).contains("api_key_invalid"));
    assert!(told(&[("X-Api-Key", &key)]).starts_with("sessioning 0."));
}

#[test]
fn a_key_of_one_namespace_ends_nobody_elsewhere() {
    let (bound, bound_entry) = new_key(&["--scope", "create,check,admin", "--namespace", "blog"]);
    let (free, free_entry) = new_key(&["--scope", "create,check,admin"]);
    let (service, _folder) = start_with(&[&bound_entry, &free_entry], &[]);
    let ask = |key: &str, method: &str, path: &str, token: &str, body: &str| {
        service.v1_with(method, path, token, body, &[("X-Api-Key", key)])
    };
    let begun = ask(&free, "POST", "/v1/sessions", "", r#"{"user":"alice"}"#).json();
    let (token, id) = (begun["token"].as_str().unwrap(), begun["session"]["id"].as_str().unwrap());
    ask(&bound, "DELETE", &format!("/v1/sessions/{id}"), "", "");
    ask(&bound, "DELETE", "/v1/users/alice/sessions", "", "");
    ask(&bound, "POST", "/v1/sessions/revoke-everyone", "", r#"{"confirm":"everyone"}"#);
    let all = r#"{"confirm":"everyone","all_namespaces":true}"#;
    assert_eq!(ask(&bound, "POST", "/v1/sessions/revoke-everyone", "", all).code(), "scope_missing");
    assert_eq!(ask(&bound, "GET", &format!("/v1/sessions/{id}"), "", "").status, 404);
    assert_eq!(ask(&free, "GET", "/v1/session", token, "").status, 200);
}

#[test]
fn a_hang_up_reads_the_keys_again_and_keeps_the_old_ones_if_it_cannot() {
    let ((old, old_entry), (new, new_entry)) =
        (new_key(&["--scope", "check"]), new_key(&["--scope", "check"]));
    let folder = tempfile::tempdir().unwrap();
    let (main, more) = (folder.path().join("sessioning.toml"), folder.path().join("more.toml"));
    fs::write(&main, &old_entry).unwrap();
    fs::write(&more, &new_entry).unwrap();
    let service = Service::start_in(folder.path(), &["--store", "memory:", "--set", "keys_file=more.toml"]);
    let works = |key: &str| {
        service.v1_with("GET", "/v1/session", "ses_x", "", &[("X-Api-Key", key)]).code() == "session_invalid"
    };
    assert!(works(&old) && works(&new), "several are alive at once");

    // Rotation: the old one leaves the file. What else changes is told and not done.
    fs::write(&main, "hosts = [\"a.example\"]\n[session]\nidle_timeout = \"1h\"").unwrap();
    service.signal("HUP");
    service.wait_for_log("SIGHUP: the API keys were read again keys=1");
    assert!(!works(&old) && works(&new));
    let told =
        "SIGHUP: these settings have changed, and need a restart settings=\"hosts, session.idle_timeout\"";
    assert!(service.log().contains(told), "{}", service.log());

    for (broken, said) in [("[[keys]]\nid = 1", "could not be read"), ("nonsense", "could not be read")] {
        fs::write(&more, broken).unwrap();
        let before = service.log().matches(said).count();
        service.signal("HUP");
        support::eventually("the fault to be told", || service.log().matches(said).count() > before);
        assert!(works(&new), "{broken}");
    }
    // What was guarded by keys is not opened by their absence.
    fs::remove_file(&more).unwrap();
    fs::write(&main, "keys_file = \"\"").unwrap();
    let service_without = Service::start_in(folder.path(), &["--store", "memory:"]);
    fs::write(&main, &new_entry).unwrap();
    service_without.signal("HUP");
    service_without.wait_for_log("read again keys=1");
    fs::write(&main, "").unwrap();
    service_without.signal("HUP");
    service_without.wait_for_log("there are no API keys in the configuration any more");
    assert_eq!(service_without.v1("GET", "/v1/session", "ses_x", "").code(), "api_key_invalid");
}

#[test]
fn sec_20_everybody_is_logged_out_by_the_word_itself_alone() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user":"alice"}"#);
    for body in [
        r#"{"confirm":{"everyone":null}}"#,
        r#"{"confirm":["everyone"]}"#,
        r#"{"confirm":{"everyone":{}}}"#,
        r#"{"confirm":null}"#,
        r#"{}"#,
    ] {
        let answer = service.v1("POST", "/v1/sessions/revoke-everyone", "", body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"), "{body}");
    }
    assert_eq!(service.status_of(&token), 200);
}

#[test]
fn sec_35_a_request_that_can_be_read_in_two_ways_is_refused_with_or_without_a_key() {
    let (guarded, key, _folder) = Service::guarded(&[]);
    let open = Service::start(&["--store", "memory:"]);
    for service in [&guarded, &open] {
        let own = service.address.clone();
        let ask = |target: &str, headers: &[(&str, &str)]| {
            let headers = [&[("X-Api-Key", key.as_str()), ("X-Session-Token", "ses_x")], headers].concat();
            service.request("GET", target, &headers, b"")
        };
        for name in ["Authorization", "X-Session-Namespace", "Origin", "Content-Type"] {
            let twice = ask("/v1/session", &[(name, "a"), (name, "b")]);
            assert_eq!((twice.status, twice.code().as_str()), (400, "invalid_request"), "{name}");
        }
        let hosts = ask("/v1/session", &[("Host", &own), ("Host", "evil.example")]);
        assert_eq!(hosts.status, 400);
        assert_eq!(ask("/v1/session", &[("X-Api-Key", &key)]).status, 400);
        // An absolute request line counts, so a Host beside it has to be the same.
        let absolute = format!("http://{own}/v1/session");
        assert_eq!(ask(&absolute, &[("Host", "evil.example")]).status, 400);
        assert_eq!(ask(&absolute, &[]).code(), "session_invalid");
        let concept = service.request(
            "POST",
            CREATE,
            &[("X-Api-Key", &key), ("Host", &own), ("Host", &own)],
            b"{\"user\":\"a\"}",
        );
        assert_eq!(concept.status, 400);
        assert!(concept.json()["error"].as_str().unwrap().contains("two headers of the name host"));
        // Lengths that differ are no request at all.
        let mut raw = support::Connection::open(&own).unwrap();
        let lengths = format!(
            "POST {CREATE} HTTP/1.1\r\nHost: {own}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x"
        );
        raw.send(lengths.as_bytes()).unwrap();
        assert_eq!(raw.answer(false).unwrap().status, 400);
    }
}

/// However often somebody without a key tries: the log tells of it in a line or two every ten seconds.
#[test]
fn sec_40_refusals_that_repeat_are_folded_into_a_number() {
    const TIMES: usize = 300;
    let (mut guarded, _key, _folder) = Service::guarded(&[]);
    let mut plain = Service::start(&["--store", "memory:"]);
    let mut asking = support::Connection::open(&guarded.address).unwrap();
    let mut page = support::Connection::open(&plain.address).unwrap();
    let mut loud = support::Connection::open(&plain.address).unwrap();
    for _ in 0..TIMES {
        assert_eq!(asking.request("GET", "/v1/session", &[], b"").unwrap().status, 401);
        let foreign = [("Origin", "https://evil.example")];
        assert_eq!(page.request("POST", CREATE, &foreign, b"{}").unwrap().status, 403);
        let none = session_body("nonsense");
        let deleted = loud.request("POST", "/api/Sessioning/delete", &[], none.as_bytes()).unwrap();
        assert_eq!(deleted.status, 200);
    }
    assert!(guarded.stop().success() && plain.stop().success());
    for (service, line) in [
        (
            &guarded,
            "[access] A request to /v1/session from 127.0.0.1 was refused: The API key is missing or wrong",
        ),
        (&plain, "[guard] A request from 127.0.0.1 was refused with 403: "),
        (&plain, "[Sessioning.delete] No such session"),
    ] {
        let log = service.log();
        let told: Vec<_> = log.lines().filter(|told| told.contains(line)).collect();
        let more = told.iter().map(|told| match told.split_once(", and ") {
            Some((_, more)) => more.split(' ').next().unwrap().parse().unwrap(),
            None => 1,
        });
        assert_eq!(more.sum::<usize>(), TIMES, "{told:#?}");
        assert!(told.len() <= 6, "{} lines", told.len());
    }
}

#[test]
fn sec_39_the_admin_listener_answers_no_name_that_was_rebound_to_it() {
    let (guarded, key, _folder) = Service::guarded(&[]);
    let plain = Service::start(&["--store", "memory:"]);
    let open = Service::start(&["--store", "memory:", "--listen", "0.0.0.0:0", "--open"]);
    for service in [&guarded, &plain, &open] {
        let ask = |path: &str, headers: &[(&str, &str)]| {
            support::Connection::open(&service.admin).unwrap().request("GET", path, headers, b"").unwrap()
        };
        for path in ["/metrics", "/readyz", "/livez", "/openapi.json", "/nothing"] {
            let rebound = ask(path, &[("Host", "evil.example:7378")]);
            assert_eq!((rebound.status, rebound.code().as_str()), (403, "origin_refused"), "{path}");
            assert_ne!(ask(path, &[]).status, 403, "{path}");
        }
        assert_eq!(ask("/metrics", &[("Origin", "https://evil.example")]).status, 403);
    }
    // No page can send a key that it does not know.
    let with_key = support::Connection::open(&guarded.admin)
        .unwrap()
        .request("GET", "/metrics", &[("Host", "metrics.internal"), ("X-Api-Key", &key)], b"")
        .unwrap();
    assert_eq!(with_key.status, 200);
}
