//! Ids of entries.

use crate::store::number::unsigned;
use crate::store::refusal::Refusal;
use bytes::Bytes;
use std::fmt;

const INVALID: Refusal = Refusal::of("ERR Invalid stream ID specified as stream command argument");

/// Milliseconds and a counter within them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(in crate::store) struct Id {
    pub ms: u64,
    pub seq: u64,
}

impl Id {
    pub const MIN: Self = Self { ms: 0, seq: 0 };
    pub const MAX: Self = Self {
        ms: u64::MAX,
        seq: u64::MAX,
    };

    /// An id with nothing left out.
    pub fn strict(text: &[u8]) -> Result<Self, Refusal> {
        Self::with(text, 0, true)
    }

    /// An id whose counter is `seq` where only milliseconds are given.
    pub fn or_seq(text: &[u8], seq: u64) -> Result<Self, Refusal> {
        Self::with(text, seq, false)
    }

    fn with(text: &[u8], seq: u64, is_strict: bool) -> Result<Self, Refusal> {
        match text {
            b"-" if !is_strict => return Ok(Self::MIN),
            b"+" if !is_strict => return Ok(Self::MAX),
            _ => {}
        }
        let dash = text.iter().position(|byte| *byte == b'-');
        let (ms, behind) = match dash {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let ms = unsigned(ms).ok_or(INVALID)?;
        let seq = match behind {
            Some(behind) => unsigned(behind).ok_or(INVALID)?,
            None => seq,
        };
        Ok(Self { ms, seq })
    }

    /// `ms-*`
    pub fn any_seq(text: &[u8]) -> Option<Result<u64, Refusal>> {
        let ms = text.strip_suffix(b"-*")?;
        Some(unsigned(ms).ok_or(INVALID))
    }

    /// The start of a range, `(` taken off where the id itself is left out.
    pub fn range_start(text: &[u8]) -> Result<Self, Refusal> {
        let Some(text) = text.strip_prefix(b"(") else {
            return Self::or_seq(text, 0);
        };
        let id = Self::or_seq(text, 0)?;
        let error = Refusal::of("ERR invalid start ID for the interval");
        id.next().ok_or(error)
    }

    /// The end of a range, likewise.
    pub fn range_end(text: &[u8]) -> Result<Self, Refusal> {
        let Some(text) = text.strip_prefix(b"(") else {
            return Self::or_seq(text, u64::MAX);
        };
        let id = Self::or_seq(text, u64::MAX)?;
        let error = Refusal::of("ERR invalid end ID for the interval");
        id.previous().ok_or(error)
    }

    pub fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self {
                ms: self.ms.checked_add(1)?,
                seq: 0,
            }),
        }
    }

    pub fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self {
                ms: self.ms.checked_sub(1)?,
                seq: u64::MAX,
            }),
        }
    }

    pub fn to_bytes(self) -> Bytes {
        self.to_string().into()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}
