//! Rolling restarts under load: two instances, one restarted after the other, and clients that repeat only what they
//! know was not sent. None of them sees an error: behind nginx, behind HAProxy, and with a plain client.
//!
//! `SESSIONING_TEST_ROUNDS` sets how many restarts there are (`scripts/restarts 20` is the long form, which tells its
//! figures).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use support::{Connection, Service, eventually, skip};

/// How many clients there are, each with a connection that it keeps.
const CLIENTS: usize = 24;
/// How long a client thinks between two requests.
const PAUSE: Duration = Duration::from_millis(5);

fn restarts() -> usize {
    std::env::var("SESSIONING_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Two instances that are restarted in turn, each always at the same address.
struct Pair(Vec<Service>);

impl Pair {
    fn start() -> Self {
        Self((0..2).map(|_| instance("127.0.0.1:0")).collect())
    }

    fn addresses(&self) -> Vec<String> {
        self.0.iter().map(|service| service.address.clone()).collect()
    }

    fn restart(&mut self, which: usize) {
        let address = self.0[which].address.clone();
        assert!(self.0[which].stop().success());
        self.0[which] = instance(&address);
        // Time for a balancer to find it again.
        thread::sleep(Duration::from_millis(700));
    }
}

fn instance(address: &str) -> Service {
    Service::start(&["--store", "memory:", "--listen", address, "--set", "limits.stop_delay=1s"])
}

#[derive(Default)]
struct Totals {
    over: AtomicBool,
    created: AtomicUsize,
    errors: Mutex<Vec<String>>,
}

/// Creates sessions until the end, on a connection that is kept while it is open, as in every pool, at one of the addresses; at the next one where nobody listens.
fn work(addresses: &[String], first: usize, totals: &Totals) {
    let (mut at, mut kept) = (first, None);
    while !totals.over.load(Ordering::Relaxed) {
        let connection = kept
            .take()
            .filter(Connection::is_open)
            .map_or_else(|| Connection::open(&addresses[at % addresses.len()]), Ok);
        let mut connection: Connection = match connection {
            Ok(connection) => connection,
            // Nothing was sent.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused && addresses.len() > 1 => {
                at += 1;
                continue;
            }
            Err(error) => {
                totals.errors.lock().unwrap().push(error.to_string());
                continue;
            }
        };
        let headers = [("Content-Type", "application/json"), ("Host", "localhost")];
        match connection.request("POST", "/v1/sessions", &headers, br#"{"user":"alice"}"#) {
            Ok(answer) if answer.status == 201 => {
                totals.created.fetch_add(1, Ordering::Relaxed);
                let ends = answer.header("connection").is_some_and(|value| value == "close");
                kept = (!ends).then_some(connection);
            }
            Ok(answer) => totals.errors.lock().unwrap().push(format!("{} {}", answer.status, answer.body)),
            Err(error) => totals.errors.lock().unwrap().push(error.to_string()),
        }
        thread::sleep(PAUSE);
    }
}

/// Restarts under load, and tells the row of the table.
fn campaign(name: &str, addresses: &[String], pair: &mut Pair) {
    let totals = Arc::new(Totals::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|first| {
            let (addresses, totals) = (addresses.to_vec(), Arc::clone(&totals));
            thread::spawn(move || work(&addresses, first, &totals))
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    for number in 0..restarts() {
        pair.restart(number % 2);
    }
    totals.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    let (created, errors) = (totals.created.load(Ordering::Relaxed), totals.errors.lock().unwrap());
    #[expect(clippy::print_stdout, reason = "the long form is run for its figures")]
    {
        let (restarts, errors) = (restarts(), errors.len());
        println!(
            "| {name} | {CLIENTS} connections | {restarts} restarts | {created} creates | {errors} errors |"
        );
    }
    assert!(created > 100, "{created}");
    assert!(errors.is_empty(), "{} of {created}: {:?}", errors.len(), &errors[..errors.len().min(5)]);
}

#[test]
fn a_plain_client_sees_no_error_while_two_instances_are_restarted() {
    let mut pair = Pair::start();
    let addresses = pair.addresses();
    campaign("plain client", &addresses, &mut pair);
}

/// A balancer, ended when this is dropped.
struct Balancer(Child);

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Runs the campaign behind a balancer, whose configuration is made of its own address and the two instances'.
fn behind(program: &str, flags: &[&str], configuration: impl Fn(&str, &[String], &Path) -> String) {
    if Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return skip(&format!("{program} is not installed here"));
    }
    let (mut pair, folder, address) = (Pair::start(), tempfile::tempdir().unwrap(), free_address());
    let file = folder.path().join("balancer.conf");
    fs::write(&file, configuration(&address, &pair.addresses(), folder.path())).unwrap();
    let child = Command::new(program).args(flags).arg(&file).stdout(Stdio::null()).spawn().unwrap();
    let _balancer = Balancer(child);
    eventually("the balancer to listen", || Connection::open(&address).is_ok());
    campaign(program, &[address], &mut pair);
}

#[test]
fn nobody_behind_nginx_sees_an_error_while_two_instances_are_restarted() {
    behind("nginx", &["-c"], |address, instances, folder| {
        let folder = folder.display();
        let servers: String = instances.iter().map(|one| format!("server {one} max_fails=0;\n")).collect();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
            .collect();
        format!(
            "daemon off; master_process off; pid {folder}/pid; error_log stderr crit;\n\
             events {{}}\n\
             http {{ access_log off; {temporary}\n\
             upstream sessioning {{ {servers} keepalive 16; }}\n\
             server {{ listen {address}; keepalive_requests 1000000;\n\
             location / {{ proxy_pass http://sessioning; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_set_header Host localhost; }} }} }}\n"
        )
    });
}

#[test]
fn nobody_behind_haproxy_sees_an_error_while_two_instances_are_restarted() {
    behind("haproxy", &["-f"], |address, instances, _| {
        let servers: String = instances
            .iter()
            .enumerate()
            .map(|(number, one)| format!("    server s{number} {one}\n"))
            .collect();
        format!(
            "defaults\n    mode http\n    timeout connect 2s\n    timeout client 30s\n    timeout server 30s\n    \
             retries 3\n    option redispatch 1\nfrontend f\n    bind {address}\n    default_backend b\nbackend b\n{servers}"
        )
    });
}
