//! The command line: what it prints, where, and how it exits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

use support::{Service, command, run};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
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
    assert_eq!(no_token.status.code(), Some(2));
    assert!(err(&no_token).contains("no session token") && err(&no_token).contains("nothing has ended"));
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
    for usage in
        [&["get-user", "--url", nobody][..], &["create"], &["fly"], &["keys", "new"], &["--set", "x"]]
    {
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
fn settings_come_from_defaults_file_environment_and_flags_in_that_order() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sessioning.toml"), "store = \"memory:\"\n[session]\nidle_timeout = \"1h\"\ntouch_interval = \"5s\"\n[limits]\nqueue = 7\n").unwrap();
    fs::write(folder.path().join("names"), "a.example, b.example\n").unwrap();
    let output = command(&["config", "show", "--json", "--set", "session.touch_interval=7s", "-v"])
        .current_dir(folder.path())
        .env("SESSIONING_SESSION_IDLE_TIMEOUT", "2h")
        .env("SESSIONING_SESSION_TOUCH_INTERVAL", "6s")
        .env("SESSIONING_HOSTS_FILE", "names")
        .output()
        .unwrap();
    let settings: Vec<serde_json::Value> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", err(&output)));
    let of = |key: &str| {
        let setting = settings.iter().find(|setting| setting["key"] == key).unwrap();
        (setting["value"].as_str().unwrap().to_owned(), setting["source"].as_str().unwrap().to_owned())
    };
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(of("session.absolute_timeout"), pair("\"30d\"", "default"));
    assert_eq!(of("store"), pair("\"memory:\"", "sessioning.toml"));
    assert_eq!(of("limits.queue"), pair("7", "sessioning.toml"));
    assert_eq!(of("session.idle_timeout"), pair("\"2h\"", "SESSIONING_SESSION_IDLE_TIMEOUT"));
    assert_eq!(of("session.touch_interval"), pair("\"7s\"", "--set"));
    assert_eq!(of("log.level"), pair("\"debug\"", "--verbose"));
    assert_eq!(of("hosts"), pair("[\"a.example\", \"b.example\"]", "SESSIONING_HOSTS_FILE"));
}

#[test]
fn what_is_unknown_or_unusable_in_the_settings_is_named_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let show = |file: &str, variable: Option<(&str, &str)>, flags: &[&str]| {
        fs::write(folder.path().join("sessioning.toml"), file).unwrap();
        let mut command = command(&[&["config", "show"], flags].concat());
        command.current_dir(folder.path());
        if let Some((name, value)) = variable {
            command.env(name, value);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", out(&output));
        err(&output)
    };
    let said = show("[session]\nidle_timeut = \"1h\"", None, &[]);
    assert!(
        said.contains(
            "there is no setting session.idle_timeut (sessioning.toml); did you mean session.idle_timeout?"
        ),
        "{said}"
    );
    let said = show("", Some(("SESSIONING_SESSION_IDLE_TIMOUT", "1h")), &[]);
    assert!(said.contains("did you mean SESSIONING_SESSION_IDLE_TIMEOUT?"), "{said}");
    let said = show("", None, &["--set", "stor=memory:"]);
    assert!(said.contains("did you mean store?"), "{said}");
    let said = show("[session]\nidle_timeout = \"soon\"", None, &[]);
    assert!(said.contains("session.idle_timeout (sessioning.toml): \"soon\" is not a duration"), "{said}");
    let said = show("open = \"yes\"", None, &[]);
    assert!(said.contains("open (sessioning.toml)"), "{said}");
    let said = show("", Some(("SESSIONING_LIMITS_QUEUE", "many")), &[]);
    assert!(said.contains("limits.queue (SESSIONING_LIMITS_QUEUE): must be a whole number"), "{said}");
    let said = show("listen = 7377\n", None, &[]);
    assert!(said.contains("listen (sessioning.toml)"), "{said}");
    let said = show("x = [", None, &[]);
    assert!(said.contains("sessioning.toml is not TOML"), "{said}");
    let said = show("", None, &["--store", "redis://user:hunter2@host"]);
    assert!(said.contains("embedded:PATH") && !said.contains("hunter2"), "{said}");
    let said = show("", None, &["--set", "concept.base_path=api"]);
    assert!(said.contains("concept.base_path (--set)"), "{said}");
    let said = show("", None, &["--set", "concept.base_path=/api/"]);
    assert!(said.contains("concept.base_path (--set)"), "{said}");
    let said = show("", None, &["--set", "concept.delete=create"]);
    assert!(said.contains("three different paths"), "{said}");
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
    assert!(out(&run(&["--version"])).contains("commit"));
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

    // Nothing happens without the very word, and the question says what would.
    let answered = |arguments: &[&str], word: &str| {
        let mut asked = command(&[arguments, &["--url", &url]].concat());
        let asked = asked.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = asked.spawn().unwrap();
        child.stdin.take().unwrap().write_all(word.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    for (arguments, word) in [
        (&["revoke", id.as_str()][..], "no\n"),
        (&["revoke", "--user", "alice"], "yes\n"),
        (&["revoke", "--everyone"], "\n"),
        (&["revoke", "--everyone"], ""),
    ] {
        let refused = answered(arguments, word);
        assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(1), ""));
        assert!(err(&refused).contains("not confirmed: nothing was revoked"), "{}", err(&refused));
    }
    assert_eq!((service.status_of(&first), service.status_of(&second)), (200, 200));

    let done = answered(&["revoke", &id], "yes\n");
    assert!(err(&done).starts_with(&format!("This ends the session {id} of alice. Type yes to go on: ")));
    assert_eq!((out(&done), service.status_of(&first)), (format!("the session {id} has ended\n"), 401));
    let (third, _) = service.begin(r#"{"user":"alice"}"#);
    let all_but_one = answered(&["revoke", "--user", "alice", "--except", &kept, "--json"], "alice\n");
    assert_eq!(out(&all_but_one), "{\"revoked\":1}\n");
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
