//! Asking without using: what asks again and again by itself keeps no session alive.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use serde_json::json;
use support::{Service, eventually};

const BRIEF: &str = r#"{"user":"alice","idle_timeout":"700ms"}"#;

/// Asks over and over, until the session ends by its idle timeout although it was asked about all the time.
fn ends_although_asked(service: &Service, what: &str, is_live: impl Fn(&str) -> bool) {
    let (token, _) = service.begin(BRIEF);
    assert!(is_live(&token), "{what}");
    eventually(&format!("{what} to let the session end"), || !is_live(&token));
    assert_eq!(service.status_of(&token), 401, "{what}");
}

#[test]
fn every_way_of_asking_has_one_that_is_no_use() {
    let service = Service::start(&["--store", "memory:"]);
    let status = |path: &str, token: &str| service.v1("GET", path, token, "").status;
    for path in ["/v1/session?touch=false", "/v1/my/sessions"] {
        ends_although_asked(&service, path, |token| status(path, token) == 200);
    }
    for policy in ["quiet", "required,quiet", "min_level=0,quiet"] {
        let path = format!("/v1/forward-auth/{policy}");
        ends_although_asked(&service, policy, |token| status(&path, token) == 200);
    }
    ends_although_asked(&service, "optional,quiet", |token| {
        let answer = service.v1("GET", "/v1/forward-auth/optional,quiet", token, "");
        answer.header("x-session-status") == Some("active")
    });
    ends_although_asked(&service, "a batch", |token| {
        let body = json!({"tokens": [token], "touch": false}).to_string();
        service.v1("POST", "/v1/sessions/check", "", &body).json()["results"][0]["verdict"] == "live"
    });
    ends_although_asked(&service, "introspection", |token| {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = format!("token={token}&touch=false");
        service.v1_with("POST", "/v1/introspect", "", &body, &form).json()["active"] == true
    });
}

#[test]
fn a_use_between_quiet_ones_is_recorded() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(r#"{"user":"alice","idle_timeout":"1h"}"#);
    let seen = |query: &str| {
        service.v1("GET", &format!("/v1/session{query}"), &token, "").json()["session"]["last_seen"].clone()
    };
    let begun = seen("?touch=false");
    assert_eq!(seen("?touch=false"), begun);
    let (brief, _) = service.begin(BRIEF);
    let kept =
        || service.v1("GET", "/v1/session?touch=true", &brief, "").json()["session"]["last_seen"].clone();
    let first = kept();
    eventually("a use to be recorded", || kept() != first);
}

#[test]
fn touch_is_true_or_false() {
    let service = Service::start(&["--store", "memory:"]);
    let (token, _) = service.begin(BRIEF);
    let refused = service.v1("GET", "/v1/session?touch=no", &token, "").json();
    assert_eq!(refused["detail"], "touch must be true or false");
    let refused = service.v1("POST", "/v1/sessions/check", "", r#"{"tokens":[],"touch":"no"}"#).json();
    assert_eq!(refused["detail"], "touch must be true or false");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let refused = service.v1_with("POST", "/v1/introspect", "", &format!("token={token}&touch=no"), &form);
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_request")));
    assert_eq!(service.v1("GET", "/v1/forward-auth/quiet=1", &token, "").status, 403);
}
