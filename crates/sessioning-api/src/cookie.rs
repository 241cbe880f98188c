//! The session cookie: made, removed, and found in a request, after RFC 6265bis.

use std::fmt;

use crate::cookie_scope::{domains, is_within, paths};

/// The longest a browser keeps a cookie (RFC 6265bis): 400 days, in seconds.
const LONGEST: u64 = 400 * 24 * 60 * 60;
/// The most bytes of a name and its value, and of an attribute, that a browser takes (RFC 6265bis).
const MAX_PAIR: usize = 4096;
const MAX_ATTRIBUTE: usize = 1024;
/// The most bytes of a name, which leaves any token its room.
const MAX_NAME: usize = 256;
/// The most other cookies that one answer takes away: proxies take heads of 4 KiB.
const MOST_OTHERS: usize = 16;
const HOST_PREFIX: &[u8] = b"__Host-";

/// What the cookie shall be; the default is `__Host-session=…; Path=/; Secure; HttpOnly; SameSite=Lax`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSettings {
    /// Its name. `None`: `session`, with the strongest prefix that the rest allows.
    pub name: Option<String>,
    /// The domain whose subdomains get it, too. `None`: the host alone that set it.
    pub domain: Option<String>,
    /// The path below which it is sent.
    pub path: String,
    /// Whether requests from other sites carry it.
    pub same_site: SameSite,
    /// Sent over TLS alone.
    pub secure: bool,
}

/// Whether requests that other sites cause carry the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when the user follows a link.
    #[default]
    Lax,
    /// Always.
    None,
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self { name: None, domain: None, path: "/".into(), same_site: SameSite::Lax, secure: true }
    }
}

/// A session cookie that browsers will take: always `HttpOnly`, with attributes that go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    name: String,
    domain: Option<String>,
    path: String,
    flags: String,
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self::unchecked(CookieSettings::default())
    }
}

impl SessionCookie {
    /// A cookie of these settings.
    ///
    /// # Errors
    ///
    /// When a browser would not take it: names the rule.
    pub fn new(settings: CookieSettings) -> Result<Self, CookieError> {
        let cookie = Self::unchecked(settings.clone());
        let CookieSettings { domain, path, same_site, secure, .. } = settings;
        let name = cookie.name.as_bytes();
        let begins = |prefix| begins(name, prefix);
        let plain = |text: &str| !text.bytes().any(|byte| byte.is_ascii_control() || byte == b';');
        let hostname = |text: &str| {
            let named = |label: &str| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            text.split('.').all(named)
        };
        if !(1..=MAX_NAME).contains(&name.len()) || !name.iter().all(|byte| is_token(*byte)) {
            Err(CookieError::Name)
        } else if (begins(HOST_PREFIX) || begins(b"__Secure-") || begins(b"__Http-")) && !secure {
            Err(CookieError::PrefixNeedsSecure)
        } else if begins(HOST_PREFIX) && (domain.is_some() || path != "/") {
            Err(CookieError::HostPrefix)
        } else if same_site == SameSite::None && !secure {
            Err(CookieError::NoneNeedsSecure)
        } else if !path.starts_with('/') || !plain(&path) || path.len() > MAX_ATTRIBUTE {
            Err(CookieError::Path)
        } else if domain.is_some_and(|domain| !hostname(&domain) || domain.len() > MAX_ATTRIBUTE) {
            Err(CookieError::Domain)
        } else {
            Ok(cookie)
        }
    }

