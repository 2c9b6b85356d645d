//! Errors, in the words of Redis 7.0: clients and their users compare them.

use std::borrow::Cow;

/// An error reply: its first word is the code that clients look at.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(Cow<'static, str>);

impl Refusal {
    /// Against a key of another type.
    pub const WRONG_TYPE: Self =
        Self::of("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// Options that do not go together, or none that are known.
    pub const SYNTAX: Self = Self::of("ERR syntax error");
    /// No whole number of 64 bits.
    pub const NOT_AN_INTEGER: Self = Self::of("ERR value is not an integer or out of range");
    /// No room below `maxmemory`.
    pub const OUT_OF_MEMORY: Self =
        Self::of("OOM command not allowed when used memory > 'maxmemory'.");
    /// A key that must be there is not.
    pub const NO_SUCH_KEY: Self = Self::of("ERR no such key");

    /// A text that is known beforehand, with its code.
    pub const fn of(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// `ERR` and a text. What the client sent may stand in it, so line ends become
    /// spaces, as in `addReplyErrorFormat`.
    pub fn err(text: impl AsRef<str>) -> Self {
        Self::coded("ERR", text)
    }

    /// Another code and a text.
    pub fn coded(code: &str, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().replace(['\r', '\n'], " ");
        Self(Cow::Owned(format!("{code} {text}")))
    }

    /// Too few arguments, or too many.
    pub fn arity(command: &str) -> Self {
        Self::err(format!("wrong number of arguments for '{command}' command"))
    }

    /// An expiry in the past or past all time.
    pub fn expire_time(command: &str) -> Self {
        Self::err(format!("invalid expire time in '{command}' command"))
    }

    /// Code and text, as they stand behind the `-`.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// What a client sent, for an error text.
pub(super) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
