//! Replies of a server, of one line or of several (RFC 5321 4.2.1).

use super::line::{LineError, line};

/// Octets of a line: 512 by RFC 5321 4.5.3.1.5, and servers that tell more are many.
const REPLY_LINE_MAX: usize = 4096;
/// Octets of all lines.
const REPLY_MAX: usize = 64 << 10;
/// Characters of its text that are kept.
const SHOWN_MAX: usize = 200;

/// A reply that has come whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    /// Octets with its last CRLF.
    pub len: usize,
    pub code: u16,
    /// The text of its first line, shortened.
    pub text: String,
}

/// The reply at the front of `buf`, or `None` while its last line is not there.
pub(crate) fn answered(buf: &[u8]) -> Result<Option<Answered>, String> {
    let mut len = 0;
    let mut first: Option<(u16, String)> = None;
    loop {
        if len > REPLY_MAX {
            return Err(format!("a reply of more than {REPLY_MAX} octets"));
        }
        let next = line(&buf[len..], REPLY_LINE_MAX).map_err(|error| in_reply(&error))?;
        let Some(next) = next else {
            return Ok(None);
        };
        let text = next.text.map_err(|error| in_reply(&error))?;
        let (code, is_last, text) = parts(text).ok_or("a reply without a code")?;
        len += next.len;
        let (code_of_all, text_of_all) = first.get_or_insert_with(|| (code, shown(text)));
        if *code_of_all != code {
            return Err(format!("a reply of the codes {code_of_all} and {code}"));
        }
        if is_last {
            return Ok(Some(Answered {
                len,
                code,
                text: std::mem::take(text_of_all),
            }));
        }
    }
}

fn in_reply(error: &LineError) -> String {
    format!("{error} in a reply")
}

/// Code, whether it is the last line, text. RFC 5321 4.2: digits are 2 to 5, 0 to 5 and
/// 0 to 9; a line of the code alone is the last one too (4.2.1).
fn parts(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'] = *digits else {
        return None;
    };
    let code = digits
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN_MAX)
        .collect()
}

/// `reply` to EHLO without the extension `keyword`; `None` where it is not in it. The
/// first line is a greeting and names no extension (RFC 5321 4.1.1.1).
pub(crate) fn without(reply: &[u8], keyword: &str) -> Option<Vec<u8>> {
    let lines = reply.split_inclusive(|b| *b == b'\n');
    let is_it = |line: &[u8]| {
        let text = line.get(4..).unwrap_or_default().trim_ascii();
        let word = text.split(|b| *b == b' ').next().unwrap_or_default();
        word.eq_ignore_ascii_case(keyword.as_bytes())
    };
    let (mut rest, mut last, mut left) = (Vec::with_capacity(reply.len()), 0, false);
    for (at, line) in lines.enumerate() {
        if at > 0 && is_it(line) {
            left = true;
            continue;
        }
        last = rest.len();
        rest.extend_from_slice(line);
    }
    if let Some(mark) = rest.get_mut(last + 3).filter(|mark| **mark == b'-') {
        *mark = b' ';
    }
    left.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(reply: &[u8]) -> Option<u16> {
        answered(reply).unwrap().map(|reply| reply.code)
    }

    #[test]
    fn a_reply_ends_with_the_line_that_has_no_hyphen() {
        let ehlo = b"250-a\r\n250-SIZE 1\r\n250 HELP\r\n354 go";
        let read = answered(ehlo).unwrap().unwrap();
        assert_eq!((read.len, read.code, read.text.as_str()), (29, 250, "a"));
        assert_eq!(code(b"250\r\n"), Some(250));
        for half in [&b""[..], b"25", b"250 a", b"250-a\r\n", b"250-a\r\n250"] {
            assert_eq!(code(half), None, "{half:?}");
        }
        for wrong in [
            &b"HTTP/1.1 400\r\n"[..],
            b"250-a\r\n251 b\r\n",
            b"650 a\r\n",
            b"150 a\r\n",
            b"250_a\r\n",
            b"250 a\nb\r\n",
            b"25\r\n",
            b"\r\n",
        ] {
            assert!(answered(wrong).is_err(), "{wrong:?}");
        }
        assert!(answered(&vec![b'2'; REPLY_LINE_MAX]).is_err());
        assert!(answered(&b"250-a\r\n".repeat(10_000)).is_err());
    }

    #[test]
    fn one_extension_is_taken_out_wherever_it_stands() {
        let check = |reply: &str, rest: Option<&str>| {
            let got = without(reply.as_bytes(), "STARTTLS");
            assert_eq!(got.as_deref(), rest.map(str::as_bytes), "{reply}");
        };
        check(
            "250-a\r\n250-STARTTLS\r\n250 HELP\r\n",
            Some("250-a\r\n250 HELP\r\n"),
        );
        check(
            "250-a\r\n250-HELP\r\n250 starttls\r\n",
            Some("250-a\r\n250 HELP\r\n"),
        );
        check("250-a\r\n250 STARTTLS\r\n", Some("250 a\r\n"));
        check("250-STARTTLS\r\n250 HELP\r\n", None);
        check("250 STARTTLS\r\n", None);
        check("250-a\r\n250 XSTARTTLS\r\n", None);
    }
}
