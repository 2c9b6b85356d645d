//! One line, up to its CRLF.

/// Octets of a command with its CRLF (RFC 5321 4.5.3.1.4).
pub(crate) const COMMAND_MAX: usize = 512;
/// Octets of MAIL: SIZE adds 26 (RFC 1870 3), BODY 17 (RFC 6152 2), SMTPUTF8 10
/// (RFC 6531 3.1), AUTH 500 (RFC 4954 3).
pub(crate) const MAIL_MAX: usize = COMMAND_MAX + 26 + 17 + 10 + 500;
/// Octets of AUTH and of what answers a challenge (RFC 4954 4).
pub(crate) const AUTH_MAX: usize = 12_288;

/// What makes a line none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// RFC 5321 2.3.8.
    #[error("a bare LF, which ends no line (RFC 5321 2.3.8)")]
    BareLf,
    /// RFC 5321 2.3.8.
    #[error("a bare CR, which ends no line (RFC 5321 2.3.8)")]
    BareCr,
    /// RFC 5321 4.5.2 leaves NUL out of what a command has, RFC 5322 4 calls it obsolete.
    #[error("a NUL")]
    Nul,
    /// RFC 5321 4.5.3.1.
    #[error("a line of more than {0} octets (RFC 5321 4.5.3.1)")]
    TooLong(usize),
}

/// A line that has come whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line<'a> {
    /// Octets with its CRLF.
    pub len: usize,
    /// It, without its CRLF; or why it is none.
    pub text: Result<&'a [u8], LineError>,
}

/// The line at the front of `buf`, or `None` while its CRLF is not there. An error is
/// a line that has not ended after `max` octets.
pub(crate) fn line(buf: &[u8], max: usize) -> Result<Option<Line<'_>>, LineError> {
    let looked_at = &buf[..buf.len().min(max)];
    let end = memchr::memchr_iter(b'\n', looked_at).find(|at| *at > 0 && buf[at - 1] == b'\r');
    let Some(end) = end else {
        return match buf.len() >= max {
            true => Err(LineError::TooLong(max)),
            false => Ok(None),
        };
    };
    let text = &buf[..end - 1];
    let text = match memchr::memchr3(b'\n', b'\r', 0, text).map(|at| text[at]) {
        None => Ok(text),
        Some(b'\n') => Err(LineError::BareLf),
        Some(b'\r') => Err(LineError::BareCr),
        Some(_) => Err(LineError::Nul),
    };
    Ok(Some(Line { len: end + 1, text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crlf_ends_a_line() {
        let at = |buf: &'static [u8]| line(buf, 16);
        let good = |len, text: &'static [u8]| {
            Ok(Some(Line {
                len,
                text: Ok(text),
            }))
        };
        let bad = |len, error| {
            Ok(Some(Line {
                len,
                text: Err(error),
            }))
        };
        assert_eq!(at(b"NOOP\r\nX"), good(6, b"NOOP"));
        assert_eq!(at(b"\r\n"), good(2, b""));
        for half in [&b""[..], b"NOOP", b"NOOP\r", b"NOOP\n", b"\n", b"\r"] {
            assert_eq!(line(half, 16), Ok(None), "{half:?}");
        }
        assert_eq!(at(b"A\nB\r\n"), bad(5, LineError::BareLf));
        assert_eq!(at(b"\nB\r\n"), bad(4, LineError::BareLf));
        assert_eq!(at(b"A\rB\r\n"), bad(5, LineError::BareCr));
        assert_eq!(at(b"A\r\r\n"), bad(4, LineError::BareCr));
        assert_eq!(at(b"A\0\r\n"), bad(4, LineError::Nul));
        assert_eq!(at(b"0123456789abcdef"), Err(LineError::TooLong(16)));
        assert_eq!(at(b"0123456789abcd\r\n"), good(16, b"0123456789abcd"));
        assert_eq!(at(b"0123456789abcde\r\n"), Err(LineError::TooLong(16)));
    }
}
