//! What is on the wire, in both directions: a cursor that believes no line to end
//! before its CRLF is there, and no mail before CR LF . CR LF is.
//!
//! Strict about line ends, because two readers that are not of one mind about them
//! see different mails in the same bytes (CVE-2023-51764, CVE-2023-51765,
//! CVE-2023-51766). RFC 5321 2.3.8: a bare CR or a bare LF must not be taken for the
//! end of a line, and must not be sent.

mod address;
mod command;
mod content;
mod line;
mod reply;

pub(crate) use address::{Address, AddressError};
pub(crate) use command::{Command, MailFrom, Misread, Verb, path_of};
pub(crate) use content::{Content, Flaws, stuffed};
pub(crate) use line::{AUTH_MAX, LineError, line};
pub(crate) use reply::{Answered, answered, without};
