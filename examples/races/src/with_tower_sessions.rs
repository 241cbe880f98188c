//! The application over tower-sessions, written as its documentation writes handlers.
#![allow(clippy::unwrap_used, reason = "its examples do")]

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore};

use crate::App;
use crate::app::{Pause, Switch};

const USER: &str = "user";

/// The application over tower-sessions, its sessions in memory.
#[must_use]
pub fn with_tower_sessions() -> App {
    let (pause, store) = (Arc::<Pause>::default(), Arc::<Switch>::default());
    let sessions = Switched { sessions: MemoryStore::default(), store: Arc::clone(&store) };
    let router = Router::new()
        .route("/login", post(login))
        .route("/me", get(me))
        .route("/cart", post(cart))
        .route("/renew", post(renew))
        .route("/logout", post(logout))
        .layer(SessionManagerLayer::new(sessions))
        .with_state(Arc::clone(&pause));
    App { name: "tower-sessions", router, pause, store }
}

/// Begins with an empty session, whatever there was before.
async fn login(session: Session) {
    session.flush().await.unwrap();
    session.insert(USER, "alice").await.unwrap();
}

/// Not as the examples do, which unwrap, so that a store that fails is a panic: its error has to be made an answer by
/// hand.
async fn me(session: Session) -> std::result::Result<String, StatusCode> {
    let user = session.get(USER).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    user.ok_or(StatusCode::UNAUTHORIZED)
}

async fn cart(State(pause): State<Arc<Pause>>, session: Session) -> StatusCode {
    if session.get::<String>(USER).await.unwrap().is_none() {
        return StatusCode::UNAUTHORIZED;
    }
    pause.wait().await;
    session.insert("cart", ["a book"]).await.unwrap();
    StatusCode::OK
}

async fn renew(session: Session) -> StatusCode {
    session.cycle_id().await.unwrap();
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn logout(session: Session) {
    session.flush().await.unwrap();
}

/// Sessions in a store that can be turned off.
#[derive(Clone, Debug)]
struct Switched {
    sessions: MemoryStore,
    store: Arc<Switch>,
}

impl Switched {
    fn on(&self) -> Result<&MemoryStore> {
        if self.store.is_off() { Err(Error::Backend("turned off".into())) } else { Ok(&self.sessions) }
    }
}

#[async_trait]
impl SessionStore for Switched {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.on()?.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.on()?.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.on()?.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.on()?.delete(id).await
    }
}
