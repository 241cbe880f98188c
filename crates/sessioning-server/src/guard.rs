//! Keeps browsers out of a service without keys: any page can post to a local port, and a name can be rebound
//! to it. What guards instead of a key is who the request says it was meant for, and who it says it is from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use sessioning_api::{Code, is_origin_of};

use crate::access::Surface;
use crate::app::App;
use crate::log::plain;
use crate::problem::ApiError;

pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match refusal(&app, &request) {
        None => next.run(request).await,
        Some(why) => {
            tracing::warn!("a request was refused with 403: {why}");
            let surface = Surface::of(&app.config, request.uri().path());
            surface.render(ApiError::because(Code::OriginRefused, why))
        }
    }
}

/// Why a request without a key is not to be trusted; `None` if it is, or if keys decide.
fn refusal(app: &App, request: &Request) -> Option<String> {
    if !app.keys().is_empty() {
        return None;
    }
    let host = host(request.uri(), request.headers());
    if !app.config.open && !host.is_some_and(|host| is_accepted(host, &app.config.hosts)) {
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
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let local = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    local || hosts.iter().any(|one| one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::is_accepted;

    #[test]
    fn loopback_names_and_listed_ones_are_accepted() {
        let hosts = ["sessions.internal".to_owned()];
        for good in
            ["localhost", "LOCALHOST:7377", "127.0.0.1:1", "127.9.9.9", "[::1]:7377", "sessions.internal:80"]
        {
            assert!(is_accepted(good, &hosts), "{good}");
        }
        for bad in
            ["", "evil.example", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]", "127.0.0.1.nip.io"]
        {
            assert!(!is_accepted(bad, &hosts), "{bad}");
        }
    }
}
