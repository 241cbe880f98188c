//! Which cookies a browser sends where: the domains of a host, the paths of a request (RFC 6265, section 5.1).

/// The longest name of a host (RFC 1035).
const MAX_HOST: usize = 253;
/// The most domains of one host that are looked at.
const MOST_DOMAINS: usize = 8;
/// The longest path that browsers take in a cookie.
const MAX_PATH: usize = 1024;

/// The domains whose cookies a browser sends to a host, which may have a port: its own name and those above it, but for
/// single labels. An address has no domains. Of very many, those nearest to the top.
pub(crate) fn domains(host: Option<&str>) -> Vec<&str> {
    let Some(name) = host.and_then(name) else { return Vec::new() };
    let below = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
    let mut found: Vec<_> = std::iter::once(name).chain(below).filter(|it| it.contains('.')).collect();
    found.drain(..found.len().saturating_sub(MOST_DOMAINS));
    found
}

/// Whether a host, which may have a port, is a domain or below it.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    let Some(name) = name(host) else { return false };
    let Some(rest) = name.len().checked_sub(domain.len()) else { return false };
    let (above, end) = name.split_at_checked(rest).unwrap_or((name, ""));
    end.eq_ignore_ascii_case(domain) && (above.is_empty() || above.ends_with('.'))
}

/// The name in a `Host` header; `None` for an address, and for what is no name.
fn name(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    // Browsers take a name whose last label begins like a number for an IPv4 address.
    let is_address =
        name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    (name.len() <= MAX_HOST && !is_address && name.split('.').all(is_label)).then_some(name)
}

/// The paths whose cookies a browser sends with a request for `path`, the shortest first.
pub(crate) fn paths(path: &str) -> impl Iterator<Item = &str> {
    let is_plain = |path: &&str| {
        path.starts_with('/')
            && path.len() <= MAX_PATH
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';')
    };
    let folders = path.match_indices('/').flat_map(|(at, _)| [&path[..at], &path[..=at]]);
    let file = (!path.ends_with('/')).then_some(path);
    folders.chain(file).filter(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_own_domain_and_those_above_it_but_no_single_label() {
        let of = |host| domains(Some(host));
        let own = ["app.shop.example.com", "shop.example.com", "example.com"];
        assert_eq!(of("app.shop.example.com"), own);
        assert_eq!(of("app.shop.example.com:8443"), own);
        assert_eq!(of("my_app.example.com"), ["my_app.example.com", "example.com"]);
        for none in [
            "localhost",
            "localhost:3000",
            "",
            "com",
            "127.0.0.1",
            "127.0.0.1:80",
            "1.0x7f",
            "[::1]:80",
            "::1",
        ] {
            assert!(of(none).is_empty(), "{none}");
        }
        for odd in ["a..b.com", ".example.com", "example.com.", "a;b.com", "a b.com", "ü.com", "a.com, b.com"]
        {
            assert!(of(odd).is_empty(), "{odd}");
        }
        assert!(domains(None).is_empty());
    }

    #[test]
    fn the_domains_looked_at_are_bounded_and_those_of_all_hosts_come_first() {
        let deep = format!("{}example.com", "a.".repeat(40));
        let found = domains(Some(&deep));
        assert_eq!((found.len(), found.last()), (8, Some(&"example.com")));
        assert!(domains(Some(&format!("{}example.com", "a.".repeat(400)))).is_empty(), "no host is so long");
    }

    #[test]
    fn a_host_is_within_a_domain_at_a_full_stop_alone() {
        assert!(is_within("app.example.com:80", "Example.com") && is_within("example.com", "example.com"));
        for other in ["notexample.com", "com", "example.com.evil", "127.0.0.1", "üexample.com"] {
            assert!(!is_within(other, "example.com"), "{other}");
        }
    }

    #[test]
    fn a_request_gets_the_cookies_of_the_paths_above_it() {
        let of = |path| paths(path).collect::<Vec<_>>();
        assert_eq!(of("/"), ["/"]);
        assert_eq!(of("/a/b"), ["/", "/a", "/a/", "/a/b"]);
        assert_eq!(of("/a/"), ["/", "/a", "/a/"]);
        for none in ["", "*", "a"] {
            assert!(of(none).is_empty(), "{none}");
        }
        assert_eq!(of("/a;b/c"), ["/"], "no cookie has such a path");
    }
}
