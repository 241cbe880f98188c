//! Whoever sent a request, and what handlers may do with their session.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use sessioning_api::{Authenticated, CreateSession, IssuedSession, SessionView, TokenText};

use crate::layer::Shared;
use crate::sent::{Place, Sent};
use crate::{Refused, Session};

/// Whoever sent the request: logs them in and out, and does with their session what a handler wants. Cheap to clone.
///
/// Each call has been done when it returns, whatever the handler answers then: a token that was issued reaches the
/// browser with a 500, too.
#[derive(Clone)]
pub struct Visitor(Arc<Visit>);

pub(crate) struct Visit {
    shared: Arc<Shared>,
    is_foreign: bool,
    has_cookie: bool,
    place: Place,
    /// One call at a time: a login and a logout of one request do not cross.
    state: tokio::sync::Mutex<State>,
    said: Mutex<Said>,
    is_asked: AtomicBool,
}

/// What is known of the session so far.
#[derive(Default)]
struct State {
    token: Option<TokenText>,
    /// The session cookies, if they differ: none of them counts.
    refused: Vec<TokenText>,
    /// What the backend said of the token, once it was asked.
    found: Option<Option<Session>>,
}

/// What the answer has to tell the browser.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) set_cookies: Vec<HeaderValue>,
    pub(crate) is_logout: bool,
}

impl Visitor {
    pub(crate) fn new(shared: Arc<Shared>, sent: Sent) -> Self {
        let visitor = Self(Arc::new(Visit {
            shared,
            is_foreign: sent.is_foreign,
            has_cookie: sent.has_cookie,
            place: sent.place,
            said: Mutex::default(),
            is_asked: AtomicBool::new(false),
            state: tokio::sync::Mutex::new(State { token: sent.token, refused: sent.refused, found: None }),
        }));
        if sent.is_ambiguous {
            visitor.take_cookies_away();
        }
        visitor
    }

    /// Has the browser forget every cookie of the name. Refused, but left there, two that differ lock it out.
    fn take_cookies_away(&self) {
        let removal = self.0.shared.cookie.remove();
        self.0.said.lock().set_cookies = self.cookies_with(&removal).collect();
    }

    /// A `Set-Cookie` value, after those that take away the cookies of the name in other scopes.
    fn cookies_with(&self, own: &str) -> impl Iterator<Item = HeaderValue> {
        let Visit { shared, place, has_cookie, .. } = &*self.0;
        let path = has_cookie.then(|| place.path());
        let others = shared.cookie.remove_others(place.host(), path);
        let all = others.into_iter().chain((!own.is_empty()).then(|| own.to_owned()));
        all.filter_map(|cookie| HeaderValue::from_str(&cookie).ok())
    }

    /// Whether another origin's page sent what may change things.
    pub(crate) fn is_foreign(&self) -> bool {
        self.0.is_foreign
    }

    /// What to tell the browser; `None` if the answer does not depend on the session.
    pub(crate) fn said(&self) -> Option<Said> {
        self.0.is_asked.load(Ordering::Relaxed).then(|| std::mem::take(&mut *self.0.said.lock()))
    }

