//! Disks fail: full ones, unwritable ones, and ones whose sync fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use support::{Service, binary, command, eventually, run, skip, works};

const OUT_OF_SPACE: &str =
    "the session store's disk is full; free some space, writing then goes on by itself";
const SYNC_FAILED: &str =
    "a sync to the session store's disk failed; check the disk and restart, writes are refused until then";

/// A service whose data directory is on a small disk of its own, and where this process sees that disk.
fn start_on_small_disk(folder: &std::path::Path) -> (Service, PathBuf) {
    let script = "mount -t tmpfs -o size=16m tmpfs \"$1\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c", script, "sh"]).arg(folder).arg(binary());
    let store = format!("embedded:{}/data", folder.display());
    let service = Service::spawn(command, &["--store", &store]).unwrap_or_else(|log| panic!("{log}"));
    let disk = PathBuf::from(format!("/proc/{}/root{}", service.id(), folder.display()));
    (service, disk)
}

/// Writes until there is no space left.
fn fill(path: &std::path::Path) {
    let mut ballast = File::create(path).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        while ballast.write_all(&vec![1; size]).is_ok() {}
    }
}

#[test]
fn sec_41_a_full_disk_refuses_writes_loses_nothing_and_recovers_by_itself() {
    if !works("unshare", &["-Urm", "true"]) {
        return skip("unshare cannot make a mount of its own here");
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut service, disk) = start_on_small_disk(folder.path());
    let mut live: Vec<_> = (0..50).map(|_| service.create("alice")).collect();
    for round in 0..3 {
        fill(&disk.join("ballast"));
        // What the engine has set aside already may still take a few.
        let refused = (0..10_000).find_map(|_| {
            let answer = service.post("/api/Sessioning/create", r#"{"user":"alice"}"#).json();
            match answer["session"].as_str() {
                Some(session) => {
                    live.push(session.into());
                    None
                }
                None => Some(answer["error"].as_str().unwrap().to_owned()),
            }
        });
        assert_eq!(refused.as_deref(), Some(format!("Failed to create session: {OUT_OF_SPACE}").as_str()));
        let answer = service.request(
            "POST",
            "/v1/sessions",
            &[("Content-Type", "application/json")],
            br#"{"user":"a"}"#,
        );
        assert_eq!((answer.status, answer.code().as_str()), (503, "store_unavailable"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        let answer = service.delete(&live[0]);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (500, r#"{"error":"An internal server error occurred."}"#)
        );
        eventually("it to say so", || service.admin("/readyz").status == 503);
        assert!(service.admin("/readyz").json()["detail"].as_str().unwrap().contains(OUT_OF_SPACE));
        assert_eq!(service.admin("/livez").status, 200);
        for session in &live {
            assert_eq!(service.user_of(session).body, r#"[{"user":"alice"}]"#, "reads go on");
        }
        fs::remove_file(disk.join("ballast")).unwrap();
        eventually("writes to go on", || service.admin("/readyz").status == 200);
        live.push(service.create("alice"));
        let gone = live.swap_remove(round);
        assert_eq!(service.delete(&gone).body, "{}");
        assert!(service.user_of(&gone).body.contains("not found"));
        for session in &live {
            assert_eq!(service.user_of(session).body, r#"[{"user":"alice"}]"#, "nothing is lost");
        }
    }
    assert!(service.log().contains("there is space again"));
    // On the disk, too: a copy of it, opened by another process, has them all.
    service.signal("STOP");
    let copy = tempfile::tempdir().unwrap();
    assert!(works("cp", &["-r", &format!("{}/data", disk.display()), copy.path().to_str().unwrap()]));
    service.signal("CONT");
    let store = format!("embedded:{}/data", copy.path().display());
    let other = Service::start(&["--store", &store]);
    for session in &live {
        assert_eq!(other.user_of(session).body, r#"[{"user":"alice"}]"#);
    }
    assert!(service.stop().success());
}

/// Runs the service so that its syncs fail from the `when`th on. It stays this process's own child.
fn start_with_failing_sync(store: &str, error: &str, when: usize) -> Service {
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e"]);
    command.arg(format!("inject=fdatasync:error={error}:when={when}+")).arg(binary());
    Service::spawn(command, &["--store", store]).unwrap_or_else(|log| panic!("{log}"))
}

#[test]
fn sec_41_after_a_failed_sync_writes_are_refused_until_a_restart() {
    if !works("strace", &["-e", "trace=none", "true"]) {
        return skip("strace cannot trace here");
    }
    // A sync that speaks of space, as on thin volumes, is a failed sync all the same.
    for error in ["EIO", "ENOSPC"] {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("embedded:{}", folder.path().display());
        let mut service = start_with_failing_sync(&store, error, 12);
        let mut live = Vec::new();
        let refused = (0..100).find_map(|_| {
            let answer = service.post("/api/Sessioning/create", r#"{"user":"alice"}"#).json();
            match answer["session"].as_str() {
                Some(session) => {
                    live.push(session.to_owned());
                    None
                }
                None => Some(answer["error"].as_str().unwrap().to_owned()),
            }
        });
        let expected = format!("Failed to create session: {SYNC_FAILED}");
        assert_eq!(refused.as_deref(), Some(expected.as_str()), "{error}");
        assert!(!live.is_empty());
        for _ in 0..3 {
            let answer = service.post("/api/Sessioning/create", r#"{"user":"alice"}"#).json();
            assert_eq!(answer["error"].as_str(), Some(expected.as_str()), "{error}");
            assert_eq!(service.delete(&live[0]).status, 500);
            assert_eq!(service.user_of(&live[0]).body, r#"[{"user":"alice"}]"#, "reads go on");
        }
        eventually("it to say so", || service.admin("/readyz").body.contains(SYNC_FAILED));
        assert!(service.log().contains(SYNC_FAILED));
        service.stop();
        let service = Service::start(&["--store", &store]);
        for session in &live {
            assert_eq!(service.user_of(session).body, r#"[{"user":"alice"}]"#, "{error}");
        }
        assert_eq!(service.delete(&live[0]).body, "{}");
        service.create("alice");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_named_at_start() {
    let output =
        run(&["--store", "embedded:/proc/sessioning", "--listen", "127.0.0.1:0", "--admin-listen", "off"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("cannot create the data directory /proc/sessioning; check that it exists"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let store = format!("embedded:{}", file.display());
    let output =
        command(&["--store", &store, "--listen", "127.0.0.1:0", "--admin-listen", "off"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// Every file and folder in one, and itself.
fn all_in(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_path_buf()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all_in(&path)) } else { found.push(path) }
    }
    found
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_data_directory_and_all_files_in_it_are_this_users_alone_whatever_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0 && exec \"$@\"", "sh"]).arg(binary());
    let data = folder.path().join("new/data");
    let store = format!("embedded:{}", data.display());
    let service = Service::spawn(command, &["--store", &store]).unwrap_or_else(|log| panic!("{log}"));
    service.create("alice");
    assert!(all_in(&data).len() > 10);
    for path in all_in(&data) {
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
}

#[test]
fn a_volume_of_another_user_is_used_through_a_folder_of_ours() {
    const OTHER: &str = "--reuid=65534";
    if !works("unshare", &["-m", "setpriv", OTHER, "--clear-groups", "true"]) {
        return skip("setpriv cannot become another user here");
    }
    let folder = tempfile::tempdir().unwrap();
    // A copy that the other user can reach, and a way to the volume.
    let copy = folder.path().join("sessioning");
    fs::copy(binary(), &copy).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let volume = folder.path().join("volume");
    fs::create_dir(&volume).unwrap();
    let other = format!("setpriv {OTHER} --clear-groups");
    let start_as = |user: &str, mode: &str, before: &str| {
        let script = format!(
            "mount -t tmpfs -o size=256m,mode={mode} tmpfs \"$1\" && {before} && shift && exec {user} \"$@\""
        );
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]).arg(&volume).arg(&copy);
        Service::spawn(command, &["--store", &format!("embedded:{}", volume.display())])
    };
    // Root's own volume that all may write to is no other's; the folder is there, but open to a group: Kubernetes' fsGroup.
    let opened = "mkdir -m 2770 \"$1/sessioning\" && chown 65534 \"$1/sessioning\"";
    for (user, before) in [(other.as_str(), "true"), ("", "true"), (&other, opened)] {
        let service = start_as(user, "0777", before).unwrap_or_else(|log| panic!("{log}"));
        let session = service.create("alice");
        assert_eq!(service.user_of(&session).body, r#"[{"user":"alice"}]"#);
        let seen = PathBuf::from(format!("/proc/{}/root{}", service.id(), volume.display()));
        let names: Vec<_> = fs::read_dir(&seen).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["sessioning"]);
        assert_eq!(mode(&seen.join("sessioning")), 0o700);
    }
    let log = start_as(&other, "0755", "true").err().unwrap();
    assert!(log.contains("volume of user 0") && log.contains("chown 65534"), "{log}");

    // Somebody else's folder, or a link to one, is not ours.
    for planted in ["mkdir -m 777 \"$1/sessioning\"", "ln -s /tmp \"$1/sessioning\""] {
        let log = start_as(&other, "0777", planted).err().unwrap();
        assert!(log.contains("is not a folder of this user"), "{log}");
    }
}

#[test]
fn a_directory_of_another_user_is_refused_with_the_cure() {
    if !works("setpriv", &["--reuid=65534", "--clear-groups", "true"]) {
        return skip("setpriv cannot become another user here");
    }
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().join("data").display());
    fs::create_dir(folder.path().join("data")).unwrap();
    assert!(works("chown", &["65534", folder.path().join("data").to_str().unwrap()]));
    let output = run(&["--store", &store, "--listen", "127.0.0.1:0", "--admin-listen", "off"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("its owner is user 65534") && said.contains("chown"),
        "{said}"
    );
}
