//! Errors as RFC 9457 `application/problem+json`, with a code that clients may act on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, stable across versions; the `code` of a [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// 400: the request cannot be understood.
    InvalidRequest,
    /// 400: the request carries two different session tokens.
    TokenAmbiguous,
    /// 401: the token opens no session; the one answer that means "not logged in".
    SessionInvalid,
    /// 401: the session is live, but its user has to authenticate again for this, and the session to be renewed.
    StepUpRequired,
    /// 401: the API key is missing or wrong.
    ApiKeyInvalid,
    /// 403: the API key lacks the scope.
    ScopeMissing,
    /// 403: a reverse proxy asked under a policy that is not one.
    InvalidPolicy,
    /// 403: a browser's page, or a name, that is not allowed here.
    OriginRefused,
    /// 404: there is nothing at this path.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 408: the request took too long to arrive.
    RequestTimeout,
    /// 409: something else changed the same sessions meanwhile.
    VersionConflict,
    /// 412: the session has another version than `If-Match` names.
    PreconditionFailed,
    /// 413: the body is too large.
    BodyTooLarge,
    /// 414: the path and query are too long.
    UriTooLong,
    /// 415: the body is not of the kind that the route reads.
    UnsupportedMediaType,
    /// 422: the user is not a user.
    InvalidUser,
    /// 422: the session asks to last longer than it may.
    TimeoutTooLong,
    /// 422: the user has all the sessions they may have.
    LimitReached,
    /// 429: too many bad API keys or failed checks from one address; never the answer to a good one.
    RateLimited,
    /// 431: the headers are too large.
    HeadersTooLarge,
    /// 500: a fault of the service.
    Internal,
    /// 501: the store that the service runs on cannot do this.
    NotSupported,
    /// 503: the store is unavailable; says nothing about any session.
    StoreUnavailable,
    /// 503: too much is waiting; try again soon.
    Overloaded,
}

impl Code {
    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::TokenAmbiguous => 400,
            Self::SessionInvalid | Self::StepUpRequired | Self::ApiKeyInvalid => 401,
            Self::ScopeMissing | Self::InvalidPolicy | Self::OriginRefused => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::VersionConflict => 409,
            Self::PreconditionFailed => 412,
            Self::BodyTooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMediaType => 415,
            Self::InvalidUser | Self::TimeoutTooLong | Self::LimitReached => 422,
            Self::RateLimited => 429,
            Self::HeadersTooLarge => 431,
            Self::Internal => 500,
            Self::NotSupported => 501,
            Self::StoreUnavailable | Self::Overloaded => 503,
        }
    }

    /// What it means, the same words every time.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request cannot be understood",
            Self::TokenAmbiguous => "The request carries two different session tokens",
            Self::SessionInvalid => "Not logged in",
            Self::StepUpRequired => "The user has to authenticate again",
            Self::ApiKeyInvalid => "The API key is missing or wrong",
            Self::ScopeMissing => "The API key may not do this",
            Self::InvalidPolicy => "The proxy asked under a policy that is not one",
            Self::OriginRefused => "This origin or host may not call the service",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This method is not for this path",
            Self::RequestTimeout => "The request took too long to arrive",
            Self::VersionConflict => "Something else changed the same sessions meanwhile",
            Self::PreconditionFailed => "The session has another version",
            Self::BodyTooLarge => "The body is too large",
            Self::UriTooLong => "The path and query are too long",
            Self::UnsupportedMediaType => "The body is of the wrong kind",
            Self::InvalidUser => "The user is not acceptable",
            Self::TimeoutTooLong => "The session may not last that long",
            Self::LimitReached => "The user has all the sessions they may have",
            Self::RateLimited => "Too many failed attempts from one address",
            Self::HeadersTooLarge => "The headers are too large",
            Self::Internal => "The service failed",
            Self::NotSupported => "The session store does not support this",
            Self::StoreUnavailable => "The session store is unavailable",
            Self::Overloaded => "The service is overloaded",
        }
    }
}

/// The body of every error, RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What went wrong, for programs.
    #[serde(deserialize_with = "crate::strict::word")]
    pub code: Code,
    /// What went wrong, for people; the same for every problem of one code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What exactly, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request that it answers, as `X-Request-Id` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem of that code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, title: code.title().into(), status: code.status(), detail: None, request_id: None }
    }

    /// The same, with what exactly is wrong.
    #[must_use]
    pub fn because(self, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}
