//! Tokens never show: a whole scenario at the most verbose level, then every token is searched for everywhere.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::path::Path;

use support::{Service, run, session_body};

/// Every file below a folder, as bytes.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let mut bytes = fs::read(&path).unwrap();
            // The engine sets space aside in its journal; nothing is not worth searching.
            bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            found.push((path.display().to_string(), bytes));
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn sec_05_no_token_is_in_any_log_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().display());
    let mut service = Service::start(&["--store", &store, "-vv", "--log-format", "text"]);
    let tokens: Vec<String> = (0..50).map(|number| service.create(&format!("user {number}"))).collect();
    for token in &tokens {
        service.user_of(token);
        let bearer = format!("Bearer {token}");
        service.request("GET", "/v1/session", &[("Authorization", &bearer)], b"");
        // Where no token belongs: a path, a query, a request id, a user, a namespace, another concept field.
        service.request("GET", &format!("/v1/session/{token}?token={token}"), &[], b"");
        service.request("GET", "/", &[("X-Request-Id", token)], b"");
        service.request("GET", "/", &[("Host", token)], b"");
        service.request("GET", "/", &[("Origin", token)], b"");
        service.request("GET", "/v1/session", &[("X-Session-Namespace", token)], b"");
        service.post("/api/Sessioning/create", &format!(r#"{{"user":"{token}\n{token}"}}"#));
        service.post("/api/Sessioning/delete", &session_body(&format!("{token} ")));
        for (method, path, body) in [
            ("POST", "/v1/sessions".to_owned(), format!(r#"{{"{token}":1}}"#)),
            ("POST", "/v1/sessions".into(), format!(r#"{{"user":"a","idle_timeout":"{token}"}}"#)),
            ("POST", "/v1/sessions/check".into(), format!(r#"{{"tokens":"{token}"}}"#)),
            ("POST", "/v1/sessions/check".into(), format!(r#"{{"tokens":["{token}"],"max_age":"{token}"}}"#)),
            ("POST", "/v1/sessions/revoke-everyone".into(), format!(r#"{{"confirm":"{token}"}}"#)),
            ("GET", format!("/v1/session?{token}=1"), String::new()),
            (
                "GET",
                format!("/v1/users/{}/sessions?limit=1&cursor={token}", token.replace('_', "%5F")),
                String::new(),
            ),
            ("GET", format!("/v1/sessions/{token}"), String::new()),
            ("DELETE", format!("/v1/users/a/sessions?except={token}"), String::new()),
        ] {
            let answer = service.v1(method, &path, token, &body);
            assert!(!answer.body.contains(&token[36..]), "{method} {path}: {answer:?}");
        }
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        for body in [format!("{token}=1"), format!("token={token}&token={token}"), format!("token={token}")] {
            let answer = service.v1_with("POST", "/v1/introspect", "", &body, &[form]);
            assert!(!answer.body.contains(&token[36..]), "{answer:?}");
        }
        service.v1_with(
            "PATCH",
            "/v1/session/data",
            "",
            "{}",
            &[("Cookie", &format!("__Host-session={token}"))],
        );
        service.post("/api/Sessioning/_getUser", &format!(r#"{{"session":["{token}"]}}"#));
    }
    let mut renewed = Vec::new();
    for token in tokens.iter().step_by(2) {
        let new = service.v1("POST", "/v1/session/renew", token, "").json();
        renewed.push(new["token"].as_str().unwrap().to_owned());
        service.delete(token);
        service.user_of(token);
        service.v1("GET", "/v1/my/sessions", renewed.last().unwrap(), "");
    }
    let tokens = [tokens, renewed].concat();
    assert!(service.stop().success());
    let log = service.log();
    assert!(log.lines().count() > 500, "the scenario is meant to be logged");
    let mut places = vec![("the log".to_owned(), log.into_bytes())];
    files(folder.path(), &mut places);
    for token in &tokens {
        let (secret, raw) = (&token[36..100], unhex(&token[36..100]));
        for (place, bytes) in &places {
            assert!(!contains(bytes, secret.as_bytes()), "a token is in {place}");
            assert!(!contains(bytes, &raw), "a secret is in {place}");
        }
    }
}

#[test]
fn a_token_given_as_an_argument_is_refused_and_not_repeated() {
    let service = Service::start(&["--store", "memory:"]);
    let token = service.create("alice");
    let output = run(&["get-user", &token, "--url", &service.url()]);
    assert_eq!(output.status.code(), Some(2));
    let said = [output.stdout, output.stderr].concat();
    assert!(!contains(&said, &token.as_bytes()[36..100]));
    assert!(String::from_utf8(said).unwrap().contains("name of a file"));
}

/// Whatever is wrong about where a secret was put: the error, which others may read, does not repeat it.
#[test]
fn sec_40_a_key_or_token_given_where_something_else_belongs_is_not_repeated() {
    let (key, _) = support::new_key(&["--scope", "check"]);
    let token = format!("ses_{}", "0123456789abcdef".repeat(7));
    let uuid = "01a20a61-fb89-7a5c-af52-803629217bfa";
    for secret in [key.as_str(), &token, &format!("/run/secrets/{key}"), &format!("'{key}'"), uuid] {
        let hidden = &secret[secret.len() - 12..];
        for arguments in [
            &["get-user", secret][..],
            &["get-user", "-", "--api-key-file", secret],
            &["get-user", "-", secret],
            &["get-user", "--token", secret],
            &["healthcheck", "--api-key-file", secret],
            &["--set", &format!("keys_file={secret}"), "--store", "memory:"],
            &["--config", secret],
            &["config", "show", "--config", secret],
            &["config", "show", "--listen", secret],
            &["config", "show", "--set", secret],
            &["config", "show", "--set", &format!("limits.queue={secret}")],
        ] {
            // A UUID is no secret but where a token's file belongs.
            if secret == uuid && arguments[..2] != ["get-user", uuid] {
                continue;
            }
            let output = run(arguments);
            assert_ne!(output.status.code(), Some(0), "{arguments:?}");
            let said = [output.stdout, output.stderr].concat();
            assert!(!contains(&said, hidden.as_bytes()), "{arguments:?}: {}", String::from_utf8_lossy(&said));
        }
        for variable in ["SESSIONING_API_KEY_FILE", "SESSIONING_STORE_FILE", "SESSIONING_CONFIG"] {
            for arguments in [&["healthcheck"][..], &["config", "show"], &["get-user", "--help"]] {
                let output = support::command(arguments).env(variable, secret).output().unwrap();
                let said = [output.stdout, output.stderr].concat();
                let told = secret != uuid && contains(&said, hidden.as_bytes());
                assert!(!told, "{variable} {arguments:?}: {}", String::from_utf8_lossy(&said));
            }
        }
    }
}

/// A token of no session, with a right checksum.
#[cfg(target_os = "linux")]
fn made_up() -> String {
    let hex: String = std::iter::repeat_with(|| fastrand::char('0'..='9')).take(64).collect();
    let body = format!("ses_01a20a61fb897a5caf52803629217bfa{hex}");
    format!("{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

/// How many of these are in the memory of a process.
#[cfg(target_os = "linux")]
fn in_memory_of(id: u32, secrets: &[String]) -> usize {
    use std::os::unix::fs::FileExt;
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{id}/mem")).unwrap();
    let mut found = std::collections::HashSet::new();
    for map in maps.lines().filter(|map| map.split(' ').nth(1).is_some_and(|how| how.starts_with("rw"))) {
        let (start, end) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let address = |hex| u64::from_str_radix(hex, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(address(end) - address(start)).unwrap()];
        let read = memory.read_at(&mut bytes, address(start)).unwrap_or(0);
        for (at, _) in bytes[..read].windows(4).enumerate().filter(|(_, four)| *four == b"ses_") {
            let text = &bytes[at..read.min(at + 108)];
            found.extend(secrets.iter().position(|secret| secret.as_bytes() == text));
        }
    }
    found.len()
}

/// Whoever gets a copy of the memory finds no heap of old tokens there. What stays is a buffer of the connection's of
/// 8 KiB, with some 70 tokens, as `docs/security.md` says; without wiping it was twice that and more.
#[test]
#[cfg(target_os = "linux")]
fn sec_05_bodies_that_held_tokens_are_wiped_from_memory() {
    let service = Service::start(&["--store", "memory:"]);
    let tokens: Vec<String> = std::iter::repeat_with(made_up).take(500).collect();
    let mut connection = support::Connection::open(&service.address).unwrap();
    let json = [("Content-Type", "application/json")];
    let batch = serde_json::json!({ "tokens": tokens }).to_string();
    let answer = connection.request("POST", "/v1/sessions/check", &json, batch.as_bytes()).unwrap();
    assert_eq!(answer.status, 200);
    // What the connection reads next overwrites most of its buffer; nothing of ours reads this body.
    let other = connection.request("POST", "/nothing", &json, &vec![b'x'; batch.len()]).unwrap();
    assert_eq!(other.status, 404);
    let left = in_memory_of(service.id(), &tokens);
    assert!(left < 110, "{left} of {} tokens are in memory", tokens.len());
}
