//! The application over sessioning-tower.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use sessioning::{ErrorKind, Memory, Sessioning};
use sessioning_tower::{
    Authenticated, Backend, CreateSession, CurrentUser, Error, InProcess, IssuedSession, Refused, Session,
    SessionLayer, SessionView, Visitor,
};

use crate::App;
use crate::app::{Pause, Switch};

/// The application over sessioning-tower, its sessions in memory.
#[must_use]
pub fn with_sessioning() -> App {
    let (pause, store) = (Arc::<Pause>::default(), Arc::<Switch>::default());
    let sessions = InProcess::new(Sessioning::new(Memory::new()));
    let router = Router::new()
        .route("/login", post(login))
        .route("/me", get(me))
        .route("/cart", post(cart))
        .route("/renew", post(renew))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(Switched { sessions, store: Arc::clone(&store) }))
        .with_state(Arc::clone(&pause));
    App { name: "sessioning", router, pause, store }
}

async fn login(visitor: Visitor) -> Result<(), Refused> {
    visitor.login("alice").await.map(drop)
}

async fn me(CurrentUser(user): CurrentUser) -> String {
    user
}

async fn cart(State(pause): State<Arc<Pause>>, _: Session, visitor: Visitor) -> Result<(), Refused> {
    pause.wait().await;
    let patch = Map::from_iter([("cart".to_owned(), json!(["a book"]))]);
    visitor.patch_data(&patch).await.map(drop)
}

async fn renew(visitor: Visitor) -> Result<StatusCode, Refused> {
    visitor.renew(None).await?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn logout(visitor: Visitor) -> Result<(), Refused> {
    visitor.logout().await
}

/// Sessions in a store that can be turned off.
struct Switched {
    sessions: InProcess,
    store: Arc<Switch>,
}

impl Switched {
    fn on(&self) -> Result<&InProcess, Error> {
        if self.store.is_off() {
            Err(sessioning::Error::from(ErrorKind::Unavailable).into())
        } else {
            Ok(&self.sessions)
        }
    }
}

#[async_trait]
impl Backend for Switched {
    async fn create(&self, new: &CreateSession) -> Result<IssuedSession, Error> {
        self.on()?.create(new).await
    }

    async fn check(&self, token: &str) -> Result<Option<SessionView>, Error> {
        self.on()?.check(token).await
    }

    async fn peek(&self, token: &str) -> Result<Option<SessionView>, Error> {
        self.on()?.peek(token).await
    }

    async fn renew(&self, token: &str, new: Option<Authenticated>) -> Result<Option<IssuedSession>, Error> {
        self.on()?.renew(token, new).await
    }

    async fn patch_data(
        &self,
        token: &str,
        patch: &Map<String, Value>,
    ) -> Result<Option<SessionView>, Error> {
        self.on()?.patch_data(token, patch).await
    }

    async fn delete(&self, token: &str) -> Result<(), Error> {
        self.on()?.delete(token).await
    }

    async fn list(&self, token: &str) -> Result<Option<Vec<SessionView>>, Error> {
        self.on()?.list(token).await
    }

    async fn end(&self, token: &str, id: &str) -> Result<Option<bool>, Error> {
        self.on()?.end(token, id).await
    }

    async fn end_others(&self, token: &str) -> Result<Option<u64>, Error> {
        self.on()?.end_others(token).await
    }
}
