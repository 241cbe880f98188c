//! The command line: what it prints, where, and how it exits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use support::{Service, binary, command, run, skip};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn has_terminals() -> bool {
    Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// What a command does and says at a terminal, where somebody types that.
fn at_terminal(arguments: &[&str], typed: &str) -> Output {
    let binary = binary();
    let line = std::iter::once(binary.to_str().unwrap()).chain(arguments.iter().copied());
    let line: Vec<_> = line.map(|word| format!("'{word}'")).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &line.join(" "), "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_session_lives_from_create_to_delete_on_the_command_line() {
    let service = Service::start(&["--store", "memory:"]);
    let url = service.url();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let created = run(&["create", "alice", "--label", "tablet", "--quiet", "--url", &url]);
    assert!(created.status.success() && err(&created).is_empty());
    assert_eq!(out(&created).trim_end().len(), 108);
    fs::write(&file, &created.stdout).unwrap();
    let file = file.to_str().unwrap();

    let found = run(&["get-user", file, "--url", &url]);
    assert!(out(&found).starts_with("user       alice\nsession    01"), "{}", out(&found));
    assert_eq!(out(&run(&["get-user", file, "-q", "--url", &url])), "alice\n");
    let json: serde_json::Value =
        serde_json::from_slice(&run(&["get-user", file, "--json", "--url", &url]).stdout).unwrap();
    assert_eq!((&json["user"], &json["metadata"]["label"]), (&"alice".into(), &"tablet".into()));

    let mut piped = command(&["get-user", "-", "-q", "--url", &url]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&created.stdout).unwrap();
    assert_eq!(out(&child.wait_with_output().unwrap()), "alice\n");

    assert_eq!(out(&run(&["delete", file, "--url", &url])), "the session has ended\n");
    let gone = run(&["get-user", file, "--url", &url]);
    assert_eq!((gone.status.code(), out(&gone).as_str()), (Some(3), ""));
    assert!(err(&gone).starts_with("sessioning: no such session"));
    let gone = run(&["get-user", file, "--json", "--url", &url]);
    let json: serde_json::Value = serde_json::from_str(&err(&gone)).unwrap();
    assert_eq!(json["error"], "no_session");
    let again = run(&["delete", file, "--url", &url]);
    assert!(again.status.success() && out(&again).starts_with("there was no such session here"));
    assert_eq!(out(&run(&["delete", file, "--json", "--url", &url])), "{\"deleted\":false}\n");
    fs::write(file, r#"{"session":"ses_"}"#).unwrap();
    let no_token = run(&["delete", file, "--url", &url]);
    assert_eq!(no_token.status.code(), Some(3));
    assert!(err(&no_token).contains("no session token") && err(&no_token).contains("nothing has ended"));
    fs::write(file, "garbage\n").unwrap();
    let garbage = run(&["get-user", file, "--url", &url]);
    assert_eq!(garbage.status.code(), Some(3));
    assert!(err(&garbage).contains("what was given is no session token: "), "{}", err(&garbage));
}

#[test]
fn what_goes_wrong_has_its_exit_code_and_says_what_to_do() {
    let nobody = "http://127.0.0.1:1";
    let output = run(&["create", "alice", "--url", nobody]);
    assert_eq!(output.status.code(), Some(5));
    assert!(
        err(&output).contains("the service cannot be reached") && err(&output).contains("sessioning serve")
    );
    assert_eq!(run(&["healthcheck", "--admin-url", nobody]).status.code(), Some(5));
    let service = Service::start(&["--store", "memory:"]);
    let refused = run(&["create", "alice", "--absolute-timeout", "99d", "--url", &service.url()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("longer than the 30d"), "{}", err(&refused));
    for usage in [
        &["get-user", "--url", nobody][..],
        &["create"],
        &["create", ""],
        &["create", &"x".repeat(257), "--url", nobody],
        &["create", "alice", "--idle-timeout", "soon", "--url", nobody],
        &["create", "alice", "--absolute-timeout", "9", "--url", nobody],
        &["create", "alice", "--namespace", "a b", "--url", nobody],
        &["create", "alice", "--url", "ftp://host"],
        &["list", "", "--url", nobody],
        &["revoke", "--user", "", "--yes", "--url", nobody],
        &["fly"],
        &["keys", "new"],
        &["--set", "x"],
    ] {
        assert_eq!(run(usage).status.code(), Some(2), "{usage:?}");
    }
    assert_eq!(run(&["get-user", "/no/such/file"]).status.code(), Some(1));
}

#[test]
fn healthcheck_asks_the_admin_listener() {
    let service = Service::start(&["--store", "memory:"]);
    let url = format!("http://{}", service.admin);
    let output = run(&["healthcheck", "--admin-url", &url]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), "ready\n"));
}

#[test]
fn a_new_key_is_shown_once_with_its_entry() {
    let json: serde_json::Value = serde_json::from_slice(
        &run(&["keys", "new", "--scope", "create,check", "--label", "shop", "--json"]).stdout,
    )
    .unwrap();
    let key = json["key"].as_str().unwrap();
    assert!(key.len() == 3 + 16 + 1 + 64 && key.starts_with("sk_"), "{key}");
    assert_eq!(json["entry"]["scopes"], serde_json::json!(["create", "check"]));
    assert_eq!(json["entry"]["id"], key[3..19]);
    let lines = run(&["keys", "new", "--scope", "check", "--toml"]);
    let table: toml::Table = out(&lines).parse().unwrap();
    let id = table["keys"][0]["id"].as_str().unwrap();
    assert!(err(&lines).contains(&format!("sk_{id}_")) && !out(&lines).contains("sk_"));
    assert!(!json["entry"].to_string().contains(&key[20..]));
}

