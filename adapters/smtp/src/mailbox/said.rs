//! What the sink says, each with the rule that it comes from.

use crate::wire::{AddressError, Flaws, LineError, Misread};

/// A code of three digits, an enhanced code (RFC 3463) and a text.
pub(super) fn push(replies: &mut Vec<u8>, line: &str) {
    replies.extend_from_slice(line.as_bytes());
    replies.extend_from_slice(b"\r\n");
}

pub(super) fn misread(error: Misread) -> String {
    match error {
        // RFC 5321 4.2.4.
        Misread::Unknown => "500 5.5.1 No such command".into(),
        Misread::NotServed => "502 5.5.1 Not served here".into(),
        // RFC 5321 4.2.2.
        Misread::Arguments(form) => format!("501 5.5.4 Expected: {form}"),
        // RFC 5321 4.1.1.11.
        Misread::Parameter => "555 5.5.4 A parameter that was not offered".into(),
        Misread::Address(error @ AddressError::NeedsUtf8) => format!("553 5.6.7 {error}"),
        Misread::Address(error) => format!("501 5.1.3 {error}"),
    }
}

pub(super) fn not_a_line(error: LineError) -> String {
    format!("500 5.5.2 {error}")
}

/// Why a content that has come whole is not taken, if it is not.
pub(super) fn flaw(flaws: Flaws, eight_bit: bool, utf8: bool) -> Option<&'static str> {
    if flaws.bare_lf {
        // What ends a mail for one reader and not for another ends none here.
        return Some("554 5.6.0 A bare LF, which ends no line (RFC 5321 2.3.8)");
    }
    if flaws.bare_cr {
        return Some("554 5.6.0 A bare CR, which ends no line (RFC 5321 2.3.8)");
    }
    if flaws.nul {
        return Some("554 5.6.0 A NUL, which no mail has (RFC 5322 2.2, 4)");
    }
    if flaws.long_line {
        return Some("500 5.5.2 A line of more than 1000 octets (RFC 5321 4.5.3.1.6)");
    }
    if flaws.eight_bit_headers && !utf8 {
        return Some("554 5.6.9 Headers outside of ASCII need SMTPUTF8 (RFC 6531 3.4)");
    }
    if flaws.eight_bit_body && !eight_bit {
        return Some("554 5.6.1 Octets above 127 need BODY=8BITMIME (RFC 6152 3)");
    }
    None
}
