//! The application that both are tried on: what its routes do is the same, and what a test can hold up in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use tokio::sync::Notify;

/// One application:
///
/// * `POST /login` logs `alice` in, whatever session there was before;
/// * `GET /me` answers her name, or 401;
/// * `POST /cart` writes to the session's data, with a pause between reading the session and writing;
/// * `POST /renew` gives the session a new token, then fails with 500;
/// * `POST /logout`.
pub struct App {
    /// What it is built on.
    pub name: &'static str,
    /// Its routes, behind its session layer.
    pub router: Router,
    /// The pause in `POST /cart`.
    pub pause: Arc<Pause>,
    /// Whether the session store fails.
    pub store: Arc<Switch>,
}

/// Where a request waits until the test lets it go on.
#[derive(Default)]
pub struct Pause {
    reached: Notify,
    over: Notify,
}

impl Pause {
    /// For the request: says that it is here, and waits.
    pub async fn wait(&self) {
        self.reached.notify_one();
        self.over.notified().await;
    }

    /// For the test: waits until a request is here.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// For the test: lets the request go on.
    pub fn end(&self) {
        self.over.notify_one();
    }
}

/// Turns a store off and on.
#[derive(Debug, Default)]
pub struct Switch(AtomicBool);

impl Switch {
    /// Whether the store fails now.
    pub fn is_off(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it fail, or work.
    pub fn turn(&self, off: bool) {
        self.0.store(off, Ordering::Relaxed);
    }
}
