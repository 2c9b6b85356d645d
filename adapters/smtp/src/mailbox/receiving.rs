//! A mail that is on its way in.

use super::kept::Draft;
use super::said;
use crate::wire::{Content, MailFrom};

/// What was said with MAIL and RCPT.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Envelope {
    pub from: MailFrom,
    pub recipients: Vec<String>,
}

/// A content that is coming.
#[derive(Debug)]
pub(super) struct Receiving {
    envelope: Envelope,
    content: Content,
    /// What it says; nothing any more once it is more than is taken.
    said: Vec<u8>,
    max: u64,
}

impl Receiving {
    pub fn new(envelope: Envelope, max: u64) -> Self {
        Self {
            envelope,
            content: Content::default(),
            said: Vec::new(),
            max,
        }
    }

    /// Reads on in `bytes`, and answers how many were its own and whether it has ended.
    pub fn read(&mut self, bytes: &[u8]) -> (usize, bool) {
        let (said, max) = (&mut self.said, self.max);
        let (len, ended) = self.content.read(bytes, |piece| {
            if (said.len() + piece.len()) as u64 <= max {
                said.extend_from_slice(piece);
            }
        });
        let content = &self.content;
        if content.size > self.max || content.flaws.is_ambiguous() {
            // It is refused when it has ended, and needs no memory until then.
            self.said = Vec::new();
        }
        (len, ended)
    }

    /// What has come whole, or why it is not taken.
    pub fn whole(self) -> Result<Draft, &'static str> {
        if self.content.size > self.max {
            // RFC 1870 6.3.
            return Err("552 5.3.4 The mail is larger than what is taken");
        }
        let from = &self.envelope.from;
        match said::flaw(self.content.flaws, from.eight_bit, from.utf8) {
            Some(refusal) => Err(refusal),
            None => Ok(Draft {
                from: self.envelope.from.address.text,
                recipients: self.envelope.recipients,
                content: self.said,
            }),
        }
    }
}
