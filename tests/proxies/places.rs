//! Pages that are open, in part or altogether, and what only looks like one.

use crate::identity::{ENCODED, USER, assert_anonymous, assert_identity, assert_nobody, begin};
use crate::stage::Stage;

/// Anybody passes, and the application is told who it is, or that it is nobody.
pub fn optional(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    assert_anonymous(&stage.get("/welcome", &[]).arrived());
    assert_anonymous(&stage.get("/welcome", &[("Cookie", "__Host-session=ses_nonsense")]).arrived());
    assert_identity(&stage.get_as(&token, "/welcome", &[]).arrived(), ENCODED, &id);
    let seen = stage.get("/welcome?from=mail&x=%2F", &[]).arrived();
    assert_eq!(seen.line(), ("GET", "/welcome?from=mail&x=%2F"));
}

/// Anybody passes, and the application is told nothing.
pub fn open(stage: &mut Stage) {
    let seen = stage.get("/login?next=%2Fpage", &[]).arrived();
    assert_eq!(seen.line(), ("GET", "/login?next=%2Fpage"));
    let seen = stage.send("POST", "/login", &[("Origin", "https://evil.example")], b"user=alice").arrived();
    assert_eq!((seen.line(), seen.body.as_slice()), (("POST", "/login"), &b"user=alice"[..]));
    // What a browser still holds does not lock it out, nor is it told to the application as somebody.
    assert_nobody(&stage.get("/login", &[("Cookie", "__Host-session=ses_nonsense")]).arrived());
}

/// Paths that some read as an open one, and others as a guarded one: none may arrive as it is without a session.
pub fn paths(stage: &mut Stage) {
    let (token, _) = begin(stage, "grace");
    for path in [
        "/admin/../login",
        "/admin/../welcome",
        "/login/../admin",
        "/admin/..%2flogin",
        "/admin/%2e%2e/login",
        "/%6cogin",
        "/login/",
        "//login",
        "/LOGIN",
        "/login;/admin",
        "/login%00",
        "/login%2f..%2fadmin",
        "/login/x",
        "/admin?/login",
        "/welcome/",
        "/welcomer",
        "/.sessioning/required",
        "/.sessioning/optional",
        "/v1/forward-auth/optional",
    ] {
        // Nor is the service itself within a visitor's reach, which would tell them in the answer who they are.
        let own = stage.get_as(&token, path, &[]);
        assert_eq!(own.answer.header("x-session-user"), None, "{path}: {:?}", own.answer);
        let outcome = stage.get(path, &[]);
        match outcome.seen {
            None => assert!(matches!(outcome.answer.status, 400..=404), "{path}: {:?}", outcome.answer),
            Some(seen) => {
                // %6c is but another way to write l (RFC 3986, 6.2.2.2).
                let open = matches!(seen.line().1, "/login" | "/welcome" | "/%6cogin");
                assert!(open, "{path} arrived: {}", seen.head);
            }
        }
    }
}
