//! Real reverse proxies before a real application, asking the service whose each request is. They run on the files of
//! `deploy/proxies`, of which only addresses and the key are changed.
//!
//! `SESSIONING_TEST_ALL_PROXIES` set to 1 adds HAProxy and Apache (`scripts/test --all-proxies`).
#![allow(unreachable_pub, reason = "the modules of a test are for each other")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "proxies/application.rs"]
mod application;
#[path = "proxies/cases.rs"]
mod cases;
#[path = "proxies/forgeries.rs"]
mod forgeries;
#[path = "proxies/identity.rs"]
mod identity;
#[path = "proxies/kind.rs"]
mod kind;
#[path = "proxies/outage.rs"]
mod outage;
#[path = "proxies/places.rs"]
mod places;
#[path = "proxies/preflight.rs"]
mod preflight;
#[path = "proxies/proxy.rs"]
mod proxy;
#[path = "proxies/question.rs"]
mod question;
#[path = "proxies/secret.rs"]
mod secret;
#[path = "proxies/sessions.rs"]
mod sessions;
#[path = "proxies/spellings.rs"]
mod spellings;
#[path = "proxies/stage.rs"]
mod stage;
mod support;
#[path = "proxies/table.rs"]
mod table;
#[path = "proxies/traefik.rs"]
mod traefik;
#[path = "proxies/traffic.rs"]
mod traffic;
#[path = "proxies/tunnels.rs"]
mod tunnels;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use kind::{APACHE, CADDY, ENVOY, HAPROXY, Kind, NGINX, Setting, root};
use proxy::Proxy;
use stage::Stage;
use support::{Connection, Service};
use table::Row;

#[test]
fn nginx() {
    run(&NGINX);
}

#[test]
fn caddy() {
    run(&CADDY);
}

#[test]
fn envoy() {
    run(&ENVOY);
}

#[test]
fn haproxy() {
    run_if_asked(&HAPROXY);
}

#[test]
fn apache() {
    run_if_asked(&APACHE);
}

#[test]
fn nginx_lets_no_odd_name_through_where_its_settings_do() {
    let Some(program) = NGINX.program() else { return };
    let service = Service::start(&["--store", "memory:", "--set", "proxy.trusted=127.0.0.1/32"]);
    spellings::spellings(&mut Stage::set(&kind::LENIENT_NGINX, &program, service, ""));
}

#[test]
fn what_nginx_branches_on_sees_the_cookie_that_it_cannot_name() {
    let Some(program) = NGINX.program() else { return };
    let file = fs::read_to_string(root().join("deploy/proxies/nginx/sessioning.conf")).unwrap();
    let map = file.lines().find(|line| line.contains("$has_session_cookie {")).unwrap();
    let proxy = Proxy::start(&NGINX, &program, &|listen| {
        let answer = "return 200 '$has_session_cookie $cookie___Host-session';";
        let server = format!("{map}\nserver {{ listen {listen}; location / {{ {answer} }} }}\n");
        vec![Setting::Instead(server)]
    });
    let told = |cookie: &str| {
        let mut connection = Connection::open(&proxy.address).unwrap();
        connection.request("GET", "/", &[("Cookie", cookie)], b"").unwrap().body
    };
    for (cookie, has) in [
        ("__Host-session=ses_x", "1"),
        ("a=b; __Host-session=ses_x", "1"),
        ("a=b;__Host-session=ses_x; c=d", "1"),
        ("__Host-session=", "0"),
        ("a__Host-session=ses_x", "0"),
        ("a=__Host-session=ses_x", "0"),
        ("__Host-sessions=ses_x", "0"),
        ("a=b", "0"),
    ] {
        // The name as it is written is the text "-session", and the same for everybody.
        assert_eq!(told(cookie), format!("{has} -session"), "{cookie}");
    }
}

#[expect(clippy::print_stdout, reason = "a test that was not asked for says so")]
fn run_if_asked(kind: &'static Kind) {
    if std::env::var("SESSIONING_TEST_ALL_PROXIES").is_ok_and(|asked| asked == "1") {
        run(kind);
    } else {
        println!("{} is tested by scripts/test --all-proxies", kind.name);
    }
}

/// Every case, also after one that failed; then fails if one did.
fn run(kind: &'static Kind) {
    let Some(program) = kind.program() else { return };
    let mut row = Row::new(kind.name);
    row.add("question", holds(|| question::question(kind, &program)));
    row.add("key", holds(|| with_a_key(kind, &program)));
    row.add("preflight", holds(|| preflight::passed(kind, &program)));
    let service = Service::start(&["--store", "memory:", "--set", "proxy.trusted=127.0.0.1/32"]);
    let mut stage = Stage::set(kind, &program, service, "");
    for (name, case) in cases::CASES {
        row.add(name, holds(|| case(&mut stage)));
        stage.application.take();
    }
    row.print();
    assert!(row.failed().is_empty(), "{} fails: {:?}\n{}", kind.name, row.failed(), stage.proxy.log());
}

fn holds(case: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(case)).is_ok()
}

fn with_a_key(kind: &'static Kind, program: &Path) {
    let (service, key, _folder) = Service::guarded(&["--set", "proxy.trusted=127.0.0.1/32"]);
    secret::key(&mut Stage::set(kind, program, service, &key), &key);
}