#[test]
fn help_teaches_by_example() {
    for (arguments, example) in [
        (&["--help"][..], "sessioning create alice --quiet > t"),
        (&["serve", "--help"], "sessioning serve --listen 127.0.0.1:0"),
        (&["create", "--help"], "--idle-timeout 30m"),
        (&["get-user", "--help"], "sessioning get-user - < token.txt"),
        (&["delete", "--help"], "sessioning delete token.txt"),
        (&["keys", "new", "--help"], "--scope create,check"),
        (&["healthcheck", "--help"], "--admin-url"),
    ] {
        let output = run(arguments);
        assert!(output.status.success() && out(&output).contains(example), "{arguments:?}: {}", out(&output));
    }
    let version = out(&run(&["--version"]));
    assert!(version.starts_with("sessioning 0.") && version.contains("commit"), "{version}");
}

#[test]
fn sessions_are_listed_described_and_revoked_on_the_command_line() {
    let service = Service::start(&["--store", "memory:"]);
    let url = service.url();
    let with = |arguments: &[&str]| run(&[arguments, &["--url", &url]].concat());
    let (first, id) = service
        .begin(r#"{"user":"alice","metadata":{"label":"tablet"},"authenticated":{"amr":["pwd"],"level":1}}"#);
    // Sessions of one millisecond are listed in no order.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let (second, kept) = service.begin(r#"{"user":"alice"}"#);
    let (bobs, bobs_id) = service.begin(r#"{"user":"bob"}"#);

    let listed = out(&with(&["list", "alice"]));
    let lines: Vec<_> = listed.lines().collect();
    assert!(lines[0].starts_with("SESSION ") && lines[0].ends_with("WHERE"), "{listed}");
    assert!(lines[1].starts_with(&id) && lines[1].ends_with("  tablet") && lines.len() == 3, "{listed}");
    assert_eq!(out(&with(&["list", "alice", "-q"])), format!("{id}\n{kept}\n"));
    let json: serde_json::Value = serde_json::from_str(&out(&with(&["list", "alice", "--json"]))).unwrap();
    assert_eq!((&json["items"][0]["id"], json["items"].as_array().unwrap().len()), (&id.clone().into(), 2));
    assert_eq!(out(&with(&["list", "nobody"])), "no sessions\n");

    let described = out(&with(&["describe", &id]));
    assert!(
        described.contains("user           alice") && described.contains("level 1, by pwd"),
        "{described}"
    );
    let json: serde_json::Value = serde_json::from_str(&out(&with(&["describe", &id, "--json"]))).unwrap();
    assert_eq!(json["metadata"]["label"], "tablet");
    for nobody in ["nonsense", "01a20a61-fb89-7a5c-af52-803629217bfa"] {
        assert_eq!(with(&["describe", nobody]).status.code(), Some(3));
        assert_eq!(with(&["revoke", nobody, "--yes"]).status.code(), Some(3));
    }

    // Where nobody can be asked nothing happens, and nothing waits for an answer.
    for arguments in [&["revoke", id.as_str()][..], &["revoke", "--user", "alice"], &["revoke", "--everyone"]]
    {
        let mut unasked = command(&[arguments, &["--url", &url]].concat());
        let unasked = unasked.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = unasked.spawn().unwrap();
        let open = child.stdin.take();
        let refused = child.wait_with_output().unwrap();
        drop(open);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        assert!(err(&refused).contains("--yes") && err(&refused).contains("Nothing was revoked"));
    }
    assert_eq!((service.status_of(&first), service.status_of(&second)), (200, 200));
    if !has_terminals() {
        return skip("no script(1), which gives a command a terminal");
    }

    // Nothing happens without the very word, and the question says what would.
    let answered =
        |arguments: &[&str], word: &str| at_terminal(&[arguments, &["--url", &url]].concat(), word);
    for (arguments, word) in [
        (&["revoke", id.as_str()][..], "no\n"),
        (&["revoke", "--user", "alice"], "yes\n"),
        (&["revoke", "--everyone"], "\n"),
        (&["revoke", "--everyone"], ""),
    ] {
        let refused = answered(arguments, word);
        assert_eq!(refused.status.code(), Some(1), "{}", out(&refused));
        assert!(out(&refused).contains("not confirmed: nothing was revoked"), "{}", out(&refused));
    }
    assert_eq!((service.status_of(&first), service.status_of(&second)), (200, 200));

    let done = answered(&["revoke", &id], "yes\n");
    assert!(out(&done).contains(&format!("This ends the session {id} of alice. Type yes to go on: ")));
    assert!(out(&done).ends_with(&format!("the session {id} has ended\r\n")), "{}", out(&done));
    assert_eq!(service.status_of(&first), 401);
    let (third, _) = service.begin(r#"{"user":"alice"}"#);
    let all_but_one = answered(&["revoke", "--user", "alice", "--except", &kept, "--json"], "alice\n");
    assert!(out(&all_but_one).ends_with("{\"revoked\":1}\r\n"), "{}", out(&all_but_one));
    assert_eq!((service.status_of(&third), service.status_of(&second)), (401, 200));
    assert_eq!(out(&with(&["revoke", &bobs_id, "--yes", "-q"])), "");
    assert_eq!(service.status_of(&bobs), 401);
    let everyone = with(&["revoke", "--everyone", "--yes", "--json"]);
    assert_eq!((out(&everyone).as_str(), service.status_of(&second)), ("{\"namespace\":\"default\"}\n", 401));

    for usage in [
        &["revoke", "--yes"][..],
        &["revoke", &id, "--everyone"],
        &["revoke", &id, "--except", &kept],
        &["revoke", "--user", "a", "--all-namespaces"],
    ] {
        assert_eq!(with(usage).status.code(), Some(2), "{usage:?}");
    }
}
