//! The service on MongoDB: beside the original's own program, several nodes over one database, and a start without
//! the database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::mongo::{Hole, Mongo, database, free_port, name_of};
use support::{Service, command, eventually, skip};

/// A program that keeps its sessions as the original does, with the npm driver.
struct Original {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Original {
    fn start(url: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mongodb");
        if !folder.join("node_modules").is_dir() {
            skip("the npm driver of MongoDB is missing; scripts/test installs it");
            return None;
        }
        let mut child = Command::new("node")
            .current_dir(folder)
            .args(["original.mjs", url, name_of(url)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, stdin, stdout })
    }

    fn call(&mut self, call: &Value) -> Value {
        writeln!(self.stdin, "{call}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {call} answered {line:?}"))
    }

    fn create(&mut self, user: &str) -> String {
        self.call(&json!({"call": "create", "user": user}))["session"].as_str().unwrap().to_owned()
    }

    /// The user of a session, as the original finds it.
    fn user_of(&mut self, session: &str) -> Value {
        self.call(&json!({"call": "_getUser", "session": session}))["user"].take()
    }

    fn delete(&mut self, session: &str) -> Value {
        self.call(&json!({"call": "delete", "session": session}))["deletedCount"].take()
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn on(url: &str, more: &[&str]) -> Service {
    Service::start(&[&["--store", url], more].concat())
}

fn not_found(session: &str) -> String {
    json!([{ "error": format!("Session with id {session} not found") }]).to_string()
}

#[test]
fn the_original_and_the_service_see_each_others_sessions() {
    let Some(url) = database() else { return };
    let Some(mut original) = Original::start(&url) else { return };
    let service = on(&url, &["--set", "mongodb.layout=concept"]);
    assert!(service.log().contains("Sessioning.sessions keeps tokens in clear"), "{}", service.log());

    // Begun there: seen here, by either surface, and ended here for both.
    let theirs = original.create("alice");
    assert_eq!(service.user_of(&theirs).body, r#"[{"user":"alice"}]"#);
    assert_eq!(service.v1("GET", "/v1/session", &theirs, "").json()["session"]["user"], "alice");
    let bearer = [("Authorization", format!("Bearer {theirs}"))];
    let bearer = bearer.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(service.request("GET", "/v1/session", &bearer, b"").status, 200);
    assert_eq!(original.user_of(&theirs), "alice");
    assert_eq!(service.delete(&theirs).body, "{}");
    assert_eq!(original.user_of(&theirs), Value::Null);
    assert_eq!(service.user_of(&theirs).body, not_found(&theirs));

    // Begun there, ended there: gone here.
    let theirs = original.create("alice");
    assert_eq!(service.user_of(&theirs).body, r#"[{"user":"alice"}]"#);
    assert_eq!(original.delete(&theirs), 1);
    assert_eq!(service.user_of(&theirs).body, not_found(&theirs));

    // Begun here: seen there, and ended there for both.
    let ours = service.create("bob");
    assert_eq!(original.user_of(&ours), "bob");
    assert_eq!(original.delete(&ours), 1);
    assert_eq!(service.user_of(&ours).body, not_found(&ours));

    // Begun here, ended here: gone there.
    let ours = service.create("bob");
    assert_eq!(service.delete(&ours).body, "{}");
    assert_eq!(original.user_of(&ours), Value::Null);
    assert_eq!(original.delete(&ours), 0);
    assert_eq!(
        service.delete(&ours).body,
        json!({"error": format!("Session with id {ours} not found")}).to_string()
    );
    assert_eq!(original.call(&json!({"call": "count"})), 0);

    // A user's sessions, whoever began them.
    let (theirs, ours) = (original.create("eve"), service.create("eve"));
    let listed = service.v1("GET", "/v1/users/eve/sessions", "", "").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    assert!(!listed.to_string().contains(&theirs), "a token is no public id");
    assert_eq!(service.v1("DELETE", "/v1/users/eve/sessions", "", "").json()["revoked"], 2);
    assert_eq!((original.user_of(&theirs), original.user_of(&ours)), (Value::Null, Value::Null));

    for token in [&theirs, &ours] {
        assert!(!service.log().contains(token.as_str()), "a token is in the log");
    }
}

#[test]
fn what_the_concept_layout_cannot_do_is_said() {
    let Some(url) = database() else { return };
    let service = on(&url, &["--set", "mongodb.layout=concept"]);
    let ours = service.create("alice");
    let renewed = service.v1("POST", "/v1/session/renew", &ours, "");
    assert_eq!((renewed.status, renewed.code().as_str()), (501, "not_supported"), "{renewed:?}");
    assert!(renewed.body.contains("cannot be renewed"), "{}", renewed.body);
    assert_eq!(service.status_of(&ours), 200);
    let elsewhere = [("X-Session-Namespace", "shop")];
    let created = service.v1_with("POST", "/v1/sessions", "", r#"{"user":"alice"}"#, &elsewhere);
    assert_eq!((created.status, created.code().as_str()), (501, "not_supported"), "{created:?}");
}

#[test]
fn a_text_of_another_system_opens_nothing_unless_that_is_switched_on() {
    let Some(url) = database() else { return };
    let Some(mut original) = Original::start(&url) else { return };
    let theirs = original.create("alice");
    let service = on(&url, &[]);
    assert_eq!(service.status_of(&theirs), 401);
    assert_eq!(service.user_of(&theirs).body, not_found(&theirs));
}

/// How long until a node says no to a session that another node has ended.
fn refused_after(node: &Service, token: &str) -> Duration {
    let began = Instant::now();
    eventually("the other node to refuse", || node.status_of(token) == 401);
    began.elapsed()
}

#[test]
fn what_one_node_ends_another_refuses_at_once_or_within_the_ttl() {
    let Some(url) = database() else { return };
    let one = on(&url, &[]);
    let (plain, cached) = (on(&url, &[]), on(&url, &["--set", "cache.ttl=1s"]));
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let (token, _) = one.begin(r#"{"user":"alice"}"#);
        assert_eq!((plain.status_of(&token), cached.status_of(&token)), (200, 200));
        assert_eq!(one.v1("DELETE", "/v1/session", &token, "").status, 204);
        assert_eq!(plain.status_of(&token), 401, "without a cache another node refuses at once");
        longest = longest.max(refused_after(&cached, &token));
    }
    println!("with a cache of 1 s another node refused after {longest:?} at most");
    assert!(longest <= Duration::from_millis(1000 + 500), "{longest:?}");
    assert!(longest >= Duration::from_millis(300), "the cache answered nothing: {longest:?}");

    // A user's end, and everybody's, which is answered when every node must know. The latter empties the cache.
    let (token, _) = one.begin(r#"{"user":"alice"}"#);
    assert_eq!(plain.v1("DELETE", "/v1/users/alice/sessions", "", "").json()["revoked"], 1);
    assert_eq!(one.status_of(&token), 401);
    let (token, _) = one.begin(r#"{"user":"bob"}"#);
    assert_eq!((plain.status_of(&token), cached.status_of(&token)), (200, 200));
    let ended = one.v1("POST", "/v1/sessions/revoke-everyone", "", r#"{"confirm":"everyone"}"#);
    assert_eq!(ended.status, 200, "{ended:?}");
    assert_eq!((one.status_of(&token), plain.status_of(&token), cached.status_of(&token)), (401, 401, 401));
}

#[test]
fn a_start_without_the_database_waits_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut mongo) = Mongo::start(&folder.path().join("db")) else { return };
    mongo.stop();
    let service = on(&mongo.url("late"), &["--set", "mongodb.deadline=500ms"]);
    service.wait_for_log("waiting for the database, for 5m at most");
    let began = Instant::now();
    assert_eq!(service.status_of(&format!("ses_{}", "0".repeat(104))), 401, "what is no token asks no store");
    let created = service.v1("POST", "/v1/sessions", "", r#"{"user":"alice"}"#);
    assert_eq!((created.status, created.header("retry-after")), (503, Some("1")), "{created:?}");
    let created = service.post("/api/Sessioning/create", r#"{"user":"alice"}"#);
    assert!(created.body.starts_with(r#"{"error":"Failed to create session: "#), "{created:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    eventually("it to say why", || {
        service.admin("/readyz").body.contains("no MongoDB server can be reached")
    });
    assert_eq!(service.admin("/readyz").status, 503);
    assert_eq!(service.admin("/livez").status, 200);
    mongo.restart();
    eventually("the service to be ready", || service.admin("/readyz").status == 200);
    let token = service.create("alice");
    assert_eq!(service.status_of(&token), 200);
}

#[test]
fn a_start_without_the_database_ends_when_its_time_is_over() {
    let url = format!("mongodb://127.0.0.1:{}/never", free_port());
    let settings = ["--set", "mongodb.start_timeout=1s", "--set", "mongodb.deadline=300ms"];
    let mut service = on(&url, &settings);
    assert_eq!(service.wait().code(), Some(5), "{}", service.log());
    assert!(service.log().contains("no MongoDB server can be reached"), "{}", service.log());
}

/// The database answers, and then stops to while its indexes are made.
#[test]
fn a_start_on_which_the_database_stops_answering_is_bounded_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mongo) = Mongo::start(&folder.path().join("db")) else { return };
    let hole = Hole::before(mongo.port(), b"createIndexes");
    let start = |most: &str| {
        let start_timeout = format!("mongodb.start_timeout={most}");
        on(&hole.url("stuck"), &["--set", "mongodb.deadline=300ms", "--set", &start_timeout])
    };
    // It ends by itself,
    let mut service = start("2s");
    let began = Instant::now();
    assert_eq!(service.admin("/readyz").status, 503);
    assert_eq!(service.wait().code(), Some(5), "{}", service.log());
    assert!(hole.was_met() && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(service.log().contains("waiting for the database, for 2s at most"), "{}", service.log());
    // or when it is told to,
    let mut service = start("5m");
    assert!(service.admin("/readyz").body.contains("indexes are still being made"), "{}", service.log());
    let began = Instant::now();
    assert_eq!(service.stop().code(), Some(0), "{}", service.log());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // or goes on once there are answers.
    let service = start("5m");
    assert_eq!(service.admin("/readyz").status, 503);
    hole.close();
    eventually("the service to be ready", || service.admin("/readyz").status == 200);
}

/// No listener yet, and a first attempt that takes longer than anybody waits.
#[test]
fn a_start_can_be_stopped_before_the_store_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mongo) = Mongo::start(&folder.path().join("db")) else { return };
    let hole = Hole::before(mongo.port(), b"createIndexes");
    let (url, stderr) = (hole.url("stuck"), Stdio::piped());
    let settings = ["--set", "mongodb.deadline=5s", "--listen", "127.0.0.1:0", "--admin-listen", "off"];
    let mut serving = command(&[&["serve", "--store", &url], &settings[..]].concat());
    let mut child = serving.stderr(stderr).spawn().unwrap();
    eventually("the database to be asked for indexes", || hole.was_met());
    let began = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

/// The end of the time cuts an attempt short that has longer of its own.
#[test]
fn a_start_takes_no_longer_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mongo) = Mongo::start(&folder.path().join("db")) else { return };
    let hole = Hole::before(mongo.port(), b"createIndexes");
    let settings =
        ["--set", "mongodb.deadline=5s", "--set", "mongodb.start_timeout=1s", "--listen", "127.0.0.1:0"];
    let began = Instant::now();
    let output =
        command(&[&["serve", "--store", &hole.url("stuck")], &settings[..]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(hole.was_met() && began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// "Gone already" is told of what is so now: by a server that says that it is the primary still.
#[test]
fn an_end_of_what_is_not_found_rests_on_more_than_a_read() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mongo) = Mongo::start(&folder.path().join("db")) else { return };
    let hole = Hole::before(mongo.port(), b"linearizable");
    let service = on(&hole.url("gone"), &["--set", "mongodb.deadline=500ms"]);
    let (token, _) = service.begin(r#"{"user":"alice"}"#);
    assert_eq!(service.v1("DELETE", "/v1/session", &token, "").status, 204, "it was there");
    assert_eq!(service.status_of(&token), 401, "a check asks for no more than a majority's data");
    let again = service.v1("DELETE", "/v1/session", &token, "");
    assert_eq!((again.status, again.code().as_str()), (503, "store_unavailable"), "{again:?}");
    let again = service.delete(&token);
    assert_eq!((again.status, again.body.contains("not found")), (500, false), "{again:?}");
    assert!(hole.was_met());
    hole.close();
    eventually("the confirmation", || service.v1("DELETE", "/v1/session", &token, "").status == 204);
    assert_eq!(
        service.delete(&token).body,
        json!({"error": format!("Session with id {token} not found")}).to_string()
    );
}

#[test]
fn a_password_is_in_no_log_message_or_answer() {
    let password = "correct-horse%2Fbattery";
    let url = format!("mongodb://alice:{password}@127.0.0.1:{}/app", free_port());
    let settings = ["--set", "mongodb.start_timeout=1s", "--set", "mongodb.deadline=300ms", "-vv"];
    let mut service = on(&url, &settings);
    let mut said = service.request("GET", "/", &[], b"").body;
    said.push_str(&service.admin("/readyz").body);
    service.wait();
    said.push_str(&service.log());
    let show = |arguments: &[&str]| {
        let output = command(arguments).env("MONGODB_URL", &url).output().unwrap();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
    };
    let shown = show(&["config", "show"]);
    assert!(shown.contains("mongodb://***@127.0.0.1") && shown.contains("MONGODB_URL"), "{shown}");
    said.push_str(&shown);
    said.push_str(&show(&["copy", "--dry-run", "--from", &url, "--to", "embedded:/nowhere"]));
    said.push_str(&show(&["copy", "--from", &format!("{url}?layout=wrong"), "--to", "embedded:/nowhere"]));
    said.push_str(&show(&["serve", "--store", &format!("{url}?layout=wrong")]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.toml");
    std::fs::write(&file, format!("open = false\nstore = \"{url}\n")).unwrap();
    let broken = show(&["serve", "--config", file.to_str().unwrap()]);
    assert!(broken.contains("is not TOML: line 2"), "{broken}");
    said.push_str(&broken);
    assert!(!said.contains("correct-horse"), "{said}");
}

#[test]
fn the_originals_names_choose_the_database_where_nothing_else_does() {
    let show = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut shown = command(&[&["config", "show", "--json"], arguments].concat());
        let output = shown.envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let settings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let value = |key: &str| {
            let setting = settings.iter().find(|setting| setting["key"] == key).unwrap();
            (setting["value"].as_str().unwrap().trim_matches('"').to_owned(), setting["source"].clone())
        };
        (value("store"), value("mongodb.database"))
    };
    let named = [("MONGODB_URL", "mongodb://db.example/"), ("DB_NAME", "app")];
    let (store, database) = show(&named, &[]);
    assert_eq!(store, ("mongodb://db.example:27017/".into(), json!("MONGODB_URL")));
    assert_eq!(database, ("app".into(), json!("DB_NAME")));
    let (store, database) = show(&named, &["--store", "memory:"]);
    assert_eq!((store.0.as_str(), database.0.as_str()), ("memory:", ""));
    let (store, database) = show(&named, &["--store", "mongodb://other.example/shop"]);
    assert_eq!((store.0.as_str(), database.0.as_str()), ("mongodb://other.example:27017/shop", ""));
    // A database's name without its address is somebody else's.
    let (store, database) = show(&named[1..], &[]);
    assert_eq!((store.0.as_str(), database.0.as_str()), ("embedded:./data", ""));
}
