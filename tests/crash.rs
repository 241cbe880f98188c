//! A renewal that a crash cuts off leaves exactly one valid token: the old one, or the new one that nobody was
//! told of. `SESSIONING_TEST_KILLS` sets the number of crashes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::process::Stdio;
use std::time::Duration;

use support::{Connection, Service, command};

const HOLDERS: usize = 4;

struct Holder {
    id: String,
    /// Every token that was acknowledged, the newest last.
    tokens: Vec<String>,
    /// Whether a renewal was sent that was not answered.
    in_flight: bool,
}

/// Renews over and over until the service is gone.
fn renew_until_killed(address: &str, holder: &mut Holder) {
    let Ok(mut connection) = Connection::open(address) else { return };
    loop {
        let token = holder.tokens.last().unwrap().clone();
        let headers = [("X-Session-Token", token.as_str())];
        holder.in_flight = true;
        let Ok(answer) = connection.request("POST", "/v1/session/renew", &headers, b"") else { return };
        assert_eq!(answer.status, 200, "{answer:?}");
        holder.in_flight = false;
        holder.tokens.push(answer.json()["token"].as_str().unwrap().to_owned());
    }
}

#[test]
fn sec_09_a_crash_in_a_renewal_leaves_exactly_one_valid_token() {
    let kills = std::env::var("SESSIONING_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().display());
    let (mut renewals, mut cut_off, mut old_ones_left) = (0, 0, 0);
    for round in 0..kills {
        let mut service = Service::start(&["--store", &store]);
        let mut holders: Vec<_> = (0..HOLDERS)
            .map(|number| {
                let (token, id) = service.begin(&format!(r#"{{"user":"user {number}"}}"#));
                Holder { id, tokens: vec![token], in_flight: false }
            })
            .collect();
        let address = service.address.clone();
        std::thread::scope(|scope| {
            for holder in &mut holders {
                let address = &address;
                scope.spawn(move || renew_until_killed(address, holder));
            }
            std::thread::sleep(Duration::from_micros(fastrand::u64(2_000..60_000)));
            service.kill();
        });
        let service = Service::start(&["--store", &store]);
        for holder in &holders {
            let (newest, older) = holder.tokens.split_last().unwrap();
            renewals += older.len();
            for old in older.iter().rev().take(20) {
                assert_eq!(service.status_of(old), 401, "round {round}: a renewed token is valid again");
            }
            let known = service.status_of(newest) == 200;
            let there = service.v1("GET", &format!("/v1/sessions/{}", holder.id), "", "").status == 200;
            assert!(there, "round {round}: the session is gone");
            assert!(known || holder.in_flight, "round {round}: an acknowledged renewal is lost");
            cut_off += usize::from(holder.in_flight);
            old_ones_left += usize::from(holder.in_flight && known);
        }
    }
    assert!(cut_off > 0 && renewals > kills, "{renewals} renewals, {cut_off} cut off");
    println!("{renewals} renewals, {cut_off} cut off, of which {old_ones_left} left the old token");
}

#[test]
fn a_kill_in_the_very_first_start_is_made_good_by_the_next() {
    let kills = std::env::var("SESSIONING_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    let mut cut_off = 0;
    for round in 0..kills {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let store = format!("embedded:{}", data.display());
        let mut first = command(&["--store", &store, "--listen", "127.0.0.1:0", "--admin-listen", "off"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From the first thing that it makes on, so that the kill falls between there and the last.
        while !data.exists() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(fastrand::u64(0..60_000)));
        first.kill().unwrap();
        first.wait().unwrap();
        cut_off += u32::from(!data.join("engine").exists());
        let mut service = Service::start(&["--store", &store]);
        let session = service.create("alice");
        service.kill();
        let service = Service::start(&["--store", &store]);
        assert_eq!(service.user_of(&session).body, r#"[{"user":"alice"}]"#, "round {round}");
    }
    println!("{kills} first starts, {cut_off} killed before there was an engine");
    assert!(cut_off > 0, "no kill came early enough to tell");
}
