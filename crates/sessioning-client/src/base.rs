//! Where a service is: what people write for it, and the URL that is called.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::{Path, PathBuf};

use reqwest::{ClientBuilder, Url};

use crate::Error;

/// A port that needs nobody behind it.
const DISCARD: u16 = 9;

/// The URL that calls begin with, without a slash at its end; and the socket through which they go, if any.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) url: String,
    pub(crate) socket: Option<PathBuf>,
}

impl Base {
    /// # Errors
    ///
    /// When the text is no URL of HTTP. It is not repeated: a URL may hold a password.
    pub(crate) fn of(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err(Error::unusable("the URL", "has no path; write it as unix:/run/sessioning.sock"));
            }
            return Ok(Self { url: "http://localhost".into(), socket: Some(path.into()) });
        }
        // What is before a colon may be a host, whose port follows.
        let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let parsed = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let why =
            "must be such as http://127.0.0.1:7377, https://sessions.example or unix:/run/sessioning.sock";
        if parsed.is_none() || text.contains(|character: char| character.is_whitespace()) {
            return Err(Error::unusable("the URL", why));
        }
        Ok(Self { url: url.trim_end_matches('/').into(), socket: None })
    }
}

/// Whether calls stay on this machine: then they are no proxy's business, least of all a token.
pub(crate) fn is_local(url: &str) -> bool {
    let url = Url::parse(url);
    let host = url.as_ref().ok().and_then(Url::host_str).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse();
    host == "localhost" || address.is_ok_and(is_of_this_machine)
}

/// Whether an address is one of this machine, so that nothing sent there leaves it.
#[must_use]
pub fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || source_towards(address).is_ok_and(|source| source == address)
}

/// The address from which packets to another one are sent: the same one if it is ours. Nothing is sent. Whether it can
/// be bound says less: machines that take over others' addresses may bind any.
fn source_towards(address: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((address, DISCARD))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it fails")]
pub(crate) fn through_socket(http: ClientBuilder, path: &Path) -> Result<ClientBuilder, Error> {
    Ok(http.unix_socket(path))
}

#[cfg(not(unix))]
pub(crate) fn through_socket(_: ClientBuilder, _: &Path) -> Result<ClientBuilder, Error> {
    Err(Error::unusable("the URL", "names a socket, which this system has not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_goes_through_no_proxy() {
        for local in ["http://127.0.0.9:1", "http://localhost/x", "https://[::1]:7377"] {
            assert!(is_local(local), "{local}");
        }
        for other in
            ["http://192.0.2.1:1", "http://localhost.example", "http://127.example", "http://224.0.0.1"]
        {
            assert!(!is_local(other), "{other}");
        }
        // Our own address in a network, if we have one.
        if let Ok(own) = source_towards([198, 51, 100, 1].into()) {
            assert!(is_local(&format!("http://{own}:1")), "{own}");
        }
    }

    #[test]
    fn a_url_may_lack_its_scheme_or_be_a_socket() {
        let url = |text: &str| Base::of(text).map(|base| (base.url, base.socket)).ok();
        let plain = |url: &str| Some((url.to_owned(), None));
        for (text, expected) in [
            ("http://127.0.0.1:7377", plain("http://127.0.0.1:7377")),
            ("127.0.0.1:7377/", plain("http://127.0.0.1:7377")),
            ("localhost:7377\n", plain("http://localhost:7377")),
            ("[::1]:7377", plain("http://[::1]:7377")),
            ("sessions", plain("http://sessions")),
            ("https://sessions.example/a/", plain("https://sessions.example/a")),
            ("unix:/run/s.sock", Some(("http://localhost".into(), Some("/run/s.sock".into())))),
            ("unix:", None),
            ("", None),
            ("ftp://host", None),
            ("http://", None),
            ("http://ho\nst", None),
            ("localhost:seven", None),
        ] {
            assert_eq!(url(text), expected, "{text:?}");
        }
    }
}
