//! The service's life: start, restart, drain; and what it says on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::{Connection, Service, binary, eventually, run, session_body};

fn data() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().join("data").display());
    (folder, store)
}

#[test]
fn sessions_outlive_a_restart_and_deleted_ones_do_not() {
    let (_folder, store) = data();
    let mut service = Service::start(&["--store", &store]);
    let (kept, gone) = (service.create("alice"), service.create("alice"));
    assert_eq!(service.delete(&gone).body, "{}");
    assert!(service.stop().success());
    let service = Service::start(&["--store", &store]);
    assert_eq!(service.user_of(&kept).body, r#"[{"user":"alice"}]"#);
    assert!(service.user_of(&gone).body.contains("not found"));
}

#[test]
fn told_to_stop_it_finishes_what_is_in_flight_refuses_the_new_and_exits_0() {
    let (_folder, store) = data();
    let mut service = Service::start(&["--store", &store]);
    let mut idle = Connection::open(&service.address).unwrap();
    idle.request("GET", "/", &[], b"").unwrap();
    let mut busy = Connection::open(&service.address).unwrap();
    let body = br#"{"user":"alice"}"#;
    let head = format!(
        "POST /api/Sessioning/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    busy.send(head.as_bytes()).unwrap();
    busy.send(&body[..5]).unwrap();
    // The request is in flight once the handler waits for the rest of its body.
    std::thread::sleep(Duration::from_millis(100));
    service.signal("TERM");
    eventually("new connections to be refused", || Connection::open(&service.address).is_err());
    assert!(idle.request("GET", "/", &[], b"").is_err(), "an idle connection is closed");
    busy.send(&body[5..]).unwrap();
    let answer = busy.answer(false).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    let session = answer.json()["session"].as_str().unwrap().to_owned();
    assert_eq!(service.wait().code(), Some(0));
    let service = Service::start(&["--store", &store]);
    assert_eq!(service.user_of(&session).body, r#"[{"user":"alice"}]"#);
}

#[test]
fn a_request_that_never_ends_does_not_keep_it_from_stopping() {
    let mut service = Service::start(&["--store", "memory:", "--set", "limits.drain=200ms"]);
    let mut stuck = Connection::open(&service.address).unwrap();
    stuck.send(HALF_A_BODY).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(service.stop().code(), Some(0));
    assert!(service.log().contains("limits.drain"));
}

const HALF_A_BODY: &[u8] =
    b"POST /api/Sessioning/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{";

#[test]
fn with_the_defaults_nothing_holds_up_a_stop_until_containers_are_killed() {
    let (_folder, store) = data();
    let mut service = Service::start(&["--store", &store, "--set", "limits.stop_delay=1s"]);
    let (mut public, mut admin) =
        (Connection::open(&service.address).unwrap(), Connection::open(&service.admin).unwrap());
    public.send(HALF_A_BODY).unwrap();
    admin.send(b"GET /livez HT").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let began = std::time::Instant::now();
    assert_eq!(service.stop().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_second_signal_ends_an_endless_drain() {
    let mut service = Service::start(&["--store", "memory:", "--set", "limits.drain=never"]);
    let mut stuck = Connection::open(&service.address).unwrap();
    stuck.send(HALF_A_BODY).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    service.signal("TERM");
    eventually("new connections to be refused", || Connection::open(&service.address).is_err());
    std::thread::sleep(Duration::from_millis(300));
    assert!(service.is_running(), "it waits for the request");
    service.signal("INT");
    assert_eq!(service.wait().code(), Some(0));
    assert!(service.log().contains("told to stop again"));
}

#[test]
fn told_to_stop_it_goes_on_for_a_while_and_every_answer_ends_its_connection() {
    let mut service = Service::start(&["--store", "memory:", "--set", "limits.stop_delay=3s"]);
    let mut kept = Connection::open(&service.address).unwrap();
    assert_eq!(kept.request("GET", "/", &[], b"").unwrap().header("connection"), None);
    service.signal("TERM");
    eventually("it to say that it stops", || service.admin("/readyz").status == 503);
    let mut new = Connection::open(&service.address).unwrap();
    for connection in [&mut kept, &mut new] {
        let answer = connection.request("GET", "/", &[], b"").unwrap();
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    }
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_client_that_hangs_up_on_its_delete_is_logged_out_all_the_same() {
    let (_folder, store) = data();
    let service = Service::start(&["--store", &store]);
    for _ in 0..30 {
        let session = service.create("alice");
        service.user_of(&session);
        let mut connection = Connection::open(&service.address).unwrap();
        let body = session_body(&session);
        let head = format!(
            "POST /api/Sessioning/delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.send(format!("{head}{body}").as_bytes()).unwrap();
        drop(connection);
        eventually("the session to be gone", || service.user_of(&session).body.contains("not found"));
    }
}

#[test]
fn a_second_process_on_a_directory_or_an_address_is_told_what_is_in_its_way() {
    let (folder, store) = data();
    let service = Service::start(&["--store", &store]);
    let second = |arguments: &[&str]| {
        let output = run(&[arguments, &["--admin-listen", "off"]].concat());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = second(&["--store", &store, "--listen", "127.0.0.1:0"]);
    let directory = folder.path().join("data");
    assert!(
        said.contains(&format!(
            "the data directory {} is in use by process {}, started 20",
            directory.display(),
            service.id()
        )),
        "{said}"
    );
    let said = second(&["--store", "memory:", "--listen", &service.address]);
    assert!(said.contains(&format!("cannot listen on {}: another process does", service.address)), "{said}");
}

#[test]
fn a_directory_of_a_later_version_is_refused() {
    let (folder, store) = data();
    drop(Service::start(&["--store", &store]));
    fs::write(folder.path().join("data/FORMAT"), "sessioning data directory, format 7\n").unwrap();
    let output = run(&["--store", &store, "--listen", "127.0.0.1:0", "--admin-listen", "off"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("format 7, which this version does not know; use the version that wrote it"),
        "{said}"
    );
}

#[test]
fn health_is_told_on_the_admin_listener_alone() {
    let service = Service::start(&["--store", "memory:"]);
    assert_eq!((service.admin("/livez").status, service.admin("/readyz").status), (200, 200));
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(service.request("GET", path, &[], b"").status, 404);
    }
    assert_eq!(service.admin("/v1/session").status, 404);
}

#[test]
fn probes_need_no_key_and_tell_strangers_no_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = format!("embedded:{}", data.display());
    let (key, entry) = support::new_key(&["--scope", "admin"]);
    std::fs::write(folder.path().join("sessioning.toml"), entry).unwrap();
    let arguments = ["--store", &store, "--admin-listen", "0.0.0.0:0", "--set", "probe_path=/healthz"];
    let service = Service::start_in(folder.path(), &arguments);
    let admin = |path: &str, headers: &[(&str, &str)]| {
        support::Connection::open(&service.admin).unwrap().request("GET", path, headers, b"").unwrap()
    };
    let probe = || service.request("GET", "/healthz", &[], b"");
    assert_eq!((admin("/livez", &[]).status, admin("/readyz", &[]).status, probe().status), (200, 200, 200));
    assert_eq!(admin("/metrics", &[]).status, 401);
    std::fs::remove_dir_all(&data).unwrap();
    support::eventually("not ready", || probe().status == 503);
    assert_eq!(probe().body, "");
    let (stranger, known) = (admin("/readyz", &[]), admin("/readyz", &[("X-Api-Key", &key)]));
    assert_eq!((stranger.status, known.status), (503, 503));
    assert!(
        !stranger.body.contains("LOCK") && known.body.contains("LOCK"),
        "{} {}",
        stranger.body,
        known.body
    );
}

#[test]
#[cfg(unix)]
fn a_unix_socket_serves_and_is_taken_over_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sock");
    let listen = format!("unix:{}", socket.display());
    for _ in 0..2 {
        let mut service = Service::start(&["--store", "memory:", "--listen", &listen]);
        assert_eq!(service.address, listen);
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        std::io::Write::write_all(
            &mut stream,
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let second = run(&["--store", "memory:", "--listen", &listen, "--admin-listen", "off"]);
        assert_eq!(second.status.code(), Some(1));
        service.kill();
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("precious");
    fs::write(&file, "data").unwrap();
    let listen = format!("unix:{}", file.display());
    let output = run(&["--store", "memory:", "--listen", &listen, "--admin-listen", "off"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "data");
}

#[test]
fn while_requests_drain_the_admin_listener_says_so() {
    let mut service = Service::start(&["--store", "memory:"]);
    let mut busy = Connection::open(&service.address).unwrap();
    busy.send(b"POST /api/Sessioning/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{")
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    service.signal("TERM");
    eventually("it to say that it stops", || service.admin("/readyz").status == 503);
    let alive = service.admin("/livez");
    assert_eq!((alive.status, alive.header("connection")), (200, Some("close")));
    busy.send(b"\"user\":\"alice\"}").unwrap();
    assert_eq!(busy.answer(false).unwrap().status, 200);
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn without_a_terminal_every_log_line_is_a_json_object() {
    let mut child =
        support::command(&["--store", "memory:", "--listen", "127.0.0.1:0", "--admin-listen", "off", "-v"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut first).unwrap();
    let starts: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&starts["message"], &starts["process"]), (&"sessioning starts".into(), &child.id().into()));
    assert!(starts["version"].as_str().unwrap().contains("commit"), "{first}");
    first.clear();
    std::io::BufRead::read_line(&mut stderr, &mut first).unwrap();
    let started: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(started["message"], "sessioning has started");
    for fact in ["version", "store", "callers", "routes"] {
        assert!(started[fact].is_string(), "{fact} is missing: {first}");
    }
    let address = started["listening"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let body = br#"{"user":"a\"b"}"#;
    Connection::open(&address).unwrap().request("POST", "/api/Sessioning/create", &[], body).unwrap();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    let lines: Vec<serde_json::Value> =
        rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |text: &str| lines.iter().any(|line| line["message"].as_str().unwrap().contains(text));
    assert!(said("[Sessioning.create] Attempting to insert session for user: a\"b with ID: "));
    assert!(said("stopped"));
}

#[test]
fn sec_40_a_log_that_nobody_reads_holds_up_no_request_loses_no_audit_and_says_what_it_dropped() {
    let mut child = Command::new(binary())
        .args([
            "--store",
            "memory:",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "off",
            "-v",
            "--log-format",
            "text",
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
    }
    let address = line.split("http://").nth(1).unwrap().trim().to_owned();
    // Nobody reads from here on: the pipe fills, then the buffer, and still every request is answered.
    const CREATES: usize = 10_000;
    let mut connection = Connection::open(&address).unwrap();
    for _ in 0..CREATES {
        let answer = connection.request("POST", "/api/Sessioning/create", &[], br#"{"user":"alice"}"#);
        assert_eq!(answer.unwrap().status, 200);
    }
    let read = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let reading = std::sync::Arc::clone(&read);
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        while std::io::BufRead::read_line(&mut stderr, &mut line).unwrap() > 0 {
            reading.lock().unwrap().push_str(&line);
            line.clear();
        }
    });
    let log = || read.lock().unwrap().clone();
    eventually("the dropped lines to be told", || log().contains("log lines were dropped"));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().unwrap();
    reader.join().unwrap();
    // What is of the audit waited in a queue of its own.
    let (log, said) = (log(), |text: &str| log().matches(text).count());
    assert_eq!(said("Successfully created session"), CREATES);
    assert!(said("Attempting to insert session") < CREATES, "nothing was dropped");
    assert!(
        log.contains("lines=") && log.contains("kind=\"ordinary\""),
        "which lines were dropped is not told"
    );
}
