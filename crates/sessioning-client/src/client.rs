//! The calls.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sessioning_api::{Code, CreateSession, CreatedSession, FoundSession, Problem, SessionView};

use crate::{Error, ErrorKind};

/// How long a call may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A client of one service. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    base: String,
    headers: HeaderMap,
    http: reqwest::Client,
}

impl Client {
    /// A client of the service at `url`, such as `http://127.0.0.1:7377`.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made on this machine.
    pub fn new(url: &str) -> Result<Self, Error> {
        // The first one in the process wins, which may be the application's own choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        // What stays on this machine is no proxy's business, least of all a token.
        let local = ["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host));
        let http = if local { http.no_proxy() } else { http }.build()?;
        Ok(Self { base: url.trim_end_matches('/').into(), headers: HeaderMap::new(), http })
    }

    /// The same, calling with an API key.
    ///
    /// # Errors
    ///
    /// When the key holds what no key can.
    pub fn with_api_key(self, key: &str) -> Result<Self, Error> {
        self.with_header("x-api-key", key)
    }

    /// The same, in a namespace.
    ///
    /// # Errors
    ///
    /// When the namespace holds what no namespace can.
    pub fn with_namespace(self, namespace: &str) -> Result<Self, Error> {
        self.with_header("x-session-namespace", namespace)
    }

    fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        self.headers.insert(HeaderName::from_static(name), secret(value)?);
        Ok(self)
    }

    /// Begins a session for a user who has been authenticated.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable. It is never tried again by itself: a session might have
    /// begun that nobody holds the token of.
    pub async fn create(&self, new: &CreateSession) -> Result<CreatedSession, Error> {
        let answer = self.request(Method::POST, "/v1/sessions").json(new).send().await?;
        Ok(successful(answer).await?.json().await?)
    }

    /// Tells which session a token opens; `None` is "not logged in".
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable, which says nothing about the session.
    pub async fn check(&self, token: &str) -> Result<Option<SessionView>, Error> {
        let answer = self.request_with(Method::GET, "/v1/session", token)?.send().await?;
        match successful(answer).await {
            Ok(answer) => Ok(Some(answer.json::<FoundSession>().await?.session)),
            Err(error) if error.problem().is_some_and(|it| it.code == Code::SessionInvalid) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Logs out: ends the session that a token opens, if there is one.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; whether the session has ended is then unknown.
    pub async fn delete(&self, token: &str) -> Result<(), Error> {
        let answer = self.request_with(Method::DELETE, "/v1/session", token)?.send().await?;
        successful(answer).await.map(drop)
    }

    /// Asks the service's admin listener, of which this must be a client, whether it is ready.
    ///
    /// # Errors
    ///
    /// When it is not, and why; or when it cannot be reached.
    pub async fn ready(&self) -> Result<(), Error> {
        successful(self.request(Method::GET, "/readyz").send().await?).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone())
    }

    fn request_with(&self, method: Method, path: &str, token: &str) -> Result<RequestBuilder, Error> {
        Ok(self.request(method, path).header("x-session-token", secret(token)?))
    }
}

fn secret(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::new(ErrorKind::Unusable))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn successful(answer: Response) -> Result<Response, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    match answer.json::<Problem>().await {
        Ok(problem) => Err(Error::of_problem(problem)),
        // A proxy in between answers in its own words.
        Err(_) if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::BAD_GATEWAY => {
            Err(Error::new(ErrorKind::Unavailable))
        }
        Err(_) => Err(Error::new(ErrorKind::Unexpected)),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}
