//! The layer at work: a visitor goes in with each request, and what was said to them comes out with its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CACHE_CONTROL, HeaderName, SET_COOKIE, VARY};
use http::{HeaderValue, Request, Response};
use tower_service::Service;

use crate::layer::Shared;
use crate::refused::Cause;
use crate::sent::Sent;
use crate::visitor::{Said, Visitor};

/// A service behind a [`SessionLayer`](crate::SessionLayer).
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> SessionService<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, In, Out> Service<Request<In>> for SessionService<S>
where
    S: Service<Request<In>, Response = Response<Out>>,
    S::Future: Send + 'static,
{
    type Response = Response<Out>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Out>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::new(Arc::clone(&self.shared), Sent::of(&parts, &self.shared.cookie));
        parts.extensions.insert(visitor.clone());
        let answered = self.inner.call(Request::from_parts(parts, body));
        Box::pin(async move {
            let mut response = answered.await?;
            if let Some(said) = visitor.said() {
                tell(&mut response, said);
            }
            log(&response);
            Ok(response)
        })
    }
}

/// Puts into an answer what its browser, and the caches on the way, have to know (ASVS 5.0, 14.3.1 and 14.3.2). It is
/// the same for a failure: what was done is done.
fn tell<Out>(response: &mut Response<Out>, said: Said) {
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Cookie, Authorization"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in said.set_cookies {
        headers.append(SET_COOKIE, cookie);
    }
    if said.is_logout {
        let forget = HeaderValue::from_static("\"cache\", \"storage\"");
        headers.insert(HeaderName::from_static("clear-site-data"), forget);
    }
}

fn log<Out>(response: &Response<Out>) {
    if let Some(Cause(error)) =
        response.extensions().get().filter(|Cause(error)| error.problem().status >= 500)
    {
        let causes = std::iter::successors(std::error::Error::source(&**error), |error| error.source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        tracing::error!(causes = causes.join(": "), "{error}");
    }
}
