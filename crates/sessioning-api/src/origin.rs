//! Whether a browser was made to send a request by a page of another origin.

/// Whether a request comes from a page of the host it is for, or from no page at all.
///
/// A browser sends the session cookie with whatever a page asks it to send, so a cookie may change something only
/// where this is so (ASVS 5.0, 3.5.1). `site` is the request's `Sec-Fetch-Site`, which decides where there is one;
/// `origin` its `Origin`; `host` the host that it is for. What sends neither of the first two is no browser.
#[must_use]
pub fn is_same_origin(site: Option<&str>, origin: Option<&str>, host: Option<&str>) -> bool {
    match site {
        // `none` is the user, by hand.
        Some(site) => site == "same-origin" || site == "none",
        None => origin.is_none_or(|origin| is_origin_of(origin, host)),
    }
}

/// Whether an `Origin` is that very host. Its scheme is not compared: what ends TLS hides it.
#[must_use]
pub fn is_origin_of(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == host
}

#[cfg(test)]
mod tests {
    use super::is_same_origin;

    const HOST: Option<&str> = Some("app.example");
    const OWN: Option<&str> = Some("https://app.example");
    const OTHER: Option<&str> = Some("https://other.example");

    #[test]
    fn sec_31_a_cookie_counts_only_in_requests_of_its_origin() {
        for (site, origin) in [
            (None, None),
            (Some("same-origin"), None),
            (Some("none"), None),
            (None, OWN),
            (Some("same-origin"), OTHER),
        ] {
            assert!(is_same_origin(site, origin, HOST), "{site:?} {origin:?}");
        }
        for (site, origin, host) in [
            (Some("cross-site"), None, HOST),
            (Some("same-site"), None, HOST),
            (Some(""), None, HOST),
            (None, OTHER, HOST),
            (None, Some("null"), HOST),
            (None, Some(""), HOST),
            (None, OWN, None),
            (Some("cross-site"), OWN, HOST),
        ] {
            assert!(!is_same_origin(site, origin, host), "{site:?} {origin:?}");
        }
    }
}
