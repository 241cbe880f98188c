//! What handlers take as arguments.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::{Refused, Session, Visitor};

/// The user who is logged in, as the application named them at login.
///
/// As an extractor it answers 401 where nobody is; `Option<CurrentUser>` is `None` there. Either answers 503 where
/// nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser(pub String);

impl From<Session> for CurrentUser {
    fn from(session: Session) -> Self {
        Self(session.user.clone())
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let visitor = parts.extensions.get::<Self>().ok_or(Refused::NoLayer)?;
        if visitor.is_foreign() {
            return Err(Refused::CrossOrigin);
        }
        Ok(visitor.clone())
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Refused> {
        Visitor::from_request_parts(parts, state).await?.session().await
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let session = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        session.ok_or(Refused::NotLoggedIn)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Refused> {
        let session = <Session as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(session.map(Into::into))
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        <Session as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Into::into)
    }
}
