//! A tokenizer for PostgreSQL's SQL, as far as labels need it (manual,
//! "Lexical Structure"). It never allocates, and takes any bytes.

/// A token, by the bytes it stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token<'a> {
    /// A key word or an unquoted identifier.
    Word(&'a [u8]),
    /// A quoted identifier, without its outer quotes.
    Quoted(&'a [u8]),
    /// A string constant of any kind, without its outer quotes.
    Text(&'a [u8]),
    /// A numeric constant.
    Number(&'a [u8]),
    /// `$1`.
    Parameter,
    /// Any other byte.
    Mark(u8),
}

impl Token<'_> {
    /// Whether it is the key word `word`, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(bytes) if bytes.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// Iterates over the tokens of a string of SQL.
pub(super) struct Tokens<'a> {
    sql: &'a [u8],
    at: usize,
    torn: bool,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(sql: &'a [u8]) -> Self {
        Self {
            sql,
            at: 0,
            torn: false,
        }
    }

    /// Whether a constant, name or comment had no end.
    pub(super) const fn torn(&self) -> bool {
        self.torn
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.get(self.at + ahead).copied()
    }

    /// Takes up to and including the first `end`, and answers what stands
    /// before it.
    fn until(&mut self, end: &[u8]) -> &'a [u8] {
        let rest = &self.sql[self.at..];
        match find(rest, end) {
            Some(len) => {
                self.at += len + end.len();
                &rest[..len]
            }
            None => {
                self.torn = true;
                self.at = self.sql.len();
                rest
            }
        }
    }

    /// Takes what `quote` encloses; a doubled quote stands for itself.
    fn quoted(&mut self, quote: u8, backslash: bool) -> &'a [u8] {
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            if byte == b'\\' && backslash {
                self.at += 2;
            } else if byte != quote {
                self.at += 1;
            } else if self.peek(1) == Some(quote) {
                self.at += 2;
            } else {
                self.at += 1;
                return &self.sql[start..self.at - 1];
            }
        }
        self.torn = true;
        self.at = self.sql.len();
        &self.sql[start.min(self.at)..]
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => {
                    self.torn = true;
                    return;
                }
            }
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(byte), _) if byte.is_ascii_whitespace() || byte == 0x0b => self.at += 1,
                (Some(b'-'), Some(b'-')) => {
                    let rest = &self.sql[self.at..];
                    self.at += find(rest, b"\n").map_or(rest.len(), |len| len + 1);
                }
                (Some(b'/'), Some(b'*')) => self.block_comment(),
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        while self.peek(0).is_some_and(in_word) {
            self.at += 1;
        }
        let word = &self.sql[start..self.at];
        match (word, self.peek(0), self.peek(1)) {
            (b"e" | b"E", Some(b'\''), _) => Token::Text(self.quoted(b'\'', true)),
            (b"b" | b"B" | b"x" | b"X" | b"n" | b"N", Some(b'\''), _) => {
                Token::Text(self.quoted(b'\'', false))
            }
            (b"u" | b"U", Some(b'&'), Some(b'\'')) => {
                self.at += 1;
                Token::Text(self.quoted(b'\'', false))
            }
            (b"u" | b"U", Some(b'&'), Some(b'"')) => {
                self.at += 1;
                Token::Quoted(self.quoted(b'"', false))
            }
            _ => Token::Word(word),
        }
    }

    /// `$1`, `$tag$...$tag$`, or a lonely dollar.
    fn dollar(&mut self) -> Token<'a> {
        let rest = &self.sql[self.at..];
        if rest.get(1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            while self.peek(0).is_some_and(|b| b.is_ascii_digit()) {
                self.at += 1;
            }
            return Token::Parameter;
        }
        let tag_end = rest[1..].iter().position(|b| !in_word(*b) || *b == b'$');
        match tag_end {
            Some(len) if rest[len + 1] == b'$' => {
                let tag = &rest[..len + 2];
                self.at += tag.len();
                Token::Text(self.until(tag))
            }
            _ => {
                self.at += 1;
                Token::Mark(b'$')
            }
        }
    }

    fn number(&mut self) -> Token<'a> {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_')
        {
            self.at += 1;
        }
        Token::Number(&self.sql[start..self.at])
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks();
        let byte = self.peek(0)?;
        Some(match byte {
            b'\'' => Token::Text(self.quoted(b'\'', false)),
            b'"' => Token::Quoted(self.quoted(b'"', false)),
            b'$' => self.dollar(),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => self.number(),
            byte if in_word(byte) => self.word(),
            byte => {
                self.at += 1;
                Token::Mark(byte)
            }
        })
    }
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|b| b == first) {
        let start = from + at;
        if haystack[start + 1..].starts_with(rest) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Token::*, *};

    fn all(sql: &str) -> (Vec<Token<'_>>, bool) {
        let mut tokens = Tokens::new(sql.as_bytes());
        let all: Vec<_> = tokens.by_ref().collect();
        (all, tokens.torn())
    }

    #[test]
    fn tokens_are_told_apart() {
        for (sql, expect) in [
            ("a -- 'b\n c", vec![Word(b"a"), Word(b"c")]),
            ("a /* /* ' */ ; */ b", vec![Word(b"a"), Word(b"b")]),
            ("'it''s' x", vec![Text(b"it''s"), Word(b"x")]),
            (r"'a\' x", vec![Text(br"a\"), Word(b"x")]),
            (r"E'a\' x' y", vec![Text(br"a\' x"), Word(b"y")]),
            ("U&'d' U&\"e\"", vec![Text(b"d"), Quoted(b"e")]),
            ("x'1F' n'a'", vec![Text(b"1F"), Text(b"a")]),
            (
                "$$a;$b$ $1$$ $2 $t$x $$ y$t$",
                vec![Text(b"a;$b$ $1"), Parameter, Text(b"x $$ y")],
            ),
            (
                "\"A\"\"b\".c1$",
                vec![Quoted(b"A\"\"b"), Mark(b'.'), Word(b"c1$")],
            ),
            (
                "1.5e3 .5 a::int",
                vec![
                    Number(b"1.5e3"),
                    Number(b".5"),
                    Word(b"a"),
                    Mark(b':'),
                    Mark(b':'),
                    Word(b"int"),
                ],
            ),
            ("$ a", vec![Mark(b'$'), Word(b"a")]),
            ("é", vec![Word("é".as_bytes())]),
            (" \u{b}\t\r\n", vec![]),
        ] {
            assert_eq!(all(sql), (expect, false), "{sql}");
        }
    }

    #[test]
    fn what_has_no_end_is_torn() {
        for sql in ["'a", "\"a", "/* a", "$$a", "$t$ $$", "E'a\\", "/* /* */"] {
            assert!(all(sql).1, "{sql}");
        }
        assert!(!all("-- a").1);
    }
}
