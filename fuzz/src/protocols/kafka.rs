//! Kafka's frames.

use super::never;
use crate::{Protocol, TRIAL};
use exactly_adapter::Direction;

/// A client's connections, whose replies name addresses and versions.
pub const KAFKA: Protocol = Protocol {
    name: "kafka",
    decoder: || exactly_kafka::decoder(TRIAL),
    rewrites: &[Direction::ToClient],
    depends_on_time: never,
    reads_alone: true,
    words: WORDS,
};

const WORDS: &[&[u8]] = &[
    // ApiVersions, Metadata, FindCoordinator and their headers.
    b"\0\0\0\x0b\0\x12\0\0\0\0\0\x01\0\x01t",
    b"\0\0\0\x13\0\x03\0\x01\0\0\0\x02\0\x01t\0\0\0\x01\0\0",
    b"\0\0\0\x10\0\x0a\0\x01\0\0\0\x03\0\x01t\0\x01g\0",
    b"\0\x03\0\x0c",
    b"\0\0\0\x09",
    b"\0\x01\0\x0c",
    b"\0\x08\0\x08",
    b"\0\x16\0\x04",
    b"\0\x1a\0\x03",
    b"\0\x1c\0\x03",
    b"orders-r7-t12",
    b"\0\x0dorders-r7-t12",
    b"\x0eorders-r7-t12",
    b"x7-12-3",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x08",
];
