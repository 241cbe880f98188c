//! What a visitor may try in order to be somebody, or to be asked about differently.

use crate::identity::{ENCODED, USER, assert_anonymous, assert_identity, assert_nobody, begin};
use crate::stage::Stage;

/// What a visitor may try in order to be somebody.
const FORGERIES: [&[(&str, &str)]; 8] = [
    &[("X-Session-User", "admin")],
    &[("x_session_user", "admin")],
    &[
        ("X-SESSION-USER", "admin"),
        ("X-SESSION-STATUS", "active"),
        ("X-Session-ID", "1"),
        ("x-session-expires", "2"),
    ],
    &[("X-Session-User", "admin"), ("x-session-user", "admin"), ("X-Session-Status", "active")],
    &[("X_Session-User", "admin"), ("X-Session_User", "admin"), ("X_SESSION_STATUS", "active")],
    &[("X.Session.User", "admin"), ("X-Session.Status", "active")],
    &[("Connection", "X-Session-User, X-Session-Status"), ("X-Session-User", "admin")],
    &[("Connection", "close, x-session-user"), ("Connection", "x-session-id,X-Session-Expires")],
];

/// No forgery reaches the application, on any kind of page.
pub fn forged(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    for forgery in FORGERIES {
        assert_identity(&stage.get_as(&token, "/page", forgery).arrived(), ENCODED, &id);
        stage.get("/page", forgery).refused(401);
        assert_nobody(&stage.get("/login", forgery).arrived());
        assert_nobody(&stage.get_as(&token, "/login", forgery).arrived());
        assert_anonymous(&stage.get("/welcome", forgery).arrived());
        assert_identity(&stage.get_as(&token, "/welcome", forgery).arrived(), ENCODED, &id);
    }
}

/// Nothing in a request chooses whom to let pass, or in which namespace.
pub fn injection(stage: &mut Stage) {
    let other = stage.service.v1_with(
        "POST",
        "/v1/sessions",
        "",
        r#"{"user":"admin"}"#,
        &[("X-Session-Namespace", "other")],
    );
    let elsewhere = other.json()["token"].as_str().unwrap().to_owned();
    for path in [
        "/page?policy=optional",
        "/page?/v1/forward-auth/optional",
        "/page?optional",
        "/optional",
        "/page?next=/login",
    ] {
        stage.get(path, &[]).refused(401);
        stage.get_as(&elsewhere, path, &[]).refused(401);
    }
    for header in [
        ("X-Session-Policy", "optional"),
        ("X-Session-Policy", "namespace=other"),
        ("x_session_policy", "optional"),
        ("X-Session-Namespace", "other"),
        ("X-Forwarded-Uri", "/login"),
        ("X-Original-URL", "/login"),
        ("X-Rewrite-URL", "/login"),
        ("X-Forwarded-Prefix", "/login"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        ("Session-Policy", "optional"),
    ] {
        let ours = stage.kind.asks_of_names && header.0.starts_with("X-Session-");
        let status = if ours { 403 } else { 401 };
        stage.get("/page", &[header]).refused(status);
        stage.get_as(&elsewhere, "/page", &[header]).refused(status);
    }
    // The query is the application's, and reaches it as it is.
    let (token, id) = begin(stage, USER);
    let path = "/page?policy=optional&a=1&b=%2Fx%20y&c=%25&d=+&e";
    let seen = stage.get_as(&token, path, &[]).arrived();
    assert_eq!(seen.line(), ("GET", path));
    assert_identity(&seen, ENCODED, &id);
}
