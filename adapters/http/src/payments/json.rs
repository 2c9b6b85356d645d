//! Reading bodies.

use serde::de::DeserializeOwned;

/// Reads a JSON object; the error says what is wrong with it. Serde alone would
/// read a list of the fields' values as well.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    match body.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(body).map_err(|error| error.to_string()),
        _ => Err("the body is no JSON object".into()),
    }
}