    async fn state(&self) -> tokio::sync::MutexGuard<'_, State> {
        self.0.is_asked.store(true, Ordering::Relaxed);
        self.0.state.lock().await
    }

    /// Their live session; `None` is "not logged in". The backend is asked once a request.
    ///
    /// # Errors
    ///
    /// When the backend fails: that is never "not logged in".
    pub async fn session(&self) -> Result<Option<Session>, Refused> {
        let mut state = self.state().await;
        if let Some(found) = &state.found {
            return Ok(found.clone());
        }
        let found = match &state.token {
            Some(token) if self.0.shared.is_quiet => self.0.shared.backend.peek(token.expose()).await?,
            Some(token) => self.0.shared.backend.check(token.expose()).await?,
            None => None,
        };
        let found = found.map(Session::from);
        state.found = Some(found.clone());
        Ok(found)
    }

    /// Logs a user in who has been authenticated: begins a session, ends the one that the browser came with, and
    /// gives the browser the new token.
    ///
    /// # Errors
    ///
    /// When the backend fails or refuses; nothing has changed for the browser then.
    pub async fn login(&self, user: impl Into<String>) -> Result<Session, Refused> {
        self.login_with(CreateSession { user: user.into(), ..CreateSession::default() }).await
    }

    /// The same with timeouts, metadata or data of its own.
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login).
    pub async fn login_with(&self, new: CreateSession) -> Result<Session, Refused> {
        let backend = &self.0.shared.backend;
        let mut state = self.state().await;
        let issued = backend.create(&new).await?;
        if let Err(error) = self.end_all(&state).await {
            // The browser keeps what it has, so nothing else may have begun.
            let _ = backend.delete(issued.token.expose()).await;
            return Err(error);
        }
        Ok(self.hold(&mut state, issued))
    }

    /// Logs out: ends the session for good, then takes the browser's cookie away.
    ///
    /// # Errors
    ///
    /// When the backend fails; whether the session has ended is then unknown, and the browser keeps its cookie.
    pub async fn logout(&self) -> Result<(), Refused> {
        let mut state = self.state().await;
        self.end_all(&state).await?;
        *state = State { found: Some(None), ..State::default() };
        self.take_cookies_away();
        self.0.said.lock().is_logout = true;
        Ok(())
    }

    /// Ends whatever sessions the browser came with, those of cookies that differ included.
    async fn end_all(&self, state: &State) -> Result<(), Refused> {
        for token in state.token.iter().chain(&state.refused) {
            self.0.shared.backend.delete(token.expose()).await?;
        }
        Ok(())
    }

    /// Gives the session a new token, and with `authenticated` a new authentication of its user. Do this whenever
    /// what the session may do changes (ASVS 5.0, 7.2.4). The old token is dead in the same write.
    ///
    /// # Errors
    ///
    /// [`Refused::NotLoggedIn`]; or when the backend fails: which of the two tokens is alive is then unknown.
    pub async fn renew(&self, authenticated: Option<Authenticated>) -> Result<Session, Refused> {
        let mut state = self.state().await;
        let token = state.token()?;
        let issued = self.0.shared.backend.renew(token, authenticated).await?;
        let issued = issued.ok_or(Refused::NotLoggedIn)?;
        Ok(self.hold(&mut state, issued))
    }

    /// Patches the session's data with a JSON merge patch (RFC 7396). Of two patches at once both are done; one of a
    /// session that has ended meanwhile writes nothing.
    ///
    /// # Errors
    ///
    /// [`Refused::NotLoggedIn`]; or when the backend fails or refuses.
    pub async fn patch_data(&self, patch: &Map<String, Value>) -> Result<Session, Refused> {
        let mut state = self.state().await;
        let patched = self.0.shared.backend.patch_data(state.token()?, patch).await?;
        let session = Session::from(patched.ok_or(Refused::NotLoggedIn)?);
        state.found = Some(Some(session.clone()));
        Ok(session)
    }

    /// "Your devices": their live sessions, this one included, at most a thousand.
    ///
    /// # Errors
    ///
    /// [`Refused::NotLoggedIn`]; or when the backend fails.
    pub async fn sessions(&self) -> Result<Vec<SessionView>, Refused> {
        let state = self.state().await;
        self.0.shared.backend.list(state.token()?).await?.ok_or(Refused::NotLoggedIn)
    }

    /// Ends one of their sessions by its public id; whether they had it.
    ///
    /// # Errors
    ///
    /// [`Refused::NotLoggedIn`]; or when the backend fails: calling again is safe.
    pub async fn end(&self, id: &str) -> Result<bool, Refused> {
        let mut state = self.state().await;
        let ended = self.0.shared.backend.end(state.token()?, id).await?;
        // It may have been this one.
        state.found = None;
        ended.ok_or(Refused::NotLoggedIn)
    }

    /// Ends all of their sessions but this one; how many.
    ///
    /// # Errors
    ///
    /// [`Refused::NotLoggedIn`]; or when the backend fails: calling again is safe.
    pub async fn end_others(&self) -> Result<u64, Refused> {
        let state = self.state().await;
        self.0.shared.backend.end_others(state.token()?).await?.ok_or(Refused::NotLoggedIn)
    }

    /// Goes on with the token that was issued, and has the browser do so.
    fn hold(&self, state: &mut State, issued: IssuedSession) -> Session {
        let life = issued.session.life().unwrap_or(u64::MAX);
        let cookie = self.0.shared.cookie.set(issued.token.expose(), life).unwrap_or_default();
        let mut set_cookies: Vec<_> = self.cookies_with(&cookie).collect();
        if let Some(own) = set_cookies.last_mut() {
            own.set_sensitive(true);
        }
        *self.0.said.lock() = Said { set_cookies, is_logout: false };
        let session = Session::from(issued.session);
        *state = State { token: Some(issued.token), found: Some(Some(session.clone())), ..State::default() };
        session
    }
}

impl State {
    fn token(&self) -> Result<&str, Refused> {
        self.token.as_ref().map(TokenText::expose).ok_or(Refused::NotLoggedIn)
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitor(..)")
    }
}
