//! What log lines say of the request that they are about.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use serde_json::{Value, json};
use support::{Answer, Connection, Service};

/// A service that believes a proxy on this machine, and what calls it through that proxy, with its key.
struct Scene {
    service: Service,
    key: String,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new(arguments: &[&str]) -> Self {
        let more = ["-v", "--set", "proxy.trusted=127.0.0.1"];
        let (service, key, folder) = Service::guarded(&[&more, arguments].concat());
        Self { service, key, _folder: folder }
    }

    fn call(&self, id: &str, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let more = [
            ("X-Api-Key", self.key.as_str()),
            ("X-Request-Id", id),
            ("X-Forwarded-For", "2001:db8::7"),
            ("X-Session-Namespace", "shop"),
            ("Content-Type", "application/json"),
        ];
        self.service.v1_with(method, path, token, body, &more)
    }

    /// Calls of every kind that says something; the user's session, and its token.
    fn play(&self) -> (String, String) {
        let created = self.call("r-create", "POST", "/v1/sessions", "", r#"{"user":"alice"}"#).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (token, id) = (text(&created["token"]), text(&created["session"]["id"]));
        self.call("r-check", "GET", "/v1/session", &token, "");
        let renewed = self.call("r-renew", "POST", "/v1/session/renew", &token, "{}").json();
        self.call("r-guess", "GET", "/v1/session", &token, "");
        let token = text(&renewed["token"]);
        let body = json!({ "session": token }).to_string();
        self.call("r-concept", "POST", "/api/Sessioning/_getUser", "", &body);
        self.call("r-list", "GET", "/v1/users/alice/sessions", "", "");
        self.call("r-revoke", "DELETE", &format!("/v1/sessions/{id}"), "", "");
        self.call("r-gone", "DELETE", "/v1/session", &token, "");
        (id, token)
    }
}

#[test]
fn every_line_of_a_request_says_who_asked_for_whom_and_how_it_ended() {
    let mut scene = Scene::new(&[]);
    let (id, token) = scene.play();
    scene.service.stop();
    let log = scene.service.log();
    let first = log.lines().next().unwrap();
    assert!(
        first.starts_with("sessioning 0.") && first.ends_with(&format!("process {}", scene.service.id()))
    );
    let lines: Vec<_> = log.lines().filter(|line| line.contains(" request=r-")).collect();
    let key = format!(" namespace=shop key={}", &scene.key[3..19]);
    for line in &lines {
        assert!(line.contains(" client=2001:db8::7") && line.contains(&key), "{line}");
    }
    let of = |request: &str| {
        let named = format!(" request={request} ");
        lines.iter().filter(move |line| line.contains(&named))
    };
    let about = format!(" user=alice session={id}");
    for request in ["r-create", "r-check", "r-renew", "r-concept"] {
        assert!(of(request).count() > 0, "{request}: {log}");
        assert!(of(request).all(|line| line.contains(&about)), "{request}: {log}");
    }
    assert!(of("r-list").all(|line| line.contains(" user=alice status=200 micros=")), "{log}");
    for request in ["r-guess", "r-revoke", "r-gone"] {
        assert!(of(request).all(|line| line.contains(&format!(" session={id}"))), "{request}: {log}");
    }
    for (request, status) in [("r-create", 201), ("r-guess", 401), ("r-gone", 204)] {
        let ended = format!(" status={status} micros=");
        assert!(of(request).any(|line| line.contains(&ended)), "{request}: {log}");
    }
    assert!(
        log.contains("(there is one, but this is not its token)") && !log.contains("WrongSecret"),
        "{log}"
    );
    assert!(!log.contains(&token[36..60]) && !log.contains(&scene.key[20..40]));
}

#[test]
fn the_lines_of_a_request_that_was_refused_say_who_sent_it() {
    let scene = Scene::new(&["--log-format", "text"]);
    let headers = [("X-Api-Key", "sk_0123456789abcdef_00"), ("X-Request-Id", "r-refused")];
    let mut connection = Connection::open(&scene.service.address).unwrap();
    assert_eq!(connection.request("GET", "/v1/session", &headers, b"").unwrap().status, 401);
    scene.service.wait_for_log(" request=r-refused client=127.0.0.1\n");
    scene.service.wait_for_log(" request=r-refused client=127.0.0.1 status=401 micros=");
}
