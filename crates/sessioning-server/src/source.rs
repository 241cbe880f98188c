//! Where a request came from: the peer of its connection, or what proxies that are believed say of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap};

use crate::config::TrustedProxy;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Address(IpAddr),
    /// Whoever can reach the socket in the file system.
    Unix,
}

impl Peer {
    /// Whether these proxies are believed, and it is one of them.
    fn is_among(self, trusted: &[TrustedProxy]) -> bool {
        trusted.iter().any(|proxy| match (self, proxy) {
            (Self::Address(address), TrustedProxy::Network(network)) => {
                network.contains(&address.to_canonical())
            }
            (Self::Unix, TrustedProxy::Unix) => true,
            _ => false,
        })
    }

    /// What the connections of this peer count as; `None` for this machine and proxies that are believed.
    pub(crate) fn counted(self, trusted: &[TrustedProxy]) -> Option<Source> {
        match self {
            Self::Address(address) if !address.to_canonical().is_loopback() && !self.is_among(trusted) => {
                Some(Source::of(address))
            }
            _ => None,
        }
    }
}

/// What is counted as one source: an IPv4 address, or the /64 of an IPv6 one, which is one customer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(IpAddr);

impl Source {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into()),
            v4 => Self(v4),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

/// Whether the other end of the connection is a proxy that is believed.
pub(crate) fn is_from_proxy(extensions: &Extensions, trusted: &[TrustedProxy]) -> bool {
    extensions.get().is_some_and(|peer: &Peer| peer.is_among(trusted))
}

/// The address that a request came from; `None` if it came through a socket.
pub(crate) fn address_of(request: &Request, trusted: &[TrustedProxy]) -> Option<IpAddr> {
    let peer = *request.extensions().get::<Peer>()?;
    find(peer, request.headers(), trusted)
}

/// Where a request came from; `None` if that has no address.
pub(crate) fn of(request: &Request, trusted: &[TrustedProxy]) -> Option<Source> {
    address_of(request, trusted).map(Source::of)
}

/// The same, unless it is this machine or a proxy that is believed: what comes from there is what visitors sent.
pub(crate) fn elsewhere(request: &Request, trusted: &[TrustedProxy]) -> Option<Source> {
    let peer = *request.extensions().get::<Peer>()?;
    let address = find(peer, request.headers(), trusted)?;
    let is_ours = address.to_canonical().is_loopback() || Peer::Address(address).is_among(trusted);
    (!is_ours).then(|| Source::of(address))
}

/// Where a request came from, for people.
pub(crate) fn named(request: &Request, trusted: &[TrustedProxy]) -> String {
    of(request, trusted).map_or_else(|| "a socket".into(), |source| source.to_string())
}

/// The last address that somebody believed wrote: from the right, past those who are believed themselves.
fn find(peer: Peer, headers: &HeaderMap, trusted: &[TrustedProxy]) -> Option<IpAddr> {
    let mut nearest = match peer {
        Peer::Address(address) => Some(address),
        Peer::Unix => None,
    };
    if !peer.is_among(trusted) {
        return nearest;
    }
    let headers: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let hops = headers.iter().rev().flat_map(|header| header.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        // What is no address was not written by a proxy of ours; neither is anything before it.
        let Some(address) = address(hop) else { break };
        nearest = Some(address);
        if !Peer::Address(address).is_among(trusted) {
            break;
        }
    }
    nearest
}

/// An address as proxies write it: with or without a port, an IPv6 one with or without brackets.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split(']').next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    text.rsplit_once(':')?.0.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, forwarded: &[&str], trusted: &[&str]) -> Option<String> {
        let peer = if peer == "unix" { Peer::Unix } else { Peer::Address(peer.parse().unwrap()) };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<TrustedProxy> = trusted.iter().map(|proxy| proxy.parse().unwrap()).collect();
        find(peer, &headers, &trusted).map(|address| Source::of(address).to_string())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.into())
    }

    #[test]
    fn sec_38_sources_are_normalised() {
        assert_eq!(found("192.0.2.1", &[], &[]), some("192.0.2.1"));
        assert_eq!(found("::ffff:192.0.2.1", &[], &[]), some("192.0.2.1"));
        assert_eq!(found("2001:db8:1:2:3:4:5:6", &[], &[]), some("2001:db8:1:2::/64"));
        assert_eq!(found("unix", &[], &[]), None);
    }

    #[test]
    fn sec_38_this_machine_and_proxies_that_are_believed_are_nobody_elsewhere() {
        let from = |peer: &str, forwarded: &str| {
            let mut request = Request::new(axum::body::Body::empty());
            request.extensions_mut().insert(Peer::Address(peer.parse().unwrap()));
            if !forwarded.is_empty() {
                request.headers_mut().insert(FORWARDED_FOR, forwarded.parse().unwrap());
            }
            elsewhere(&request, &["10.0.0.0/8".parse().unwrap()]).map(|source| source.to_string())
        };
        for ours in ["127.0.0.1", "::1", "::ffff:127.0.0.9", "10.0.0.1"] {
            assert_eq!(from(ours, ""), None, "{ours}");
        }
        assert_eq!(from("10.0.0.1", "10.0.0.2"), None);
        assert_eq!(from("10.0.0.1", "198.51.100.7"), some("198.51.100.7"));
        assert_eq!(from("192.0.2.1", "127.0.0.1"), some("192.0.2.1"));
    }

    #[test]
    fn sec_38_x_forwarded_for_is_believed_from_configured_proxies_alone() {
        assert_eq!(found("192.0.2.1", &["198.51.100.7"], &[]), some("192.0.2.1"));
        assert_eq!(found("192.0.2.1", &["198.51.100.7"], &["192.0.2.0/24"]), some("198.51.100.7"));
        assert_eq!(found("::ffff:192.0.2.1", &["198.51.100.7"], &["192.0.2.1"]), some("198.51.100.7"));
        assert_eq!(found("unix", &["198.51.100.7"], &["unix"]), some("198.51.100.7"));
        assert_eq!(found("unix", &["198.51.100.7"], &["192.0.2.1"]), None);
    }

    #[test]
    fn sec_38_what_the_client_wrote_itself_is_not_believed() {
        let trusted = &["10.0.0.0/8"];
        for forwarded in [
            &["203.0.113.9, 198.51.100.7"][..],
            &["203.0.113.9", "198.51.100.7"],
            &["203.0.113.9, 198.51.100.7, 10.0.0.2"],
            &["rubbish, 198.51.100.7:4711 , 10.0.0.2"],
        ] {
            assert_eq!(found("10.0.0.1", forwarded, trusted), some("198.51.100.7"), "{forwarded:?}");
        }
        assert_eq!(found("10.0.0.1", &["198.51.100.7, rubbish"], trusted), some("10.0.0.1"));
        assert_eq!(found("10.0.0.1", &["[2001:db8::1]:443"], trusted), some("2001:db8::/64"));
        assert_eq!(found("10.0.0.1", &[], trusted), some("10.0.0.1"));
    }
}
