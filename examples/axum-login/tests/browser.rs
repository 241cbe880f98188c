//! The example in a real browser, its sessions in its own process and in the service.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The example, running.
struct Example(Child, String);

impl Example {
    fn start(service: Option<&str>) -> Self {
        Self::start_with(service, None)
    }

    fn start_with(service: Option<&str>, domain: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-login"));
        command
            .env("LISTEN", "127.0.0.1:0")
            .env_remove("SESSIONING_URL")
            .env_remove("COOKIE_DOMAIN")
            .envs(service.map(|url| ("SESSIONING_URL", url)))
            .envs(domain.map(|domain| ("COOKIE_DOMAIN", domain)));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let url = first_line(child.stdout.take().unwrap(), "http://");
        Self(child, url)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line that holds a text, from there on.
fn first_line(from: impl std::io::Read, text: &str) -> String {
    let mut lines = BufReader::new(from).lines().map(Result::unwrap);
    lines.find_map(|line| line.find(text).map(|at| line[at..].trim().to_owned())).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Why there is no browser to test with, if there is none; under CI that is a failure.
fn missing() -> Option<&'static str> {
    let why = if !root().join("tests/browser/node_modules/playwright-core").exists() {
        "playwright-core is not installed (scripts/test installs it)"
    } else if !Path::new("/usr/bin/chromium").exists() && std::env::var_os("CHROMIUM").is_none() {
        "there is no /usr/bin/chromium, and CHROMIUM names none"
    } else {
        return None;
    };
    assert!(std::env::var_os("CI").is_none(), "under CI nothing may be skipped: {why}");
    println!("SKIPPED: {why}");
    Some(why)
}

fn play(example: &Example) {
    let mut node = Command::new("node");
    node.arg(root().join("tests/browser/login.mjs")).arg(&example.1).args(std::env::var_os("SCREENSHOTS"));
    succeeds(node);
}

fn succeeds(mut node: Command) {
    let output = node.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn cookies_of_several_scopes_lock_nobody_out() {
    if missing().is_none() {
        let (narrow, wide) = (Example::start(None), Example::start_with(None, Some("shop.example.com")));
        let mut node = Command::new("node");
        node.arg(root().join("tests/browser/scopes.mjs")).args([&narrow.1, &wide.1]);
        succeeds(node);
    }
}

#[test]
fn two_devices_log_in_and_out_with_sessions_in_the_process() {
    if missing().is_none() {
        play(&Example::start(None));
    }
}

#[test]
fn two_devices_log_in_and_out_with_sessions_in_the_service() {
    if missing().is_some() {
        return;
    }
    let Some(binary) = std::env::var_os("SESSIONING_BIN") else {
        assert!(std::env::var_os("CI").is_none(), "under CI nothing may be skipped");
        return println!("SKIPPED: SESSIONING_BIN names no service (scripts/test does)");
    };
    let mut command = Command::new(binary);
    command.args([
        "--store",
        "memory:",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "off",
        "--log-format",
        "text",
    ]);
    let mut service = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = service.stderr.take().unwrap();
    let url = first_line(&mut said, "http://");
    let drained = std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    let played = std::panic::catch_unwind(|| play(&Example::start(Some(&url))));
    service.kill().unwrap();
    service.wait().unwrap();
    drained.join().unwrap().unwrap();
    played.unwrap();
}
