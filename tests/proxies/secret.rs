//! The service's API key, which the proxy alone has.

use crate::identity::{ENCODED, USER};
use crate::stage::Stage;

/// The service's key: the proxy's own is sent, whatever the visitor sends, and nobody else ever sees it.
pub fn key(stage: &mut Stage, key: &str) {
    let begin = |user: &str| {
        let body = serde_json::json!({ "user": user }).to_string();
        let made = stage.service.v1_with("POST", "/v1/sessions", "", &body, &[("X-Api-Key", key)]);
        made.json()["token"].as_str().unwrap().to_owned()
    };
    let secret = key.rsplit('_').next().unwrap();
    let token = begin(USER);
    let bearer = format!("Bearer sk_0123456789abcdef_{}", "0".repeat(64));
    for theirs in [
        ("Accept", "*/*"),
        ("X-Api-Key", "sk_0123456789abcdef_00"),
        ("X-Api-Key", ""),
        ("Connection", "X-Api-Key"),
        ("Authorization", &bearer),
    ] {
        let outcome = stage.get_as(&token, "/page", &[theirs]);
        assert!(!format!("{:?}", outcome.answer).contains(secret), "the visitor is told the key");
        let seen = outcome.arrived();
        assert_eq!(seen.header("x-session-user"), Some(ENCODED));
        assert!(!seen.head.contains(secret), "the application is told the key");
        for path in ["/page", "/welcome", "/login"] {
            let outcome = stage.get(path, &[theirs]);
            assert_eq!(outcome.answer.status, if path == "/page" { 401 } else { 200 }, "{path}");
            assert!(!format!("{:?}{:?}", outcome.answer, outcome.seen).contains(secret), "{path}");
        }
    }
    // Nor does a visitor's key open anything, be it the right one.
    stage.get("/page", &[("X-Api-Key", key)]).refused(401);
    assert!(!stage.proxy.log().contains(secret) && !stage.proxy.log().contains(&token));
}
