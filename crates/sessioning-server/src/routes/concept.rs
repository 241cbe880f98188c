//! The concept surface: what programs written against the `Sessioning` concept call. Always 200, errors inside;
//! the token is called `session` here, and only here.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use sessioning::{
    Checked, CreateError, Created, Demand, Error, Namespace, NewSession, Owner, SessionId, SessionToken, User,
};
use zeroize::Zeroizing;

use crate::access::{Caller, Surface};
use crate::app::App;
use crate::body;
use crate::check::{check, in_words};
use crate::concept::{Fields, fields, template};
use crate::config::UnknownSession;
use crate::edge::Causes;
use crate::failures::FailedChecks;
use crate::log::request::{note_id, note_user};
use crate::log::{Folded, audit, plain};

/// `create {user} -> {session}`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Response, Response> {
    let fields = read(&app, body).await?;
    let user = fields.get("user");
    let log = Log { app: &app, action: &app.config.concept.create };
    Ok(match begin(&app, caller.namespace, user, &log).await {
        Ok(created) => {
            log.created(&created);
            created.evicted.iter().for_each(|id| log.evicted(*id));
            let answer = Fields::of(&app.config.concept.field, &created.token.expose());
            Json(&answer).into_response()
        }
        Err(why) => {
            log.failed(user, &why);
            Json(json!({ "error": format!("Failed to create session: {why}") })).into_response()
        }
    })
}

async fn begin(
    app: &App,
    namespace: Namespace,
    user: Option<&Value>,
    log: &Log<'_>,
) -> Result<Created, String> {
    let user = user.and_then(Value::as_str).unwrap_or_default();
    let user: User = user.parse().map_err(|error: sessioning::UserError| error.to_string())?;
    note_user(&user);
    let draft = app.sessioning.draft(Owner::new(namespace, user), NewSession::default());
    let draft = draft.map_err(|error| error.to_string())?;
    note_id(draft.id());
    log.attempting(&draft);
    app.sessioning.insert(draft).await.map_err(|error| {
        if let CreateError::Failed(error) = &error {
            let cause = Causes(error);
            app.folds.say(Folded::Failure, "create", &cause, format_args!("the store failed: {cause}"));
        }
        error.to_string()
    })
}

/// `delete {session} -> {}`
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Response, Response> {
    let fields = read(&app, body).await?;
    let sent = fields.get(&app.config.concept.field);
    let log = Log { app: &app, action: &app.config.concept.delete };
    let Some(token) = token(&app, sent) else {
        log.none("", "No such session");
        return Ok(Json(&not_found(sent)).into_response());
    };
    note_id(token.id());
    Ok(match app.sessioning.delete(&caller.namespace, &token).await {
        Ok(true) => {
            log.deleted(token.id());
            Json(json!({})).into_response()
        }
        Ok(false) => {
            log.none(token.id(), format_args!("No such session: {}", token.id()));
            Json(&not_found(sent)).into_response()
        }
        Err(error) => outage(&log, &error),
    })
}

/// `_getUser {session} -> [{user}]`
pub(crate) async fn get_user(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Response, Response> {
    let fields = read(&app, body).await?;
    let sent = fields.get(&app.config.concept.field);
    let log = Log { app: &app, action: &app.config.concept.get_user };
    let token = token(&app, sent);
    let checked = check(&app, &caller.namespace, token.as_ref(), Demand::default()).await;
    let id = token.map(|token| token.id().to_string()).unwrap_or_default();
    Ok(match checked {
        Ok(Checked::Live(session)) => {
            log.detail(format_args!("Session {id} is of user: {}", plain(session.user().as_str())));
            Json([json!({ "user": session.user().as_str() })]).into_response()
        }
        Ok(Checked::Invalid(reason)) if !id.is_empty() => {
            log.detail(format_args!("No such session: {id} ({})", in_words(reason)));
            unknown(&app, sent)
        }
        Ok(_) => {
            log.detail("No such session");
            unknown(&app, sent)
        }
        Err(error) => outage(&log, &error),
    })
}

async fn read(app: &App, body: Body) -> Result<Fields, Response> {
    match body::read(body, &app.config.limits).await {
        Ok(bytes) => Ok(fields(&bytes)),
        Err(error) => Err(Surface::Concept.render(error)),
    }
}

/// The token that was sent. Anything but a string is no token, whatever it would mean to a database.
fn token(app: &App, sent: Option<&Value>) -> Option<SessionToken> {
    app.token(sent?.as_str()?)
}

/// Repeats what was sent, as the original does: that may have been a token.
fn not_found(sent: Option<&Value>) -> Fields {
    let sent = Zeroizing::new(template(sent));
    Fields::of("error", &Zeroizing::new(format!("Session with id {} not found", *sent)))
}

fn unknown(app: &App, sent: Option<&Value>) -> Response {
    let mut response = match app.config.concept.unknown_session {
        UnknownSession::Error => Json([&not_found(sent)]).into_response(),
        UnknownSession::Empty => Json(json!([])).into_response(),
    };
    if sent.and_then(Value::as_str).is_some_and(|sent| !sent.is_empty()) {
        response.extensions_mut().insert(FailedChecks::ONE);
    }
    response
}

/// As the original answers when a method throws.
fn outage(log: &Log<'_>, error: &Error) -> Response {
    log.outage(&Causes(error));
    let body = Json(json!({ "error": "An internal server error occurred." }));
    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}

/// The log lines, in the words that developers of such back ends know.
struct Log<'a> {
    app: &'a App,
    action: &'a str,
}

impl fmt::Display for Log<'_> {
    /// What its lines begin with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}.{}]", self.app.config.concept.name, self.action)
    }
}

impl Log<'_> {
    fn detail(&self, line: impl fmt::Display) {
        tracing::debug!("{self} {line}");
    }

    fn attempting(&self, draft: &sessioning::Draft) {
        let user = plain(draft.owner().user().as_str());
        tracing::info!("{self} Attempting to insert session for user: {user} with ID: {}", draft.id());
    }

    fn created(&self, created: &Created) {
        audit!(info, Create, "{self} Successfully created session: {}", created.session.id());
    }

    fn evicted(&self, id: SessionId) {
        audit!(info, End, "{self} Ended session: {id}, the user's oldest, over the limit");
    }

    fn deleted(&self, id: SessionId) {
        audit!(info, End, "{self} Deleted session: {id}");
    }

    /// Nothing was found. Anybody who may call can cause any number of these lines.
    fn none(&self, id: impl fmt::Display, line: impl fmt::Display) {
        self.app.folds.say(Folded::NoSession, "concept delete", id, format_args!("{self} {line}"));
    }

    fn failed(&self, user: Option<&Value>, why: &str) {
        let user = template(user);
        let user = plain(&user);
        let line = format_args!("{self} Error creating session for user {user}: {why}");
        self.app.folds.say(Folded::NoSession, "concept create", &user, line);
    }

    fn outage(&self, cause: &Causes<'_>) {
        self.app.folds.say(Folded::Failure, "concept", cause, format_args!("{self} {cause}"));
    }
}
