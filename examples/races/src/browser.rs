//! A browser, as far as it matters here: it keeps the one cookie that it was last given.

use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use tower::ServiceExt;

pub(crate) struct Browser<'a> {
    router: &'a Router,
    cookie: Mutex<Option<String>>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(router: &'a Router) -> Self {
        Self::with(router, None)
    }

    /// One that has that cookie, however it came by it.
    pub(crate) fn with(router: &'a Router, cookie: Option<String>) -> Self {
        Self { router, cookie: Mutex::new(cookie) }
    }

    /// The cookie as `name=value`.
    pub(crate) fn cookie(&self) -> Option<String> {
        self.cookie.lock().ok()?.clone()
    }

    /// The status of an answer, whose cookie it takes; 0 where there is none.
    pub(crate) async fn send(&self, method: &str, path: &str) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = self.cookie() {
            request = request.header(header::COOKIE, cookie);
        }
        let Ok(request) = request.body(Body::empty()) else { return 0 };
        let Ok(answer) = self.router.clone().oneshot(request).await;
        self.take(&answer);
        answer.status().as_u16()
    }

    fn take(&self, answer: &Response<Body>) {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap_or_default();
            let pair = text.split(';').next().unwrap_or_default().to_owned();
            if let Ok(mut cookie) = self.cookie.lock() {
                *cookie = (!text.contains("Max-Age=0")).then_some(pair);
            }
        }
    }
}
