//! One line: a type byte, some text, CR LF.

use super::{LINE_MAX, RespError};

/// A line that is there, ending included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub kind: u8,
    /// Between the type byte and CR LF.
    pub text: &'a [u8],
    /// Bytes of all of it.
    pub len: usize,
}

/// The line at the front of `bytes`, which is not empty. `searched` remembers how much
/// of it holds no CR, and is 0 again once the line was found.
pub(super) fn line<'a>(
    bytes: &'a [u8],
    searched: &mut usize,
) -> Result<Option<Line<'a>>, RespError> {
    let window = &bytes[..bytes.len().min(LINE_MAX)];
    let from = (*searched).min(window.len());
    let Some(cr) = memchr::memchr2(b'\r', b'\n', &window[from..]).map(|at| at + from) else {
        *searched = window.len();
        if bytes.len() >= LINE_MAX {
            return Err(RespError::Line);
        }
        return Ok(None);
    };
    *searched = cr;
    match (window[cr], bytes.get(cr + 1)) {
        (b'\r', Some(b'\n')) => {}
        (b'\r', None) => return Ok(None),
        _ => return Err(RespError::Ending),
    }
    *searched = 0;
    Ok(Some(Line {
        kind: bytes[0],
        text: &bytes[1..cr.max(1)],
        len: cr + 2,
    }))
}

impl Line<'_> {
    /// The number that a header holds.
    pub fn number(&self) -> Result<i64, RespError> {
        if self.text == b"?" {
            return Err(RespError::Streamed(self.kind as char));
        }
        number(self.text).ok_or_else(|| RespError::number(self.kind, self.text))
    }

    /// A length or a count; `None` where it is -1 and `nullable`.
    pub fn length(&self, nullable: bool) -> Result<Option<u64>, RespError> {
        let length = self.number()?;
        match u64::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 && nullable => Ok(None),
            Err(_) => Err(RespError::Negative {
                kind: self.kind as char,
                length,
            }),
        }
    }
}

/// A number as RESP writes it: digits, with a sign or without one.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+"));
    let digits = digits.unwrap_or(text);
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
