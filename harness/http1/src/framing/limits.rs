//! What one message may take.

/// Bounds of one connection's messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a head, and of a trailer section.
    pub head: usize,
    /// Header lines of a head, and of a trailer section.
    pub headers: usize,
    /// Bytes of a request's body. A longer one is an error: a request is passed
    /// on, held or refused as a whole.
    pub request_body: usize,
    /// Bytes of a response's body that are kept back until it is whole. A longer
    /// response is passed on piece by piece.
    pub response_body: usize,
    /// Bytes of a streamed response's body that are remembered for its label.
    pub look: usize,
}

impl Limits {
    /// What a boundary allows.
    pub const DEFAULT: Self = Self {
        head: 64 << 10,
        headers: 100,
        request_body: 4 << 20,
        response_body: 4 << 20,
        look: 64 << 10,
    };

    /// Bytes that the chunks around a body of at most `body` bytes may take.
    pub(super) const fn around(&self, body: usize) -> usize {
        self.head.saturating_add(body)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
