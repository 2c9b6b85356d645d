//! RESP2 and RESP3.

use super::never;
use crate::{Protocol, TRIAL};

/// A client's connections.
pub const REDIS: Protocol = Protocol {
    name: "redis",
    decoder: || exactly_redis::decoder(TRIAL),
    rewrites: &[],
    depends_on_time: never,
    reads_alone: true,
    words: WORDS,
};

const WORDS: &[&[u8]] = &[
    b"*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
    b"*1\r\n$5\r\nMULTI\r\n",
    b"*1\r\n$4\r\nEXEC\r\n",
    b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n",
    b"*2\r\n$9\r\nSUBSCRIBE\r\n$10\r\nx7t12.news\r\n",
    b"*2\r\n$10\r\nPSUBSCRIBE\r\n$8\r\nx7t12.n*\r\n",
    b"*3\r\n$7\r\nPUBLISH\r\n$10\r\nx7t12.news\r\n$7\r\nx7-12-3\r\n",
    b"*4\r\n$4\r\nXACK\r\n$12\r\nx7t12.orders\r\n$1\r\ng\r\n$3\r\n1-1\r\n",
    b"*3\r\n$7\r\nmessage\r\n$10\r\nx7t12.news\r\n$7\r\nx7-12-3\r\n",
    b">3\r\n$7\r\nmessage\r\n$10\r\nx7t12.news\r\n$7\r\nx7-12-3\r\n",
    b"*3\r\n$9\r\nsubscribe\r\n$10\r\nx7t12.news\r\n:1\r\n",
    b"+OK\r\n",
    b"+QUEUED\r\n",
    b"-ERR no\r\n",
    b":1\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b"_\r\n",
    b"%1\r\n",
    b"|1\r\n",
    b"~1\r\n",
    b"#t\r\n",
    b",1.5\r\n",
    b"(1\r\n",
    b"=5\r\ntxt:a\r\n",
    b"!5\r\nERR a\r\n",
    b"GET a\r\n",
];
