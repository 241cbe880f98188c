//! Reads bodies, within bounds of size and time.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use sessioning::Timeout;
use sessioning_api::Code;

use crate::config::LimitsConfig;
use crate::problem::ApiError;

const JSON: &str = "application/json";

/// All of a body.
///
/// # Errors
///
/// When it is too large, takes too long, or breaks off.
pub(crate) async fn read(body: Body, limits: &LimitsConfig) -> Result<Bytes, ApiError> {
    let most = limits.body.bytes();
    let too_large = || ApiError::because(Code::BodyTooLarge, format_args!("the most is {}", limits.body));
    // What announces itself as too large is not waited for.
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > most {
        return Err(too_large());
    }
    let collected = Limited::new(body, most).collect();
    let collected = match limits.request_timeout {
        Timeout::After(timeout) => {
            tokio::time::timeout(timeout, collected).await.map_err(|_| ApiError::new(Code::RequestTimeout))?
        }
        Timeout::Never => collected.await,
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(ApiError::because(Code::InvalidRequest, "the body broke off")),
    }
}

/// A body that is JSON of a known shape.
///
/// # Errors
///
/// As [`read`]; and when it says that it is not JSON, is not, or has another shape.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limits: &LimitsConfig,
) -> Result<T, ApiError> {
    let text = object(headers, body, limits, &[JSON]).await?;
    serde_json::from_slice(&text).map_err(ApiError::invalid)
}

/// The same where no body at all is the default.
///
/// # Errors
///
/// As [`json`].
pub(crate) async fn json_or_default<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Body,
    limits: &LimitsConfig,
) -> Result<T, ApiError> {
    let bytes = read(body, limits).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    expect(headers, &[JSON])?;
    expect_object(&bytes)?;
    serde_json::from_slice(&bytes).map_err(ApiError::invalid)
}

/// The text of a body that is a JSON object of one of these kinds.
///
/// # Errors
///
/// As [`read`]; and when it says that it is of another kind, or is no object.
pub(crate) async fn object(
    headers: &HeaderMap,
    body: Body,
    limits: &LimitsConfig,
    kinds: &[&str],
) -> Result<Bytes, ApiError> {
    expect(headers, kinds)?;
    let bytes = read(body, limits).await?;
    expect_object(&bytes)?;
    Ok(bytes)
}

/// The fields of a form.
///
/// # Errors
///
/// As [`read`]; and when the body says that it is no form.
pub(crate) async fn form(
    headers: &HeaderMap,
    body: Body,
    limits: &LimitsConfig,
) -> Result<Vec<(String, String)>, ApiError> {
    expect(headers, &["application/x-www-form-urlencoded"])?;
    let bytes = read(body, limits).await?;
    Ok(form_urlencoded::parse(&bytes).into_owned().collect())
}

/// A list would do for a struct as well, by position; here it is a mistake.
fn expect_object(text: &[u8]) -> Result<(), ApiError> {
    match text.trim_ascii_start() {
        [b'{', ..] => Ok(()),
        _ => Err(ApiError::invalid("the body must be a JSON object")),
    }
}

fn expect(headers: &HeaderMap, kinds: &[&str]) -> Result<(), ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if kinds.iter().any(|kind| essence.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    Err(ApiError::because(
        Code::UnsupportedMediaType,
        format_args!("send Content-Type: {}", kinds.join(" or ")),
    ))
}
