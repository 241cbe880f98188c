//! Sessions in all their states.

use crate::identity::{ENCODED, USER, assert_identity, begin};
use crate::stage::{Stage, cookie};
use crate::support::{Connection, eventually};

/// A session passes, however it is sent, and every request is asked about.
pub fn allow(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let seen = stage.get_as(&token, "/page", &[]).arrived();
    assert_identity(&seen, ENCODED, &id);
    // Two requests on one connection are two questions.
    let (other, other_id) = begin(stage, "bob");
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    for (token, user, id) in [(&token, ENCODED, &id), (&other, "bob", &other_id), (&token, ENCODED, &id)] {
        let answer = connection
            .request("GET", "/page", &[("Host", "app.example"), ("Cookie", &cookie(token))], b"")
            .unwrap();
        assert_identity(&stage.outcome(answer).arrived(), user, id);
    }
    // A token in a header is a session, too.
    for header in [("Authorization", format!("Bearer {token}")), ("X-Session-Token", token.clone())] {
        let seen = stage.get("/page", &[(header.0, &header.1)]).arrived();
        assert_identity(&seen, ENCODED, &id);
    }
}

/// What is no session is refused, and told how to log in.
pub fn none(stage: &mut Stage) {
    for headers in [
        vec![],
        vec![("Cookie", "theme=dark; lang=de")],
        vec![("Cookie", "__Host-session=")],
        vec![("Cookie", "__Host-session=ses_nonsense")],
        vec![("Authorization", "Bearer eyJhbGciOiJub25lIn0")],
        vec![("Authorization", "Basic YWxpY2U6c2VjcmV0")],
    ] {
        let outcome = stage.get("/page", &headers);
        outcome.refused(401);
        assert!(outcome.answer.header("www-authenticate").is_some(), "{:?}", outcome.answer);
    }
}

/// A session that ended by itself is refused.
pub fn expired(stage: &mut Stage) {
    // Long enough to be let in once on a busy machine, and not longer.
    let (token, id) = stage.service.begin(r#"{"user":"carol","idle_timeout":"3s"}"#);
    assert_identity(&stage.get_as(&token, "/page", &[]).arrived(), "carol", &id);
    // To describe a session is no use of it; to ask through the proxy would be, and it would never end.
    let describe = || stage.service.v1("GET", &format!("/v1/sessions/{id}"), "", "").status;
    eventually("the session to expire", || describe() == 404);
    stage.get_as(&token, "/page", &[]).refused(401);
}

/// A session that was ended is refused from the next request on.
pub fn revoked(stage: &mut Stage) {
    let (token, id) = begin(stage, "dave");
    assert_identity(&stage.get_as(&token, "/page", &[]).arrived(), "dave", &id);
    assert_eq!(stage.service.v1("DELETE", &format!("/v1/sessions/{id}"), "", "").status, 204);
    stage.get_as(&token, "/page", &[]).refused(401);
    let (token, _) = begin(stage, "dave");
    assert_eq!(stage.service.v1("DELETE", "/v1/session", &token, "").status, 204);
    stage.get_as(&token, "/page", &[]).refused(401);
}
