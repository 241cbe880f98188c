//! More than a GET: bodies, other sites' forms, WebSockets.

use crate::identity::{ENCODED, USER, assert_identity, begin};
use crate::stage::{Stage, converse, cookie};
use crate::support::{Connection, eventually};

/// Bodies arrive whole, and the check waits for none.
pub fn post(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let cookie = cookie(&token);
    let body: Vec<u8> = (0..300_000_u32).map(|place| (place % 251) as u8).collect();
    let seen = stage.send("POST", "/save", &[("Cookie", &cookie)], &body).arrived();
    assert_identity(&seen, ENCODED, &id);
    assert!(seen.body == body, "{} bytes arrived", seen.body.len());
    stage.send("POST", "/save", &[], b"a=1").refused(401);

    let mut chunked =
        format!("POST /save HTTP/1.1\r\nHost: app.example\r\nCookie: {cookie}\r\n").into_bytes();
    chunked.extend(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n8\r\n defghij\r\n0\r\n\r\n");
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    connection.send(&chunked).unwrap();
    let seen = stage.outcome(connection.answer(false).unwrap()).arrived();
    assert_eq!(seen.body, b"abc defghij");
    assert_identity(&seen, ENCODED, &id);

    // The service is asked before any of the body is sent: the check waits for none.
    let asked = || stage.service.metric("sessioning_http_requests_total");
    let before = asked();
    let mut connection = Connection::open(&stage.proxy.address).unwrap();
    connection.send(b"POST /save HTTP/1.1\r\nHost: app.example\r\nContent-Length: 10\r\n\r\n").unwrap();
    eventually("the service to be asked", || asked() > before);
    // Who has answered already may have closed.
    let _ = connection.send(b"0123456789");
    stage.outcome(connection.answer(false).unwrap()).refused(401);
}

/// Cookies that are more than the service reads pass nobody.
pub fn oversized(stage: &mut Stage) {
    let (token, _) = begin(stage, "frank");
    let large: Vec<String> = (0..3).map(|number| format!("c{number}={}", "x".repeat(6 * 1024))).collect();
    let mut headers: Vec<_> = large.iter().map(|cookie| ("Cookie", cookie.as_str())).collect();
    let session = cookie(&token);
    headers.push(("Cookie", &session));
    stage.get("/page", &headers).refused(stage.kind.oversized);
}

/// What another site's page makes a browser send is refused, whatever the visitor says of their request.
pub fn origin(stage: &mut Stage) {
    let (token, _) = begin(stage, "erin");
    let cookie = cookie(&token);
    for foreign in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
        for told in [
            ("Accept", "*/*"),
            ("X-Forwarded-Method", "GET"),
            ("X-Original-Method", "GET"),
            ("X-Forwarded-Host", "evil.example"),
        ] {
            let headers = [("Cookie", cookie.as_str()), foreign, told];
            stage.send("POST", "/save", &headers, b"a=1").refused(403);
            stage.send("DELETE", "/save", &headers, b"").refused(403);
        }
        stage.get_as(&token, "/page", &[foreign]).arrived();
        // No browser sends this by itself.
        let bearer = format!("Bearer {token}");
        stage.send("POST", "/save", &[("Authorization", &bearer), foreign], b"a=1").arrived();
    }
    let own = [("Cookie", cookie.as_str()), ("Origin", "https://app.example")];
    stage.send("POST", "/save", &own, b"a=1").arrived();
}

/// A WebSocket passes with a session, both ways, and is refused without.
pub fn websocket(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    let (status, mut socket) = stage.upgrade(&format!("Cookie: {}\r\n", cookie(&token)));
    assert_eq!(status, 101, "{}", stage.proxy.log());
    let seen = stage.application.take().remove(0);
    assert_identity(&seen, ENCODED, &id);
    converse(&mut socket);
    // One that tries to keep its names back.
    let forged = format!(
        "Cookie: {}\r\nConnection: Upgrade, X-Session-User\r\nX-Session-User: admin\r\n",
        cookie(&token)
    );
    let (status, mut socket) = stage.upgrade(&forged);
    assert_eq!(status, 101);
    assert_identity(&stage.application.take().remove(0), ENCODED, &id);
    converse(&mut socket);

    for without in ["", "Cookie: __Host-session=ses_nonsense\r\n"] {
        let (status, _) = stage.upgrade(without);
        assert_eq!(status, 401);
        assert!(stage.application.take().is_empty());
    }
}
