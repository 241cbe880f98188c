//! What the Rust client, the layer and the command line make of answers that are not the service's, or not about sessions:
//! none of them reads as "not logged in", and none as done.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use axum::routing::{get, post};
use serde_json::{Map, json};
use sessioning_client::{Client, CreateSession, ErrorKind};
use sessioning_tower::{CurrentUser, SessionLayer, Visitor};
use support::run;
use tower::ServiceExt;

const HTML: &str = "text/html";
const PROBLEM: &str = "application/problem+json";

/// Something that listens where the service should be, and answers everything like this.
async fn pretend(status: u16, kind: &'static str, body: String) -> String {
    let answer = move || {
        let answer = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        let answer = answer.header(header::RETRY_AFTER, "7").header(header::LOCATION, "http://127.0.0.1:1/");
        let body = body.clone();
        async move { answer.body(Body::from(body)).unwrap() }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}

fn problem(status: u16, code: &str) -> String {
    json!({ "code": code, "title": "no", "status": status }).to_string()
}

/// Answers that say nothing about any session: of proxies, portals and other programs.
fn strangers() -> Vec<(u16, &'static str, String)> {
    let pages = [302, 307, 401, 403, 404, 408, 413, 429, 431, 500, 502, 503, 504];
    let mut all: Vec<_> = pages.map(|status| (status, HTML, "<h1>No</h1>".to_owned())).into();
    all.extend([
        (200, HTML, "<h1>Welcome to the hotel</h1>".to_owned()),
        (200, "application/json", "{}".into()),
        (201, "application/json", "{}".into()),
        (200, "application/json", r#"{"session":{"id":"1"}}"#.into()),
        (401, "application/json", problem(401, "session_invalid")),
        (403, PROBLEM, problem(401, "session_invalid")),
        (401, PROBLEM, problem(401, "code_of_a_later_version")),
        (404, "application/json", problem(404, "not_found")),
        (429, PROBLEM, problem(429, "rate_limited")),
        (408, PROBLEM, problem(408, "request_timeout")),
    ]);
    all
}

/// The kinds of error that every call ends with.
async fn kinds(url: &str) -> Vec<(&'static str, ErrorKind)> {
    let client = Client::new(url).unwrap();
    let new = CreateSession { user: "alice".into(), ..CreateSession::default() };
    let id = "01a20a61-fb89-7a5c-af52-803629217bfa";
    let results = [
        ("create", client.create(&new).await.map(drop)),
        ("check", client.check("ses_x").await.map(drop)),
        ("renew", client.renew("ses_x", None).await.map(drop)),
        ("delete", client.delete("ses_x").await),
        ("patch", client.patch_data("ses_x", &Map::new()).await.map(drop)),
        ("list", client.list_mine("ses_x", 1, None).await.map(drop)),
        ("end", client.end_mine("ses_x", id).await.map(drop)),
        ("end others", client.end_my_others("ses_x").await.map(drop)),
        ("describe", client.describe(id).await.map(drop)),
        ("revoke", client.revoke(id).await.map(drop)),
        ("revoke user", client.revoke_user("alice", None).await.map(drop)),
        ("list user", client.list_user("alice", 1, None).await.map(drop)),
    ];
    let kind = |(call, result): (&'static str, Result<(), sessioning_client::Error>)| {
        let error = result.err().unwrap_or_else(|| panic!("{call} is done"));
        assert!(
            error.status().is_none_or(|status| status < 400)
                || error.retry_after() == Some(Duration::from_secs(7))
        );
        (call, error.kind())
    };
    results.map(kind).into()
}

#[tokio::test]
async fn no_answer_of_a_stranger_is_an_answer_about_sessions() {
    for (status, kind, body) in strangers() {
        let url = pretend(status, kind, body.clone()).await;
        let expected = if [408, 429, 502, 503, 504].contains(&status) {
            ErrorKind::Unavailable
        } else {
            ErrorKind::Unexpected
        };
        for (call, found) in kinds(&url).await {
            assert_eq!(found, expected, "{call}: {status} {kind} {body}");
        }
    }
}

#[tokio::test]
async fn only_the_services_own_session_invalid_is_not_logged_in() {
    let client = Client::new(&pretend(401, PROBLEM, problem(401, "session_invalid")).await).unwrap();
    assert!(client.check("ses_x").await.unwrap().is_none());
    assert!(client.renew("ses_x", None).await.unwrap().is_none());
    let charset = "application/problem+json; charset=utf-8";
    let client = Client::new(&pretend(401, charset, problem(401, "session_invalid")).await).unwrap();
    assert!(client.check("ses_x").await.unwrap().is_none());
}

async fn ask(app: &Router, method: &str, path: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).header("host", "app.example");
    let request = request.header("cookie", "__Host-session=ses_x").body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

fn app(url: &str) -> Router {
    Router::new()
        .route("/me", get(|CurrentUser(user): CurrentUser| async { user }))
        .route("/maybe", get(|user: Option<CurrentUser>| async move { format!("{user:?}") }))
        .route("/login", post(|visitor: Visitor| async move { visitor.login("alice").await.map(drop) }))
        .route("/logout", post(|visitor: Visitor| async move { visitor.logout().await }))
        .layer(SessionLayer::new(Client::new(url).unwrap()))
}

const ROUTES: [(&str, &str); 4] =
    [("GET", "/me"), ("GET", "/maybe"), ("POST", "/login"), ("POST", "/logout")];

#[tokio::test]
async fn behind_the_layer_they_are_503_with_retry_after_and_clear_no_cookie() {
    for (status, kind, body) in strangers() {
        let app = app(&pretend(status, kind, body.clone()).await);
        for (method, path) in ROUTES {
            let answer = ask(&app, method, path).await;
            assert_eq!(answer.status(), 503, "{path}: {status} {kind} {body}");
            let after = &answer.headers()[header::RETRY_AFTER];
            assert!(status < 300 || after == "7", "{path}: {status} {kind} {body}");
            assert!(answer.headers().get(header::SET_COOKIE).is_none());
        }
    }
}

/// The application calls the service wrongly: that is its own fault, and no visitor's.
#[tokio::test]
async fn a_refusal_of_the_application_is_500_to_its_visitors() {
    for (status, code) in [
        (401, "api_key_invalid"),
        (401, "step_up_required"),
        (403, "scope_missing"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (431, "headers_too_large"),
        (400, "token_ambiguous"),
    ] {
        let app = app(&pretend(status, PROBLEM, problem(status, code)).await);
        for (method, path) in ROUTES {
            assert_eq!(ask(&app, method, path).await.status(), 500, "{path}: {status} {code}");
        }
    }
}

#[tokio::test]
async fn the_command_line_exits_as_unavailable_or_as_failed_and_never_as_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    // A token by its shape: what is none is told apart without a call.
    std::fs::write(&token, "0d3f1c1e-7c55-4a3b-9d5f-1c2b3a4d5e6f").unwrap();
    for (status, kind, body) in strangers() {
        let url = pretend(status, kind, body.clone()).await;
        let (token, asked) = (token.to_str().unwrap().to_owned(), url.clone());
        let output =
            tokio::task::spawn_blocking(move || run(&["get-user", &token, "--url", &asked])).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = if [408, 429, 502, 503, 504].contains(&status) { 5 } else { 1 };
        assert_eq!(output.status.code(), Some(expected), "{status} {kind} {body}: {said}");
        assert_eq!(said.contains("try again in 7 s"), expected == 5, "{said}");
        assert!(!said.contains("is it running"), "{said}");
    }
}
