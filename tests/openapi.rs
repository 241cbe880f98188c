//! The description of the v1 surface: as it is checked in, as it is served, and as others read it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Service, skip};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// `SESSIONING_TEST_WRITE=1` writes the file anew.
#[test]
fn the_description_that_is_checked_in_is_the_one_that_is_served() {
    let file = root().join("openapi.json");
    let current = sessioning_server::openapi();
    if std::env::var_os("SESSIONING_TEST_WRITE").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap();
    assert!(
        checked_in == current,
        "openapi.json is not up to date: SESSIONING_TEST_WRITE=1 cargo test --test openapi"
    );
    let service = Service::start(&["--store", "memory:"]);
    let served = service.request("GET", "/openapi.json", &[], b"").json();
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(&checked_in).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["servers"][0]["url"], "http://127.0.0.1:7377");
    let create = &served["paths"]["/v1/sessions"]["post"];
    assert!(create["security"].as_array().unwrap().contains(&serde_json::json!({})), "a key may be missing");
    let data = "#/components/schemas/SessionData";
    let models = &served["components"]["schemas"];
    assert_eq!(models["SessionView"]["properties"]["data"]["$ref"], data);
    assert_eq!(models["CreateSession"]["properties"]["data"]["oneOf"][0]["$ref"], data);
    assert_eq!(service.admin("/openapi.json").json(), served);
}

#[test]
fn the_description_is_for_those_who_have_a_key() {
    let (service, key, _folder) = Service::guarded(&[]);
    assert_eq!(service.request("GET", "/openapi.json", &[], b"").status, 401);
    assert_eq!(service.request("GET", "/openapi.json", &[("X-Api-Key", &key)], b"").status, 200);
}

/// A short form of the campaign: `scripts/schemathesis URL 1000` against a running service is the long one.
#[test]
fn generated_requests_get_the_answers_that_the_description_promises() {
    if !root().join(".cache/python/bin/schemathesis").exists() {
        return skip("schemathesis is not installed (scripts/test installs it)");
    }
    let endless = ["--set", "session.max_idle_timeout=never", "--set", "session.max_absolute_timeout=never"];
    let (service, key, _folder) = Service::guarded(&[&endless[..], &["--set", "log.level=error"]].concat());
    let examples = std::env::var("SESSIONING_TEST_EXAMPLES").unwrap_or_else(|_| "30".into());
    let output = Command::new(root().join("scripts/schemathesis"))
        .args([service.url(), examples])
        .env("SESSIONING_API_KEY", key)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!service.log().contains("panicked"), "{}", service.log());
}

/// `oauth4webapi`, a client that knows the RFCs and nothing of this service.
#[test]
fn a_client_of_rfc_7662_and_7009_introspects_and_revokes() {
    let script = root().join("tests/oauth/client.mjs");
    if !root().join("tests/oauth/node_modules/oauth4webapi").exists() {
        return skip("oauth4webapi is not installed (scripts/test installs it)");
    }
    let (service, key, _folder) = Service::guarded(&[]);
    let body = br#"{"user":"alice","authenticated":{"amr":["pwd"],"level":1}}"#;
    let headers = [("X-Api-Key", key.as_str()), ("Content-Type", "application/json")];
    let begun = service.request("POST", "/v1/sessions", &headers, body).json();
    let output = Command::new("node")
        .arg(script)
        .args([
            &service.url(),
            &key,
            begun["token"].as_str().unwrap(),
            begun["session"]["id"].as_str().unwrap(),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
