//! The layer: which backend and which cookie.

use std::fmt;
use std::sync::Arc;

use sessioning::Sessioning;
use sessioning_api::SessionCookie;
use tower_layer::Layer;

use crate::{Backend, InProcess, SessionService};

/// Gives every request a [`Visitor`](crate::Visitor), from which the extractors take. Cheap to clone.
#[derive(Clone)]
pub struct SessionLayer(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) cookie: SessionCookie,
    pub(crate) is_quiet: bool,
}

impl SessionLayer {
    /// Sessions of a backend, such as a [`Client`](crate::Client) of the service, with the default cookie:
    /// `__Host-session=…; Path=/; Secure; HttpOnly; SameSite=Lax`.
    #[must_use]
    pub fn new(backend: impl Backend) -> Self {
        let cookie = SessionCookie::default();
        Self(Arc::new(Shared { backend: Arc::new(backend), cookie, is_quiet: false }))
    }

    /// Sessions that this process keeps.
    #[must_use]
    pub fn in_process(sessioning: Sessioning) -> Self {
        Self::new(InProcess::new(sessioning))
    }

    /// The same with another cookie.
    #[must_use]
    pub fn with_cookie(self, cookie: SessionCookie) -> Self {
        Self(Arc::new(Shared { backend: Arc::clone(&self.0.backend), cookie, is_quiet: self.0.is_quiet }))
    }

    /// The same for requests that browsers send by themselves, such as those of a page that polls: asking who is logged in
    /// is no use of the session, which ends as if nobody had asked. Put it on their routes alone.
    #[must_use]
    pub fn quiet(self) -> Self {
        let Shared { backend, cookie, .. } = &*self.0;
        Self(Arc::new(Shared { backend: Arc::clone(backend), cookie: cookie.clone(), is_quiet: true }))
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService::new(inner, Arc::clone(&self.0))
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("cookie", &self.0.cookie.name()).finish_non_exhaustive()
    }
}
