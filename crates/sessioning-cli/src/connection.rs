//! Which service a command talks to, and as whom.

use std::path::PathBuf;

use clap::Args;
use sessioning_client::Client;
use zeroize::Zeroizing;

use crate::outcome::Failure;
use crate::secret;

/// The service to talk to. A key is read from SESSIONING_API_KEY or from a file, never from an argument.
#[derive(Args)]
pub(crate) struct Connection {
    /// Where the service is.
    #[arg(long, env = "SESSIONING_URL", default_value = "http://127.0.0.1:7377", value_name = "URL")]
    pub(crate) url: String,

    #[command(flatten)]
    key: ApiKey,

    /// The namespace of the session.
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
}

impl Connection {
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let failed = |error| Failure::of_call(&self.url, &error);
        let mut client = self.key.client(&self.url)?;
        if let Some(namespace) = &self.namespace {
            client = client.with_namespace(namespace).map_err(failed)?;
        }
        Ok(client)
    }
}

/// The key to call with, if any.
#[derive(Args)]
pub(crate) struct ApiKey {
    /// A file that holds the API key; the environment variable SESSIONING_API_KEY may hold it instead.
    #[arg(long, value_name = "FILE", env = "SESSIONING_API_KEY_FILE", hide_env_values = true)]
    api_key_file: Option<PathBuf>,
}

impl ApiKey {
    /// A client of the service at `url` that calls with this key.
    pub(crate) fn client(&self, url: &str) -> Result<Client, Failure> {
        let failed = |error| Failure::of_call(url, &error);
        let client = Client::new(url).map_err(failed)?;
        match self.text()? {
            Some(key) => client.with_api_key(&key).map_err(failed),
            None => Ok(client),
        }
    }

    fn text(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match &self.api_key_file {
            Some(path) => secret::in_file(path).map(Some),
            None => Ok(std::env::var("SESSIONING_API_KEY").ok().map(Zeroizing::new)),
        }
    }
}
