//! PostgreSQL's frontend/backend protocol.

use super::never;
use crate::{Protocol, TRIAL};

/// A client's connections.
pub const POSTGRES: Protocol = Protocol {
    name: "postgres",
    decoder: || exactly_postgres::decoder(TRIAL),
    rewrites: &[],
    depends_on_time: never,
    reads_alone: true,
    words: WORDS,
};

const WORDS: &[&[u8]] = &[
    b"\0\0\0\x10\0\x03\0\0user\0u\0\0",
    b"\0\0\0\x08\x04\xd2\x16\x2f",
    b"Q\0\0\0\x0dSELECT 1\0",
    b"Q\0\0\0\x0bCOMMIT\0",
    b"Q\0\0\0\x0aBEGIN\0",
    b"Q\0\0\0\x0dROLLBACK\0",
    b"Q\0\0\0\x29INSERT INTO orders VALUES ('x7-12-3')\0",
    b"P\0\0\0\x12s1\0SELECT $1\0\0\0",
    b"B\0\0\0\x17\0s1\0\0\0\0\x01\0\0\0\x07x7-12-3",
    b"E\0\0\0\x09\0\0\0\0\0",
    b"D\0\0\0\x06S\0",
    b"S\0\0\0\x04",
    b"H\0\0\0\x04",
    b"X\0\0\0\x04",
    b"d\0\0\0\x09row1\n",
    b"c\0\0\0\x04",
    b"Z\0\0\0\x05I",
    b"Z\0\0\0\x05T",
    b"Z\0\0\0\x05E",
    b"C\0\0\0\x0bCOMMIT\0",
    b"C\0\0\0\x0dROLLBACK\0",
    b"C\0\0\0\x0fINSERT 0 1\0",
    b"E\0\0\0\x1bSERROR\0VERROR\0C40001\0Mx\0\0",
    b"G\0\0\0\x07\0\0\0",
    b"T\0\0\0\x06\0\0",
    b"1\0\0\0\x04",
    b"2\0\0\0\x04",
    b"N\0\0\0\x05\0",
    b"/* ",
    b"$a$",
    b"';",
];
