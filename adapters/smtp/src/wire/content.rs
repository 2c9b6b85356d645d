//! A mail's content, from the reply 354 to the final dot.

/// Octets of a text line with its CRLF, without the dot that was put before it
/// (RFC 5321 4.5.3.1.6).
const TEXT_LINE_MAX: usize = 1000;

/// Where in a line the last octet was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum At {
    /// Behind a CRLF; also where the content begins, since the CRLF of DATA counts
    /// (RFC 5321 4.1.1.4).
    #[default]
    Start,
    /// Behind a dot at the start of a line.
    Dot,
    /// Behind CR LF . CR.
    DotCr,
    Text,
    /// Behind a CR within a line.
    Cr,
}

/// What is wrong with a content. Where it ends is not in doubt: it ends at
/// CR LF . CR LF and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Flaws {
    pub bare_lf: bool,
    pub bare_cr: bool,
    pub nul: bool,
    pub long_line: bool,
    /// Octets above 127 in the headers, and behind them.
    pub eight_bit_headers: bool,
    pub eight_bit_body: bool,
}

impl Flaws {
    /// Whether another reader could see another mail, or two, in the same bytes.
    pub fn is_ambiguous(self) -> bool {
        self.bare_lf || self.bare_cr || self.nul
    }
}

/// Reads a content as it comes, wherever it is cut.
#[derive(Debug, Default)]
pub(crate) struct Content {
    at: At,
    /// Octets of the current line.
    line: usize,
    in_body: bool,
    pub flaws: Flaws,
    /// Octets of the content so far, without the dots that were put before lines.
    pub size: u64,
}

impl Content {
    /// Reads on in `bytes`. Answers how many of them belong to the content and whether
    /// it has ended with them; hands what it says, without dot-stuffing (RFC 5321
    /// 4.5.2), to `take` in pieces.
    pub fn read(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> (usize, bool) {
        let mut next = 0;
        while let Some(byte) = bytes.get(next).copied() {
            match (self.at, byte) {
                (At::Start, b'.') => (self.at, next) = (At::Dot, next + 1),
                (At::Dot, b'\r') => (self.at, next) = (At::DotCr, next + 1),
                (At::DotCr, b'\n') => return (next + 1, true),
                (At::DotCr, _) => {
                    self.flaws.bare_cr = true;
                    self.at = At::Text;
                }
                (At::Start | At::Dot, _) => self.at = At::Text,
                (At::Text, _) => next += self.text(&bytes[next..], &mut take),
                (At::Cr, b'\n') => {
                    self.in_body |= self.line == 0;
                    self.flaws.long_line |= self.line + 2 > TEXT_LINE_MAX;
                    self.size += 2;
                    take(b"\r\n");
                    (self.at, self.line, next) = (At::Start, 0, next + 1);
                }
                (At::Cr, _) => {
                    self.flaws.bare_cr = true;
                    self.at = At::Text;
                }
            }
        }
        (next, false)
    }

    /// Reads up to the next octet that is no text, and answers how many.
    fn text(&mut self, bytes: &[u8], take: &mut impl FnMut(&[u8])) -> usize {
        let len = memchr::memchr3(b'\r', b'\n', 0, bytes).unwrap_or(bytes.len());
        let said = &bytes[..len];
        if len > 0 {
            let flag = match self.in_body {
                true => &mut self.flaws.eight_bit_body,
                false => &mut self.flaws.eight_bit_headers,
            };
            *flag |= !said.is_ascii();
            self.line += len;
            self.size += len as u64;
            take(said);
        }
        match bytes.get(len) {
            None => return len,
            Some(b'\r') => self.at = At::Cr,
            Some(b'\n') => self.flaws.bare_lf = true,
            Some(_) => self.flaws.nul = true,
        }
        len + 1
    }
}

/// `content` as it is sent: with a dot before every line that begins with one, and
/// the final dot. What does not end in CRLF gets one.
pub(crate) fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    let mut rest = content;
    let mut starts_line = true;
    while let Some(first) = rest.first() {
        if starts_line && *first == b'.' {
            out.push(b'.');
        }
        let end = memchr::memmem::find(rest, b"\r\n");
        starts_line = end.is_some();
        let (line, next) = rest.split_at(end.map_or(rest.len(), |at| at + 2));
        out.extend_from_slice(line);
        rest = next;
    }
    if !starts_line {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads `bytes`, cut every `cut` octets.
    fn read(bytes: &[u8], cut: usize) -> (Vec<u8>, usize, bool, Flaws) {
        let mut content = Content::default();
        let (mut said, mut taken) = (Vec::new(), 0);
        for part in bytes.chunks(cut) {
            let (len, ended) = content.read(part, |piece| said.extend_from_slice(piece));
            taken += len;
            if ended {
                return (said, taken, true, content.flaws);
            }
            assert_eq!(len, part.len(), "what is no end is taken");
        }
        (said, taken, false, content.flaws)
    }

    #[test]
    fn nothing_but_crlf_dot_crlf_ends_a_content() {
        for end in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r\n",
            "\r.\r",
            "\r.\n",
            "\r\n.\n",
            "\r\n.\r",
            "\n.\r",
            "\r\n.\r\r\n",
            "\0.\r\n",
            "\r\n.\0\r\n",
            "\r\n..\r\n",
            "\r\n.\r\0\n",
        ] {
            let bytes = format!("a{end}MAIL FROM:<b@c>\r\n.\r\nQUIT\r\n");
            for cut in [1, 2, 3, usize::MAX] {
                let (_, taken, ended, flaws) = read(bytes.as_bytes(), cut);
                assert!(ended, "{end:?}");
                assert_eq!(&bytes[taken..], "QUIT\r\n", "{end:?} cut at {cut}");
                assert_eq!(flaws.is_ambiguous(), end != "\r\n..\r\n", "{end:?}");
            }
        }
    }

