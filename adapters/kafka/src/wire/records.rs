//! Record batches (magic 2), by their 61-byte headers and, where they are not
//! compressed, record by record.

use super::{Cursor, Malformed, Read};

/// Offset of the byte that tells the batch format, in every format.
const MAGIC_AT: usize = 16;
/// Base offset and length: what stands before the part that the length counts.
const PREFIX_LEN: usize = 12;
/// Header of a magic 2 batch.
const HEADER_LEN: usize = 61;

const COMPRESSION_BITS: i16 = 0b111;
const TRANSACTIONAL_BIT: i16 = 1 << 4;
const CONTROL_BIT: i16 = 1 << 5;

/// A record batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub base_offset: i64,
    pub last_offset: i64,
    pub attributes: i16,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub count: i32,
    records: &'a [u8],
}

impl<'a> Batch<'a> {
    /// A transaction marker or another control record: never handed to an
    /// application.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    pub fn is_compressed(&self) -> bool {
        self.attributes & COMPRESSION_BITS != 0
    }

    /// Its records; none where they are compressed.
    pub fn records(&self) -> Records<'a> {
        let bytes = if self.is_compressed() {
            &[]
        } else {
            self.records
        };
        Records {
            cursor: Cursor::new(bytes, true),
            base_offset: self.base_offset,
        }
    }
}

/// The batches of a record set. A batch cut off at its end (brokers may do so)
/// ends the walk; legacy message sets are skipped.
pub(crate) fn batches(set: &[u8]) -> Batches<'_> {
    Batches { rest: set }
}

pub(crate) struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Batch<'a>;

    fn next(&mut self) -> Option<Batch<'a>> {
        loop {
            let length = i32::from_be_bytes(self.rest.get(8..PREFIX_LEN)?.try_into().ok()?);
            let length = usize::try_from(length).ok()?;
            let whole = self.rest.get(..length.checked_add(PREFIX_LEN)?)?;
            // A batch of no length would be found again for ever.
            if whole.len() <= MAGIC_AT {
                return None;
            }
            self.rest = &self.rest[whole.len()..];
            if whole[MAGIC_AT] == 2 {
                return header(whole).ok();
            }
        }
    }
}

fn header(whole: &[u8]) -> Read<Batch<'_>> {
    let mut cursor = Cursor::new(whole, false);
    let base_offset = cursor.i64()?;
    cursor.take(4 + 4 + 1 + 4)?;
    let attributes = cursor.i16()?;
    let last_offset_delta = cursor.i32()?;
    cursor.take(8 + 8)?;
    let (producer_id, producer_epoch) = (cursor.i64()?, cursor.i16()?);
    cursor.take(4)?;
    let count = cursor.i32()?;
    debug_assert_eq!(cursor.at(), HEADER_LEN);
    if last_offset_delta < 0 || count < 0 || base_offset < 0 {
        return Err(cursor.malformed("a negative count in a record batch"));
    }
    Ok(Batch {
        base_offset,
        last_offset: base_offset.saturating_add(i64::from(last_offset_delta)),
        attributes,
        producer_id,
        producer_epoch,
        count,
        records: cursor.take(cursor.remaining())?,
    })
}

/// A record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record<'a> {
    pub offset: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

pub(crate) struct Records<'a> {
    cursor: Cursor<'a>,
    base_offset: i64,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.remaining() == 0 {
            return None;
        }
        let record = self.record();
        if record.is_err() {
            self.cursor = Cursor::new(&[], true);
        }
        Some(record)
    }
}

impl<'a> Records<'a> {
    fn record(&mut self) -> Read<Record<'a>> {
        let length = self.cursor.svarint()?;
        let length =
            usize::try_from(length).map_err(|_| self.cursor.malformed("a negative length"))?;
        let mut cursor = Cursor::new(self.cursor.take(length)?, true);
        cursor.i8()?;
        cursor.svarint()?;
        let offset = self.base_offset.saturating_add(cursor.svarint()?);
        Ok(Record {
            offset,
            key: field(&mut cursor)?,
            value: field(&mut cursor)?,
        })
    }
}

fn field<'a>(cursor: &mut Cursor<'a>) -> Read<Option<&'a [u8]>> {
    let length = cursor.svarint()?;
    if length < 0 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| cursor.malformed("a length"))?;
    cursor.take(length).map(Some)
}

/// Whether a control batch ends a transaction with an abort; `None` for other
/// control records. The key is a version and a type, both 16 bits.
pub(crate) fn marker_aborts(batch: &Batch<'_>) -> Option<bool> {
    let record = batch.records().next()?.ok()?;
    match record.key?.get(2..4)? {
        [0, 0] => Some(true),
        [0, 1] => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record_set;

    #[test]
    fn records_come_back_as_the_library_wrote_them() {
        let set = record_set(&[(10, "a", "one"), (11, "b", "two")], 7);
        let all: Vec<_> = batches(&set).collect();
        assert_eq!(all.len(), 1);
        let batch = all[0];
        assert_eq!((batch.base_offset, batch.last_offset), (10, 11));
        assert_eq!((batch.count, batch.producer_id), (2, 7));
        assert!(!batch.is_control() && !batch.is_compressed());
        let records: Vec<_> = batch.records().map(Result::unwrap).collect();
        assert_eq!(records[1].offset, 11);
        assert_eq!(records[1].key, Some(&b"b"[..]));
        assert_eq!(records[1].value, Some(&b"two"[..]));
    }

    #[test]
    fn a_cut_off_batch_ends_the_walk() {
        let set = record_set(&[(0, "a", "one")], -1);
        let mut two = set.to_vec();
        two.extend_from_slice(&set[..set.len() - 1]);
        assert_eq!(batches(&two).count(), 1);
        assert_eq!(batches(&set[..40]).count(), 0);
        assert_eq!(batches(&[0; 64]).count(), 0);
    }
}
