//! Fields that do not come as their type: numbers as text, bytes as base64,
//! queues as URLs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Number(i64),
    Truth(bool),
    Text(String),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// A number, or its digits: the query protocol knows only text.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Option::<Scalar>::deserialize(from)? {
        None => Ok(None),
        Some(Scalar::Number(number)) => Ok(Some(number)),
        Some(other) => {
            let text = other.text();
            let digits = text.trim().parse();
            digits
                .map(Some)
                .map_err(|_| D::Error::custom(format!("{text:?} is no number")))
        }
    }
}

/// Texts by name. Some SDKs send numbers and truths as such.
pub(super) fn texts<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let given = Option::<BTreeMap<String, Scalar>>::deserialize(from)?.unwrap_or_default();
    Ok(given
        .into_iter()
        .map(|(name, value)| (name, value.text()))
        .collect())
}

/// Bytes in base64.
pub(super) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let given = Option::<String>::deserialize(from)?;
    given
        .map(|text| STANDARD.decode(text))
        .transpose()
        .map_err(|_| D::Error::custom("a binary value is not base64"))
}

/// The queue of a URL: its last segment, whatever host and account come before.
pub(super) fn name_of_url<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let url = Option::<String>::deserialize(from)?.unwrap_or_default();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next();
    Ok(name.unwrap_or_default().to_string())
}
