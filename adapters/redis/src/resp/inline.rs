//! Inline commands: a line of words, for whoever speaks to Redis by hand.

use super::RespError;
use std::ops::Range;

/// Refuses what is another protocol.
///
/// Redis hangs up on a request whose first word is `POST` or `Host:` (`networking.c`,
/// "Possible SECURITY ATTACK detected"). The first line of other HTTP requests it would
/// take for a command with too many arguments; nobody who means Redis sends it.
pub(super) fn refuse(text: &[u8]) -> Result<(), RespError> {
    let control = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r');
    if let Some(control) = text.iter().find(control) {
        return Err(RespError::Type(*control));
    }
    let first = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is = |word: &[u8]| first.eq_ignore_ascii_case(word);
    let named = memchr::memmem::find(text, b" HTTP/").is_some();
    match is(b"POST") || is(b"Host:") || named {
        true => Err(RespError::Http),
        false => Ok(()),
    }
}

/// Where the words of a line stand; with what they stand in, where quotes had to be
/// taken off.
type Words = (Vec<Range<usize>>, Option<Vec<u8>>);

/// Splits a line as `sdssplitargs` of Redis does.
pub(super) fn words(text: &[u8]) -> Result<Words, RespError> {
    if memchr::memchr2(b'"', b'\'', text).is_some() {
        return unquoted(text);
    }
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in text.iter().chain(b" ").enumerate() {
        match (byte.is_ascii_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    Ok((words, None))
}

fn unquoted(text: &[u8]) -> Result<Words, RespError> {
    let mut all = Vec::with_capacity(text.len());
    let mut words = Vec::new();
    let mut rest = text.trim_ascii_start();
    while let Some(first) = rest.first() {
        let start = all.len();
        rest = match first {
            b'"' | b'\'' => quoted(*first, &rest[1..], &mut all)?,
            _ => rest,
        };
        // Redis goes on within a word where a quote opens in its middle.
        while let Some((byte, behind)) = rest.split_first() {
            match byte {
                _ if byte.is_ascii_whitespace() => break,
                b'"' | b'\'' => rest = quoted(*byte, behind, &mut all)?,
                _ => {
                    all.push(*byte);
                    rest = behind;
                }
            }
        }
        words.push(start..all.len());
        rest = rest.trim_ascii_start();
    }
    Ok((words, Some(all)))
}

/// Takes what stands up to the closing `quote`, which a space or the end must follow.
fn quoted<'a>(quote: u8, mut text: &'a [u8], into: &mut Vec<u8>) -> Result<&'a [u8], RespError> {
    loop {
        let (byte, rest) = text.split_first().ok_or(RespError::Quotes)?;
        text = rest;
        match (*byte, rest) {
            (closing, _) if closing == quote => {
                return match rest.first() {
                    Some(next) if !next.is_ascii_whitespace() => Err(RespError::Quotes),
                    _ => Ok(rest),
                };
            }
            (b'\\', [b'\'', behind @ ..]) if quote == b'\'' => {
                into.push(b'\'');
                text = behind;
            }
            (b'\\', [b'x', high, low, behind @ ..]) if quote == b'"' && is_hex(*high, *low) => {
                into.push(hex(*high) << 4 | hex(*low));
                text = behind;
            }
            (b'\\', [escaped, behind @ ..]) if quote == b'"' => {
                into.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                text = behind;
            }
            (other, _) => into.push(other),
        }
    }
}

const fn is_hex(high: u8, low: u8) -> bool {
    high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
}

/// The value of a hexadecimal digit.
const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}
