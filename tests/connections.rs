//! Connections: that they leave the store its files, and that neither idle ones nor one address lock others out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::process::{Command, Stdio};

use support::{Connection, Service, eventually, skip};

/// Says that this process runs in the network that the test made.
const INSIDE: &str = "SESSIONING_TEST_INSIDE";
const PUBLIC: &str = "sessioning_connections{listener=\"public\"}";

fn embedded() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().join("data").display());
    (folder, store)
}

/// The service, where it may open that many files: softly at first, and at the most.
fn limited(soft: u32, hard: u32, arguments: &[&str]) -> Result<Service, String> {
    let mut command = Command::new("sh");
    let script = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
    command.args(["-c", &script]).arg(support::binary()).current_dir("/");
    Service::spawn(command, arguments)
}

#[test]
fn idle_connections_leave_the_store_its_files_and_the_admin_listener_its_own() {
    let (_folder, store) = embedded();
    let service = limited(256, 256, &["--store", &store]).unwrap_or_else(|log| panic!("{log}"));
    service.wait_for_log("limits.connections = 4096, but 96 can be had");
    service.wait_for_log("ulimit -n 5124");
    let idle: Vec<_> = (0..300).filter_map(|_| Connection::open(&service.address).ok()).collect();
    eventually("the places to be taken", || service.metric(PUBLIC) >= 95.0);
    // Each makes room for itself; writes need files.
    for _ in 0..50 {
        let session = service.create("alice");
        assert_eq!(service.delete(&session).status, 200);
    }
    assert_eq!(service.admin("/readyz").status, 200);
    assert!(!service.log().contains("too many open files"), "{}", service.log());
    drop(idle);
}

#[test]
fn the_limit_of_open_files_is_raised_to_what_is_allowed() {
    let service = limited(64, 5000, &["--store", "memory:"]).unwrap_or_else(|log| panic!("{log}"));
    assert!(!service.log().contains("can be had"), "{}", service.log());
    assert_eq!(service.metric("sessioning_connections_limit{listener=\"public\"}"), 4096.0);
}

#[test]
fn with_too_few_files_it_does_not_start_and_says_what_to_do() {
    let (_folder, store) = embedded();
    let said = limited(64, 64, &["--store", &store]).err().unwrap();
    assert!(said.contains("this process may open 64 files") && said.contains("ulimit -n 5124"), "{said}");
}

#[test]
fn too_many_open_files_are_named_and_waited_out_without_spinning() {
    let service = Service::start(&["--store", "memory:"]);
    let id = service.id().to_string();
    let may_open = |limit: &str| {
        let nofile = format!("--nofile={limit}:20000");
        Command::new("prlimit").args(["--pid", &id, &nofile]).status().is_ok_and(|status| status.success())
    };
    if !may_open("4") {
        return skip("prlimit cannot change the limit of another process here");
    }
    let mut waiting = Connection::open(&service.address).unwrap();
    service.wait_for_log("connections cannot be accepted: too many open files: raise the limit");
    let spent = || {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = spent();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    // A loop would spend 150 hundredths of a second.
    assert!(spent() - before < 50, "it spins");
    assert!(may_open("1024"));
    assert_eq!(waiting.request("GET", "/", &[], b"").unwrap().status, 200);
    assert_eq!(service.log().matches("too many open files").count(), 1);
}

#[test]
fn the_longest_idle_connections_make_room() {
    let service = Service::start(&["--store", "memory:", "--set", "limits.connections=3"]);
    let mut idle: Vec<_> = (0..3).map(|_| Connection::open(&service.address).unwrap()).collect();
    for connection in &mut idle {
        assert_eq!(connection.request("GET", "/", &[], b"").unwrap().status, 200);
    }
    assert_eq!(service.request("GET", "/", &[], b"").status, 200);
    let kept = idle.iter_mut().filter_map(|connection| connection.request("GET", "/", &[], b"").ok()).count();
    assert_eq!(kept, 2, "no more were closed than needed");
}

#[test]
fn an_idle_connection_is_closed_after_keep_alive() {
    let service = Service::start(&["--store", "memory:", "--set", "limits.keep_alive=200ms"]);
    let mut idle = Connection::open(&service.address).unwrap();
    assert_eq!(idle.request("GET", "/", &[], b"").unwrap().status, 200);
    assert!(idle.answer(false).is_err(), "the service closes it");
    let service = Service::start(&["--store", "memory:", "--set", "limits.keep_alive=never"]);
    let mut idle = Connection::open(&service.address).unwrap();
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_eq!(idle.request("GET", "/", &[], b"").unwrap().status, 200);
    }
}

/// Runs a test of this file again, in a network of its own with two addresses that are not loopback. Each is the first
/// of its subnet: connections to a second one would come from the first.
fn inside_a_network(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let script = "ip link set lo up && ip addr add 10.99.1.1/24 dev lo && ip addr add 10.99.2.1/24 dev lo";
    let in_network = |then: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rn", "sh", "-c", &format!("{script} && {then}")]);
        command
    };
    let works = in_network("true").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        skip("unshare and ip cannot make a network of its own here");
        return false;
    }
    let mut command = in_network("exec \"$0\" \"$@\"");
    command.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    assert!(command.status().unwrap().success());
    false
}

/// A service that both addresses reach, which needs a key, and takes eight connections, two of one address.
fn reachable() -> (Service, String, String, tempfile::TempDir) {
    let (service, key, folder) =
        Service::guarded(&["--listen", "0.0.0.0:0", "--set", "limits.connections=8"]);
    let port = service.address.rsplit(':').next().unwrap().to_owned();
    (service, key, port, folder)
}

const HALF: &[u8] = b"GET / HTTP/1.1\r\nHost: loc";

#[test]
fn sec_36_one_address_does_not_lock_out_another() {
    if !inside_a_network("sec_36_one_address_does_not_lock_out_another") {
        return;
    }
    let (service, _key, port, _folder) = reachable();
    let mut greedy: Vec<_> = (0..20)
        .filter_map(|_| {
            let mut connection = Connection::open(&format!("10.99.2.1:{port}")).ok()?;
            connection.send(HALF).ok()?;
            // Its first byte makes it one that is not idle.
            std::thread::sleep(std::time::Duration::from_millis(20));
            Some(connection)
        })
        .collect();
    eventually("the rest to be refused", || service.metric("sessioning_connections_refused_total") >= 18.0);
    assert_eq!(service.metric(PUBLIC), 2.0);
    for host in ["10.99.1.1", "127.0.0.1"] {
        let mut other = Connection::open(&format!("{host}:{port}")).unwrap();
        assert_eq!(other.request("GET", "/", &[], b"").unwrap().status, 200, "{host}");
    }
    service.wait_for_log("this address has limits.connections_per_address = 2 already");
    greedy.clear();
}

#[test]
fn sec_36_with_a_good_key_an_address_may_hold_more_than_its_share() {
    if !inside_a_network("sec_36_with_a_good_key_an_address_may_hold_more_than_its_share") {
        return;
    }
    let (service, key, port, _folder) = reachable();
    let mut held: Vec<Connection> = Vec::new();
    for _ in 0..6 {
        let mut connection = Connection::open(&format!("10.99.2.1:{port}")).unwrap();
        let answer = connection.request("GET", "/v1/session", &[("X-Api-Key", &key)], b"").unwrap();
        assert_eq!(answer.code(), "session_invalid");
        held.push(connection);
    }
    for connection in &mut held {
        assert!(connection.request("GET", "/", &[], b"").is_ok(), "none of them had to make room");
    }
    assert_eq!(service.metric("sessioning_connections_refused_total"), 0.0);
}
