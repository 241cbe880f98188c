//! Service links: the variables in which Kubernetes tells every container where the services of its namespace are.
//! Those of a service named `sessioning`, or `sessioning-…`, begin as our settings do.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

/// Whether a variable among these is a link. Names alone do not decide: each value must be what Kubernetes writes, and
/// the service's host and port must be there, so that a setting spelt wrong is still found.
pub(super) fn is_link(name: &str, among: &BTreeMap<String, String>) -> bool {
    let Some(value) = among.get(name) else { return false };
    let ends = name.match_indices('_').map(|(at, _)| name.split_at(at));
    ends.into_iter().any(|(service, rest)| is_service(service, among) && is_of_service(rest, value))
}

fn is_service(name: &str, among: &BTreeMap<String, String>) -> bool {
    let of = |rest: &str| among.get(&format!("{name}{rest}"));
    of("_SERVICE_HOST").is_some_and(|host| is_address(host))
        && of("_SERVICE_PORT").is_some_and(|port| is_port(port))
}

/// Whether Kubernetes writes such a value into the variable that is named after its service like this.
fn is_of_service(rest: &str, value: &str) -> bool {
    if rest == "_SERVICE_HOST" {
        return is_address(value);
    }
    if let Some(port) = rest.strip_prefix("_SERVICE_PORT") {
        return (port.is_empty() || port.starts_with('_')) && is_port(value);
    }
    let Some(port) = rest.strip_prefix("_PORT") else { return false };
    let mut parts = port.split('_').skip(1);
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [None, ..] => port.is_empty() && is_url(value),
        [Some(number), Some(protocol), detail, None] if is_port(number) && is_protocol(protocol) => {
            match detail {
                None => is_url(value),
                Some("PROTO") => is_protocol(value),
                Some("PORT") => is_port(value),
                Some("ADDR") => is_address(value),
                Some(_) => false,
            }
        }
        _ => false,
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_protocol(text: &str) -> bool {
    PROTOCOLS.iter().any(|protocol| protocol.eq_ignore_ascii_case(text))
}

fn is_url(text: &str) -> bool {
    let parts = text.split_once("://");
    parts.is_some_and(|(protocol, at)| is_protocol(protocol) && at.parse::<SocketAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(variables: &[(&str, &str)]) -> Vec<String> {
        let all: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.keys().filter(|name| is_link(name, &all)).cloned().collect()
    }

    #[test]
    fn what_kubernetes_writes_for_a_service_is_a_link() {
        for (service, host, url) in [
            ("SESSIONING", "10.43.0.7", "tcp://10.43.0.7:7377"),
            ("SESSIONING_ADMIN", "fd00::7", "tcp://[fd00::7]:7377"),
            ("SESSIONING_SERVICE", "10.43.0.7", "tcp://10.43.0.7:7377"),
        ] {
            let variables = [
                ("_SERVICE_HOST", host),
                ("_SERVICE_PORT", "7377"),
                ("_SERVICE_PORT_HTTP_V1", "7377"),
                ("_PORT", url),
                ("_PORT_7377_TCP", url),
                ("_PORT_7377_TCP_PROTO", "tcp"),
                ("_PORT_7377_TCP_PORT", "7377"),
                ("_PORT_7377_TCP_ADDR", host),
            ]
            .map(|(rest, value)| (format!("{service}{rest}"), value));
            let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            assert_eq!(links(&variables).len(), variables.len(), "{service}");
        }
    }

    #[test]
    fn what_looks_like_a_link_and_is_none_stays_an_error() {
        let service = [("SESSIONING_SERVICE_HOST", "10.43.0.7"), ("SESSIONING_SERVICE_PORT", "7377")];
        for wrong in [
            ("SESSIONING_PORT", "7377"),
            ("SESSIONING_PORT", "tcp://10.43.0.7"),
            ("SESSIONING_SERVICE_PORTS", "7377"),
            ("SESSIONING_PORT_7377_TCP_NAME", "x"),
            ("SESSIONING_PORT_7377_TCP_ADDR", "here"),
            ("SESSIONING_ADMIN_PORT", "tcp://10.43.0.7:1"),
            ("SESSIONING_STOER", "memory:"),
        ] {
            assert_eq!(links(&[&service[..], &[wrong]].concat()).len(), service.len(), "{wrong:?}");
        }
        assert!(links(&[service[0]]).is_empty() && links(&[service[1]]).is_empty());
        assert!(links(&[("SESSIONING_SERVICE_HOST", "db"), service[1]]).is_empty());
    }
}
