//! Data directories that go away under a running service: removed, moved, not mounted any more, read-only.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Service, binary, eventually, skip, works};

/// The service takes no write any more, is not ready, and has said why once; what is live is served.
fn refuses(service: &Service, live: &str, why: &str) {
    let answer = service.v1("POST", "/v1/sessions", "", r#"{"user":"alice"}"#);
    assert_eq!((answer.status, answer.code().as_str()), (503, "store_unavailable"), "{}", answer.body);
    assert!(service.post("/api/Sessioning/create", r#"{"user":"alice"}"#).body.contains(why));
    eventually("not ready", || service.admin("/readyz").status == 503);
    assert!(service.admin("/readyz").body.contains(why));
    let log = service.log();
    let said = log.lines().filter(|line| line.contains("ERROR the session store stopped writing"));
    assert_eq!(said.filter(|line| line.contains(why)).count(), 1, "{log}");
    assert_eq!(service.user_of(live).body, r#"[{"user":"alice"}]"#);
}

fn start(data: &Path) -> (Service, String) {
    let service = Service::start(&["--store", &format!("embedded:{}", data.display())]);
    let session = service.create("alice");
    (service, session)
}

#[test]
fn a_removed_or_moved_data_directory_takes_no_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (data, moved) = (folder.path().join("data"), folder.path().join("moved"));
    let (mut service, session) = start(&data);
    fs::rename(&data, &moved).unwrap();
    refuses(&service, &session, "is gone: the data directory was removed or moved away");
    service.stop();
    fs::rename(&moved, &data).unwrap();
    let service = Service::start(&["--store", &format!("embedded:{}", data.display())]);
    assert_eq!(service.user_of(&session).body, r#"[{"user":"alice"}]"#);

    fs::remove_dir_all(&data).unwrap();
    // Nobody writes.
    eventually("not ready", || service.admin("/readyz").status == 503);
    refuses(&service, &session, "is gone: the data directory was removed or moved away");
}

#[test]
fn a_mount_that_goes_or_becomes_read_only_takes_no_writes() {
    if !works("unshare", &["-Urm", "true"]) {
        return skip("unshare cannot make a mount of its own here");
    }
    for (change, why) in [
        ("umount -l \"$0\"", "is not mounted any more"),
        // No mount becomes read-only while files are open for writing, but for errors of the disk. A second one does.
        ("mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"", "has become read-only"),
        ("mount -t tmpfs tmpfs \"$0/data\"", "is gone"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=256m tmpfs \"$1\" && shift && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-c", script, "sh"]).arg(folder.path()).arg(binary());
        let store = format!("embedded:{}/data", folder.path().display());
        let service = Service::spawn(command, &["--store", &store]).unwrap_or_else(|log| panic!("{log}"));
        let session = service.create("alice");
        let (id, place) = (service.id().to_string(), folder.path().to_str().unwrap());
        let enter = ["-t", &id, "-U", "-m", "--preserve-credentials", "sh", "-c", change, place];
        if !works("nsenter", &enter) {
            skip(&format!("{change} is not possible here"));
            continue;
        }
        refuses(&service, &session, why);
    }
}
