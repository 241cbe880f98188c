//! What was acknowledged survives `kill -9`: creates stay valid, deletes stay gone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use support::{Connection, Service, command, session_body};

const CLIENTS: usize = 8;
/// How often the service is killed; `SESSIONING_TEST_KILLS` asks for more.
const KILLS: usize = 50;

/// What the clients know, by what was acknowledged to them.
#[derive(Default)]
struct Known {
    live: Vec<String>,
    deleted: Vec<String>,
    operations: usize,
}

/// Creates and deletes until the service is gone. A delete without an answer leaves its session unknown.
fn work(address: &str, known: &Mutex<Known>, stop: &AtomicBool) {
    let Ok(mut connection) = Connection::open(address) else { return };
    let mut own: Vec<String> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if fastrand::u8(..) < 160 || own.is_empty() {
            let body = br#"{"user":"alice"}"#;
            let Ok(answer) = connection.request("POST", "/api/Sessioning/create", &[], body) else { break };
            assert_eq!(answer.status, 200);
            own.push(answer.json()["session"].as_str().unwrap().to_owned());
        } else {
            let session = own.swap_remove(fastrand::usize(..own.len()));
            let body = session_body(&session);
            let Ok(answer) = connection.request("POST", "/api/Sessioning/delete", &[], body.as_bytes())
            else {
                break;
            };
            assert_eq!(answer.body, "{}");
            known.lock().unwrap().deleted.push(session);
        }
        known.lock().unwrap().operations += 1;
    }
    known.lock().unwrap().live.append(&mut own);
}

/// Asks for every session that is known; how many answers were wrong.
fn losses(service: &Service, known: &Known) -> usize {
    let mut connection = Connection::open(&service.address).unwrap();
    let mut user_of = |session: &String| {
        let body = session_body(session);
        connection.request("POST", "/api/Sessioning/_getUser", &[], body.as_bytes()).unwrap().body
    };
    let lost = known.live.iter().filter(|session| user_of(session) != r#"[{"user":"alice"}]"#).count();
    let back = known.deleted.iter().filter(|session| !user_of(session).contains("not found")).count();
    lost + back
}

#[test]
fn acknowledged_creates_and_deletes_survive_kill_9_at_any_moment() {
    let kills = std::env::var("SESSIONING_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().join("data").display());
    let arguments = ["--store", store.as_str(), "--set", "log.level=warn", "--set", "limits.failed_checks=0"];
    let known = Mutex::new(Known::default());
    let (mut in_recovery, mut lost) = (0, 0);
    for kill in 0..kills {
        // Some are killed before they have come up again.
        if kill % 5 == 4 {
            let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "off"];
            let mut starting =
                command(&[&arguments[..], &ports].concat()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(fastrand::u64(0..30_000)));
            starting.kill().unwrap();
            starting.wait().unwrap();
            in_recovery += 1;
            continue;
        }
        let mut service = Service::start(&arguments);
        lost += losses(&service, &known.lock().unwrap());
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| work(&service.address, &known, &stop));
            }
            std::thread::sleep(Duration::from_millis(fastrand::u64(5..120)));
            service.signal("KILL");
            stop.store(true, Ordering::Relaxed);
        });
        service.kill();
    }
    let service = Service::start(&arguments);
    let known = known.into_inner().unwrap();
    lost += losses(&service, &known);
    println!(
        "{kills} kills ({in_recovery} during recovery), {} acknowledged operations, {} live, {} deleted, {lost} losses",
        known.operations,
        known.live.len(),
        known.deleted.len()
    );
    assert_eq!(lost, 0);
    assert!(known.operations > kills * 10, "too little happened to prove anything: {}", known.operations);
}