    #[test]
    fn dots_lines_and_octets_are_told() {
        for (bytes, says) in [
            (".\r\n", ""),
            ("\r\n.\r\n", "\r\n"),
            ("..a\r\n...\r\n.b\r\n.\r\n", ".a\r\n..\r\nb\r\n"),
        ] {
            let (said, taken, ended, flaws) = read(bytes.as_bytes(), 1);
            assert_eq!(
                (said.as_slice(), taken, ended),
                (says.as_bytes(), bytes.len(), true)
            );
            assert_eq!(flaws, Flaws::default());
        }
        let flaws = |bytes: &[u8]| read(bytes, 7).3;
        let line = |len: usize| [&b".".repeat(2)[..], &vec![b'a'; len - 1], b"\r\n"].concat();
        assert!(!flaws(&line(998)).long_line);
        assert!(flaws(&line(999)).long_line);
        let headers = flaws("Subject: é\r\n\r\nb\r\n.\r\n".as_bytes());
        assert!(headers.eight_bit_headers && !headers.eight_bit_body);
        let body = flaws("Subject: e\r\n\r\né\r\n.\r\n".as_bytes());
        assert!(!body.eight_bit_headers && body.eight_bit_body);
    }

    proptest! {
        #[test]
        fn what_was_stuffed_is_read_back(
            lines in proptest::collection::vec("[.a\u{e9}\t ]{0,5}", 0..20), cut in 1_usize..9,
        ) {
            let content: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let wire = stuffed(content.as_bytes());
            let (said, taken, ended, flaws) = read(&wire, cut);
            prop_assert_eq!(said, content.as_bytes());
            prop_assert!(ended && taken == wire.len() && !flaws.is_ambiguous());
        }

        #[test]
        fn how_it_is_cut_makes_no_difference(
            bytes in proptest::collection::vec(prop::sample::select(b"\r\n.a\0\xc3".to_vec()), 0..60),
            cut in 1_usize..9,
        ) {
            prop_assert_eq!(read(&bytes, cut), read(&bytes, usize::MAX));
            // What ends it is what a search for the five octets finds.
            let whole = [&b"\r\n"[..], &bytes].concat();
            let end = memchr::memmem::find(&whole, b"\r\n.\r\n").map(|at| at + 3);
            let (_, taken, ended, _) = read(&bytes, cut);
            prop_assert_eq!(ended.then_some(taken), end);
        }
    }
}
