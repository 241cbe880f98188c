//! The session cookie: made, removed, and found in a request, after RFC 6265bis.

use std::fmt;

/// The longest a browser keeps a cookie (RFC 6265bis): 400 days, in seconds.
const LONGEST: u64 = 400 * 24 * 60 * 60;
/// The most bytes of a name and its value, and of an attribute, that a browser takes (RFC 6265bis).
const MAX_PAIR: usize = 4096;
const MAX_ATTRIBUTE: usize = 1024;
/// The most bytes of a name, which leaves any token its room.
const MAX_NAME: usize = 256;

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
    attributes: String,
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
        // Browsers compare the prefixes without regard to case.
        let begins =
            |prefix: &[u8]| name.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
        let plain = |text: &str| !text.bytes().any(|byte| byte.is_ascii_control() || byte == b';');
        let hostname = |text: &str| {
            let named = |label: &str| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            text.split('.').all(named)
        };
        if !(1..=MAX_NAME).contains(&name.len()) || !name.iter().all(|byte| is_token(*byte)) {
            Err(CookieError::Name)
        } else if (begins(b"__Host-") || begins(b"__Secure-") || begins(b"__Http-")) && !secure {
            Err(CookieError::PrefixNeedsSecure)
        } else if begins(b"__Host-") && (domain.is_some() || path != "/") {
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
        let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        let secure = if secure { "; Secure" } else { "" };
        Self { name, attributes: format!("{domain}; Path={path}{secure}; HttpOnly; SameSite={same_site}") }
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
        let max_age = max_age.min(LONGEST);
        Ok(format!("{}={token}{}; Max-Age={max_age}", self.name, self.attributes))
    }

    /// The value of a `Set-Cookie` header that takes the cookie away: all its attributes again, and no life.
    #[must_use]
    pub fn remove(&self) -> String {
        format!("{}={}; Max-Age=0", self.name, self.attributes)
    }

    /// The cookie's value in the `Cookie` headers of a request.
    ///
    /// Byte-exact and case-sensitive: only spaces and tabs around a pair are dropped, nothing is decoded.
    ///
    /// # Errors
    ///
    /// When there are two of that name, equal or not: somebody planted one of them.
    pub fn find<'a>(
        &self,
        headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<&'a [u8]>, TwoCookies> {
        let mut found = None;
        let pairs = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
        for pair in pairs.map(trim) {
            let value = pair.strip_prefix(self.name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
            if value.is_some() && std::mem::replace(&mut found, value).is_some() {
                return Err(TwoCookies { name: self.name.clone() });
            }
        }
        Ok(found)
    }
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

/// A request carries two cookies of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoCookies {
    name: String,
}

impl fmt::Display for TwoCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request carries two cookies named {}", self.name)
    }
}

impl std::error::Error for TwoCookies {}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
