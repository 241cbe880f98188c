//! A wall clock that is wrong at the start, and set right or wrong while the service runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use mongodb::bson::DateTime;
use support::{Service, binary, eventually, skip};

/// The library by which a program's wall clock is changed, where it is installed.
fn library() -> Option<String> {
    let output = Command::new("faketime").args(["-f", "+0", "env"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.strip_prefix("LD_PRELOAD=")).map(str::to_owned)
}

/// A service whose wall clock is moved by what a file says; the time since boot is the machine's.
fn start(library: &str, file: &Path) -> Service {
    let mut command = Command::new(binary());
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Service::spawn(command, &["--store", "memory:"]).unwrap_or_else(|log| panic!("{log}"))
}

/// How old a session says it is, in seconds.
fn age(service: &Service, token: &str) -> i64 {
    let session = service.v1("GET", "/v1/session", token, "").json();
    let created = DateTime::parse_rfc3339_str(session["session"]["created_at"].as_str().unwrap()).unwrap();
    (DateTime::now().timestamp_millis() - created.timestamp_millis()) / 1000
}

#[test]
fn a_clock_that_is_set_right_after_the_start_is_followed_and_one_that_is_set_back_is_not() {
    let Some(library) = library() else { return skip("faketime is not here") };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("time");
    let set = |offset: &str| fs::write(&file, offset).unwrap();
    set("-20h");
    let service = start(&library, &file);
    let (early, _) = service.begin(r#"{"user":"alice"}"#);
    assert!((19 * 3600..21 * 3600).contains(&age(&service, &early)), "{}", age(&service, &early));
    set("+0");
    eventually("the step to be followed", || service.log().contains("ahead, and is followed"));
    assert!(service.log().contains("sessions=1"), "{}", service.log());
    let (late, _) = service.begin(r#"{"user":"alice"}"#);
    assert!(age(&service, &late).abs() < 60);
    assert_eq!((service.status_of(&early), service.status_of(&late)), (200, 200));

    set("-3h");
    eventually("the step back to be told", || service.admin("/readyz").body.contains("is not followed"));
    assert_eq!(service.admin("/readyz").status, 200);
    assert!(service.metric("sessioning_clock_apart_seconds") < -10_000.0);
    let (same, _) = service.begin(r#"{"user":"alice"}"#);
    assert!(age(&service, &same).abs() < 60);
    set("+0");
    eventually("it to be told", || service.admin("/readyz").body == "ok\n");

    // One wrong answer about the time.
    set("+400d");
    eventually("the long step to be told", || service.admin("/readyz").body.contains("has stood for"));
    assert_eq!(service.status_of(&late), 200);
    set("+0");
    eventually("it to be over", || service.admin("/readyz").body == "ok\n");
    let said = service.log();
    for line in ["is not followed", "has stood for", "ahead, and is followed"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
}
