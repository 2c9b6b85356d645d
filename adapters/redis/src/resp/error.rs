//! What is wrong with bytes that are no RESP, or more of it than is read.

use super::{ELEMENTS_MAX, LINE_MAX, NESTING_MAX, UNIT_MAX};

/// Bytes that cannot be read. Nothing behind them can be, either.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RespError {
    /// A first byte that no type has.
    #[error("0x{0:02x} begins no value of RESP")]
    Type(u8),
    /// A request that is no array of bulk strings.
    #[error(
        "an argument of a request begins with 0x{0:02x}, and only a bulk string ('$') may stand there"
    )]
    Argument(u8),
    /// A count, a length or another number that is none.
    #[error("the number after '{kind}' is none: {shown}")]
    Number {
        /// The type's first byte.
        kind: char,
        /// Its first bytes.
        shown: String,
    },
    /// A length or a count below what its type allows.
    #[error("'{kind}' claims a length of {length}")]
    Negative {
        /// The type's first byte.
        kind: char,
        /// What it claims.
        length: i64,
    },
    /// A value that its type does not have.
    #[error("the value after '{kind}' is none of its type: {shown}")]
    Value {
        /// The type's first byte.
        kind: char,
        /// Its first bytes.
        shown: String,
    },
    /// A CR or a LF that ends no line, or a string without its CR LF.
    #[error("a line or a string does not end in CR LF where it should")]
    Ending,
    /// Too long a line.
    #[error("a line has more than {LINE_MAX} bytes")]
    Line,
    /// Too long a string, or too many bytes in all.
    #[error(
        "a string or a whole message claims {0} bytes, more than the {UNIT_MAX} that are looked at"
    )]
    Size(u64),
    /// Too many values.
    #[error("a message has {0} values, more than the {ELEMENTS_MAX} that are looked at")]
    Elements(u64),
    /// Nested too deep.
    #[error("aggregates are nested deeper than {NESTING_MAX}")]
    Nesting,
    /// `$?`, `*?` and their like. No server sends them.
    #[error("a streamed string or aggregate ('{0}?') is not read: no version of Redis sends one")]
    Streamed(char),
    /// A push within another value: the specification has them at the top level only.
    #[error("a push stands within another value")]
    NestedPush,
    /// Quotes of an inline command that do not match.
    #[error("the quotes of an inline command do not match")]
    Quotes,
    /// A TLS handshake.
    #[error(
        "this is a TLS handshake: the client dials redis:// here, TLS begins behind the boundary"
    )]
    Tls,
    /// An HTTP request. Redis itself hangs up on the words POST and Host:.
    #[error("this is an HTTP request: the client was told the wrong port")]
    Http,
}

impl RespError {
    pub(super) fn number(kind: u8, text: &[u8]) -> Self {
        Self::Number {
            kind: kind as char,
            shown: shown(text),
        }
    }

    pub(super) fn value(kind: u8, text: &[u8]) -> Self {
        Self::Value {
            kind: kind as char,
            shown: shown(text),
        }
    }
}

/// The first bytes of something, safe to print.
fn shown(text: &[u8]) -> String {
    text[..text.len().min(24)].escape_ascii().to_string()
}
