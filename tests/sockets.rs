//! Sockets in the file system: who may connect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Service, binary, run, skip};

/// A folder that everybody may enter, and a place for a socket in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let socket = folder.path().join("sock");
    (folder, socket)
}

/// Starts with a umask that keeps nobody out.
fn start(socket: &Path, rest: &str) -> Service {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0 && exec \"$@\"", "sh"]).arg(binary());
    let listen = format!("unix:{}{rest}", socket.display());
    Service::spawn(command, &["--store", "memory:", "--listen", &listen])
        .unwrap_or_else(|log| panic!("{log}"))
}

fn mode(socket: &Path) -> u32 {
    fs::metadata(socket).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_socket_is_this_users_alone_whatever_the_umask_unless_it_is_said_whose() {
    let (_folder, socket) = place();
    let own = fs::metadata(socket.parent().unwrap()).unwrap().gid().to_string();
    for (rest, expected) in
        [("", 0o600), (&format!("?group={own}"), 0o660), (&format!("?group={own}&mode=0620"), 0o620)]
    {
        drop(start(&socket, rest));
        assert_eq!(mode(&socket), expected, "{rest}");
    }
}

/// Whether a process of another user, and that group, gets an answer through a socket.
fn answers(socket: &Path, group: &str) -> bool {
    let mut curl = Command::new("setpriv");
    curl.args([
        "--reuid=65534",
        &format!("--regid={group}"),
        "--clear-groups",
        "curl",
        "-fsS",
        "--unix-socket",
    ]);
    curl.arg(socket).arg("http://localhost/").output().unwrap().status.success()
}

#[test]
fn a_proxy_of_another_user_connects_if_it_is_in_the_group() {
    let group = |name: &str| Command::new("getent").args(["group", name]).output().unwrap().status.success();
    let tried = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=33", "--clear-groups", "curl", "-V"])
        .output();
    if !tried.is_ok_and(|output| output.status.success()) || !group("www-data") {
        return skip("setpriv cannot become another user here, or there is no curl or group www-data");
    }
    let (_folder, socket) = place();
    let service = start(&socket, "?group=www-data");
    assert_eq!(fs::metadata(&socket).unwrap().gid(), 33);
    assert!(answers(&socket, "33"));
    assert!(!answers(&socket, "65534"));
    drop(service);
    let _service = start(&socket, "");
    assert!(!answers(&socket, "33"));
}

#[test]
fn a_socket_is_never_open_to_more_than_in_the_end() {
    let (folder, socket) = place();
    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "-e", "trace=umask,bind,/chown,/chmod", "-o"]).arg(&trace).arg(binary());
    let own = fs::metadata(folder.path()).unwrap().gid();
    let listen = format!("unix:{}?group={own}", socket.display());
    if Command::new("strace").args(["-e", "trace=none", "true"]).output().is_err() {
        return skip("strace cannot trace here");
    }
    drop(
        Service::spawn(command, &["--store", "memory:", "--listen", &listen])
            .unwrap_or_else(|log| panic!("{log}")),
    );
    let trace = fs::read_to_string(trace).unwrap();
    let of_socket: Vec<_> =
        trace.lines().filter(|line| line.contains("umask(") || line.contains("/sock\"")).collect();
    let order = ["umask(077)", "bind(", "chown", "0660"];
    assert_eq!(of_socket.len(), order.len(), "{trace}");
    assert!(of_socket.iter().zip(order).all(|(line, call)| line.contains(call)), "{trace}");
}

#[test]
fn a_group_that_there_is_not_is_named() {
    let (_folder, socket) = place();
    let refused = |rest: &str| {
        let listen = format!("unix:{}{rest}", socket.display());
        let output = run(&["--store", "memory:", "--listen", &listen, "--admin-listen", "off"]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("?group=no-such-group").contains("there is no group \"no-such-group\" on this machine"));
    assert!(refused("?gruop=www-data").contains("group=NAME, mode=0660"));
}
