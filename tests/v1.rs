//! The v1 surface, operation by operation, on the real binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use serde_json::{Value, json};
use support::Service;

const ALICE: &str = r#"{"user":"alice"}"#;

fn memory() -> Service {
    Service::start(&["--store", "memory:"])
}

/// The ids on all pages of a list, asked for with `limit` at a time.
fn all_ids(service: &Service, path: &str, token: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = service.v1("GET", &format!("{path}?limit={limit}{cursor}"), token, "");
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[test]
fn a_note_about_a_session_never_refuses_the_login() {
    let service = memory();
    let metadata = json!({"ip": "192.0.2.7, ".repeat(9), "user_agent": "é".repeat(513), "label": "tab\tlet"});
    let created =
        service.v1("POST", "/v1/sessions", "", &json!({"user": "alice", "metadata": metadata}).to_string());
    assert_eq!(created.status, 201, "{created:?}");
    let kept = created.json()["session"]["metadata"].clone();
    assert_eq!(kept["user_agent"], format!("{}…", "é".repeat(511)));
    assert_eq!(kept["ip"], format!("{}192.0.2.…", "192.0.2.7, ".repeat(5)));
    assert_eq!(kept["label"], "tab\u{fffd}let");
}

#[test]
fn renewing_gives_a_new_token_and_takes_the_old_one() {
    let service = memory();
    let (token, id) = service.begin(r#"{"user":"alice","absolute_timeout":"1h"}"#);
    let before = service.v1("GET", "/v1/session", &token, "").json();
    let renewed = service.v1("POST", "/v1/session/renew", &token, "");
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let renewed = renewed.json();
    let new = renewed["token"].as_str().unwrap();
    assert_eq!((service.status_of(&token), service.status_of(new)), (401, 200));
    for kept in ["id", "user", "created_at", "expires_at", "authenticated_at", "level"] {
        assert_eq!(renewed["session"][kept], before["session"][kept], "{kept}");
    }
    assert_eq!(renewed["session"]["id"], *id);
    assert!(renewed["set_cookie"].as_str().unwrap().starts_with(&format!("__Host-session={new}; ")));
    assert_eq!(service.v1("POST", "/v1/session/renew", &token, "").code(), "session_invalid");
    assert_eq!(service.v1("POST", "/v1/session/renew", "ses_nonsense", "").code(), "session_invalid");
    // An empty body of unknown length is none.
    let mut connection = support::Connection::open(&service.address).unwrap();
    let chunked = format!("POST /v1/session/renew HTTP/1.1\r\nHost: localhost\r\nX-Session-Token: {new}\r\n");
    connection.send(format!("{chunked}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").as_bytes()).unwrap();
    let renewed = connection.answer(false).unwrap().json();
    let new = renewed["token"].as_str().unwrap();
    // Never with another user.
    let other = service.v1("POST", "/v1/session/renew", new, r#"{"user":"mallory"}"#);
    assert_eq!((other.status, service.status_of(new)), (400, 200));
}

#[test]
fn sec_23_step_up_is_asked_for_and_given() {
    let service = memory();
    let (token, _) = service.begin(r#"{"user":"alice","authenticated":{"amr":["pwd"],"level":1}}"#);
    let asked = |token: &str, query: &str| service.v1("GET", &format!("/v1/session?{query}"), token, "");
    for (query, status) in [
        ("", 200),
        ("min_level=1", 200),
        ("min_level=2", 401),
        ("max_age=1h", 200),
        ("max_age=1ms", 401),
        ("max_age=1h&min_level=1", 200),
        ("max_age=1h&min_level=2", 401),
        ("max_age=1ms&min_level=1", 401),
    ] {
        support::eventually(&format!("{query} to answer {status}"), || asked(&token, query).status == status);
    }
    let refused = asked(&token, "min_level=2&max_age=5m");
    assert_eq!(refused.code(), "step_up_required");
    let challenge = "Bearer error=\"insufficient_user_authentication\", acr_values=\"2\", max_age=\"300\"";
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    // A session that is none is not asked to step up.
    assert_eq!(asked("ses_nonsense", "min_level=2").code(), "session_invalid");
    // A misspelt demand is no demand met.
    for bad in ["min_levl=2", "min_level=x", "min_level=256", "max_age=never", "max_age=5"] {
        assert_eq!(asked(&token, bad).status, 400, "{bad}");
    }
    // Neither a renewal nor data raise a level: a new authentication alone does.
    let renewed = service.v1("POST", "/v1/session/renew", &token, "{}").json();
    let token = renewed["token"].as_str().unwrap();
    service.v1("PATCH", "/v1/session/data", token, r#"{"level":9}"#);
    assert_eq!(asked(token, "min_level=2").code(), "step_up_required");
    let body = r#"{"authenticated":{"amr":["pwd","otp"],"level":2}}"#;
    let stepped_up = service.v1("POST", "/v1/session/renew", token, body).json();
    let token = stepped_up["token"].as_str().unwrap();
    assert_eq!(asked(token, "min_level=2&max_age=1h").status, 200);
    assert_eq!(
        (&stepped_up["session"]["amr"], &stepped_up["session"]["level"]),
        (&json!(["pwd", "otp"]), &json!(2))
    );
}

#[test]
fn a_query_that_cannot_be_read_says_which_part_of_it() {
    let service = memory();
    let (token, _) = service.begin(ALICE);
    for (path, detail) in [
        ("/v1/session?min_level=-1", "min_level must be an integer of 0 to 255"),
        ("/v1/session?max_age=never", "max_age must be a duration such as 90s, 30m or 7d"),
        ("/v1/session?levl=1", "levl is not a field: write `max_age`, `min_level`, `touch`"),
        ("/v1/my/sessions?limit=0", "limit must be an integer of 1 to 1000"),
        ("/v1/my/sessions?limit=ten", "limit must be an integer of 1 to 1000"),
        ("/v1/users/alice/sessions?limit=1001", "limit must be an integer of 1 to 1000"),
    ] {
        let refused = service.v1("GET", path, &token, "");
        assert_eq!((refused.status, &refused.json()["detail"]), (400, &json!(detail)), "{path}");
    }
}

#[test]
fn data_is_patched_under_its_version() {
    let service = memory();
    let (token, _) = service.begin(r#"{"user":"alice","data":{"cart":{"apples":1,"pears":2}}}"#);
    let patch = |body: &str, headers: &[(&str, &str)]| {
        service.v1_with("PATCH", "/v1/session/data", &token, body, headers)
    };
    let merge = ("Content-Type", "application/merge-patch+json");
    let seen = service.v1("GET", "/v1/session", &token, "");
    let version = seen.header("etag").unwrap().to_owned();
    let patched = patch(r#"{"cart":{"pears":null}}"#, &[merge, ("If-Match", &version)]);
    assert_eq!(patched.json()["session"]["data"], json!({"cart": {"apples": 1}}));
    let stale = patch(r#"{"lost":1}"#, &[merge, ("If-Match", &version)]);
    assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
    let now = patched.header("etag").unwrap().to_owned();
    let either = format!("{version}, {now}");
    for matching in [now.as_str(), "*"] {
        assert_eq!(patch("{}", &[("If-Match", matching)]).status, 200, "{matching}");
    }
    let now = service.v1("GET", "/v1/session", &token, "").header("etag").unwrap().to_owned();
    assert_eq!(patch("{}", &[("If-Match", &either)]).status, 412);
    assert_eq!(patch("{}", &[("If-Match", &format!("W/{now}"))]).status, 412, "weak tags match nothing");
    assert_eq!(patch("{}", &[("If-Match", &format!("\"x\", {now}"))]).status, 200);
    let large = format!(r#"{{"k":"{}"}}"#, "x".repeat(5000));
    let magic = r#"{"x":{"a":1,"$serde_json::private::Number":"abc"}}"#;
    assert_eq!(patch(magic, &[]).status, 400, "it could not be read back");
    for (body, status) in [("[]", 400), ("null", 400), ("{", 400), (&large, 400), (r#"{"ok":true}"#, 200)] {
        assert_eq!(patch(body, &[]).status, status, "{body:.20}");
    }
    assert_eq!(patch("{}", &[("Content-Type", "text/plain")]).code(), "unsupported_media_type");
    let data = service.v1("GET", "/v1/session", &token, "").json()["session"]["data"].clone();
    assert_eq!(data, json!({"cart": {"apples": 1}, "ok": true}));
}

#[test]
fn patches_at_once_of_different_members_all_survive() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&["--store", &format!("embedded:{}", folder.path().display())]);
    let (token, _) = service.begin(ALICE);
    std::thread::scope(|scope| {
        for member in 0..8 {
            let (service, token) = (&service, &token);
            scope.spawn(move || {
                for round in 0..10 {
                    let body = format!(r#"{{"m{member}":{round}}}"#);
                    let mut answer = service.v1("PATCH", "/v1/session/data", token, &body);
                    // After many tries others' changes are a conflict: nothing was done, asking again is safe.
                    while answer.status == 409 {
                        answer = service.v1("PATCH", "/v1/session/data", token, &body);
                    }
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
            });
        }
    });
    let data = service.v1("GET", "/v1/session", &token, "").json()["session"]["data"].clone();
    let all: serde_json::Map<String, Value> = (0..8).map(|member| (format!("m{member}"), json!(9))).collect();
    assert_eq!(data, Value::Object(all));
}

#[test]
fn many_tokens_are_checked_in_one_request() {
    let service = memory();
    let (live, id) = service.begin(r#"{"user":"alice","authenticated":{"level":1}}"#);
    let (gone, _) = service.begin(ALICE);
    service.v1("DELETE", "/v1/session", &gone, "");
    let ask = |body: Value| service.v1("POST", "/v1/sessions/check", "", &body.to_string());
    let verdicts = |answer: support::Answer| -> Vec<(String, Value)> {
        let results = answer.json()["results"].as_array().unwrap().clone();
        let verdict = |it: &Value| (it["verdict"].as_str().unwrap().to_owned(), it["session"]["id"].clone());
        results.iter().map(verdict).collect()
    };
    let answer = ask(json!({"tokens": [live, gone, "nonsense", "", live]}));
    assert!(!answer.body.contains(&live));
    let (yes, no) = (("live".to_owned(), json!(id)), ("session_invalid".to_owned(), Value::Null));
    assert_eq!(verdicts(answer), [yes.clone(), no.clone(), no.clone(), no, yes]);
    let stepped = verdicts(ask(json!({"tokens": [live], "min_level": 2})));
    assert_eq!(stepped, [("step_up_required".to_owned(), Value::Null)]);
    assert_eq!(verdicts(ask(json!({"tokens": []}))), []);
    assert_eq!(verdicts(ask(json!({"tokens": vec![live.as_str(); 1000]}))).len(), 1000);
    for bad in [json!({"tokens": vec!["x"; 1001]}), json!({"tokens": [1]}), json!({}), json!({"tokens": "x"})]
    {
        assert_eq!(ask(bad.clone()).status, 400, "{bad:.40}");
    }
}

#[test]
fn sec_21_holders_and_operators_list_sessions_and_end_one() {
    let service = memory();
    let body = r#"{"user":"alice","metadata":{"ip":"192.0.2.7","user_agent":"curl/8","label":"tablet"}}"#;
    let begun: Vec<_> = (0..7).map(|_| service.begin(body)).collect();
    let (bobs, bobs_id) = service.begin(r#"{"user":"bob"}"#);
    let (mine, my_id) = begun[3].clone();
    let mut ids: Vec<_> = begun.iter().map(|(_, id)| id.clone()).collect();
    ids.sort();
    for limit in [1, 3, 7, 1000] {
        assert_eq!(all_ids(&service, "/v1/my/sessions", &mine, limit), ids, "limit {limit}");
        assert_eq!(all_ids(&service, "/v1/users/alice/sessions", "", limit), ids, "limit {limit}");
    }
    for path in ["/v1/my/sessions", "/v1/users/alice/sessions"] {
        let listed = service.v1("GET", path, &mine, "").body;
        for (token, _) in &begun {
            assert!(!listed.contains(&token[36..]) && !listed.contains("digest"), "a secret is listed");
        }
        assert!(listed.contains("192.0.2.7") && listed.contains("curl/8") && listed.contains("tablet"));
    }
    let described = service.v1("GET", &format!("/v1/sessions/{my_id}"), "", "");
    assert_eq!((described.status, &described.json()["session"]["user"]), (200, &json!("alice")));

    // The holder ends one of their own, and nobody else's.
    let end =
        |token: &str, id: &str| service.v1("DELETE", &format!("/v1/my/sessions/{id}"), token, "").status;
    assert_eq!((end(&mine, &begun[0].1), service.status_of(&begun[0].0)), (204, 401));
    assert_eq!(end(&mine, &begun[0].1), 404, "gone already");
    assert_eq!((end(&mine, &bobs_id), service.status_of(&bobs)), (404, 200));
    assert_eq!((end(&mine, "nonsense"), end("ses_nonsense", &begun[1].1)), (404, 401));
    let others = service.v1("DELETE", "/v1/my/sessions", &mine, "");
    assert_eq!((others.status, others.json()), (200, json!({"revoked": 5})));
    assert_eq!(all_ids(&service, "/v1/my/sessions", &mine, 10), std::slice::from_ref(&my_id));

    // The operator ends any, and tells nobody whether there was one.
    let revoke = |id: &str| service.v1("DELETE", &format!("/v1/sessions/{id}"), "", "").status;
    assert_eq!((revoke(&my_id), service.status_of(&mine)), (204, 401));
    assert_eq!((revoke(&my_id), revoke("nonsense")), (204, 404));
    let gone = service.v1("GET", &format!("/v1/sessions/{my_id}"), "", "");
    assert_eq!((gone.status, gone.code().as_str()), (404, "not_found"));
}

#[test]
fn a_user_is_logged_out_everywhere_or_everywhere_else() {
    let service = memory();
    let user = "a/b é?#%";
    let body = json!({ "user": user }).to_string();
    let path = "/v1/users/a%2Fb%20%C3%A9%3F%23%25/sessions";
    let ((first, _), (second, kept)) = (service.begin(&body), service.begin(&body));
    let revoked = service.v1("DELETE", &format!("{path}?except={kept}"), "", "");
    assert_eq!(revoked.json(), json!({"revoked": 1}));
    assert_eq!((service.status_of(&first), service.status_of(&second)), (401, 200));
    assert_eq!(all_ids(&service, path, "", 10), [kept]);
    assert_eq!(service.v1("DELETE", path, "", "").json(), json!({"revoked": 1}));
    assert_eq!(service.v1("DELETE", path, "", "").json(), json!({"revoked": 0}));
    for (bad, status) in [
        (format!("{path}?except=nonsense"), 400),
        (format!("{path}?exept={second}"), 400),
        ("/v1/users/a%0Ab/sessions".into(), 422),
        (format!("/v1/users/{}/sessions", "x".repeat(257)), 422),
        ("/v1/users/%ff/sessions".into(), 400),
    ] {
        assert_eq!(service.v1("DELETE", &bad, "", "").status, status, "{bad}");
    }
}

#[test]
fn sec_20_everybody_is_logged_out_within_one_request() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&["--store", &format!("embedded:{}", folder.path().display())]);
    let tokens: Vec<_> =
        (0..200).map(|user| service.begin(&format!(r#"{{"user":"user {user}"}}"#)).0).collect();
    let other =
        service.v1_with("POST", "/v1/sessions", "", ALICE, &[("X-Session-Namespace", "other")]).json();
    let in_other = |token: &str| {
        service.v1_with("GET", "/v1/session", token, "", &[("X-Session-Namespace", "other")]).status
    };
    let other = other["token"].as_str().unwrap();
    let revoke = |body: &str| service.v1("POST", "/v1/sessions/revoke-everyone", "", body);
    for bad in ["", "{}", r#"{"confirm":"yes"}"#, r#"{"confirm":"everyone","namespace":"x"}"#] {
        assert!(matches!(revoke(bad).status, 400 | 415), "{bad}");
    }
    assert!(tokens.iter().all(|token| service.status_of(token) == 200));
    assert_eq!(revoke(r#"{"confirm":"everyone"}"#).json(), json!({"namespace": "default"}));
    assert!(tokens.iter().all(|token| service.status_of(token) == 401));
    assert_eq!(in_other(other), 200);
    let all = revoke(r#"{"confirm":"everyone","all_namespaces":true}"#);
    assert_eq!((all.json(), in_other(other)), (json!({"namespace": null}), 401));
    assert_eq!(service.status_of(&service.begin(ALICE).0), 200, "everybody may come back");
}

#[test]
fn a_user_that_no_path_can_name_is_named_in_the_query() {
    let service = memory();
    for (user, query) in
        [(".", "."), ("..", ".."), ("a/b", "a%2Fb"), ("sessions", "sessions"), ("ü &?", "%C3%BC+%26%3F")]
    {
        let body = json!({ "user": user }).to_string();
        let (_, id) = service.begin(&body);
        let path = format!("/v1/users/sessions?user={query}");
        let listed = service.v1("GET", &format!("{path}&limit=1"), "", "").json();
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["user"]), (&json!(id), &json!(user)));
        let (token, _) = service.begin(&body);
        let kept = service.v1("DELETE", &format!("{path}&except={id}"), "", "");
        assert_eq!((kept.json(), service.status_of(&token)), (json!({"revoked": 1}), 401), "{user}");
        assert_eq!(service.v1("DELETE", &path, "", "").json(), json!({"revoked": 1}), "{user}");
    }
    for (path, status, detail) in [
        ("/v1/users/sessions", 400, "user is missing"),
        ("/v1/users/sessions?user=a&user=b", 400, "user stands there twice"),
        (
            "/v1/users/sessions?user=",
            422,
            "user must be a string of 1 to 256 bytes without control characters",
        ),
        ("/v1/users/sessions?user=a&all=1", 400, "all is not a field: write `user`, `limit`, `cursor`"),
    ] {
        let refused = service.v1("GET", path, "", "");
        assert_eq!((refused.status, &refused.json()["detail"]), (status, &json!(detail)), "{path}");
    }
    assert_eq!(service.v1("DELETE", "/v1/users/sessions", "", "").status, 400, "nobody is everybody");

    // So does the Rust client, under the command line.
    for user in [".", "..", "a/b", "a b"] {
        let (token, id) = service.begin(&json!({ "user": user }).to_string());
        let listed = support::run(&["list", user, "--url", &service.url()]);
        assert!(String::from_utf8_lossy(&listed.stdout).contains(&id), "{user}: {listed:?}");
        let revoked = support::run(&["revoke", "--user", user, "--yes", "--url", &service.url()]);
        assert!(revoked.status.success() && service.status_of(&token) == 401, "{user}: {revoked:?}");
    }
}

#[test]
fn oauth_clients_introspect_and_revoke() {
    let service = memory();
    let (token, id) = service.begin(r#"{"user":"alice","authenticated":{"amr":["pwd"],"level":1}}"#);
    let form = |path: &str, body: &str| {
        service.v1_with("POST", path, "", body, &[("Content-Type", "application/x-www-form-urlencoded")])
    };
    let active = form("/v1/introspect", &format!("token={token}&token_type_hint=access_token")).json();
    assert_eq!(
        (&active["active"], &active["sub"], &active["sid"]),
        (&json!(true), &json!("alice"), &json!(id))
    );
    assert_eq!((&active["amr"], &active["acr"]), (&json!(["pwd"]), &json!("1")));
    assert!(active["exp"].as_i64().unwrap() > active["iat"].as_i64().unwrap());
    for inactive in ["token=nonsense", "token="] {
        assert_eq!(form("/v1/introspect", inactive).json(), json!({"active": false}), "{inactive}");
    }
    for path in ["/v1/introspect", "/v1/revoke"] {
        for bad in ["x=1", &format!("token={token}&token={token}")] {
            let refused = form(path, bad);
            assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_request")), "{bad}");
        }
        assert_eq!(service.v1("POST", path, "", "{}").status, 415);
    }
    assert_eq!(form("/v1/revoke", &format!("token={token}")).status, 200);
    assert_eq!(form("/v1/revoke", &format!("token={token}")).status, 200, "gone already");
    assert_eq!(form("/v1/introspect", &format!("token={token}")).json(), json!({"active": false}));
}

#[test]
fn a_limit_of_sessions_evicts_or_refuses() {
    let with = |on_limit: &str| {
        let (limit, on_limit) = ("session.max_per_user=2", format!("session.on_limit={on_limit}"));
        Service::start(&["--store", "memory:", "--set", limit, "--set", &on_limit])
    };
    let evicting = with("evict-oldest");
    let tokens: Vec<_> = (0..3).map(|_| evicting.begin(ALICE).0).collect();
    let statuses: Vec<_> = tokens.iter().map(|token| evicting.status_of(token)).collect();
    assert_eq!(statuses, [401, 200, 200]);
    let refusing = with("refuse");
    let tokens: Vec<_> = (0..2).map(|_| refusing.begin(ALICE).0).collect();
    assert_eq!(refusing.v1("POST", "/v1/sessions", "", ALICE).code(), "limit_reached");
    refusing.v1("DELETE", "/v1/session", &tokens[0], "");
    refusing.begin(ALICE);
}

/// The `Set-Cookie` values with which the cookies of other scopes are taken away, and the last one.
fn scopes(set_cookies: &[&str]) -> (Vec<String>, String) {
    let (own, others) = set_cookies.split_last().unwrap();
    let scope = |other: &&str| {
        let (removed, rest) = other.split_once("; Domain=").unwrap_or_else(|| other.split_at(4));
        assert!(removed == "sid=" && other.ends_with("; Max-Age=0"), "{other}");
        rest.split("; Path=").next().unwrap_or_default().trim_start_matches("; ").to_owned()
    };
    (others.iter().map(scope).collect(), (*own).to_owned())
}

#[test]
fn login_renewal_and_logout_take_away_the_cookies_of_other_scopes() {
    let plain = ["--store", "memory:", "--set", "cookie.name=sid", "--set", "cookie.secure=false"];
    let parents = ["app.example.com", "example.com"];
    for (domain, expected) in [("", &parents[..]), ("example.com", &["", "app.example.com"])] {
        let setting = format!("cookie.domain={domain}");
        let service = Service::start(&[&plain[..], &["--set", &setting]].concat());
        let host = ("X-Forwarded-Host", "app.example.com");
        let issued = |answer: Value| {
            let list = answer["set_cookies"].as_array().unwrap().clone();
            let list: Vec<_> = list.iter().map(|cookie| cookie.as_str().unwrap()).collect();
            let (others, own) = scopes(&list);
            assert_eq!(own, answer["set_cookie"].as_str().unwrap());
            assert_eq!(others, expected);
            answer["token"].as_str().unwrap().to_owned()
        };
        let token = issued(service.v1_with("POST", "/v1/sessions", "", ALICE, &[host]).json());
        let token = issued(service.v1_with("POST", "/v1/session/renew", &token, "", &[host]).json());
        let out = service.v1_with("DELETE", "/v1/session", &token, "", &[host]);
        let set: Vec<_> = out.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
        let set: Vec<_> = set.iter().map(|(_, value)| value.as_str()).collect();
        let (others, own) = scopes(&set);
        assert_eq!(others, expected);
        assert!(own.starts_with("sid=; ") && own.ends_with("; Max-Age=0"), "{own}");
    }
    let service = memory();
    let answer = service.v1("POST", "/v1/sessions", "", ALICE).json();
    assert_eq!(answer["set_cookies"], json!([answer["set_cookie"]]), "__Host- has no other scope");
}

#[test]
fn data_with_a_member_named_proto_is_refused_and_named() {
    let service = memory();
    let create =
        |data: &str| service.v1("POST", "/v1/sessions", "", &format!(r#"{{"user":"alice","data":{data}}}"#));
    let (token, _) = service.begin(r#"{"user":"alice","data":{"a":{"b":1}}}"#);
    let patch = |body: &str| service.v1("PATCH", "/v1/session/data", &token, body);
    for data in [
        r#"{"__proto__":{"isAdmin":true}}"#,
        r#"{"a":{"\u005f_proto__":1}}"#,
        r#"{"a":[{"__proto__":null}]}"#,
    ] {
        for refused in [create(data), patch(data)] {
            assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_request"), "{data}");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("data.") && detail.contains("__proto__: JavaScript"), "{detail}");
        }
    }
    assert_eq!(
        patch(r#"{"__proto__":null,"c":2}"#).json()["session"]["data"],
        json!({"a": {"b": 1}, "c": 2})
    );
}
