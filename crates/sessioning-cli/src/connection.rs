//! Which service a command talks to, and as whom.

use std::path::PathBuf;

use clap::Args;
use sessioning::Namespace;
use sessioning_client::{Client, Error};
use sessioning_server::config::Inside;
use zeroize::Zeroizing;

use crate::outcome::Failure;
use crate::place::{self, Listener, Place};
use crate::secret;
use crate::text::{FileName, Text};

const KEY: &str = "SESSIONING_API_KEY";

/// The service to talk to. A key is read from SESSIONING_API_KEY or from a file, never from an argument.
#[derive(Args)]
pub(crate) struct Connection {
    /// Where the service is, such as http://127.0.0.1:7377, sessions.internal:7377 or unix:/run/sessioning.sock [default:
    /// where the configuration says that it listens, if that is on this machine]
    #[arg(long, env = "SESSIONING_URL", value_name = "URL", value_parser = Text(Inside::Nothing))]
    url: Option<String>,

    #[command(flatten)]
    rest: Caller,

    /// The namespace of the session.
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<Namespace>,
}

impl Connection {
    pub(crate) fn service(&self) -> Result<Service, Failure> {
        let service = self.rest.service(self.url.as_deref(), Listener::Public)?;
        match &self.namespace {
            None => Ok(service),
            Some(namespace) => service.map(|client| client.with_namespace(namespace.as_str())),
        }
    }
}

/// Who calls, and by what configuration.
#[derive(Args)]
pub(crate) struct Caller {
    /// A file that holds the API key; the environment variable SESSIONING_API_KEY may hold it instead.
    #[arg(
        long,
        value_name = "FILE",
        env = "SESSIONING_API_KEY_FILE",
        hide_env_values = true,
        value_parser = FileName
    )]
    api_key_file: Option<PathBuf>,

    /// The configuration that says where the service listens [default: ./sessioning.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "SESSIONING_CONFIG", value_parser = FileName)]
    config: Option<PathBuf>,
}

impl Caller {
    /// The service at `url`, or else the one whose configuration this is.
    pub(crate) fn service(&self, url: Option<&str>, listener: Listener) -> Result<Service, Failure> {
        let place = match url {
            Some(url) => Place::given(url),
            None => place::configured(self.config.as_deref(), listener)?,
        };
        let client = Client::new(place.url()).map_err(|error| Failure::of_call(&place, &error))?;
        let service = Service { client, place };
        match self.key()? {
            None => Ok(service),
            Some(key) => service.map(|client| client.with_api_key(&key)),
        }
    }

    fn key(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(path) = &self.api_key_file {
            return secret::in_file(path).map(Some);
        }
        let Some(key) = std::env::var_os(KEY) else { return Ok(None) };
        let key = key.into_string().map_err(|_| Failure::usage(format!("{KEY}: is not UTF-8 text")))?;
        secret::word(KEY, &Zeroizing::new(key)).map(Some)
    }
}

/// The service that a command calls.
pub(crate) struct Service {
    pub(crate) client: Client,
    place: Place,
}

impl Service {
    fn map(self, change: impl FnOnce(Client) -> Result<Client, Error>) -> Result<Self, Failure> {
        let Self { client, place } = self;
        match change(client) {
            Ok(client) => Ok(Self { client, place }),
            Err(error) => Err(Failure::of_call(&place, &error)),
        }
    }

    /// What a call failed with.
    pub(crate) fn failed(&self, error: &Error) -> Failure {
        Failure::of_call(&self.place, error)
    }
}
