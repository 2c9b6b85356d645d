//! Replies, and their bytes in both protocols
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use super::refusal::Refusal;
use bytes::{BufMut, Bytes, BytesMut};
use std::fmt::Write;

/// The protocol of a connection. It begins with RESP2 and changes by `HELLO`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// RESP2.
    #[default]
    Two,
    /// RESP3: maps, sets, pushes, one null.
    Three,
}

/// One reply, or what stands in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// `+OK` and its like.
    Status(&'static str),
    /// `-ERR ...`
    Error(Refusal),
    /// `:1`
    Integer(i64),
    /// `$3`
    Bulk(Bytes),
    /// A text for people: a verbatim string in RESP3.
    Text(String),
    /// A string that is not there.
    Null,
    /// An array that is not there. RESP3 has one null for both.
    NullArray,
    /// `*2`
    Array(Vec<Reply>),
    /// Pairs: in RESP2 an array of twice as many.
    Map(Vec<(Reply, Reply)>),
    /// Pairs that are arrays of two, in both protocols an array of arrays; in RESP3
    /// a map where they answer `XREAD`.
    Streams(Vec<(Reply, Reply)>),
    /// No two the same: in RESP2 an array.
    Set(Vec<Reply>),
    /// What nobody has asked for: in RESP2 an array.
    Push(Vec<Reply>),
    /// Several replies to one command: `SUBSCRIBE a b` has two.
    Several(Vec<Reply>),
    /// None yet, or none at all.
    Nothing,
}

impl Reply {
    /// `+OK`
    pub const OK: Self = Self::Status("OK");

    /// A bulk string.
    pub fn bulk(bytes: impl Into<Bytes>) -> Self {
        Self::Bulk(bytes.into())
    }

    /// A bulk string that is known beforehand.
    pub const fn word(text: &'static str) -> Self {
        Self::Bulk(Bytes::from_static(text.as_bytes()))
    }

    /// A number of things. None is ever near the end of the range.
    pub fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A time or a number that does not go below zero.
    pub fn number(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// A bulk string, or null.
    pub fn or_null(found: Option<Bytes>) -> Self {
        found.map_or(Self::Null, Self::Bulk)
    }

    /// An array of bulk strings.
    pub fn bulks(each: impl IntoIterator<Item = Bytes>) -> Self {
        Self::Array(each.into_iter().map(Self::Bulk).collect())
    }

    /// Appends its bytes.
    pub fn write(&self, protocol: Protocol, into: &mut BytesMut) {
        let three = protocol == Protocol::Three;
        match self {
            Self::Status(text) => line(into, b'+', text),
            Self::Error(refusal) => line(into, b'-', refusal.text()),
            Self::Integer(number) => line(into, b':', number),
            Self::Bulk(bytes) => bulk(into, bytes),
            Self::Text(text) if three => {
                line(into, b'=', text.len() + 4);
                into.put_slice(b"txt:");
                into.put_slice(text.as_bytes());
                into.put_slice(b"\r\n");
            }
            Self::Text(text) => bulk(into, text.as_bytes()),
            Self::Null | Self::NullArray if three => into.put_slice(b"_\r\n"),
            Self::Null => into.put_slice(b"$-1\r\n"),
            Self::NullArray => into.put_slice(b"*-1\r\n"),
            Self::Array(each) => all(each, b'*', protocol, into),
            Self::Set(each) => all(each, if three { b'~' } else { b'*' }, protocol, into),
            Self::Push(each) => all(each, if three { b'>' } else { b'*' }, protocol, into),
            Self::Map(pairs) => {
                match three {
                    true => line(into, b'%', pairs.len()),
                    false => line(into, b'*', pairs.len() * 2),
                }
                for (key, value) in pairs {
                    key.write(protocol, into);
                    value.write(protocol, into);
                }
            }
            Self::Streams(pairs) => {
                line(into, if three { b'%' } else { b'*' }, pairs.len());
                for (key, value) in pairs {
                    if !three {
                        line(into, b'*', 2);
                    }
                    key.write(protocol, into);
                    value.write(protocol, into);
                }
            }
            Self::Several(each) => each.iter().for_each(|reply| reply.write(protocol, into)),
            Self::Nothing => {}
        }
    }
}

impl From<Result<Reply, Refusal>> for Reply {
    fn from(outcome: Result<Self, Refusal>) -> Self {
        outcome.unwrap_or_else(Self::Error)
    }
}

fn line(into: &mut BytesMut, kind: u8, text: impl std::fmt::Display) {
    into.put_u8(kind);
    // Writing into memory does not fail.
    let _ = write!(into, "{text}");
    into.put_slice(b"\r\n");
}

fn bulk(into: &mut BytesMut, bytes: &[u8]) {
    line(into, b'$', bytes.len());
    into.put_slice(bytes);
    into.put_slice(b"\r\n");
}

fn all(each: &[Reply], kind: u8, protocol: Protocol, into: &mut BytesMut) {
    line(into, kind, each.len());
    each.iter().for_each(|reply| reply.write(protocol, into));
}
