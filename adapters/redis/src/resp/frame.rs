//! A whole frame, token by token.

use super::line::{line, number};

/// A frame that is known to be whole and right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
}

/// One value of a frame, or the head of an aggregate, whose values follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token<'a> {
    /// `+OK`
    Simple(&'a [u8]),
    /// `-ERR ...`, or a bulk error.
    Error(&'a [u8]),
    /// `:1`
    Integer(i64),
    /// A bulk string; a verbatim one without its format.
    Bulk(&'a [u8]),
    /// A null of any kind.
    Null,
    /// `#t`
    Boolean(bool),
    /// `,1.5` as it is written.
    Double(&'a [u8]),
    /// `(3492890328409238509324850943850943825024385` as it is written.
    BigNumber(&'a [u8]),
    /// So many values follow.
    Array(usize),
    /// So many values follow, no two the same.
    Set(usize),
    /// So many keys with a value each follow.
    Map(usize),
    /// So many values follow, and nobody has asked for them.
    Push(usize),
    /// So many keys with a value each follow, and then the value that they are said of.
    Attribute(usize),
}

impl<'a> Frame<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// All of it.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Reads it from its front.
    pub const fn reader(&self) -> Reader<'a> {
        Reader { rest: self.bytes }
    }

    /// Reads it from its front, past the attributes that stand before it.
    pub fn past_attributes(&self) -> Reader<'a> {
        let mut reader = self.reader();
        while reader.rest.first() == Some(&b'|') {
            if let Some(Token::Attribute(pairs)) = reader.token() {
                reader.skip(pairs.saturating_mul(2));
            }
        }
        reader
    }
}

/// Reads a frame's tokens in their order.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next token; `None` at the end of the frame.
    pub fn token(&mut self) -> Option<Token<'a>> {
        let line = line(self.rest, &mut 0).ok()??;
        let behind = self.rest.get(line.len..)?;
        let string = |skipped: usize| {
            let len = usize::try_from(number(line.text)?).ok()?;
            Some((behind.get(skipped..len)?, behind.get(len + 2..)?))
        };
        let count = || Some(usize::try_from(number(line.text)?).unwrap_or(0));
        let is_null = line.text.first() == Some(&b'-');
        let mut rest = behind;
        let token = match line.kind {
            b'$' | b'*' if is_null => Token::Null,
            b'_' => Token::Null,
            b'+' => Token::Simple(line.text),
            b'-' => Token::Error(line.text),
            b':' => Token::Integer(number(line.text)?),
            b'#' => Token::Boolean(line.text == b"t"),
            b',' => Token::Double(line.text),
            b'(' => Token::BigNumber(line.text),
            b'*' => Token::Array(count()?),
            b'~' => Token::Set(count()?),
            b'%' => Token::Map(count()?),
            b'>' => Token::Push(count()?),
            b'|' => Token::Attribute(count()?),
            kind => {
                let (text, behind) = string(if kind == b'=' { 4 } else { 0 })?;
                rest = behind;
                match kind {
                    b'!' => Token::Error(text),
                    _ => Token::Bulk(text),
                }
            }
        };
        self.rest = rest;
        Some(token)
    }

    /// The next token that is no attribute.
    pub fn value(&mut self) -> Option<Token<'a>> {
        loop {
            match self.token()? {
                Token::Attribute(pairs) => self.skip(pairs.saturating_mul(2)),
                token => return Some(token),
            }
        }
    }

    /// The next value, where it is a string.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        match self.value()? {
            Token::Bulk(text) | Token::Simple(text) => Some(text),
            _ => None,
        }
    }

    /// How many values follow, where the next one is an array, a set or a push.
    pub fn array(&mut self) -> Option<usize> {
        match self.value()? {
            Token::Array(values) | Token::Set(values) | Token::Push(values) => Some(values),
            _ => None,
        }
    }

    /// Passes over `values` whole values.
    pub fn skip(&mut self, values: usize) {
        let mut left = values;
        while left > 0 {
            let Some(token) = self.token() else {
                return;
            };
            left -= usize::from(!matches!(token, Token::Attribute(_)));
            left = left.saturating_add(match token {
                Token::Array(values) | Token::Set(values) | Token::Push(values) => values,
                Token::Map(pairs) | Token::Attribute(pairs) => pairs.saturating_mul(2),
                _ => 0,
            });
        }
    }

    /// The bytes of the next value, which is passed over.
    pub fn raw(&mut self) -> &'a [u8] {
        let before = self.rest;
        self.skip(1);
        &before[..before.len() - self.rest.len()]
    }
}