    fn unchecked(settings: CookieSettings) -> Self {
        let CookieSettings { name, domain, path, same_site, secure } = settings;
        let name = name.unwrap_or_else(|| {
            let prefix = match (secure, &domain, path.as_str()) {
                (false, ..) => "",
                (true, None, "/") => "__Host-",
                (true, ..) => "__Secure-",
            };
            format!("{prefix}session")
        });
        let secure = if secure { "; Secure" } else { "" };
        Self { name, domain, path, flags: format!("{secure}; HttpOnly; SameSite={same_site}") }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a `Set-Cookie` header that gives a token to a browser for so many seconds, at most 400 days.
    ///
    /// How long it lives decides nothing about the session.
    ///
    /// # Errors
    ///
    /// When the token holds what no cookie can, or is too long with the name.
    pub fn set(&self, token: &str, max_age: u64) -> Result<String, CookieError> {
        if token.is_empty() || !token.bytes().all(is_octet) || self.name.len() + token.len() > MAX_PAIR {
            return Err(CookieError::Value);
        }
        Ok(self.line(token, self.domain.as_deref(), &self.path, max_age.min(LONGEST)))
    }

    /// The value of a `Set-Cookie` header that takes the cookie away: all its attributes again, and no life.
    #[must_use]
    pub fn remove(&self) -> String {
        self.line("", self.domain.as_deref(), &self.path, 0)
    }

    /// The values of `Set-Cookie` headers that take away every other cookie of this name that a browser may send to
    /// `host`, at most 16: those of the host alone and of each parent domain, and with `path`, the request's own, those
    /// of each path above it.
    ///
    /// An earlier configuration, or another subdomain, may have left one. They go before the value that [`set`](Self::set)
    /// or [`remove`](Self::remove) gives: to some clients two of them are the same cookie, and the last one counts.
    #[must_use]
    pub fn remove_others(&self, host: Option<&str>, path: Option<&str>) -> Vec<String> {
        // Browsers take a cookie of this prefix for one host and the path `/` alone.
        if begins(self.name.as_bytes(), HOST_PREFIX) {
            return Vec::new();
        }
        let own = self.domain.as_deref();
        let domains = domains(host.filter(|host| own.is_none_or(|own| is_within(host, own))).or(own));
        let paths = path.into_iter().flat_map(paths).filter(|path| *path != self.path);
        let is_own = |domain: Option<&str>, path: &str| {
            path == self.path && domain.map(str::to_ascii_lowercase) == own.map(str::to_ascii_lowercase)
        };
        let mut others = Vec::new();
        for path in std::iter::once(self.path.as_str()).chain(paths) {
            for domain in std::iter::once(None).chain(domains.iter().copied().map(Some)) {
                if others.len() < MOST_OTHERS && !is_own(domain, path) {
                    others.push(self.line("", domain, path, 0));
                }
            }
        }
        others
    }

    fn line(&self, value: &str, domain: Option<&str>, path: &str, max_age: u64) -> String {
        let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        format!("{}={value}{domain}; Path={path}{}; Max-Age={max_age}", self.name, self.flags)
    }

    /// All values that the `Cookie` headers of a request have for this name, in their order.
    ///
    /// Byte-exact and case-sensitive: only spaces and tabs around a pair are dropped, nothing is decoded.
    pub fn values<'a>(&self, headers: impl IntoIterator<Item = &'a [u8]>) -> impl Iterator<Item = &'a [u8]> {
        let pairs = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
        pairs.map(trim).filter_map(|pair| pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"="))
    }

    /// The cookie's value in the `Cookie` headers of a request, as [`values`](Self::values) reads them.
    ///
    /// # Errors
    ///
    /// When there are two that differ: somebody may have planted one of them. Answer with
    /// [`remove_others`](Self::remove_others) and [`remove`](Self::remove), or the visitor is locked out.
    pub fn find<'a>(
        &self,
        headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<&'a [u8]>, TwoCookies> {
        let mut values = self.values(headers);
        let first = values.next();
        if values.any(|other| Some(other) != first) {
            return Err(TwoCookies { name: self.name.clone() });
        }
        Ok(first)
    }
}

/// Whether a name has a prefix, which browsers compare without regard to case.
fn begins(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix))
}

/// What a name may be made of: RFC 9110's token.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What a value may be made of: RFC 6265's cookie-octet.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

fn trim(mut pair: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = pair {
        pair = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = pair {
        pair = rest;
    }
    pair
}

impl fmt::Display for SameSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        })
    }
}

/// Why a browser would not take a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieError {
    /// The name is empty or too long, or has characters that no name may have.
    Name,
    /// A prefix that promises `Secure` without it.
    PrefixNeedsSecure,
    /// `__Host-` with a `Domain`, or another path than `/`.
    HostPrefix,
    /// `SameSite=None` without `Secure`.
    NoneNeedsSecure,
    /// The path does not begin with `/`, holds `;` or control characters, or is too long.
    Path,
    /// The domain is no host name, or is too long.
    Domain,
    /// The value is empty or too long, or has characters that no value may have.
    Value,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "a cookie's name is letters, digits and !#$%&'*+-.^_`|~, 1 to 256 of them",
            Self::PrefixNeedsSecure => "a cookie whose name begins with __Host-, __Secure- or __Http- must be secure",
            Self::HostPrefix => "a cookie whose name begins with __Host- must have the path / and no domain",
            Self::NoneNeedsSecure => "a cookie with same_site = none must be secure",
            Self::Path => "a cookie's path begins with /, without ; and control characters, at most 1024 bytes",
            Self::Domain => "a cookie's domain is a host name such as example.org, at most 1024 bytes",
            Self::Value => "a cookie's value is printable ASCII without blanks and \" , ; \\, at most 4096 bytes with its name",
        })
    }
}

impl std::error::Error for CookieError {}

/// A request carries two cookies of the same name that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoCookies {
    name: String,
}

impl fmt::Display for TwoCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request carries two different cookies named {}; this answer removes both", self.name)
    }
}

impl std::error::Error for TwoCookies {}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
