//! The settings: from which layers they come, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::{Service, command, new_key};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
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
        (setting["value"].clone(), setting["source"].as_str().unwrap().to_owned())
    };
    let pair = |value: serde_json::Value, source: &str| (value, source.to_owned());
    assert_eq!(of("session.absolute_timeout"), pair("30d".into(), "default"));
    assert_eq!(of("store"), pair("memory:".into(), "sessioning.toml"));
    assert_eq!(of("limits.queue"), pair(7.into(), "sessioning.toml"));
    assert_eq!(of("open"), pair(false.into(), "default"));
    assert_eq!(of("session.idle_timeout"), pair("2h".into(), "SESSIONING_SESSION_IDLE_TIMEOUT"));
    assert_eq!(of("session.touch_interval"), pair("7s".into(), "--set"));
    assert_eq!(of("log.level"), pair("debug".into(), "--verbose"));
    assert_eq!(of("hosts"), pair(serde_json::json!(["a.example", "b.example"]), "SESSIONING_HOSTS_FILE"));
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

/// What a command says in that folder, with these variables.
fn with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = command(arguments);
    command.current_dir(folder).envs(variables.iter().copied()).output().unwrap()
}

/// What Kubernetes writes for a service of our name.
const LINKS: [(&str, &str); 7] = [
    ("SESSIONING_SERVICE_HOST", "10.43.0.7"),
    ("SESSIONING_SERVICE_PORT", "7377"),
    ("SESSIONING_SERVICE_PORT_HTTP", "7377"),
    ("SESSIONING_PORT", "tcp://10.43.0.7:7377"),
    ("SESSIONING_PORT_7377_TCP", "tcp://10.43.0.7:7377"),
    ("SESSIONING_PORT_7377_TCP_PROTO", "tcp"),
    ("SESSIONING_PORT_7377_TCP_ADDR", "10.43.0.7"),
];

#[test]
fn service_links_of_kubernetes_are_no_settings_and_typing_errors_stay_errors() {
    let mut linked = command(&[]);
    linked.envs(LINKS);
    let service = Service::spawn(linked, &["--store", "memory:", "-v"]).unwrap();
    service.wait_for_log("ignored: these variables are service links of Kubernetes, no settings variables=");
    assert!(service.log().contains("SESSIONING_PORT_7377_TCP_PROTO"));
    let folder = tempfile::tempdir().unwrap();
    for wrong in
        [("SESSIONING_PORT", "7377"), ("SESSIONING_SERVICE_PORTS", "7377"), ("SESSIONING_STOER", "x")]
    {
        let output = with(folder.path(), &["config", "show"], &[&LINKS[..], &[wrong]].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(
            err(&output).contains(&format!("there is no setting {} (environment)", wrong.0)),
            "{wrong:?}"
        );
    }
}

#[test]
fn white_space_and_marks_around_a_value_are_not_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("url"), "\u{feff}mongodb://127.0.0.1:1/app\r\n").unwrap();
    fs::write(folder.join("bom.toml"), "\u{feff}listen = \"127.0.0.1:5\"\n").unwrap();
    let shown = |variables: &[(&str, &str)]| {
        let output = with(folder, &["config", "show", "--toml"], variables);
        assert!(output.status.success(), "{variables:?}: {}", err(&output));
        out(&output)
    };
    for variables in [
        &[("MONGODB_URL", "mongodb://127.0.0.1:1/app\n"), ("DB_NAME", "other\n")][..],
        &[("SESSIONING_STORE", " mongodb://127.0.0.1:1/app\n"), ("SESSIONING_MONGODB_DATABASE", "\tother ")],
        &[("SESSIONING_STORE_FILE", "url\n"), ("SESSIONING_MONGODB_DATABASE", "other\r\n")],
    ] {
        let shown = shown(variables);
        assert!(shown.contains("store = \"mongodb://127.0.0.1:1/app\"  #"), "{shown}");
        assert!(shown.contains("database = \"other\"  #"), "{shown}");
    }
    assert!(shown(&[("SESSIONING_CONFIG", " bom.toml\n")]).contains("listen = \"127.0.0.1:5\"  # bom.toml"));
    assert!(
        shown(&[("SESSIONING_LIMITS_QUEUE", "7\n"), ("SESSIONING_OPEN", " true")]).contains("queue = 7  #")
    );
    assert!(shown(&[("MONGODB_URL", "\n")]).contains("store = \"embedded:./data\"  # default"));
}

