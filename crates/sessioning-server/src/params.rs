//! Reads what stands in paths and queries, and answers with a problem where that is not what it should be.

use axum::extract::{FromRequestParts, Path};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sessioning::{Demand, SessionId, Timeout, User};
use sessioning_api::Code;

use crate::log::request::{note_id, note_user};
use crate::problem::ApiError;
use crate::shape::{self, integer};

/// The id in a path. What is no id names no session.
pub(crate) struct Id(pub(crate) SessionId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok()).inspect(|id| note_id(*id));
        id.map(Self).ok_or_else(|| ApiError::new(Code::NotFound))
    }
}

/// The user in a path, percent-decoded.
pub(crate) struct UserInPath(pub(crate) User);

impl<S: Send + Sync> FromRequestParts<S> for UserInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| ApiError::invalid("the user in the path is not UTF-8"))?;
        user(&text).map(Self)
    }
}

fn user(text: &str) -> Result<User, ApiError> {
    let user = text.parse().map_err(|error| ApiError::because(Code::InvalidUser, error))?;
    note_user(&user);
    Ok(user)
}

/// A query of a known shape.
///
/// # Errors
///
/// When it has another one.
pub(crate) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    shape::query(uri.query().unwrap_or_default())
}

/// `?max_age=5m&min_level=2&touch=false`: what a check asks of the authentication, and whether it is a use.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DemandQuery {
    /// How long ago the user may have authenticated at most, such as `5m`.
    #[param(pattern = "^[1-9][0-9]{0,5}(ms|s|m|h|d)$", nullable = false)]
    max_age: Option<String>,
    /// The level their authentication must have reached.
    #[serde(default, deserialize_with = "integer::<_, _, 0, 255>")]
    #[param(minimum = 0, maximum = 255, nullable = false)]
    min_level: Option<u8>,
    /// `false`: the check is no use of the session, which ends as if nobody had asked. For pages that poll.
    #[param(nullable = false)]
    touch: Option<bool>,
}

impl DemandQuery {
    pub(crate) fn demand(&self) -> Result<Demand, ApiError> {
        demand(self.max_age.as_deref(), self.min_level, self.touch)
    }
}

/// A demand as it is written on the wire.
///
/// # Errors
///
/// When the age is no duration.
pub(crate) fn demand(
    max_age: Option<&str>,
    min_level: Option<u8>,
    touch: Option<bool>,
) -> Result<Demand, ApiError> {
    let max_age = match max_age.map(str::parse) {
        None => None,
        Some(Ok(Timeout::After(age))) => Some(age),
        Some(Ok(Timeout::Never) | Err(_)) => {
            return Err(ApiError::invalid("max_age must be a duration such as 90s, 30m or 7d"));
        }
    };
    Ok(Demand { max_age, min_level, quiet: touch == Some(false) })
}

/// `?limit=50&cursor=…`: which page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most sessions on the page: 100 unless told otherwise.
    #[serde(default, deserialize_with = "integer::<_, _, 1, 1000>")]
    #[param(minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(nullable = false)]
    pub(crate) cursor: Option<String>,
}

impl PageQuery {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(100)
    }
}

/// `?user=alice&limit=50&cursor=…`: which page of whose list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserPageQuery {
    /// Whose sessions.
    #[param(min_length = 1, max_length = 256)]
    user: String,
    /// The most sessions on the page: 100 unless told otherwise.
    #[serde(default, deserialize_with = "integer::<_, _, 1, 1000>")]
    #[param(minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

impl UserPageQuery {
    pub(crate) fn parts(self) -> Result<(User, PageQuery), ApiError> {
        Ok((user(&self.user)?, PageQuery { limit: self.limit, cursor: self.cursor }))
    }
}

/// `?user=alice&except={id}`: whose sessions a revocation ends, and which one it leaves.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserExceptQuery {
    /// Whose sessions.
    #[param(min_length = 1, max_length = 256)]
    user: String,
    /// The session to leave.
    #[param(
        pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        nullable = false
    )]
    except: Option<String>,
}

impl UserExceptQuery {
    pub(crate) fn parts(self) -> Result<(User, Option<SessionId>), ApiError> {
        Ok((user(&self.user)?, ExceptQuery { except: self.except }.id()?))
    }
}

/// `?except={id}`: which session a revocation leaves.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExceptQuery {
    /// The session to leave.
    #[param(
        pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        nullable = false
    )]
    except: Option<String>,
}

impl ExceptQuery {
    pub(crate) fn id(&self) -> Result<Option<SessionId>, ApiError> {
        let id = self.except.as_deref().map(str::parse).transpose();
        id.map_err(|error: sessioning::Malformed| ApiError::invalid(format_args!("except: {error}")))
    }
}
