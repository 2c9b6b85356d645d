//! RESP2 and RESP3, from bounded cursors.
//!
//! Rules are those of the page "Redis serialization protocol specification" of the
//! Redis documentation, and of `networking.c` of Redis 7 where the page is silent.
//!
//! * [`Requests`] finds the requests of a client: arrays of bulk strings, or inline
//!   commands. [`next_request`] is the same without a memory.
//! * [`Frames`] finds the frames of a server: any type of either version, pushes and
//!   attributes included. [`next_frame`] is the same without a memory.
//! * [`Frame`] is read token by token ([`Token`]); nothing builds a tree, and nothing
//!   recurses, so that no input can drive it deep.
//!
//! Both remember how far they have come, so that what arrives in many pieces is looked
//! at once. No count and no length is believed beyond the bytes that are there: a claim
//! reserves nothing.
//!
//! ```
//! use exactly_redis::resp;
//!
//! let wire = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n";
//! let request = resp::next_request(wire).unwrap().unwrap();
//! assert_eq!(request.arg(wire, 1), Some(&b"k"[..]));
//! let next = resp::next_request(&wire[request.len..]).unwrap().unwrap();
//! assert_eq!(next.arg(b"PING\r\n", 0), Some(&b"PING"[..]));
//! assert_eq!(resp::next_request(&wire[..9]), Ok(None));
//! ```

mod error;
mod frame;
mod inline;
mod line;
mod request;
mod scan;
#[cfg(test)]
mod tests;

pub use error::RespError;
pub use frame::{Frame, Reader, Token};
pub use request::{Request, Requests, next_request};
pub use scan::{Frames, next_frame};

/// Most bytes of one bulk string, and of one whole request or frame. Redis's own
/// default for a bulk is 512 MB (`proto-max-bulk-len`); what is looked at here is kept
/// in memory until it is whole.
pub const UNIT_MAX: usize = 64 << 20;
/// Longest line: a header, a simple string, an error, an inline command (Redis:
/// `PROTO_INLINE_MAX_SIZE`, 64 KB).
pub const LINE_MAX: usize = 64 << 10;
/// Values in one request or frame, all levels counted.
pub const ELEMENTS_MAX: usize = 1 << 20;
/// Aggregates within aggregates.
pub const NESTING_MAX: usize = 32;
