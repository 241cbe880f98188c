//! The calls.

use std::fmt;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sessioning_api::{
    Authenticated, Code, CreateSession, Everyone, FoundSession, IssuedSession, RenewSession, RevokeEveryone,
    Revoked, RevokedEveryone, SessionPage, SessionView,
};

use crate::Error;
use crate::base::{Base, is_local, through_socket};

/// Where the holder of a token finds their own sessions.
const MINE: &str = "/v1/my/sessions";
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
    /// A client of the service at `url`: `http://127.0.0.1:7377`, `127.0.0.1:7377`, or `unix:PATH`. White space around
    /// it is not part of it.
    ///
    /// # Errors
    ///
    /// When it is no URL, or no HTTP client can be made on this machine.
    pub fn new(url: &str) -> Result<Self, Error> {
        // The first one in the process wins, which may be the application's own choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let Base { url, socket } = Base::of(url)?;
        let http = if is_local(&url) { http.no_proxy() } else { http };
        let http = match socket {
            Some(path) => through_socket(http, &path)?,
            None => http,
        };
        Ok(Self { base: url, headers: HeaderMap::new(), http: http.build()? })
    }

    /// The same, calling with an API key. White space around it is not part of it.
    ///
    /// # Errors
    ///
    /// When the key holds what no key can.
    pub fn with_api_key(self, key: &str) -> Result<Self, Error> {
        self.with_header("x-api-key", "the API key", key.trim())
    }

    /// The same, in a namespace.
    ///
    /// # Errors
    ///
    /// When the namespace holds what no namespace can.
    pub fn with_namespace(self, namespace: &str) -> Result<Self, Error> {
        self.with_header("x-session-namespace", "the namespace", namespace)
    }

    fn with_header(mut self, name: &'static str, what: &'static str, value: &str) -> Result<Self, Error> {
        self.headers.insert(HeaderName::from_static(name), secret(what, value)?);
        Ok(self)
    }

    /// Begins a session for a user who has been authenticated.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable. It is never tried again by itself: a session might have
    /// begun that nobody holds the token of.
    pub async fn create(&self, new: &CreateSession) -> Result<IssuedSession, Error> {
        let answer = self.request(Method::POST, "/v1/sessions").json(new).send().await?;
        Ok(expecting(StatusCode::CREATED, answer).await?.json().await?)
    }

    /// Tells which session a token opens; `None` is "not logged in".
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable, which says nothing about the session.
    pub async fn check(&self, token: &str) -> Result<Option<SessionView>, Error> {
        self.check_at("/v1/session", token).await
    }

    /// The same without using the session, which ends as if nobody had asked: for what asks by itself, again and again.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub async fn peek(&self, token: &str) -> Result<Option<SessionView>, Error> {
        self.check_at("/v1/session?touch=false", token).await
    }

    async fn check_at(&self, path: &str, token: &str) -> Result<Option<SessionView>, Error> {
        let answer = self.request_with(Method::GET, path, token)?.send().await?;
        found(unless(Code::SessionInvalid, successful(answer).await)?).await
    }

    /// Gives a session a new token, and with `authenticated` a new authentication of its user; `None` is "not
    /// logged in". The old token is dead in the same write.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; which of the two tokens is alive is then unknown. It is never
    /// tried again by itself.
    pub async fn renew(
        &self,
        token: &str,
        authenticated: Option<Authenticated>,
    ) -> Result<Option<IssuedSession>, Error> {
        let request = self.request_with(Method::POST, "/v1/session/renew", token)?;
        let answer = request.json(&RenewSession { authenticated }).send().await?;
        read(unless(Code::SessionInvalid, successful(answer).await)?).await
    }

    /// Logs out: ends the session that a token opens, if there is one.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; whether the session has ended is then unknown.
    pub async fn delete(&self, token: &str) -> Result<(), Error> {
        let answer = self.request_with(Method::DELETE, "/v1/session", token)?.send().await?;
        expecting(StatusCode::NO_CONTENT, answer).await.map(drop)
    }

    /// Patches the application's data with a JSON merge patch (RFC 7396); the session as it is then. `None` is "not
    /// logged in", and nothing was written.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; whether the patch was done is then unknown.
    pub async fn patch_data(
        &self,
        token: &str,
        patch: &Map<String, Value>,
    ) -> Result<Option<SessionView>, Error> {
        let request = self.request_with(Method::PATCH, "/v1/session/data", token)?.json(patch);
        found(unless(Code::SessionInvalid, successful(request.send().await?).await)?).await
    }

    /// A page of the sessions of whoever holds the token ("your devices"): at most `limit` (1 to 1,000), from where
    /// the page before ended. `None` is "not logged in".
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable.
    pub async fn list_mine(
        &self,
        token: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Option<SessionPage>, Error> {
        let request = self.request_with(Method::GET, MINE, token)?.query(&[("limit", limit)]);
        let request = request.query(&cursor.map(|cursor| ("cursor", cursor)).as_slice());
        read(unless(Code::SessionInvalid, successful(request.send().await?).await)?).await
    }

    /// Ends one of the sessions of whoever holds the token, by its public id. `None` is "not logged in", `false` that
    /// they have no such session.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; calling again is safe.
    pub async fn end_mine(&self, token: &str, id: &str) -> Result<Option<bool>, Error> {
        let path = format!("{MINE}/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
        let answer = self.request_with(Method::DELETE, &path, token)?.send().await?;
        let answer = expecting(StatusCode::NO_CONTENT, answer).await;
        match unless(Code::SessionInvalid, answer) {
            Ok(answer) => Ok(answer.map(|_| true)),
            Err(error) => unless(Code::NotFound, Err(error)).map(|_| Some(false)),
        }
    }

    /// Ends all sessions of whoever holds the token but their own; how many. `None` is "not logged in".
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; calling again is safe.
    pub async fn end_my_others(&self, token: &str) -> Result<Option<u64>, Error> {
        let answer = successful(self.request_with(Method::DELETE, MINE, token)?.send().await?).await;
        Ok(read::<Revoked>(unless(Code::SessionInvalid, answer)?).await?.map(|ended| ended.revoked))
    }

    /// A page of a user's sessions, for an operator: at most `limit` (1 to 1,000), from where the page before
    /// ended.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable.
    pub async fn list_user(
        &self,
        user: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<SessionPage, Error> {
        let request = self.request_about(Method::GET, user).query(&[("limit", limit)]);
        let request = request.query(&cursor.map(|cursor| ("cursor", cursor)).as_slice());
        Ok(successful(request.send().await?).await?.json().await?)
    }

    /// The session of a public id, for an operator; `None` if there is no such live one.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable.
    pub async fn describe(&self, id: &str) -> Result<Option<SessionView>, Error> {
        let answer = self.request(Method::GET, &id_path(id)).send().await?;
        found(unless(Code::NotFound, successful(answer).await)?).await
    }

    /// Ends the session of a public id, for an operator; also good if it had ended. `None` if the id is none.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; calling again is safe.
    pub async fn revoke(&self, id: &str) -> Result<Option<()>, Error> {
        let answer = self.request(Method::DELETE, &id_path(id)).send().await?;
        Ok(unless(Code::NotFound, expecting(StatusCode::NO_CONTENT, answer).await)?.map(drop))
    }

    /// Ends all sessions of a user but the one of the id `except`, for an operator; how many.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; calling again is safe.
    pub async fn revoke_user(&self, user: &str, except: Option<&str>) -> Result<u64, Error> {
        let request = self.request_about(Method::DELETE, user);
        let request = request.query(&except.map(|except| ("except", except)).as_slice());
        Ok(successful(request.send().await?).await?.json::<Revoked>().await?.revoked)
    }

    /// Ends every session of the namespace, or of all namespaces, for an operator; the namespace.
    ///
    /// # Errors
    ///
    /// When the service refuses or is unavailable; calling again is safe.
    pub async fn revoke_everyone(&self, all_namespaces: bool) -> Result<Option<String>, Error> {
        let body = RevokeEveryone { confirm: Everyone::Everyone, all_namespaces };
        let request = self.request(Method::POST, "/v1/sessions/revoke-everyone").json(&body);
        Ok(successful(request.send().await?).await?.json::<RevokedEveryone>().await?.namespace)
    }

    /// Asks the service's admin listener, of which this must be a client, whether it is ready.
    ///
    /// # Errors
    ///
    /// When it is not, and why; or when it cannot be reached.
    pub async fn ready(&self) -> Result<(), Error> {
        let answer = successful(self.request(Method::GET, "/readyz").send().await?).await?;
        // Others answer any path with a page.
        let page =
            answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if page { Err(Error::of_answer(answer).await) } else { Ok(()) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone())
    }

    /// A request about a user's sessions.
    fn request_about(&self, method: Method, user: &str) -> RequestBuilder {
        // No URL can hold `.` and `..` as a part of its path, however they are written, and some proxies take a slash in a
        // name for one of the path.
        if matches!(user, "." | "..") || user.contains(['/', '\\']) {
            return self.request(method, "/v1/users/sessions").query(&[("user", user)]);
        }
        self.request(method, &format!("/v1/users/{}/sessions", utf8_percent_encode(user, NON_ALPHANUMERIC)))
    }

    fn request_with(&self, method: Method, path: &str, token: &str) -> Result<RequestBuilder, Error> {
        Ok(self.request(method, path).header("x-session-token", secret("the token", token)?))
    }
}

fn id_path(id: &str) -> String {
    format!("/v1/sessions/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

async fn found(answer: Option<Response>) -> Result<Option<SessionView>, Error> {
    Ok(read::<FoundSession>(answer).await?.map(|found| found.session))
}

/// The body of an answer, where there is one.
async fn read<T: DeserializeOwned>(answer: Option<Response>) -> Result<Option<T>, Error> {
    match answer {
        Some(answer) => Ok(Some(answer.json().await?)),
        None => Ok(None),
    }
}

/// `None` for the one problem that is an answer here.
fn unless(code: Code, answer: Result<Response, Error>) -> Result<Option<Response>, Error> {
    match answer {
        Err(error) if error.problem().is_some_and(|problem| problem.code == code) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A header's value: what is sent, for the error if it cannot be.
fn secret(what: &'static str, text: &str) -> Result<HeaderValue, Error> {
    let why = "cannot be sent: there is a line end or another control character in it";
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::unusable(what, why))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn successful(answer: Response) -> Result<Response, Error> {
    expecting(StatusCode::OK, answer).await
}

/// The answer if it is the one that was asked for. Any other success is somebody else's: a portal's page must not read
/// as a logout that was done.
async fn expecting(status: StatusCode, answer: Response) -> Result<Response, Error> {
    if answer.status() == status { Ok(answer) } else { Err(Error::of_answer(answer).await) }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}
