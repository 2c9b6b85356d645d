//! Kafka's wire format, read by a bounded cursor.
//!
//! `kafka-protocol` allocates what a frame asks for (a Produce of twelve bytes
//! makes it ask for 206 GB), so its decoders see no byte from the wire that the
//! cursor has not accepted (`walk`). Its encoders build what this crate sends, and
//! its decoders are oracles in tests.

pub(crate) mod answers;
pub(crate) mod api;
pub(crate) mod cursor;
pub(crate) mod outcome;
pub(crate) mod parts;
pub(crate) mod records;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod walk;

pub(crate) use cursor::{Cursor, Malformed, Read};

/// Largest frame: `socket.request.max.bytes` of a broker by default, and a
/// little more than `receive.message.max.bytes` of librdkafka.
pub(crate) const FRAME_BYTES_MAX: usize = 100 * 1024 * 1024;
