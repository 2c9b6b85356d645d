//! What waits to be written to a client, and when that is too much.

use super::settings::BufferLimit;
use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Frames below this are copied together: a vector of many small ones costs more to
/// write than the copy does.
const COPIED_BYTES_MAX: usize = 512;
/// Where a buffer of small frames is closed and the next one begun.
const TAIL_BYTES_MAX: usize = 16 * 1024;

/// Bytes that wait for one client, in their order.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Bytes>,
    tail: BytesMut,
    bytes: usize,
    /// Since when it is over the soft limit.
    over_since_ms: Option<u64>,
}

impl Outbox {
    /// How much waits.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Appends a frame that others get too: a long one is shared with them.
    pub(super) fn share(&mut self, frame: &Bytes) {
        self.bytes += frame.len();
        if frame.len() <= COPIED_BYTES_MAX {
            self.tail.extend_from_slice(frame);
        } else {
            self.close_tail();
            self.frames.push_back(frame.clone());
        }
        if self.tail.len() >= TAIL_BYTES_MAX {
            self.close_tail();
        }
    }

    /// Appends what `write` writes.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let before = self.tail.len();
        write(&mut self.tail);
        self.bytes += self.tail.len() - before;
        if self.tail.len() >= TAIL_BYTES_MAX {
            self.close_tail();
        }
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            self.frames.push_back(self.tail.split().freeze());
        }
    }

    /// The first bytes, for one call to the system; how many slices there are.
    pub fn slices<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let tail: &[u8] = &self.tail;
        let all = self.frames.iter().map(|frame| &**frame).chain([tail]);
        let mut count = 0;
        for (slot, bytes) in into.iter_mut().zip(all.filter(|bytes| !bytes.is_empty())) {
            *slot = IoSlice::new(bytes);
            count += 1;
        }
        count
    }

    /// So many bytes were written.
    pub fn written(&mut self, mut count: usize) {
        self.bytes = self.bytes.saturating_sub(count);
        while let Some(front) = self.frames.front_mut() {
            if count < front.len() {
                front.advance(count);
                return;
            }
            count -= front.len();
            self.frames.pop_front();
        }
        self.tail.advance(count.min(self.tail.len()));
    }

    /// Throws away what waits.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether it is over the hard limit, or has been over the soft one for too long
    /// (<https://redis.io/docs/latest/develop/reference/clients/#output-buffer-limits>).
    pub(super) fn is_over(&mut self, limit: &BufferLimit, now_ms: u64) -> bool {
        let bytes = self.bytes as u64;
        if limit.soft_bytes == 0 || bytes < limit.soft_bytes {
            self.over_since_ms = None;
        } else {
            let since_ms = *self.over_since_ms.get_or_insert(now_ms);
            // Whole seconds, as Redis counts them.
            if now_ms.saturating_sub(since_ms) / 1000 > limit.soft_seconds {
                return true;
            }
        }
        limit.hard_bytes > 0 && bytes >= limit.hard_bytes
    }
}
