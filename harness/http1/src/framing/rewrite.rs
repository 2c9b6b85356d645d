//! Another body in a message: the head stays as it came, but for its framing.

use bytes::{BufMut, Bytes, BytesMut};

/// Whether a header line says where the message ends.
pub(crate) fn is_framing(name: &str) -> bool {
    let framing = ["content-length", "transfer-encoding", "trailer"];
    framing.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// `head` (its empty line included) with `body`, which its Content-Length
/// counts.
pub(super) fn with_body(head: &[u8], body: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(head.len() + body.len() + 40);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let framing = std::str::from_utf8(name).is_ok_and(is_framing);
        if !framing && line != b"\r\n" {
            message.put_slice(line);
        }
    }
    let length = format!("Content-Length: {}\r\n\r\n", body.len());
    message.put_slice(length.as_bytes());
    message.put_slice(body);
    message.freeze()
}
