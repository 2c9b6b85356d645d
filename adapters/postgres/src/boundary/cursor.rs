//! A bounded cursor over one message's body. It believes no length beyond the
//! bytes that are there, and allocates nothing.

/// Reads from the front of a slice; each read answers `None` when the bytes
/// are not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        let bytes = self.take(4)?;
        Some(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        let bytes = self.take(4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A string that ends in a zero byte, without that byte.
    pub(crate) fn cstr(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|b| *b == 0)?;
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn nothing_is_read_beyond_the_bytes() {
        let mut cursor = Cursor::new(&[0, 1, b'a', 0, 9]);
        assert_eq!(cursor.u16(), Some(1));
        assert_eq!(cursor.cstr(), Some(&b"a"[..]));
        assert_eq!(cursor.cstr(), None);
        assert_eq!(cursor.take(usize::MAX), None);
        assert_eq!(cursor.i32(), None);
        assert_eq!(cursor.u8(), Some(9));
        assert!(cursor.is_empty());
    }
}
