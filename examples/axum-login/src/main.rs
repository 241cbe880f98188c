//! Login, logout and "your devices" with axum, in a browser.
//!
//!     cargo run -p axum-login                                             sessions in this process
//!     SESSIONING_URL=http://127.0.0.1:7377 cargo run -p axum-login        sessions of the service
//!     COOKIE_DOMAIN=example.com cargo run -p axum-login                   one login for the subdomains of example.com
#![allow(clippy::print_stdout, reason = "it tells where it is")]

mod pages;

use std::error::Error;

use axum::Router;
use axum::routing::{get, post};
use sessioning::{Memory, Sessioning};
use sessioning_tower::{Client, CookieSettings, SessionCookie, SessionLayer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let app = Router::new()
        .route("/", get(pages::home))
        .route("/login", post(pages::login))
        .route("/logout", post(pages::logout))
        .route("/devices/{id}/end", post(pages::end_device))
        .route("/devices/end-others", post(pages::end_other_devices))
        .layer(sessions()?);
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

/// Where sessions are kept. The pages cannot tell.
fn sessions() -> Result<SessionLayer, Box<dyn Error>> {
    let layer = match std::env::var("SESSIONING_URL") {
        Ok(url) => {
            let client = Client::new(&url)?;
            SessionLayer::new(match std::env::var("SESSIONING_API_KEY") {
                Ok(key) => client.with_api_key(&key)?,
                Err(_) => client,
            })
        }
        Err(_) => SessionLayer::in_process(Sessioning::new(Memory::new())),
    };
    // This is plain HTTP on one's own machine, where not every browser takes a Secure cookie. Behind TLS leave this
    // out: the default is `__Host-session`, Secure.
    let domain = std::env::var("COOKIE_DOMAIN").ok();
    let cookie = SessionCookie::new(CookieSettings { secure: false, domain, ..CookieSettings::default() })?;
    Ok(layer.with_cookie(cookie))
}
