//! Who may call: protected mode, API keys, scopes, namespaces.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;

use support::{Service, command, run, session_body};

const CREATE: &str = "/api/Sessioning/create";
const GET_USER: &str = "/api/Sessioning/_getUser";

/// A new key with these scopes, and the lines for the configuration.
fn new_key(arguments: &[&str]) -> (String, String) {
    let output = run(&[&["keys", "new"], arguments].concat());
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let key = text.lines().find_map(|line| line.trim().strip_prefix("sk_")).unwrap();
    let entry = &text[text.find("[[keys]]").unwrap()..];
    (format!("sk_{key}"), entry.lines().map(str::trim).collect::<Vec<_>>().join("\n"))
}

fn start_with(keys: &[&str], arguments: &[&str]) -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sessioning.toml"), keys.join("\n\n")).unwrap();
    let service = Service::start_in(folder.path(), &[&["--store", "memory:"], arguments].concat());
    (service, folder)
}

#[test]
fn listening_elsewhere_without_a_key_is_refused_with_both_remedies() {
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
    assert!(service.request("GET", "/", &[("X-Api-Key", &create)], b"").body.contains("store memory:"));
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
