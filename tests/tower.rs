//! `sessioning-tower`: the same handlers over the library and over the running service.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use sessioning::{ManualClock, Memory, Sessioning, Timestamp};
use sessioning_tower::{
    Authenticated, Client, CookieSettings, CreateSession, CurrentUser, InProcess, Refused, Session,
    SessionCookie, SessionLayer, Visitor,
};
use support::{Service, new_key};
use tower::ServiceExt;

/// An application with every call in a route of its own.
fn app(layer: SessionLayer) -> Router {
    Router::new()
        .route(
            "/login",
            post(|visitor: Visitor, user: String| async move {
                visitor.login(user).await.map(|session| session.id.clone())
            }),
        )
        .route("/logout", post(|visitor: Visitor| async move { visitor.logout().await }))
        .route("/me", get(|CurrentUser(user): CurrentUser| async move { user }).post(|_: Session| async {}))
        .route("/maybe", get(|user: Option<CurrentUser>| async move { format!("{user:?}") }))
        .route("/public", get(|| async { "for everybody" }).post(|| async { "from anybody" }))
        .route("/step-up", post(step_up))
        .route("/fail-after-renewal", post(fail_after_renewal))
        .route(
            "/cart",
            post(|visitor: Visitor, Json(patch): Json<Map<String, Value>>| async move {
                visitor.patch_data(&patch).await.map(|session| Json(session.data.clone()))
            }),
        )
        .route("/devices", get(|visitor: Visitor| async move { visitor.sessions().await.map(Json) }))
        .route(
            "/devices/end",
            post(|visitor: Visitor, id: String| async move {
                visitor.end(&id).await.map(|ended| ended.to_string())
            }),
        )
        .route("/devices/end-this", post(end_this))
        .route(
            "/devices/end-others",
            post(|visitor: Visitor| async move { visitor.end_others().await.map(|ended| ended.to_string()) }),
        )
        .route("/own-headers", post(own_headers))
        .layer(layer)
}

async fn end_this(visitor: Visitor) -> Result<String, Refused> {
    let session = visitor.session().await?.ok_or(Refused::NotLoggedIn)?;
    visitor.end(&session.id).await?;
    Ok(format!("{:?}", visitor.session().await?))
}

async fn step_up(visitor: Visitor) -> Result<String, Refused> {
    let session = visitor.renew(Some(Authenticated { amr: vec!["otp".into()], level: 2 })).await?;
    Ok(session.level.to_string())
}

