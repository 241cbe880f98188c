//! One check of a token, whichever surface asks: counted by what came of it.

use sessioning::{Checked, Demand, Error, Expiry, Invalid, Namespace, Session, SessionToken, StepUp};
use sessioning_api::Code;

use crate::app::App;
use crate::failures::FailedChecks;
use crate::log::Folded;
use crate::log::request::{note_id, note_session};
use crate::problem::{ApiError, Challenge};

/// What the one token of a request opens. What is no token of ours (`None`) is not found, without asking the store.
///
/// # Errors
///
/// When the store fails: that is never "not logged in".
pub(crate) async fn check(
    app: &App,
    namespace: &Namespace,
    token: Option<&SessionToken>,
    demand: Demand,
) -> Result<Checked, Error> {
    if let Some(token) = token {
        note_id(token.id());
    }
    let checked = check_one_of_many(app, namespace, token, demand).await;
    if let Ok(Checked::Live(session) | Checked::StepUp(session, _)) = &checked {
        note_session(session);
    }
    checked
}

/// The same for one of many tokens, none of which the request is about.
///
/// # Errors
///
/// When the store fails.
pub(crate) async fn check_one_of_many(
    app: &App,
    namespace: &Namespace,
    token: Option<&SessionToken>,
    demand: Demand,
) -> Result<Checked, Error> {
    let Some(token) = token else {
        app.metrics.checked("malformed");
        return Ok(Checked::Invalid(Invalid::Unknown));
    };
    let checked = app.sessioning.check_for(namespace, token, demand).await;
    app.metrics.checked(match &checked {
        Ok(Checked::Live(_)) => "live",
        Ok(Checked::StepUp(..)) => "step_up",
        Ok(Checked::Invalid(reason)) => name(*reason),
        Err(_) => "error",
    });
    checked
}

/// The session that the token of a v1 request opens; the problem, if it opens none.
pub(crate) async fn holder(
    app: &App,
    namespace: &Namespace,
    token: Option<&SessionToken>,
    demand: Demand,
) -> Result<Session, ApiError> {
    match check(app, namespace, token, demand).await? {
        Checked::Live(session) => Ok(session),
        Checked::StepUp(session, lack) => Err(lacking("check", &session, demand, lack)),
        Checked::Invalid(reason) => Err(invalid(app, "check", token, reason)),
    }
}

/// The answer to a live session that does not meet the demand.
pub(crate) fn lacking(action: &str, session: &Session, demand: Demand, lack: StepUp) -> ApiError {
    tracing::debug!("[v1.{action}] Step-up needed: {} ({})", session.id(), lack_in_words(lack));
    step_up(demand, lack)
}

/// The same answer for a token that was refused without a check of its own, counted as one.
pub(crate) fn refused(app: &App, action: &str, token: Option<&SessionToken>, reason: Invalid) -> ApiError {
    app.metrics.checked(if token.is_some() { name(reason) } else { "malformed" });
    invalid(app, action, token, reason)
}

/// The one answer for every token that opens nothing; why it does not is for the log.
pub(crate) fn invalid(app: &App, action: &str, token: Option<&SessionToken>, reason: Invalid) -> ApiError {
    match token {
        None => tracing::debug!("[v1.{action}] No such session (what was sent is no token)"),
        // A session's name with another's secret: somebody guesses, or uses what was renewed.
        Some(token) if reason == Invalid::WrongSecret => {
            let id = token.id();
            let line = format_args!("[v1.{action}] No such session: {id} ({})", in_words(reason));
            app.folds.say(Folded::NoSession, "wrong secret", id, line);
        }
        Some(token) => {
            tracing::debug!("[v1.{action}] No such session: {} ({})", token.id(), in_words(reason));
        }
    }
    ApiError::new(Code::SessionInvalid).counting(FailedChecks::ONE)
}

/// RFC 9470, section 3: what is missing, so that the client can ask its user for it.
fn step_up(demand: Demand, lack: StepUp) -> ApiError {
    let error = ApiError::because(Code::StepUpRequired, lack_in_words(lack));
    error.challenging(Challenge { max_age: demand.max_age, level: demand.min_level })
}

fn lack_in_words(lack: StepUp) -> &'static str {
    match lack {
        StepUp::TooOld => "the user authenticated too long ago",
        StepUp::TooLow => "the user authenticated at too low a level",
    }
}

/// Why a token opens nothing, for people who read logs.
pub(crate) fn in_words(reason: Invalid) -> &'static str {
    match reason {
        Invalid::Unknown => "it has ended, or never was",
        Invalid::WrongSecret => "there is one, but this is not its token",
        Invalid::OtherNamespace => "it is of another namespace",
        Invalid::Expired(Expiry::Idle) => "it expired unused",
        Invalid::Expired(Expiry::Absolute) => "it reached its greatest age",
        Invalid::Pending => "it is only half authenticated",
    }
}

fn name(reason: Invalid) -> &'static str {
    match reason {
        Invalid::Unknown => "unknown",
        Invalid::WrongSecret => "wrong_secret",
        Invalid::OtherNamespace => "other_namespace",
        Invalid::Expired(Expiry::Idle) => "expired_idle",
        Invalid::Expired(Expiry::Absolute) => "expired_absolute",
        Invalid::Pending => "pending",
    }
}
