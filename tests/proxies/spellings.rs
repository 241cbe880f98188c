//! Names that an application may take for those of the identity headers.

use crate::identity::{ENCODED, USER, assert_anonymous, assert_identity, assert_nobody, begin};
use crate::stage::{Stage, cookie};

/// All that a name may have but letters and digits (RFC 9110, 5.6.2).
const SEPARATORS: &str = "!#$%&'*+-.^_`|~";

/// Whatever becomes `X_SESSION_…` where all but letters and digits become `_` is removed, or the request is refused.
pub fn spellings(stage: &mut Stage) {
    let (token, id) = begin(stage, USER);
    for name in names() {
        for path in ["/page", "/welcome", "/login"] {
            assert_ineffective(stage, Some((&token, &id)), path, &name);
        }
        assert_ineffective(stage, None, "/welcome", &name);
        assert_ineffective(stage, None, "/login", &name);
    }
}

fn names() -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    for one in SEPARATORS.chars() {
        for two in SEPARATORS.chars() {
            names.push(format!("X{one}Session{two}User"));
        }
        names.push(format!("x{one}SESSION{one}status"));
        names.push(format!("X-Session-User{one}"));
        names.push(format!("X-Session-{one}User"));
        names.push(format!("X{one}Session-Token"));
    }
    names.extend(
        ["X-Session-", "X-Session-Level", "X-Session-Namespace", "x-session-user2", "X-SESSION-POLICY"]
            .map(String::from),
    );
    names.extend(["X-Session-Tokens", "X-Session-T", "X-Session-Toke", "X-Session-t.x"].map(String::from));
    // The one name that is the visitor's own.
    names.retain(|name| name != "X-Session-Token");
    let mut names: Vec<_> = names.into_iter().map(String::into_bytes).collect();
    // No name of a header may have these, but who reads on may see letters and separators in them.
    for odd in (1..=255_u8).filter(|byte| !byte.is_ascii_graphic() || b"\"(),/;<=>?@[\\]{}".contains(byte)) {
        if !matches!(odd, b'\r' | b'\n') {
            names.push([b"X", &[odd][..], b"Session-User"].concat());
            names.push([b"X-Session", &[odd][..], b"User"].concat());
            names.push([b"X-Session-User", &[odd][..]].concat());
        }
    }
    // Python makes SS of it in capitals.
    names.push(b"X-Se\xdfion-User".to_vec());
    names
}

fn assert_ineffective(stage: &Stage, session: Option<(&str, &str)>, path: &str, name: &[u8]) {
    let sent = session.map(|(token, _)| format!("Cookie: {}\r\n", cookie(token))).unwrap_or_default();
    let head = format!("GET {path} HTTP/1.1\r\nHost: app.example\r\n{sent}");
    let (status, seen) = stage.raw(&[head.as_bytes(), name, b": admin\r\n\r\n"].concat());
    let name = name.escape_ascii();
    if status != 200 {
        // 503: the service itself does not take such a name, when nginx is told to pass it on.
        assert!(matches!(status, 400 | 403 | 503) && seen.is_empty(), "{name} to {path}: {status} {seen:?}");
        return;
    }
    assert_eq!(seen.len(), 1, "{name}");
    let head = &seen[0].head;
    assert!(!head.contains("admin"), "{name} arrived:\n{head}");
    match session {
        _ if path == "/login" => assert_nobody(&seen[0]),
        Some((_, id)) => assert_identity(&seen[0], ENCODED, id),
        None => assert_anonymous(&seen[0]),
    }
}
