//! A bounded cursor over one frame.

/// Bytes that do not follow the layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} at byte {at} of the frame")]
pub(crate) struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// Where in the frame.
    pub at: usize,
}

/// Items of all arrays of one frame together, so that what readers keep of a
/// frame stays small beside it.
const ITEMS_MAX: usize = 1_000_000;

pub(crate) type Read<T> = Result<T, Malformed>;

/// Reads Kafka's primitive types off a slice.
///
/// It never allocates and believes no length or count beyond the bytes that
/// remain, nor more than [`ITEMS_MAX`] items in all. Strings and arrays are compact where `flexible` is set (KIP-482).
/// Kafka's messages do not nest beyond their fixed structure, and every array
/// item has at least one byte, so that a loop over a count ends with the frame.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    flexible: bool,
    items_left: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], flexible: bool) -> Self {
        Self {
            bytes,
            at: 0,
            flexible,
            items_left: ITEMS_MAX,
        }
    }

    /// Position from the start of the slice.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn flexible(&self) -> bool {
        self.flexible
    }

    pub fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    pub fn take(&mut self, len: usize) -> Read<&'a [u8]> {
        if len > self.remaining() {
            return Err(self.malformed("a length beyond the frame"));
        }
        let taken = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut value = [0; N];
        value.copy_from_slice(self.take(N)?);
        Ok(value)
    }

    pub fn i8(&mut self) -> Read<i8> {
        Ok(i8::from_be_bytes(self.fixed()?))
    }

    pub fn bool(&mut self) -> Read<bool> {
        Ok(self.i8()? != 0)
    }

    pub fn i16(&mut self) -> Read<i16> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    pub fn i32(&mut self) -> Read<i32> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    pub fn i64(&mut self) -> Read<i64> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    pub fn uuid(&mut self) -> Read<[u8; 16]> {
        self.fixed()
    }

    fn varint(&mut self, bytes_max: u32) -> Read<u64> {
        let mut value = 0_u64;
        for i in 0..bytes_max {
            let [byte] = self.fixed()?;
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("a varint that does not end"))
    }

    /// An unsigned varint of at most 32 bits.
    pub fn uvarint(&mut self) -> Read<u32> {
        let value = self.varint(5)?;
        u32::try_from(value).map_err(|_| self.malformed("a varint beyond 32 bits"))
    }

    /// A zigzag varint, as records use it.
    pub fn svarint(&mut self) -> Read<i64> {
        let value = self.varint(10)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A length or count: -1 (0 in compact form) is null.
    fn length(&mut self, wide: bool) -> Read<Option<usize>> {
        if self.flexible {
            return Ok((self.uvarint()? as usize).checked_sub(1));
        }
        let length = if wide {
            self.i32()?
        } else {
            i32::from(self.i16()?)
        };
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length)
                .map(Some)
                .map_err(|_| self.malformed("a negative length")),
        }
    }

    pub fn nullable_string(&mut self) -> Read<Option<&'a str>> {
        let Some(length) = self.length(false)? else {
            return Ok(None);
        };
        let at = self.at;
        let text = self.take(length)?;
        std::str::from_utf8(text).map(Some).map_err(|_| Malformed {
            what: "a string that is not UTF-8",
            at,
        })
    }

    /// A string; null counts as empty.
    pub fn string(&mut self) -> Read<&'a str> {
        Ok(self.nullable_string()?.unwrap_or(""))
    }

    /// A byte array; null counts as empty.
    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        match self.length(true)? {
            Some(length) => self.take(length),
            None => Ok(&[]),
        }
    }

    /// A count of items, none of which can be shorter than a byte; null counts
    /// as none.
    pub fn count(&mut self) -> Read<usize> {
        Ok(self.nullable_count()?.unwrap_or(0))
    }

    pub fn nullable_count(&mut self) -> Read<Option<usize>> {
        let Some(count) = self.length(true)? else {
            return Ok(None);
        };
        if count > self.remaining() {
            return Err(self.malformed("a count beyond the frame"));
        }
        match self.items_left.checked_sub(count) {
            Some(left) => self.items_left = left,
            None => return Err(self.malformed("too many items")),
        }
        Ok(Some(count))
    }

    /// Skips the tagged fields of a flexible version.
    pub fn tags(&mut self) -> Read<()> {
        if !self.flexible {
            return Ok(());
        }
        let count = self.uvarint()? as usize;
        if count > self.remaining() {
            return Err(self.malformed("a count beyond the frame"));
        }
        for _ in 0..count {
            self.tagged()?;
        }
        Ok(())
    }

    /// One tagged field: its tag and its bytes.
    pub fn tagged(&mut self) -> Read<(u32, &'a [u8])> {
        let tag = self.uvarint()?;
        let length = self.uvarint()? as usize;
        Ok((tag, self.take(length)?))
    }

    /// Skips an array of 32-bit numbers.
    pub fn skip_i32s(&mut self) -> Read<()> {
        let count = self.count()?;
        let bytes = count.checked_mul(4);
        self.take(bytes.ok_or_else(|| self.malformed("a count beyond the frame"))?)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_counts_beyond_the_frame_are_refused() {
        let huge = [0x7f, 0xff, 0xff, 0xff, 0, 0];
        assert!(Cursor::new(&huge, false).count().is_err());
        assert!(Cursor::new(&huge, false).bytes().is_err());
        assert!(Cursor::new(&huge, false).skip_i32s().is_err());
        let compact = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        assert!(Cursor::new(&compact, true).count().is_err());
        assert!(Cursor::new(&compact, true).string().is_err());
        assert!(Cursor::new(&compact, true).tags().is_err());
        let endless = [0xff; 12];
        assert!(Cursor::new(&endless, true).uvarint().is_err());
        assert!(Cursor::new(&endless, true).svarint().is_err());
        let negative = [0xff, 0xfe];
        assert!(Cursor::new(&negative, false).string().is_err());
    }

    #[test]
    fn null_and_empty_are_told_apart_where_it_matters() {
        assert_eq!(
            Cursor::new(&[0xff, 0xff], false).nullable_string(),
            Ok(None)
        );
        assert_eq!(Cursor::new(&[0, 0], false).nullable_string(), Ok(Some("")));
        assert_eq!(Cursor::new(&[0], true).nullable_string(), Ok(None));
        assert_eq!(Cursor::new(&[1], true).nullable_string(), Ok(Some("")));
        assert_eq!(Cursor::new(&[0], true).nullable_count(), Ok(None));
        assert_eq!(Cursor::new(&[1], true).nullable_count(), Ok(Some(0)));
    }

    #[test]
    fn zigzag_turns_back() {
        assert_eq!(Cursor::new(&[0], true).svarint(), Ok(0));
        assert_eq!(Cursor::new(&[1], true).svarint(), Ok(-1));
        assert_eq!(Cursor::new(&[2], true).svarint(), Ok(1));
        assert_eq!(Cursor::new(&[0xac, 0x02], true).svarint(), Ok(150));
    }
}
