//! Reads bodies, within bounds of size and time, into memory that is wiped: there may be a token in them.

use axum::BoxError;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use sessioning::Timeout;
use sessioning_api::Code;
use zeroize::{Zeroize, Zeroizing};

use crate::config::LimitsConfig;
use crate::problem::ApiError;
use crate::shape;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What a body holds; wiped on drop.
pub(crate) type Text = Zeroizing<Vec<u8>>;

/// The fields of a form, in order; their values are wiped on drop.
pub(crate) type Form = Vec<(String, Zeroizing<String>)>;

/// All of a body.
///
/// # Errors
///
/// When it is too large, takes too long, or breaks off.
pub(crate) async fn read(body: Body, limits: &LimitsConfig) -> Result<Text, ApiError> {
    let most = limits.body.bytes();
    let too_large = || ApiError::because(Code::BodyTooLarge, format_args!("the most is {}", limits.body));
    // What announces itself as too large is not waited for.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(too_large());
    }
    let collected = collect(Limited::new(body, most), announced);
    let collected = match limits.request_timeout {
        Timeout::After(timeout) => {
            tokio::time::timeout(timeout, collected).await.map_err(|_| ApiError::new(Code::RequestTimeout))?
        }
        Timeout::Never => collected.await,
    };
    match collected {
        Ok(text) => Ok(text),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(ApiError::because(Code::InvalidRequest, "the body broke off")),
    }
}

async fn collect(mut body: Limited<Body>, announced: usize) -> Result<Text, BoxError> {
    let mut text = Text::new(Vec::with_capacity(announced));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        append(&mut text, &data);
        // The connection's own buffer, which most frames are a part of, cannot be wiped.
        if let Ok(mut own) = data.try_into_mut() {
            own.zeroize();
        }
    }
    Ok(text)
}

/// Grows by hand: a vector that moves leaves a copy behind.
fn append(text: &mut Text, more: &[u8]) {
    let needed = text.len() + more.len();
    if needed > text.capacity() {
        let mut larger = Text::new(Vec::with_capacity(needed.max(2 * text.capacity())));
        larger.extend_from_slice(text);
        *text = larger;
    }
    text.extend_from_slice(more);
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
    shape::json(&text)
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
    shape::json(&bytes)
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
) -> Result<Text, ApiError> {
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
pub(crate) async fn form(headers: &HeaderMap, body: Body, limits: &LimitsConfig) -> Result<Form, ApiError> {
    expect(headers, &[FORM])?;
    let bytes = read(body, limits).await?;
    let fields = form_urlencoded::parse(&bytes).into_owned();
    Ok(fields.map(|(name, value)| (name, Zeroizing::new(value))).collect())
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
    let came = match essence {
        "" => "the body has no Content-Type",
        FORM => "the body has the Content-Type of a form, as curl -d sends it",
        _ => "the body has another Content-Type",
    };
    let kinds = kinds.join(" or ");
    Err(ApiError::because(
        Code::UnsupportedMediaType,
        format_args!("{came}: add the header Content-Type: {kinds}"),
    ))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use futures::stream;

    use super::*;

    fn in_parts(parts: usize, of: usize) -> Body {
        let part =
            move |number: usize| Ok::<_, Infallible>(Bytes::from(vec![b'a' + (number % 26) as u8; of]));
        Body::from_stream(stream::iter((0..parts).map(part)))
    }

    #[tokio::test]
    async fn a_body_in_any_number_of_parts_is_read_whole_and_bounded() {
        let limits = LimitsConfig::default();
        for (parts, of) in [(0, 1), (1, 100), (1000, 7), (3, 80_000)] {
            let text = read(in_parts(parts, of), &limits).await.unwrap();
            let expected: Vec<u8> =
                (0..parts).flat_map(|number| vec![b'a' + (number % 26) as u8; of]).collect();
            assert_eq!(*text, expected);
        }
        let refused = read(in_parts(1000, 1000), &limits).await.unwrap_err();
        assert_eq!(refused.problem.code, Code::BodyTooLarge);
    }
}