#[test]
fn white_space_inside_a_value_and_an_empty_one_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("MONGODB_URL", "mongodb://h/a\nb"),
        ("MONGODB_URL", "mongodb://h/a b"),
        ("SESSIONING_STORE", "embedded:./da\nta"),
        ("SESSIONING_STORE", ""),
        ("SESSIONING_STORE_FILE", ""),
        ("SESSIONING_STORE_FILE", "no such file"),
        ("SESSIONING_URL", "http://h a"),
        ("SESSIONING_LISTEN", "127.0.0.1 :7377"),
        ("SESSIONING_CONFIG", ""),
        ("SESSIONING_CONFIG", " \n"),
        ("SESSIONING_CONFIG", "a\nb"),
        ("SESSIONING_LIMITS_QUEUE", ""),
    ] {
        let arguments = if name == "SESSIONING_URL" { ["list", "alice"] } else { ["config", "show"] };
        let output = with(folder.path(), &arguments, &[(name, value)]);
        assert_eq!(output.status.code(), Some(2), "{name}={value:?}: {}", out(&output));
        assert!(err(&output).contains(name), "{name}={value:?}: {}", err(&output));
    }
    for toml in ["store = \"mongodb://h/app\\n\"", "store = \"embedded:./data\\n\"", "keys_file = \" keys\""]
    {
        fs::write(folder.path().join("sessioning.toml"), toml).unwrap();
        let output = with(folder.path(), &["config", "show"], &[]);
        assert!(err(&output).contains("(sessioning.toml): there is"), "{toml}: {}", err(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_refused_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let value = std::ffi::OsStr::from_bytes(b"memory:\xff");
    for name in ["SESSIONING_STORE", "SESSIONING_CONFIG", "MONGODB_URL"] {
        let output = command(&["config", "show"]).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            err(&output).contains(name) && err(&output).contains("is not UTF-8 text"),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn a_key_and_an_address_are_read_without_what_is_around_them() {
    let (service, key, folder) = Service::guarded(&[]);
    let folder = folder.path();
    fs::write(folder.join("key"), format!("\u{feff} {key}\r\n")).unwrap();
    let url = format!(" {}\n", service.url());
    let padded = format!("\t{key}\n");
    let create = |variables: &[(&str, &str)]| with(folder, &["create", "alice", "-q"], variables);
    for variables in [
        [("SESSIONING_URL", url.as_str()), ("SESSIONING_API_KEY", &padded)],
        [("SESSIONING_URL", &url), ("SESSIONING_API_KEY_FILE", "key\n")],
    ] {
        let output = create(&variables);
        assert!(output.status.success(), "{}", err(&output));
    }
    let (head, tail) = key.split_at(30);
    for (name, value) in [
        ("SESSIONING_API_KEY", format!("{head}\n{tail}")),
        ("SESSIONING_API_KEY", format!("{head} {tail}")),
        ("SESSIONING_API_KEY", String::new()),
        ("SESSIONING_URL", String::new()),
        ("SESSIONING_API_KEY_FILE", String::new()),
    ] {
        let variables = [("SESSIONING_URL", url.as_str()), (name, &value)];
        let output = create(&variables[usize::from(name == "SESSIONING_URL")..]);
        assert_eq!(output.status.code(), Some(2), "{name}={value:?}");
        let said = err(&output);
        assert!(said.contains(name) && !said.contains(&key[25..30]) && !said.contains(tail), "{said}");
    }
}

#[test]
fn config_show_refuses_what_serve_refuses_and_prints_a_file_that_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let show = |arguments: &[&str]| with(folder, &[&["config", "show"], arguments].concat(), &[]);
    for (arguments, said) in [
        (&["--listen", "0.0.0.0:7377"][..], "refusing to listen on 0.0.0.0:7377 without an API key"),
        (&["--admin-listen", "0.0.0.0:7378"], "refusing to open the admin listener"),
        (&["--set", "keys_file=nowhere"], "cannot read nowhere"),
    ] {
        let output = show(arguments);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""), "{arguments:?}");
        assert!(err(&output).contains(said), "{}", err(&output));
    }
    let (_, entry) = new_key(&["--scope", "check", "--label", "shop"]);
    let written = format!("store = \"memory:\"\nhosts = [\"a.example\"]\n[limits]\nqueue = 7\n{entry}\n");
    fs::write(folder.join("sessioning.toml"), written).unwrap();
    let toml = out(&show(&["--toml"]));
    let table: toml::Table = toml.parse().unwrap_or_else(|error| panic!("{error}: {toml}"));
    assert_eq!(
        (table["hosts"][0].as_str(), table["limits"]["queue"].as_integer()),
        (Some("a.example"), Some(7))
    );
    assert!(
        toml.contains("queue = 7  # sessioning.toml") && toml.contains("  shop  (digest not shown)"),
        "{toml}"
    );
    fs::write(folder.join("sessioning.toml"), &toml).unwrap();
    let again: toml::Table = out(&show(&["--toml"])).parse().unwrap();
    assert_eq!(again, table);
}

#[test]
fn another_programs_variable_replaces_no_sessions_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let variable = [("MONGODB_URL", "mongodb://127.0.0.1:1/app")];
    let first = Service::start_in(folder.path(), &[]);
    let full = folder.path().canonicalize().unwrap().join("data");
    assert!(first.log().contains(&format!("store        embedded:{}\n", full.display())), "{}", first.log());
    assert!(first.log().lines().next().unwrap().ends_with(&format!(", process {}", first.id())));
    first.wait_for_log("ANY /v1/forward-auth\n");
    first.wait_for_log("ANY /v1/ext-authz\n");
    drop(first);
    let refused = with(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &variable);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    assert!(err(&refused).contains("MONGODB_URL in the environment names a store"), "{}", err(&refused));
    let mut said = command(&[]);
    said.current_dir(folder.path()).envs(variable);
    let said = Service::spawn(said, &["--store", "embedded:./data"]).unwrap();
    assert!(!said.log().contains("MONGODB_URL"));
    let elsewhere = tempfile::tempdir().unwrap();
    let mut chosen = command(&[]);
    chosen.current_dir(elsewhere.path()).envs(variable);
    let chosen = Service::spawn(chosen, &[]).unwrap();
    assert!(chosen.log().contains("(database app), by MONGODB_URL in the environment\n"), "{}", chosen.log());
}
