//! Sessions that this process keeps.

use async_trait::async_trait;
use serde_json::{Map, Value};
use sessioning::{
    Authentication, Changed, Demand, Namespace, NewSession, Owner, Patch, Session, SessionId, SessionToken,
    Sessioning,
};
use sessioning_api::{
    Authenticated, Code, CreateSession, IssuedSession, Problem, SessionView, TokenText,
    refuse_prototypes_in_patch,
};

use super::{Backend, MOST};
use crate::Error;

/// Sessions of this process, in the namespace `default` or in another one.
#[derive(Clone, Debug)]
pub struct InProcess {
    sessioning: Sessioning,
    namespace: Namespace,
}

impl InProcess {
    /// Keeps sessions there.
    #[must_use]
    pub fn new(sessioning: Sessioning) -> Self {
        Self { sessioning, namespace: Namespace::default() }
    }

    /// The same, keeping users and sessions apart from those of other namespaces over the same store.
    #[must_use]
    pub fn in_namespace(self, namespace: Namespace) -> Self {
        Self { namespace, ..self }
    }

    /// The live session that a token opens.
    async fn open(&self, token: &str, demand: Demand) -> Result<Option<Session>, Error> {
        let Some(token) = parse(token) else { return Ok(None) };
        Ok(self.sessioning.check_for(&self.namespace, &token, demand).await?.live())
    }
}

/// What is no token of ours opens nothing, without asking the store.
fn parse(token: &str) -> Option<SessionToken> {
    SessionToken::parse(token).ok()
}

#[async_trait]
impl Backend for InProcess {
    async fn create(&self, new: &CreateSession) -> Result<IssuedSession, Error> {
        let user = new.user.parse().map_err(|why| Problem::new(Code::InvalidUser).because(why))?;
        let owner = Owner::new(self.namespace.clone(), user);
        let created = self.sessioning.create(owner, NewSession::try_from(new)?).await?;
        Ok(issued(&created.token, &created.session))
    }

    async fn check(&self, token: &str) -> Result<Option<SessionView>, Error> {
        Ok(self.open(token, Demand::default()).await?.as_ref().map(Into::into))
    }

    async fn peek(&self, token: &str) -> Result<Option<SessionView>, Error> {
        Ok(self.open(token, Demand::QUIET).await?.as_ref().map(Into::into))
    }

    async fn renew(
        &self,
        token: &str,
        authenticated: Option<Authenticated>,
    ) -> Result<Option<IssuedSession>, Error> {
        let Some(token) = parse(token) else { return Ok(None) };
        let new = authenticated.as_ref().map(Authentication::try_from).transpose()?;
        match self.sessioning.renew(&self.namespace, &token, new).await? {
            Changed::Done(renewed) => Ok(Some(issued(&renewed.token, &renewed.session))),
            Changed::Invalid(_) => Ok(None),
            Changed::Conflict => Err(Problem::new(Code::VersionConflict).into()),
        }
    }

    async fn patch_data(
        &self,
        token: &str,
        patch: &Map<String, Value>,
    ) -> Result<Option<SessionView>, Error> {
        let Some(token) = parse(token) else { return Ok(None) };
        let invalid = |why: &dyn std::fmt::Display| Problem::new(Code::InvalidRequest).because(why);
        refuse_prototypes_in_patch(patch)?;
        let text = serde_json::to_string(patch).map_err(|error| invalid(&error))?;
        let patch = Patch::from_json(&text).map_err(|error| invalid(&error))?;
        match self.sessioning.patch_data(&self.namespace, &token, &patch, None).await? {
            Changed::Done(session) => Ok(Some((&session).into())),
            Changed::Refused(why) => Err(invalid(&why).into()),
            Changed::Invalid(_) => Ok(None),
            Changed::Conflict => Err(Problem::new(Code::VersionConflict).into()),
        }
    }

    async fn delete(&self, token: &str) -> Result<(), Error> {
        if let Some(token) = parse(token) {
            self.sessioning.delete(&self.namespace, &token).await?;
        }
        Ok(())
    }

    async fn list(&self, token: &str) -> Result<Option<Vec<SessionView>>, Error> {
        let Some(session) = self.open(token, Demand::QUIET).await? else { return Ok(None) };
        let page = self.sessioning.list(session.owner(), None, MOST).await?;
        Ok(Some(page.sessions.iter().map(Into::into).collect()))
    }

    async fn end(&self, token: &str, id: &str) -> Result<Option<bool>, Error> {
        let Some(session) = self.open(token, Demand::default()).await? else { return Ok(None) };
        let Ok(id) = id.parse::<SessionId>() else { return Ok(Some(false)) };
        Ok(Some(self.sessioning.revoke_own(session.owner(), id).await?))
    }

    async fn end_others(&self, token: &str) -> Result<Option<u64>, Error> {
        let Some(session) = self.open(token, Demand::default()).await? else { return Ok(None) };
        let ended = self.sessioning.revoke_user(session.owner(), Some(session.id())).await?;
        Ok(Some(u64::try_from(ended.len()).unwrap_or(u64::MAX)))
    }
}

/// A session with its new token. The cookie is the layer's to make.
fn issued(token: &SessionToken, session: &Session) -> IssuedSession {
    IssuedSession {
        token: TokenText::new(token.expose().to_string()),
        session: session.into(),
        set_cookie: TokenText::new(String::new()),
        set_cookies: Vec::new(),
    }
}
