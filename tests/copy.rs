//! `sessioning copy`: from one store to another without logging anybody out, and nobody in again; killed and taken up
//! again, with logouts in between.
//!
//! `SESSIONING_TEST_SESSIONS` sets how many sessions are moved (`scripts/copy 1000000` is the long form, which tells
//! its figures).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use serde_json::Value;
use sessioning::{
    Embedded, Namespace, NewSession, Policy, SessionToken, Sessioning, Store, SystemClock, Timeout,
};
use sessioning_mongodb::{MongoDb, MongoSettings};
use support::mongo::{database, name_of, with_option};
use support::{Service, command};

fn sessions() -> usize {
    std::env::var("SESSIONING_TEST_SESSIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// Checks record no use here: what is compared is compared exactly, and the test's server looks through everything for
/// each.
fn over(store: impl Store) -> Sessioning {
    Sessioning::new(store).with_policy(Policy { touch_interval: Timeout::Never, ..Policy::default() })
}

fn embedded(folder: &Path) -> Sessioning {
    over(Embedded::open(folder, &SystemClock::new()).unwrap())
}

async fn native(url: &str) -> Sessioning {
    let store = MongoDb::new(settings(url));
    store.prepare().await.unwrap();
    over(store)
}

fn settings(url: &str) -> MongoSettings {
    MongoSettings { deadline: Duration::from_secs(30), ..MongoSettings::new(url.parse().unwrap()) }
}

/// Begins so many sessions; their tokens. Every tenth has data, and every hundredth user has many.
async fn fill(sessioning: &Sessioning, count: usize) -> Vec<SessionToken> {
    let creates = stream::iter(0..count).map(|number| async move {
        let user = if number % 100 == 0 { "busy".into() } else { format!("user-{}", number / 3) };
        let data = if number % 10 == 0 { r#"{"cart":[1,2.50]}"# } else { "{}" };
        let new = NewSession { data: sessioning::Data::from_json(data).unwrap(), ..NewSession::default() };
        sessioning.create(user.parse().unwrap(), new).await.unwrap().token
    });
    creates.buffer_unordered(256).collect().await
}

async fn is_live(sessioning: &Sessioning, token: &SessionToken) -> bool {
    sessioning.check(&Namespace::default(), token).await.unwrap().live().is_some()
}

/// How many of these are live.
async fn live(sessioning: &Sessioning, tokens: &[SessionToken]) -> usize {
    let checks = stream::iter(tokens).map(|token| is_live(sessioning, token));
    checks.buffer_unordered(64).filter(|live| std::future::ready(*live)).count().await
}

fn copy(arguments: &[&str]) -> Output {
    command(&[&["copy"], arguments].concat()).stdin(Stdio::null()).output().unwrap()
}

/// What a copy tells as JSON; panics with what it said if it failed.
fn copied(from: &str, to: &str) -> Value {
    let output = copy(&["--json", "--from", from, "--to", to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Begins a copy, and kills it once something is so.
async fn kill_once(from: &str, to: &str, so: impl AsyncFn() -> bool) {
    let mut copying = command(&["copy", "--from", from, "--to", to]);
    let mut child = copying.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !so().await {
        assert!(child.try_wait().unwrap().is_none(), "the copy ended before it could be killed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A collection of a database.
async fn collection(url: &str, name: &str) -> Collection<Document> {
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    client.database(name_of(url)).collection(name)
}

/// Runs a copy to its end; what it told, how long it took, and its largest memory in KiB.
fn measured(from: &str, to: &str) -> (Value, Duration, u64) {
    let began = Instant::now();
    let mut child = command(&["copy", "--json", "--from", from, "--to", to])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = most.max(line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = began.elapsed();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    (serde_json::from_slice(&output.stdout).unwrap(), took, most)
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_move_to_mongodb_and_back_with_their_tokens() {
    let Some(url) = database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let (from, back) = (format!("embedded:{}", first.display()), format!("embedded:{}", second.display()));

    let mut tokens = fill(&embedded(&first), sessions()).await;
    // Into MongoDB, killed in the middle; meanwhile some log out, and some get a new token.
    let (target, some) = (collection(&url, "sessioning_sessions").await, sessions() / 4);
    let enough = async || target.estimated_document_count().await.unwrap() >= some.try_into().unwrap();
    kill_once(&from, &url, enough).await;
    let refused = command(&["serve", "--store", &url, "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(
        !refused.status.success() && said(&refused).contains("a copy into it has not ended"),
        "{}",
        said(&refused)
    );
    let (mut ended, mut renewed) = (Vec::new(), Vec::new());
    {
        let source = embedded(&first);
        for _ in 0..tokens.len() / 50 {
            let token = tokens.swap_remove(fastrand::usize(..tokens.len()));
            assert!(source.delete(&Namespace::default(), &token).await.unwrap());
            ended.push(token);
            let token = tokens.swap_remove(fastrand::usize(..tokens.len()));
            match source.renew(&Namespace::default(), &token, None).await.unwrap() {
                sessioning::Changed::Done(new) => renewed.push(new.token),
                other => panic!("{other:?}"),
            }
            ended.push(token);
        }
        tokens.extend(renewed);
        tokens.extend(fill(&source, 50).await);
    }
    let (report, took, memory) = measured(&from, &url);
    println!("embedded -> MongoDB, the rest after the kill: {took:?}, {memory} KiB at most: {report}");
    assert_eq!((&report["resumed"], &report["sessions"]), (&true.into(), &tokens.len().into()), "{report}");
    assert!(report["removed"].as_u64().unwrap() > 0 && report["amended"].as_u64().unwrap() > 0, "{report}");

    // And back, into another directory.
    let (report, took, memory) = measured(&url, &back);
    println!("MongoDB -> embedded: {took:?}, {memory} KiB at most: {report}");
    assert_eq!(report["sessions"], tokens.len(), "{report}");
    for (name, sessioning) in [("MongoDB", native(&url).await), ("embedded", embedded(&second))] {
        assert_eq!(live(&sessioning, &tokens).await, tokens.len(), "live in {name}");
        assert_eq!(live(&sessioning, &ended).await, 0, "ended, and live again in {name}");
    }
    // What was moved can be ended with its user, with everybody, and by the limit.
    let moved = embedded(&second);
    let busy = "busy".parse().unwrap();
    let count = moved.revoke_user(&busy, None).await.unwrap().len();
    assert!(count >= tokens.len() / 150, "{count}");
    let moved = native(&url).await;
    assert_eq!(moved.revoke_user(&busy, None).await.unwrap().len(), count);
    moved.revoke_everyone(None).await.unwrap();
    assert_eq!(live(&moved, &tokens).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_a_source_that_is_in_use_is_found_before_the_end() {
    let Some((from, to)) = database().zip(database()) else { return };
    let source = native(&from).await;
    let tokens = fill(&source, 3000).await;
    let copying = std::thread::spawn({
        let (from, to) = (from.clone(), to.clone());
        move || copied(&from, &to)
    });
    let mut ended = 0;
    for token in tokens.iter().take(300) {
        assert!(source.delete(&Namespace::default(), token).await.unwrap());
        ended += 1;
    }
    let report = copying.join().unwrap();
    assert_eq!(report["sessions"], tokens.len() - ended, "{report}");
    let target = native(&to).await;
    assert_eq!(live(&target, &tokens[..ended]).await, 0);
    assert_eq!(live(&target, &tokens[ended..]).await, tokens.len() - ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_originals_sessions_move_with_their_uuids_and_are_opened_by_nothing_in_the_store() {
    let Some(url) = database() else { return };
    let documents = collection(&url, "Sessioning.sessions").await;
    let session = |number: u64| format!("01934c2e-7a51-7b3c-9d6f-{number:012x}");
    let of_user = |number: u64| doc! { "_id": session(number), "user": format!("user-{number}") };
    documents.insert_many((0..2500).map(of_user)).await.unwrap();
    documents.insert_one(doc! { "_id": "no session", "user": "alice" }).await.unwrap();
    documents.insert_one(doc! { "_id": 7, "user": "alice" }).await.unwrap();
    // One of the service's own, beside them.
    let concept = with_option(&url, "layout=concept");
    let ours = Service::start(&["--store", &concept]).create("bob");

    let folder = tempfile::tempdir().unwrap();
    let to = format!("embedded:{}", folder.path().join("data").display());
    let looked = copy(&["--dry-run", "--from", &concept, "--to", &to]);
    assert!(looked.status.success(), "{}", said(&looked));
    assert!(said(&looked).contains("would copy           2501"), "{}", said(&looked));
    assert!(!folder.path().join("data").exists(), "a look made the target");
    let untouched = documents.find_one(doc! { "_id": session(0) }).await.unwrap().unwrap();
    assert_eq!(untouched.len(), 2, "a look changed the source: {untouched}");

    let report = copied(&concept, &to);
    assert_eq!((&report["sessions"], &report["imported"]), (&2501.into(), &2500.into()), "{report}");
    assert_eq!((&report["foreign"], &report["amended"]), (&2.into(), &0.into()), "{report}");
    let service = Service::start(&["--store", &to, "--set", "session.imported_tokens=uuid"]);
    for number in [0, 1, 1234, 2499] {
        assert_eq!(service.user_of(&session(number)).body, format!(r#"[{{"user":"user-{number}"}}]"#));
    }
    assert_eq!(service.user_of(&ours).body, r#"[{"user":"bob"}]"#);
    // Its public id is no token, and a logout is one here, too.
    let id = service.v1("GET", "/v1/session", &session(5), "").json()["session"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(service.status_of(&id), 401);
    assert_eq!(service.delete(&session(5)).body, "{}");
    assert_eq!(service.status_of(&session(5)), 401);
    // A renewal gives it a token of ours.
    let renewed = service.v1("POST", "/v1/session/renew", &session(6), "").json();
    assert!(renewed["token"].as_str().unwrap().starts_with("ses_"), "{renewed}");
    assert_eq!(
        (service.status_of(&session(6)), service.status_of(renewed["token"].as_str().unwrap())),
        (401, 200)
    );
    drop(service);
    for entry in walk(folder.path()) {
        let bytes = std::fs::read(&entry).unwrap();
        for secret in [session(0), ours.clone()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a token is in {}", entry.display());
        }
    }
    // Without the switch, text of another system is no token.
    assert_eq!(Service::start(&["--store", &to]).status_of(&session(1)), 401);
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_and_what_cannot_be_is_said() {
    let Some((url, other)) = database().zip(database()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| format!("embedded:{}", folder.path().join(name).display());
    fill(&embedded(&folder.path().join("a")), 10).await;
    fill(&embedded(&folder.path().join("b")), 10).await;
    let fails = |from: &str, to: &str, why: &str| {
        let output = copy(&["--from", from, "--to", to]);
        assert!(!output.status.success() && said(&output).contains(why), "{from} {to}: {}", said(&output));
    };
    fails(&path("a"), &path("b"), "sessions of its own");
    fails(&path("a"), &path("a"), "the same store");
    fails(&path("none"), &path("c"), "there is no such directory");
    fails(&path("a"), &with_option(&url, "layout=concept"), "which keeps tokens");
    fails(&path("a"), "memory:", "cannot be copied");
    fails(&path("a"), "postgres://x", "--to: a store is");
    // What was refused left no mark.
    drop(Service::start(&["--store", &path("b")]));

    // A copy that did not end: of that source it goes on, another one is refused, and it can be given up.
    let interrupted = native(&other).await;
    interrupted.create("alice".parse().unwrap(), NewSession::default()).await.unwrap();
    let meta = collection(&url, "sessioning_meta").await;
    meta.insert_one(doc! { "_id": "generations", "import": "0000 1111 begun " }).await.unwrap();
    fails(&path("a"), &url, "a copy of another source");
    let refused = command(&["serve", "--store", &url, "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(said(&refused).contains("--abandon"), "{}", said(&refused));
    let abandoned = copy(&["--abandon", "--to", &url]);
    assert!(abandoned.status.success() && said(&abandoned).contains("is given up"), "{}", said(&abandoned));
    assert_eq!(Service::start(&["--store", &url]).admin("/readyz").status, 200);
    assert_eq!(copied(&path("a"), &url)["sessions"], 10);
}

/// "Everyone" was revoked in the source while it was copied: nothing there is deleted, and nobody is live here.
#[tokio::test(flavor = "multi_thread")]
async fn what_ended_with_everyone_meanwhile_is_not_in_the_target() {
    let Some((from, to)) = database().zip(database()) else { return };
    let source = native(&from).await;
    let tokens = fill(&source, 3000).await;
    let target = collection(&to, "sessioning_sessions").await;
    let some = async || target.estimated_document_count().await.unwrap() > 0;
    kill_once(&from, &to, some).await;
    source.revoke_everyone(None).await.unwrap();
    let later = fill(&source, 5).await;
    assert_eq!(copied(&from, &to)["sessions"], 5);
    let target = native(&to).await;
    assert_eq!((live(&target, &tokens).await, live(&target, &later).await), (0, 5));
}

/// Two runs of one copy at once: the later one takes it up, the earlier one finds out and ends.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_copies_at_once_one_ends() {
    let Some((from, to)) = database().zip(database()) else { return };
    let tokens = fill(&native(&from).await, 2000).await;
    let run = |pause: u64| {
        let (from, to) = (from.clone(), to.clone());
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(pause));
            copy(&["--from", &from, "--to", &to])
        })
    };
    let (first, second) = (run(0), run(1500));
    let (first, second) = (first.join().unwrap(), second.join().unwrap());
    assert!(
        !first.status.success() && said(&first).contains("another run has taken this copy up"),
        "{}",
        said(&first)
    );
    assert!(second.status.success(), "{}", said(&second));
    assert_eq!(live(&native(&to).await, &tokens).await, tokens.len());
    // A half of a copy is no source.
    let Some(third) = database() else { return };
    let meta = collection(&to, "sessioning_meta").await;
    meta.update_one(doc! { "_id": "generations" }, doc! { "$set": { "import": "0 0 begun " } })
        .await
        .unwrap();
    let refused = copy(&["--from", &to, "--to", &third]);
    assert!(said(&refused).contains("a copy into the source has not ended"), "{}", said(&refused));
}

/// New tokens for these sessions, all of which are live.
async fn renewed(sessioning: &Sessioning, tokens: &[SessionToken]) -> Vec<SessionToken> {
    let renew = |token| async move {
        match sessioning.renew(&Namespace::default(), token, None).await.unwrap() {
            sessioning::Changed::Done(new) => new.token,
            other => panic!("{other:?}"),
        }
    };
    stream::iter(tokens).map(renew).buffered(64).collect().await
}

/// A run that was stopped while it wrote goes on after another has taken its copy up and ended it, and people have used
/// the target: it puts back nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_slept_through_the_end_of_its_copy_changes_nothing() {
    let Some((from, to)) = database().zip(database()) else { return };
    let source = native(&from).await;
    let tokens = fill(&source, 3000).await;
    let documents = collection(&to, "sessioning_sessions").await;
    let all = tokens.len().try_into().unwrap();
    kill_once(&from, &to, async || documents.estimated_document_count().await.unwrap() >= all).await;
    let tokens = renewed(&source, &tokens).await;

    let mut copying = command(&["copy", "--from", &from, "--to", &to]);
    let mut sleeper =
        copying.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let tell = |signal: &str, id: u32| {
        assert!(
            std::process::Command::new("kill")
                .args(["-s", signal, &id.to_string()])
                .status()
                .unwrap()
                .success()
        );
    };
    while documents.find_one(doc! { "version": 1 }).await.unwrap().is_none() {
        assert!(sleeper.try_wait().unwrap().is_none(), "the copy ended before it could be stopped");
    }
    tell("STOP", sleeper.id());
    copied(&from, &to);
    let target = native(&to).await;
    let (ended, used) = tokens.split_at(500);
    for token in ended {
        assert!(target.delete(&Namespace::default(), token).await.unwrap());
    }
    let new = renewed(&target, used).await;
    tell("CONT", sleeper.id());
    let output = sleeper.wait_with_output().unwrap();
    assert!(!output.status.success() && said(&output).contains("taken this copy up"), "{}", said(&output));
    assert_eq!(live(&target, &tokens).await, 0, "what was ended or replaced opens a session again");
    assert_eq!(live(&target, &new).await, new.len());
}

/// A node that runs on the database before a copy into it begins stops answering while it is under way.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_the_target_stops_answering_while_it_is_copied_into() {
    let Some(url) = database() else { return };
    let service = Service::start(&["--store", &url]);
    assert_eq!(service.admin("/readyz").status, 200);
    let folder = tempfile::tempdir().unwrap();
    let tokens = fill(&embedded(folder.path()), 10).await;
    let token = tokens[0].expose();
    assert_eq!(service.status_of(&token), 401);
    let meta = collection(&url, "sessioning_meta").await;
    let marked = async || meta.find_one(doc! { "import": { "$exists": true } }).await.unwrap().is_some();
    kill_once(&format!("embedded:{}", folder.path().display()), &url, marked).await;
    support::eventually("the node to stop answering", || service.status_of(&token) == 503);
    assert_eq!(service.v1("POST", "/v1/sessions", "", r#"{"user":"alice"}"#).status, 503);
    support::eventually("the node to say why", || service.admin("/readyz").body.contains("copy"));
    copied(&format!("embedded:{}", folder.path().display()), &url);
    support::eventually("the node to answer again", || service.admin("/readyz").status == 200);
    assert_eq!(service.status_of(&token), 200);
}