async fn fail_after_renewal(visitor: Visitor) -> Result<(), Response> {
    visitor.renew(None).await.map_err(IntoResponse::into_response)?;
    Err(StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn own_headers(visitor: Visitor) -> Result<Response, Refused> {
    visitor.login_with(CreateSession { user: "alice".into(), ..CreateSession::default() }).await?;
    let own =
        [(header::SET_COOKIE, "theme=dark"), (header::VARY, "Accept"), (header::CACHE_CONTROL, "public")];
    Ok((own, "done").into_response())
}

/// What a request gets: its status, headers and body.
struct Answer(StatusCode, HeaderMap, String);

impl Answer {
    fn cookies(&self) -> Vec<&str> {
        self.1.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }

    /// `name=value` of the session cookie, which is the last.
    fn pair(&self) -> String {
        self.cookies().last().unwrap().split(';').next().unwrap().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.1.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(app: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "app.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer(parts.status, parts.headers, String::from_utf8(body.into()).unwrap())
}

async fn log_in(app: &Router, user: &str) -> String {
    let answer = send(app, "POST", "/login", &[], user).await;
    assert_eq!(answer.0, 200, "{}", answer.2);
    answer.pair()
}

async fn status(app: &Router, method: &str, path: &str, cookie: &str) -> u16 {
    send(app, method, path, &[("cookie", cookie)], "").await.0.as_u16()
}

/// The application over sessions in this process, and over those of a service; which lives as long.
fn both() -> (Vec<Router>, Service) {
    let service = Service::start(&["--store", "memory:"]);
    let layers = [
        SessionLayer::in_process(Sessioning::new(Memory::new())),
        SessionLayer::new(Client::new(&service.url()).unwrap()),
    ];
    (layers.map(app).into(), service)
}

#[tokio::test]
async fn login_sets_the_cookie_and_logout_takes_it_away_when_the_session_has_ended() {
    let (apps, _service) = both();
    for app in apps {
        assert_eq!(status(&app, "GET", "/me", "").await, 401);
        let answer = send(&app, "POST", "/login", &[], "alice").await;
        let [cookie] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
        let (pair, attributes) = cookie.split_once(';').unwrap();
        assert!(pair.starts_with("__Host-session=ses_"));
        assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000");
        let me = send(&app, "GET", "/me", &[("cookie", pair)], "").await;
        assert_eq!((me.0.as_u16(), me.2.as_str()), (200, "alice"));
        assert!(me.cookies().is_empty(), "nothing is set that nobody asked for");

        let out = send(&app, "POST", "/logout", &[("cookie", pair)], "").await;
        assert_eq!(out.cookies(), ["__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]);
        assert_eq!(out.header("clear-site-data"), r#""cache", "storage""#);
        assert_eq!(status(&app, "GET", "/me", pair).await, 401);
        assert_eq!(status(&app, "POST", "/logout", pair).await, 200, "to log out twice is no error");
    }
}

#[tokio::test]
async fn sec_32_an_answer_that_depends_on_who_asks_says_so_and_others_do_not() {
    let (apps, _service) = both();
    for app in apps {
        let cookie = log_in(&app, "alice").await;
        for (method, path) in [
            ("GET", "/me"),
            ("GET", "/maybe"),
            ("GET", "/devices"),
            ("POST", "/step-up"),
            ("POST", "/logout"),
        ] {
            for sent in [cookie.as_str(), ""] {
                let answer = send(&app, method, path, &[("cookie", sent)], "").await;
                assert_eq!(answer.header("cache-control"), "no-store", "{path}");
                assert_eq!(answer.header("vary"), "Cookie, Authorization", "{path}");
            }
        }
        let public = send(&app, "GET", "/public", &[("cookie", &cookie)], "").await;
        assert_eq!((public.header("cache-control"), public.header("vary")), ("", ""));
        let own = send(&app, "POST", "/own-headers", &[], "").await;
        assert_eq!(own.cookies()[0], "theme=dark");
        assert!(own.pair().starts_with("__Host-session=ses_"));
        let vary: Vec<_> = own.1.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(vary, ["Accept", "Cookie, Authorization"]);
        assert_eq!(own.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_second_login_ends_the_session_that_the_browser_came_with() {
    let (apps, _service) = both();
    for app in apps {
        let alice = log_in(&app, "alice").await;
        let bob = send(&app, "POST", "/login", &[("cookie", &alice)], "bob").await.pair();
        assert_eq!(status(&app, "GET", "/me", &alice).await, 401);
        assert_eq!(status(&app, "GET", "/me", &bob).await, 200);
        let refused = send(&app, "POST", "/login", &[("cookie", &bob)], "").await;
        assert_eq!(refused.0, 422, "an empty user is none");
        assert!(refused.cookies().is_empty());
        assert_eq!(status(&app, "GET", "/me", &bob).await, 200, "a login that was refused changed something");
    }
}

#[tokio::test]
async fn sec_07_a_token_that_was_not_issued_opens_nothing_and_is_not_adopted() {
    let (apps, _service) = both();
    let elsewhere = app(SessionLayer::in_process(Sessioning::new(Memory::new())));
    let foreign = log_in(&elsewhere, "mallory").await;
    for app in apps {
        for cookie in [&*foreign, "__Host-session=x", "__Host-session=", "__Host-session=\u{e9}"] {
            assert_eq!(status(&app, "GET", "/me", cookie).await, 401, "{cookie}");
            let own = send(&app, "POST", "/login", &[("cookie", cookie)], "alice").await.pair();
            assert_ne!(own, cookie);
            assert_eq!(status(&app, "GET", "/me", cookie).await, 401);
        }
    }
}

#[tokio::test]
async fn sec_28_two_cookies_and_two_different_tokens_are_none() {
    let (apps, _service) = both();
    for app in apps {
        let (one, other) = (log_in(&app, "alice").await, log_in(&app, "alice").await);
        assert_eq!(status(&app, "GET", "/me", &format!("{one}; {other}")).await, 401);
        assert_eq!(status(&app, "GET", "/me", &format!("{one}; {one}")).await, 200, "one token twice is one");
        let bearer = |pair: &str| format!("Bearer {}", pair.split_once('=').unwrap().1);
        let (same, wrong) = (bearer(&one), bearer(&other));
        for (headers, expected) in [
            (&[("authorization", same.as_str())][..], 200),
            (&[("authorization", &same), ("cookie", &one)], 200),
            (&[("authorization", &wrong), ("cookie", &one)], 401),
            (&[("authorization", "Bearer of-somebody-else"), ("cookie", &one)], 200),
            (&[("authorization", "Basic YTpi"), ("cookie", &one)], 200),
        ] {
            assert_eq!(send(&app, "GET", "/me", headers, "").await.0.as_u16(), expected, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn sec_31_what_another_origins_page_sent_gets_no_session_that_could_change_things() {
    let (apps, _service) = both();
    for app in apps {
        let cookie = log_in(&app, "alice").await;
        let bearer = format!("Bearer {}", cookie.split_once('=').unwrap().1);
        let (own, foreign) = (("origin", "https://app.example"), ("origin", "https://evil.example"));
        let (cross, same) = (("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin"));
        let with = ("cookie", cookie.as_str());
        for (method, path, headers, expected) in [
            ("POST", "/me", &[with][..], 200),
            ("POST", "/me", &[with, own], 200),
            ("POST", "/me", &[with, same, foreign], 200),
            ("POST", "/me", &[with, foreign], 403),
            ("POST", "/me", &[with, cross], 403),
            ("POST", "/me", &[with, own, cross], 403),
            ("GET", "/me", &[with, cross, foreign], 200),
            // Nobody is logged in as somebody else by a page of somebody else's.
            ("POST", "/login", &[foreign], 403),
            ("POST", "/logout", &[with, cross], 403),
            ("POST", "/public", &[with, cross], 200),
            // A program that has the token itself was made to by nobody.
            ("POST", "/me", &[("authorization", &bearer), foreign], 200),
        ] {
            let answer = send(&app, method, path, headers, "alice").await;
            assert_eq!(answer.0.as_u16(), expected, "{method} {path} {headers:?}");
            assert!(answer.cookies().is_empty());
        }
        assert_eq!(status(&app, "GET", "/me", &cookie).await, 200);
    }
}

#[tokio::test]
async fn a_renewed_token_reaches_the_browser_with_a_failure_too() {
    let (apps, _service) = both();
    for app in apps {
        let cookie = log_in(&app, "alice").await;
        let up = send(&app, "POST", "/step-up", &[("cookie", &cookie)], "").await;
        assert_eq!(up.2, "2");
        assert_eq!(status(&app, "GET", "/me", &cookie).await, 401);
        let failed = send(&app, "POST", "/fail-after-renewal", &[("cookie", &up.pair())], "").await;
        assert_eq!(failed.0, 500);
        assert_eq!(status(&app, "GET", "/me", &failed.pair()).await, 200);
        assert_eq!(status(&app, "POST", "/step-up", &cookie).await, 401);
    }
}

#[tokio::test]
async fn data_is_patched_when_it_is_asked_for_and_never_after_the_end() {
    let (apps, _service) = both();
    for app in apps {
        let cookie = log_in(&app, "alice").await;
        let json = ("content-type", "application/json");
        let patch = async |body: &str| send(&app, "POST", "/cart", &[("cookie", &cookie), json], body).await;
        patch(r#"{"a": 1, "b": 2}"#).await;
        assert_eq!(patch(r#"{"a": null, "c": [3]}"#).await.2, r#"{"b":2,"c":[3]}"#);
        let much = json!({ "d": "x".repeat(5000) }).to_string();
        assert_eq!(patch(&much).await.0, 400);
        status(&app, "POST", "/logout", &cookie).await;
        assert_eq!(patch(r#"{"a": 1}"#).await.0, 401);
        assert_eq!(status(&app, "GET", "/me", &cookie).await, 401);
    }
}

#[tokio::test]
async fn sec_21_devices_are_listed_and_ended_by_their_holder_alone() {
    let (apps, _service) = both();
    for app in apps {
        let begin = async |user: &str| {
            let answer = send(&app, "POST", "/login", &[], user).await;
            (answer.pair(), answer.2)
        };
        let ((here, own), (there, other), (third, _)) =
            (begin("alice").await, begin("alice").await, begin("alice").await);
        let (bob, _) = begin("bob").await;
        let list = send(&app, "GET", "/devices", &[("cookie", &here)], "").await;
        assert!(!list.2.contains("ses_"));
        let list: Vec<Value> = serde_json::from_str(&list.2).unwrap();
        assert!(list.len() == 3 && list.iter().any(|session| session["id"] == own.as_str()));
        let end = async |cookie: &str, id: &str| {
            send(&app, "POST", "/devices/end", &[("cookie", cookie)], id).await.2
        };
        assert_eq!(end(&bob, &other).await, "false");
        assert_eq!(end(&here, "no-id").await, "false");
        assert_eq!(end(&here, &other).await, "true");
        assert_eq!(status(&app, "GET", "/me", &there).await, 401);
        let others = send(&app, "POST", "/devices/end-others", &[("cookie", &here)], "").await;
        assert_eq!(others.2, "1");
        assert_eq!(status(&app, "GET", "/me", &third).await, 401);
        assert_eq!(
            (status(&app, "GET", "/me", &here).await, status(&app, "GET", "/me", &bob).await),
            (200, 200)
        );
        let itself = send(&app, "POST", "/devices/end-this", &[("cookie", &here)], "").await;
        assert_eq!(itself.2, "None", "what has ended in this request is known to it");
        assert_eq!(status(&app, "GET", "/devices", &here).await, 401);
    }
}

#[tokio::test]
async fn sec_41_a_service_that_is_gone_is_503_and_clears_no_cookie() {
    let mut service = Service::start(&["--store", "memory:"]);
    let app = app(SessionLayer::new(Client::new(&service.url()).unwrap()));
    let cookie = log_in(&app, "alice").await;
    service.kill();
    for (method, path) in [
        ("GET", "/me"),
        ("GET", "/maybe"),
        ("POST", "/me"),
        ("POST", "/login"),
        ("POST", "/logout"),
        ("POST", "/step-up"),
        ("GET", "/devices"),
    ] {
        let answer = send(&app, method, path, &[("cookie", &cookie)], "alice").await;
        assert_eq!(answer.0, 503, "{path}");
        assert!(answer.cookies().is_empty(), "{path}");
        assert_eq!((answer.header("retry-after"), answer.header("cache-control")), ("1", "no-store"));
        let problem: Value = serde_json::from_str(&answer.2).unwrap();
        assert_eq!(problem["code"], "store_unavailable");
    }
    assert_eq!(send(&app, "GET", "/public", &[("cookie", &cookie)], "").await.0, 200);
}

#[tokio::test]
async fn an_application_that_is_not_set_up_is_500_and_never_not_logged_in() {
    let (service, _, _folder) = Service::guarded(&[]);
    let (wrong, _) = new_key(&["--scope", "check"]);
    for client in [
        Client::new(&service.url()).unwrap(),
        Client::new(&service.url()).unwrap().with_api_key(&wrong).unwrap(),
    ] {
        let app = app(SessionLayer::new(client));
        let answer = send(&app, "GET", "/me", &[("cookie", "__Host-session=ses_x")], "").await;
        assert_eq!(answer.0, 500);
    }
    let unlayered: Router = Router::new().route("/me", get(|CurrentUser(user): CurrentUser| async { user }));
    assert_eq!(send(&unlayered, "GET", "/me", &[], "").await.0, 500);
}

#[tokio::test]
async fn expiry_and_namespaces_count_in_the_process_as_in_the_service() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
    let sessioning = Sessioning::new(Memory::new()).with_clock(Arc::clone(&clock) as _);
    let one = app(SessionLayer::in_process(sessioning.clone()));
    let shop = InProcess::new(sessioning).in_namespace("shop".parse().unwrap());
    let other = app(SessionLayer::new(shop));
    let cookie = log_in(&one, "alice").await;
    assert_eq!(status(&one, "GET", "/me", &cookie).await, 200);
    assert_eq!(status(&other, "GET", "/me", &cookie).await, 401);
    clock.advance(std::time::Duration::from_secs(7 * 86400));
    assert_eq!(status(&one, "GET", "/me", &cookie).await, 401);
}

#[tokio::test]
async fn a_quiet_layer_keeps_no_session_alive() {
    let service = Service::start(&["--store", "memory:", "--set", "session.idle_timeout=700ms"]);
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
    let sessioning = Sessioning::new(Memory::new()).with_clock(Arc::clone(&clock) as _);
    let layers =
        [SessionLayer::in_process(sessioning), SessionLayer::new(Client::new(&service.url()).unwrap())];
    for layer in layers {
        let cookie = log_in(&app(layer.clone()), "alice").await;
        let poll = app(layer.quiet());
        let mut asked = 0;
        while status(&poll, "GET", "/me", &cookie).await == 200 {
            assert_eq!(status(&poll, "GET", "/devices", &cookie).await, 200);
            asked += 1;
            assert!(asked < 500, "asking keeps it alive");
            clock.advance(std::time::Duration::from_secs(86400));
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert!(asked > 2, "{asked}");
    }
}

#[tokio::test]
async fn another_cookie_is_the_one_that_is_set_found_and_removed() {
    let plain = CookieSettings { name: Some("sid".into()), secure: false, ..CookieSettings::default() };
    let layer = SessionLayer::in_process(Sessioning::new(Memory::new()));
    let app = app(layer.with_cookie(SessionCookie::new(plain).unwrap()));
    let cookie = log_in(&app, "alice").await;
    assert!(cookie.starts_with("sid=ses_"));
    assert_eq!(status(&app, "GET", "/me", &cookie).await, 200);
    assert_eq!(status(&app, "GET", "/me", &cookie.replace("sid", "SID")).await, 401);
    let out = send(&app, "POST", "/logout", &[("cookie", &cookie)], "").await;
    assert_eq!(out.cookies().last(), Some(&"sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
}

#[tokio::test]
async fn a_cookie_of_a_path_is_removed_where_the_layer_is_in_a_nested_part() {
    let plain = CookieSettings { name: Some("sid".into()), secure: false, ..CookieSettings::default() };
    let layer = SessionLayer::in_process(Sessioning::new(Memory::new()));
    let app = Router::new().nest("/app", app(layer.with_cookie(SessionCookie::new(plain).unwrap())));
    let two = [("cookie", "sid=ses_one; sid=ses_two")];
    let out = send(&app, "GET", "/app/maybe", &two, "").await;
    assert!(out.cookies().iter().any(|cookie| cookie.contains("Path=/app;")), "{:?}", out.cookies());
}

/// An application on app.shop.example.com whose cookie other scopes may have, too.
fn scoped(domain: Option<&str>) -> Router {
    let settings = CookieSettings {
        name: Some("sid".into()),
        domain: domain.map(Into::into),
        secure: false,
        ..CookieSettings::default()
    };
    let layer = SessionLayer::in_process(Sessioning::new(Memory::new()));
    app(layer.with_cookie(SessionCookie::new(settings).unwrap()))
}

const SHOP: (&str, &str) = ("x-forwarded-host", "app.shop.example.com:8443");

/// The scopes of the cookies that an answer takes away: domain, then path.
fn removed(answer: &Answer) -> Vec<(String, String)> {
    let taken = |cookie: &&str| cookie.starts_with("sid=;") && cookie.ends_with("; Max-Age=0");
    let attribute = |cookie: &str, name: &str| {
        cookie.split("; ").find_map(|part| part.strip_prefix(name)).unwrap_or_default().to_owned()
    };
    let scope = |cookie: &str| (attribute(cookie, "Domain="), attribute(cookie, "Path="));
    answer.cookies().into_iter().filter(taken).map(scope).collect()
}

#[tokio::test]
async fn sec_28_the_answer_that_meets_two_cookies_takes_both_away_and_one_login_is_enough() {
    for domain in [None, Some("shop.example.com")] {
        let app = scoped(domain);
        let two = ("cookie", "sid=ses_old; sid=ses_planted");
        let met = send(&app, "GET", "/maybe", &[two, SHOP], "").await;
        assert_eq!((met.2.as_str(), met.header("cache-control")), ("None", "no-store"));
        let mut found = removed(&met);
        found.sort();
        let domains = ["", "app.shop.example.com", "example.com", "shop.example.com"];
        let all = domains.iter().flat_map(|domain| [(*domain, "/"), (*domain, "/maybe")]);
        assert_eq!(found, all.map(|(domain, path)| (domain.into(), path.into())).collect::<Vec<_>>());

        assert!(send(&app, "GET", "/public", &[two, SHOP], "").await.cookies().is_empty(), "nobody asked");
        let foreign = [two, SHOP, ("sec-fetch-site", "cross-site")];
        assert!(send(&app, "POST", "/me", &foreign, "").await.cookies().is_empty());

        let login = send(&app, "POST", "/login", &[two, SHOP], "alice").await;
        assert_eq!((login.0.as_u16(), removed(&login).len()), (200, 7), "all but its own");
        assert!(login.pair().starts_with("sid=ses_0"));
        assert_eq!(status(&app, "GET", "/me", &login.pair()).await, 200);
    }
}

#[tokio::test]
async fn a_login_and_a_renewal_take_away_the_cookies_of_other_scopes() {
    let parents = ["app.shop.example.com", "shop.example.com", "example.com"];
    for (domain, others) in
        [(None, parents), (Some("shop.example.com"), ["", "app.shop.example.com", "example.com"])]
    {
        let app = scoped(domain);
        let login = send(&app, "POST", "/login", &[SHOP], "alice").await;
        let expected: Vec<_> = others.iter().map(|domain| ((*domain).to_owned(), "/".to_owned())).collect();
        assert_eq!(removed(&login), expected);
        let renewed = send(&app, "POST", "/step-up", &[SHOP, ("cookie", &login.pair())], "").await;
        assert_eq!(removed(&renewed)[..3], expected);
    }
    // A name that no other scope can have, and a host without any.
    let (apps, _service) = both();
    assert_eq!(send(&apps[0], "POST", "/login", &[SHOP], "alice").await.cookies().len(), 1);
    let local = send(&scoped(None), "POST", "/login", &[("x-forwarded-host", "127.0.0.1:80")], "alice").await;
    assert_eq!(local.cookies().len(), 1);
}

#[tokio::test]
async fn a_logout_with_two_cookies_ends_both_sessions_and_takes_both_away() {
    let app = scoped(None);
    let (one, other) = (log_in(&app, "alice").await, log_in(&app, "alice").await);
    let out = send(&app, "POST", "/logout", &[SHOP, ("cookie", &format!("{one}; {other}"))], "").await;
    assert_eq!((out.0.as_u16(), removed(&out).len()), (200, 8));
    for cookie in [one, other] {
        assert_eq!(status(&app, "GET", "/me", &cookie).await, 401);
    }
}

#[tokio::test]
async fn data_with_a_member_named_proto_is_refused_in_the_process_as_in_the_service() {
    let (apps, _service) = both();
    for app in apps {
        let cookie = log_in(&app, "alice").await;
        let sent = [("cookie", cookie.as_str()), ("content-type", "application/json")];
        let refused = send(&app, "POST", "/cart", &sent, r#"{"a":{"__proto__":{"isAdmin":true}}}"#).await;
        assert!(refused.0 == 400 && refused.2.contains("data.a.__proto__"), "{}", refused.2);
    }
}

#[tokio::test]
async fn sec_40_no_debug_output_shows_a_token() {
    let layer = SessionLayer::in_process(Sessioning::new(Memory::new()));
    let shown = Router::new().route(
        "/",
        post(|visitor: Visitor| async move {
            let session = visitor.login("alice").await.unwrap();
            format!("{visitor:?} {session:?} {:?}", CurrentUser::from(session.clone()))
        }),
    );
    let answer = send(&shown.layer(layer.clone()), "POST", "/", &[], "").await;
    let secret = &answer.pair()["__Host-session=ses_".len() + 32..];
    assert!(answer.2.contains("alice") && !answer.2.contains(secret) && !answer.2.contains("ses_"));
    assert!(!format!("{layer:?}").contains("ses_"));
    assert!(answer.1.get(header::SET_COOKIE).unwrap().is_sensitive());
}
