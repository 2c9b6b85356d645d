//! Numbers as `string2ll` of Redis reads them: no plus sign, no blanks, no leading
//! zeros.

use super::refusal::Refusal;

/// A whole number, if it is one.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let is_canonical = match digits {
        [b'0'] => bytes.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let text = std::str::from_utf8(bytes).ok()?;
    is_canonical.then(|| text.parse().ok()).flatten()
}

/// A whole number that is not negative, if it is one. Leading zeros are taken, as
/// `strtoull` does for the parts of an id.
pub(super) fn unsigned(bytes: &[u8]) -> Option<u64> {
    let is_all_digits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(bytes).ok()?;
    is_all_digits.then(|| text.parse().ok()).flatten()
}

pub(super) fn required(bytes: &[u8]) -> Result<i64, Refusal> {
    integer(bytes).ok_or(Refusal::NOT_AN_INTEGER)
}

/// Bytes of memory as in a configuration: `100mb`, `1g`, `4096`.
pub(super) fn memory(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit());
    let (digits, unit) = lower.split_at(end.unwrap_or(lower.len()));
    let factor: u64 = match unit {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
