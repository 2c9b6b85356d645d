//! Another body in a message, and other header lines: the rest of the head stays as it
//! came, but for its framing.

use bytes::{BufMut, Bytes, BytesMut};

/// Whether a header line says where the message ends.
pub(crate) fn is_framing(name: &str) -> bool {
    let framing = ["content-length", "transfer-encoding", "trailer"];
    framing.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A header line that takes the place of all that there are of its name: none of them
/// is left where it has no value.
pub type Line<'a> = (&'a str, Option<&'a str>);

/// `head` (its empty line included) with `lines`, and with `body`, which its
/// Content-Length counts.
pub(super) fn with(head: &[u8], lines: &[Line<'_>], body: &[u8]) -> Bytes {
    let length = body.len().to_string();
    let length = [("Content-Length", Some(length.as_str()))];
    let lines = [lines, &length].concat();
    let gone = |name: &str| is_framing(name) || is_among(&lines, name);
    message(head, gone, &lines, body)
}

/// `head` (its empty line included) with `lines`, and `rest` as it is.
pub(super) fn with_lines(head: &[u8], lines: &[Line<'_>], rest: &[u8]) -> Bytes {
    message(head, |name| is_among(lines, name), lines, rest)
}

fn is_among(lines: &[Line<'_>], name: &str) -> bool {
    lines.iter().any(|line| line.0.eq_ignore_ascii_case(name))
}

fn message(head: &[u8], gone: impl Fn(&str) -> bool, lines: &[Line<'_>], rest: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(head.len() + rest.len() + 64 * lines.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let gone = std::str::from_utf8(name).is_ok_and(&gone);
        if !gone && line != b"\r\n" {
            message.put_slice(line);
        }
    }
    for (name, value) in lines {
        if let Some(value) = value {
            message.put_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
    message.put_slice(b"\r\n");
    message.put_slice(rest);
    message.freeze()
}
