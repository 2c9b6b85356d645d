//! The decoder: bytes of one connection -> exchanges.
//!
//! Labels: each command is an exchange of class Control by the name of its verb (`EHLO`,
//! `MAIL`, `RCPT`, `DATA`, `AUTH`, ...; `OTHER` for a word that is none). The content, from
//! behind the reply 354 to the final dot, is one unit and the one effect there is:
//! operation `message`, target the domain of the first recipient that was taken. Its reply is the
//! commit (RFC 5321 4.2.5).
//!
//! Why `message` and not `DATA`: DATA is a command with a reply of its own, 354, and a
//! server that answers it has taken nothing yet.

mod decoder;
mod envelope;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use decoder::SmtpDecoder;

use exactly_adapter::{Decoder, TrialNames};

/// A decoder for one connection of a trial, with no server behind it: it reads bytes
/// that come from elsewhere.
pub fn decoder(names: TrialNames) -> Box<dyn Decoder> {
    Box::new(SmtpDecoder::new(names))
}

/// Operation of the exchange that hands a mail over.
pub(crate) const MESSAGE: &str = "message";
