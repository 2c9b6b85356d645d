//! The chunked transfer coding (RFC 9112 7.1), byte by byte.

use super::headers::faulty;
use super::lines::{Ends, Lines, check_names};
use super::rewrite::is_framing;
use super::{Faulty, Limits};

/// Digits of a chunk size: 64 bits.
const DIGITS_MAX: u8 = 16;
/// Bytes of the extensions of one chunk.
const EXTENSION_MAX: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Size { digits: u8 },
    Extension { length: usize },
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    Done,
}

/// A body that is being read.
#[derive(Debug)]
pub(super) struct Chunked {
    at: At,
    /// What is left of the chunk.
    size: u64,
    /// Bytes that are not data.
    overhead: usize,
    lines: Lines,
    trailer: Vec<u8>,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self {
            at: At::Size { digits: 0 },
            size: 0,
            overhead: 0,
            lines: Lines {
                cr: false,
                length: 0,
                ended: 0,
            },
            trailer: Vec::new(),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Bytes that are not data: sizes, extensions, trailers.
    pub(super) const fn overhead(&self) -> usize {
        self.overhead
    }

    /// Reads on, hands data to `data`, and answers how many bytes it took: all,
    /// unless the body ends before.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        mut data: impl FnMut(&[u8]),
    ) -> Result<usize, Faulty> {
        let mut taken = 0;
        while taken < bytes.len() && !self.is_done() {
            if self.at == At::Data {
                let there = (bytes.len() - taken) as u64;
                let length = self.size.min(there);
                let end = taken + length as usize;
                data(&bytes[taken..end]);
                taken = end;
                self.size -= length;
                if self.size == 0 {
                    self.at = At::DataCr;
                }
                continue;
            }
            self.overhead = self.overhead.saturating_add(1);
            self.at = self.step(bytes[taken], limits)?;
            taken += 1;
        }
        Ok(taken)
    }

    fn step(&mut self, byte: u8, limits: &Limits) -> Result<At, Faulty> {
        match (self.at, byte) {
            (At::Size { digits }, _) if byte.is_ascii_hexdigit() => self.digit(digits, byte),
            // Whitespace here is where readers part ways: the grammar allows it
            // before an extension only, and some take it for the end.
            (At::Size { digits: 0 }, _) => Err(Faulty::ChunkSize),
            (At::Size { .. }, b'\r') => Ok(At::SizeLf),
            (At::Size { .. }, b';') => Ok(At::Extension { length: 0 }),
            (At::Size { .. }, _) => Err(Faulty::ChunkSize),
            (At::Extension { length: 1.. }, b'\r') => Ok(At::SizeLf),
            (At::Extension { length }, b'\t' | b' '..=b'~' | 0x80..) if length < EXTENSION_MAX => {
                Ok(At::Extension { length: length + 1 })
            }
            (At::Extension { .. }, _) => Err(Faulty::ChunkExtension),
            (At::SizeLf, b'\n') if self.size == 0 => Ok(At::Trailer),
            (At::SizeLf, b'\n') => Ok(At::Data),
            (At::SizeLf, _) => Err(Faulty::BareCr),
            (At::DataCr, b'\r') => Ok(At::DataLf),
            (At::DataLf, b'\n') => Ok(At::Size { digits: 0 }),
            (At::DataCr | At::DataLf, _) => Err(Faulty::ChunkEnd),
            (At::Trailer, _) => self.trailer(byte, limits),
            (At::Data | At::Done, _) => Ok(self.at),
        }
    }

    fn digit(&mut self, digits: u8, byte: u8) -> Result<At, Faulty> {
        if digits == DIGITS_MAX {
            return Err(Faulty::ChunkOverflow);
        }
        let value = char::from(byte).to_digit(16).ok_or(Faulty::ChunkSize)?;
        self.size = self.size << 4 | u64::from(value);
        Ok(At::Size { digits: digits + 1 })
    }

    fn trailer(&mut self, byte: u8, limits: &Limits) -> Result<At, Faulty> {
        if self.trailer.len() >= limits.head {
            return Err(Faulty::HeadTooLong);
        }
        self.trailer.push(byte);
        if self.lines.push(byte)? != Ends::Section {
            return Ok(At::Trailer);
        }
        check_names(&self.trailer)?;
        let mut fields = vec![httparse::EMPTY_HEADER; limits.headers];
        let parsed = httparse::parse_headers(&self.trailer, &mut fields).map_err(faulty)?;
        if let httparse::Status::Complete((_, fields)) = parsed
            && fields.iter().any(|field| is_framing(field.name))
        {
            return Err(Faulty::TrailerFraming);
        }
        Ok(At::Done)
    }
}
