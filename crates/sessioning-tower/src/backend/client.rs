//! Sessions that the service keeps.

use async_trait::async_trait;
use serde_json::{Map, Value};
use sessioning_api::{Authenticated, CreateSession, IssuedSession, SessionView};
use sessioning_client::Client;

use super::{Backend, MOST};
use crate::Error;

#[async_trait]
impl Backend for Client {
    async fn create(&self, new: &CreateSession) -> Result<IssuedSession, Error> {
        Ok(Self::create(self, new).await?)
    }

    async fn check(&self, token: &str) -> Result<Option<SessionView>, Error> {
        Ok(Self::check(self, token).await?)
    }

    async fn peek(&self, token: &str) -> Result<Option<SessionView>, Error> {
        Ok(Self::peek(self, token).await?)
    }

    async fn renew(
        &self,
        token: &str,
        authenticated: Option<Authenticated>,
    ) -> Result<Option<IssuedSession>, Error> {
        Ok(Self::renew(self, token, authenticated).await?)
    }

    async fn patch_data(
        &self,
        token: &str,
        patch: &Map<String, Value>,
    ) -> Result<Option<SessionView>, Error> {
        Ok(Self::patch_data(self, token, patch).await?)
    }

    async fn delete(&self, token: &str) -> Result<(), Error> {
        Ok(Self::delete(self, token).await?)
    }

    async fn list(&self, token: &str) -> Result<Option<Vec<SessionView>>, Error> {
        Ok(self.list_mine(token, MOST, None).await?.map(|page| page.items))
    }

    async fn end(&self, token: &str, id: &str) -> Result<Option<bool>, Error> {
        Ok(self.end_mine(token, id).await?)
    }

    async fn end_others(&self, token: &str) -> Result<Option<u64>, Error> {
        Ok(self.end_my_others(token).await?)
    }
}
