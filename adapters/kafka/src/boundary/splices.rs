//! Replacements within a frame.

use bytes::{BufMut, Bytes, BytesMut};
use std::ops::Range;

/// Replacements within a frame, in ascending order. Everything else keeps its
/// bytes.
#[derive(Debug, Default)]
pub(super) struct Splices(Vec<(Range<usize>, Vec<u8>)>);

impl Splices {
    pub fn replace(&mut self, at: Range<usize>, with: Vec<u8>) {
        self.0.push((at, with));
    }

    pub fn remove(&mut self, at: Range<usize>) {
        self.replace(at, Vec::new());
    }

    /// Replaces the number of an array's items.
    pub fn count(&mut self, at: Range<usize>, count: usize, flexible: bool) {
        let mut with = Vec::new();
        if flexible {
            put_uvarint(&mut with, count as u32 + 1);
        } else {
            with.put_i32(count as i32);
        }
        self.replace(at, with);
    }

    pub fn string(&mut self, at: Range<usize>, text: &str, flexible: bool) {
        let mut with = Vec::with_capacity(text.len() + 2);
        if flexible {
            put_uvarint(&mut with, text.len() as u32 + 1);
        } else {
            with.put_i16(text.len() as i16);
        }
        with.extend_from_slice(text.as_bytes());
        self.replace(at, with);
    }

    /// Applies them to `frame`, whose first four bytes are its length.
    pub fn apply(self, frame: Bytes) -> Bytes {
        if self.0.is_empty() {
            return frame;
        }
        let mut out = BytesMut::with_capacity(frame.len() + 64 * self.0.len());
        let mut at = 0;
        for (range, with) in self.0 {
            out.extend_from_slice(&frame[at..range.start]);
            out.extend_from_slice(&with);
            at = range.end;
        }
        out.extend_from_slice(&frame[at..]);
        let length = (out.len() - 4) as u32;
        out[..4].copy_from_slice(&length.to_be_bytes());
        out.freeze()
    }
}

fn put_uvarint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
