//! The four races.

use std::fmt;

use crate::App;
use crate::browser::Browser;

/// Where session middleware goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Race {
    /// A request that began before a logout writes data after it.
    LogoutDuringASlowWrite,
    /// The handler fails after the session has got a new token.
    RenewalThenFailure,
    /// The store fails when the session is to be read.
    StoreFailsOnLoad,
    /// The browser comes with a token that somebody else chose.
    ChosenToken,
}

/// What came of a race on one application.
#[derive(Debug)]
pub struct Row {
    /// What it is built on.
    pub app: &'static str,
    /// Which race.
    pub race: Race,
    /// Whether what has to hold does.
    pub holds: bool,
    /// What was seen.
    pub seen: String,
}

/// Plays all four, each on an application of its own.
pub async fn play(app: fn() -> App) -> Vec<Row> {
    vec![
        logout_during_a_slow_write(&app()).await,
        renewal_then_failure(&app()).await,
        store_fails_on_load(&app()).await,
        chosen_token(&app(), &app()).await,
    ]
}

async fn logout_during_a_slow_write(app: &App) -> Row {
    let browser = Browser::new(&app.router);
    browser.send("POST", "/login").await;
    let stolen = Browser::with(&app.router, browser.cookie());
    let slow = async { stolen.send("POST", "/cart").await };
    let logout = async {
        app.pause.reached().await;
        let status = browser.send("POST", "/logout").await;
        app.pause.end();
        status
    };
    let (written, logged_out) = tokio::join!(slow, logout);
    let after = stolen.send("GET", "/me").await;
    Row {
        app: app.name,
        race: Race::LogoutDuringASlowWrite,
        holds: logged_out == 200 && after == 401,
        seen: format!("logout {logged_out}, the late write {written}, then with the old token: {after}"),
    }
}

async fn renewal_then_failure(app: &App) -> Row {
    let browser = Browser::new(&app.router);
    browser.send("POST", "/login").await;
    let old = Browser::with(&app.router, browser.cookie());
    let failed = browser.send("POST", "/renew").await;
    let (after, with_old) = (browser.send("GET", "/me").await, old.send("GET", "/me").await);
    Row {
        app: app.name,
        race: Race::RenewalThenFailure,
        holds: failed == 500 && after == 200 && with_old == 401,
        seen: format!("the handler {failed}, then the browser {after}, the old token {with_old}"),
    }
}

async fn store_fails_on_load(app: &App) -> Row {
    let browser = Browser::new(&app.router);
    browser.send("POST", "/login").await;
    app.store.turn(true);
    let during = browser.send("GET", "/me").await;
    app.store.turn(false);
    let after = browser.send("GET", "/me").await;
    Row {
        app: app.name,
        race: Race::StoreFailsOnLoad,
        holds: during == 503 && after == 200,
        seen: format!("while it fails: {during}, afterwards {after}"),
    }
}

async fn chosen_token(app: &App, elsewhere: &App) -> Row {
    // One of the application's own form, from another installation of it.
    let attacker = Browser::new(&elsewhere.router);
    attacker.send("POST", "/login").await;
    let chosen = attacker.cookie();
    let victim = Browser::with(&app.router, chosen.clone());
    let logged_in = victim.send("POST", "/login").await;
    let after = Browser::with(&app.router, chosen.clone()).send("GET", "/me").await;
    Row {
        app: app.name,
        race: Race::ChosenToken,
        holds: logged_in == 200 && victim.cookie() != chosen && after == 401,
        seen: format!("the victim's login {logged_in}, then with the token that the attacker chose: {after}"),
    }
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogoutDuringASlowWrite => "logout during a slow request that then writes data",
            Self::RenewalThenFailure => "renewal followed by a 500 from the handler",
            Self::StoreFailsOnLoad => "store failure on load",
            Self::ChosenToken => "a token chosen by the client",
        })
    }
}
