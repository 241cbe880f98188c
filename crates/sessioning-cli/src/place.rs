//! Where a command calls: at the URL it was given, or where the configuration in force here says that its service
//! listens. The latter on this machine alone, so that a file in a foreign folder never gets a key sent elsewhere.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::Path;

use sessioning_client::is_of_this_machine;
use sessioning_server::config::{Address, AdminListen};

use crate::commands::serve;
use crate::outcome::Failure;

/// Which of a service's two listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    Public,
    Admin,
}

impl Listener {
    /// The setting that says where it is, and the flag that says it to a command.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Public => ("listen", "--url"),
            Self::Admin => ("admin_listen", "--admin-url"),
        }
    }
}

/// Where a command calls, and why there.
#[derive(Debug)]
pub(crate) struct Place {
    url: String,
    why: Option<String>,
}

impl Place {
    pub(crate) fn given(url: &str) -> Self {
        Self { url: url.into(), why: None }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}

/// Where the service listens by its configuration: the file, and the environment.
pub(crate) fn configured(file: Option<&Path>, listener: Listener) -> Result<Place, Failure> {
    let (key, flag) = listener.names();
    let instead = |failure: Failure| {
        failure
            .and_then_say(&format_args!("{flag} says where the service is without asking the configuration"))
    };
    let effective = serve::outside(file).and_then(|layers| Ok(layers.finish()?)).map_err(instead)?;
    let setting = effective.settings.iter().find(|setting| setting.key == key);
    let source = setting.map_or_else(String::new, |setting| setting.source.clone());
    let config = effective.config;
    let address = match (listener, config.admin_listen) {
        (Listener::Public, _) => Ok(config.listen),
        (Listener::Admin, AdminListen::On(address)) => Ok(address),
        (Listener::Admin, AdminListen::Off) => Err(("off".to_owned(), "there is nobody to ask".to_owned())),
    };
    let url = address.and_then(|address| here(&address).map_err(|why| (address.to_string(), why)));
    match url {
        Ok(url) => Ok(Place { url, why: Some(format!("{key}, from {source}")) }),
        Err((address, why)) => Err(Failure::usage(format!(
            "{key} = {address} (from {source}): {why}; say where the service is with {flag}"
        ))),
    }
}

/// The URL of what listens there, if that is on this machine.
fn here(address: &Address) -> Result<String, String> {
    match address {
        Address::Unix(socket) => Ok(format!("unix:{}", socket.path.display())),
        Address::Tcp { port: 0, .. } => Err("it is any free port".into()),
        Address::Tcp { host, port } if host == "localhost" => Ok(format!("http://localhost:{port}")),
        Address::Tcp { host, port } => {
            let found = (host.as_str(), *port).to_socket_addrs();
            let mut found = found.map_err(|error| format!("cannot find the address of {host}: {error}"))?;
            let own =
                found.find_map(|found| Some(loopback_of(found.ip())).filter(|ip| is_of_this_machine(*ip)));
            let own = own.ok_or("it is no address of this machine, and a key is sent to no other unasked")?;
            Ok(format!("http://{}", SocketAddr::new(own, *port)))
        }
    }
}

/// Who listens at every address listens at loopback.
fn loopback_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn only_what_listens_on_this_machine_is_called_unasked() {
        let url = |address: &str| here(&address.parse().unwrap()).ok();
        for (address, expected) in [
            ("127.0.0.1:7377", Some("http://127.0.0.1:7377")),
            ("0.0.0.0:80", Some("http://127.0.0.1:80")),
            ("[::1]:7377", Some("http://[::1]:7377")),
            ("[::]:7377", Some("http://[::1]:7377")),
            ("localhost:1", Some("http://localhost:1")),
            ("unix:/run/s", Some("unix:/run/s")),
            ("127.0.0.1:0", None),
            ("192.0.2.1:7377", None),
            ("[2001:db8::1]:7377", None),
            ("no-such-host.invalid:7377", None),
        ] {
            assert_eq!(url(address).as_deref(), expected, "{address}");
        }
    }
}
