//! The sink, without its socket: what a session answers, and what is kept.
//!
//! Why a sink of our own: whether a mail was taken twice can only be told where mails
//! are kept, and how the gap before the last reply behaves (RFC 1047) has to be known.
//! `session` is the protocol as a pure state machine (octets, answer), `kept` are the
//! mails. `embedded` puts both on a port.
//!
//! It is honest: it never refuses what it could take, and never answers 250 to what it
//! did not keep. Errors, silence and cuts come from the boundary.

mod authentication;
mod kept;
mod limits;
mod receiving;
mod said;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use kept::{Asked, Mail, Mailbox, Payload, Shown};
pub(crate) use limits::Limits;
pub(crate) use session::{Next, Session};
