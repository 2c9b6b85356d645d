//! How long a body is, by what its head says (RFC 9112 6.3).

use super::{Faulty, Headers};

/// What a head announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Announced {
    Nothing,
    Length(u64),
    Chunked,
}

/// The framing headers of a message of version 1.`minor`.
pub(super) fn announced(headers: &Headers, minor: u8) -> Result<Announced, Faulty> {
    let mut codings = headers.all("transfer-encoding");
    let mut lengths = headers.all("content-length");
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(Announced::Nothing),
        (Some(_), Some(_)) => Err(Faulty::BothLengths),
        (Some(_), None) if minor == 0 => Err(Faulty::TransferCodingIn10),
        (Some(b"chunked"), None) if codings.next().is_none() => Ok(Announced::Chunked),
        (Some(_), None) => Err(Faulty::TransferCoding),
        (None, Some(_)) if lengths.next().is_some() => Err(Faulty::RepeatedLength),
        (None, Some(length)) => decimal(length).map(Announced::Length),
    }
}

fn decimal(value: &[u8]) -> Result<u64, Faulty> {
    if value.contains(&b',') {
        return Err(Faulty::ListedLength);
    }
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Faulty::LengthNotDecimal);
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    value.iter().try_fold(0, add).ok_or(Faulty::LengthOverflow)
}
