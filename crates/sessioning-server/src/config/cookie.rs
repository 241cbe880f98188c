//! `[cookie]`: the session cookie, as its `Set-Cookie` value is handed to the application.

use serde::{Deserialize, Serialize};
use sessioning_api::{CookieError, CookieSettings, SameSite, SessionCookie};

use super::text;

/// `[cookie]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieConfig {
    /// Its name; empty for `session` with the strongest prefix that the rest allows.
    pub name: String,
    /// The domain whose subdomains get it, too; empty for the host alone that set it.
    pub domain: String,
    /// The path below which it is sent.
    pub path: String,
    /// Whether requests that other sites cause carry it: `strict`, `lax` or `none`.
    #[serde(with = "text::same_site")]
    pub same_site: SameSite,
    /// Sent over TLS alone.
    pub secure: bool,
}

impl Default for CookieConfig {
    fn default() -> Self {
        let CookieSettings { path, same_site, secure, .. } = CookieSettings::default();
        Self { name: String::new(), domain: String::new(), path, same_site, secure }
    }
}

impl CookieConfig {
    /// The cookie that these settings are.
    ///
    /// # Errors
    ///
    /// When a browser would not take it.
    pub fn cookie(&self) -> Result<SessionCookie, CookieError> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        SessionCookie::new(CookieSettings {
            name: given(&self.name),
            domain: given(&self.domain),
            path: self.path.clone(),
            same_site: self.same_site,
            secure: self.secure,
        })
    }

    pub(super) fn fault(&self) -> Option<(String, String)> {
        let error = self.cookie().err()?;
        let key = match error {
            CookieError::Domain => "domain",
            CookieError::Path => "path",
            CookieError::NoneNeedsSecure => "same_site",
            _ => "name",
        };
        Some((format!("cookie.{key}"), error.to_string()))
    }
}
