//! Keeps out what is not meant for this service: requests that can be read in two ways, and, where no API key
//! decides, those of browsers. Any page can post to a local port, and a name can be rebound to it. What guards
//! instead of a key is who the request says it was meant for, and who it says it is from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use sessioning_api::{Code, is_origin_of};

use crate::access::{Surface, is_known};
use crate::app::App;
use crate::log::{Folded, plain};
use crate::problem::ApiError;
use crate::source;

/// Headers that say something once: with two of a name, whoever reads the other one reads another request.
const ONCE: [&str; 8] = [
    "host",
    "authorization",
    "content-length",
    "content-type",
    "origin",
    "sec-fetch-site",
    "x-api-key",
    "x-session-namespace",
];

/// Guards the service itself, where keys decide if there are any.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let stranger = app.keys().is_empty();
    pass(&app, stranger, app.config.open, request, next).await
}

/// Guards the admin listener: on this machine it needs no key, so a key decides only where one is sent.
pub(crate) async fn guard_admin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let has_key = !app.keys().is_empty() && is_known(&app, request.headers()).unwrap_or(false);
    let stranger = !app.admin_needs_key() && !has_key;
    pass(&app, stranger, false, request, next).await
}

/// Lets a request on; of a stranger, for whom no key vouches, only what no browser was made to send.
async fn pass(app: &App, stranger: bool, any_host: bool, request: Request, next: Next) -> Response {
    let ambiguous = ambiguity(request.uri(), request.headers()).map(ApiError::invalid);
    let foreign = if stranger { refusal(app, any_host, &request) } else { None };
    match ambiguous.or_else(|| foreign.map(|why| ApiError::because(Code::OriginRefused, why))) {
        None => next.run(request).await,
        Some(error) => {
            let from = source::named(&request, &app.config.proxy.trusted);
            let (problem, status) = (&error.problem, error.problem.status);
            let line = format_args!("[guard] A request from {from} was refused with {status}: {problem}");
            app.folds.say(Folded::Refusal, problem.code.title(), &from, line);
            Surface::of(&app.config, request.uri().path()).render(error)
        }
    }
}

/// In what a request could be read in two ways (RFC 9112, 3.2, and RFC 9110, 5.3); `None` if in nothing.
fn ambiguity(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let twice = |name: &&&str| headers.get_all(**name).iter().nth(1).is_some();
    if let Some(name) = ONCE.iter().find(twice) {
        return Some(format!("the request carries two headers of the name {name}; send one"));
    }
    let named = uri.authority().map(Authority::as_str)?;
    let host = headers.get(header::HOST)?.to_str().unwrap_or_default();
    let same = without_port_80(named).eq_ignore_ascii_case(without_port_80(host));
    (!same).then(|| "the Host is another than that of the request line".into())
}

fn without_port_80(authority: &str) -> &str {
    authority.strip_suffix(":80").unwrap_or(authority)
}

/// Why a request that no key vouches for is not to be trusted; `None` if it is.
fn refusal(app: &App, any_host: bool, request: &Request) -> Option<String> {
    let host = host(request.uri(), request.headers());
    if !any_host && !host.is_some_and(|host| is_accepted(host, &app.config.hosts)) {
        let host = plain(host.unwrap_or_default());
        return Some(format!(
            "the Host \"{host}\" is not a loopback name; list it under hosts, or configure an API key"
        ));
    }
    refused_origin(request.headers(), host, &app.config.concept.cors_origins)
}

fn refused_origin(headers: &HeaderMap, host: Option<&str>, allowed: &[String]) -> Option<String> {
    let listed = |origin: &str| allowed.iter().any(|one| one == "*" || one == origin);
    match headers.get(header::ORIGIN) {
        Some(origin) => {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            if listed(&origin) || is_origin_of(&origin, host) {
                None
            } else {
                let origin = plain(&origin);
                Some(format!("the Origin {origin} is not listed under concept.cors_origins"))
            }
        }
        None if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") => {
            Some("it comes from a page of another site (Sec-Fetch-Site: cross-site)".into())
        }
        None => None,
    }
}

/// The host that a request is for, with its port: an absolute request line overrides the header (RFC 9112, 3.2.2).
pub(crate) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let in_headers = || headers.get(header::HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(Authority::as_str).or_else(in_headers)
}

/// Whether a `Host`, with or without a port, is a loopback name or address or one of `hosts`.
fn is_accepted(host: &str, hosts: &[String]) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_rest = |rest: &str| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(_, port)| is_rest(port)).map_or("", |(name, _)| name),
        None => match host.rsplit_once(':') {
            Some((name, port)) => Some(name).filter(|_| is_port(port)).unwrap_or_default(),
            None => host,
        },
    };
    let local = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    local || hosts.iter().any(|one| one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_and_listed_ones_are_accepted() {
        let hosts = ["sessions.internal".to_owned()];
        for good in [
            "localhost",
            "LOCALHOST:7377",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:7377",
            "[::1]",
            "sessions.internal:80",
        ] {
            assert!(is_accepted(good, &hosts), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[2001:db8::1]",
            "127.0.0.1.nip.io",
            "[::1].evil.example",
            "[::1]@evil.example",
            "[::1]:80.evil.example",
            "localhost:junk",
            "127.0.0.1:80@evil.example",
            "[::1",
        ] {
            assert!(!is_accepted(bad, &hosts), "{bad}");
        }
    }

    fn found(uri: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        ambiguity(&uri.parse().unwrap(), &map)
    }

    #[test]
    fn a_request_that_can_be_read_in_two_ways_is_refused() {
        for name in ONCE {
            let twice = found("/", &[(name, "a"), (name, "a")]);
            assert!(twice.is_some_and(|why| why.contains(name)), "{name}");
            assert_eq!(found("/", &[(name, "a")]), None);
        }
        assert!(found("http://localhost/", &[("host", "evil.example")]).is_some());
        assert!(found("http://localhost:7377/", &[("host", "localhost")]).is_some());
        for host in ["localhost", "LOCALHOST:80"] {
            assert_eq!(found("http://localhost/", &[("host", host)]), None, "{host}");
        }
        assert_eq!(found("http://localhost/", &[]), None);
        assert_eq!(found("/", &[("host", "a"), ("cookie", "a=1"), ("cookie", "b=2")]), None);
    }
}
