//! Where one message ends: type byte, then a length that counts itself.

use super::cursor::Cursor;

/// Postgres refuses longer messages itself (`MaxAllocSize`, 1 GiB less one).
const MESSAGE_MAX: u32 = 0x3fff_ffff;

/// Longest message whose content is looked at, and most bytes of one exchange
/// that are kept until its Sync.
pub(super) const LOOK_MAX: usize = 64 << 20;

/// The head of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Type byte.
    pub(super) kind: u8,
    /// Bytes of the whole message, type byte included.
    pub(super) total: usize,
}

/// The message at the front of `bytes`; `None` until its head is there.
pub(super) fn frame(bytes: &[u8]) -> Result<Option<Frame>, String> {
    let mut cursor = Cursor::new(bytes);
    let (Some(kind), Some(len)) = (cursor.u8(), cursor.u32()) else {
        return Ok(None);
    };
    if !(4..=MESSAGE_MAX).contains(&len) {
        return Err(format!(
            "a message of type {} claims a length of {len} bytes",
            shown(kind)
        ));
    }
    Ok(Some(Frame {
        kind,
        total: len as usize + 1,
    }))
}

/// A type byte as an error message shows it.
pub(super) fn shown(kind: u8) -> String {
    if kind.is_ascii_graphic() {
        format!("'{}'", kind as char)
    } else {
        format!("0x{kind:02x}")
    }
}
