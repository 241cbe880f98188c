//! The pages and what their buttons do, a handler each.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use sessioning_tower::{CreateSession, Metadata, Refused, SessionView, Visitor};

/// `GET /` for somebody who is not logged in.
#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage;

/// `GET /` for somebody who is.
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    user: String,
    devices: Vec<Device>,
}

/// One of their sessions.
struct Device {
    id: String,
    name: String,
    last_seen: String,
    is_this_one: bool,
}

pub(crate) async fn home(visitor: Visitor) -> Result<Response, Refused> {
    let Some(session) = visitor.session().await? else { return Ok(page(&LoginPage)) };
    let devices = visitor.sessions().await?;
    let devices = devices.into_iter().map(|device| Device::of(device, &session.id)).collect();
    Ok(page(&HomePage { user: session.user.clone(), devices }))
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    user: String,
}

/// Here a password would be checked.
pub(crate) async fn login(
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, Refused> {
    let user_agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let metadata = Metadata { user_agent: user_agent.map(Into::into), ..Metadata::default() };
    let new = CreateSession { user: form.user, metadata: Some(metadata), ..CreateSession::default() };
    visitor.login_with(new).await?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn logout(visitor: Visitor) -> Result<Redirect, Refused> {
    visitor.logout().await?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn end_device(visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Refused> {
    visitor.end(&id).await?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn end_other_devices(visitor: Visitor) -> Result<Redirect, Refused> {
    visitor.end_others().await?;
    Ok(Redirect::to("/"))
}

impl Device {
    fn of(session: SessionView, this: &str) -> Self {
        Self {
            is_this_one: session.id == this,
            name: session.metadata.user_agent.unwrap_or_else(|| "unknown".into()),
            last_seen: session.last_seen,
            id: session.id,
        }
    }
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (axum::http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
