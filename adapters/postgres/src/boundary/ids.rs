//! Finding this trial's messages in literals and parameters.

use super::cursor::Cursor;
use exactly_adapter::TrialNames;
use exactly_model::MessageId;

/// Ids kept of one exchange or one transaction.
const IDS_MAX: usize = 4096;
/// Bytes of one value that are searched.
const VALUE_MAX: usize = 64 << 10;
/// Longest rendering of an id (a UUID).
const ID_MAX: usize = 36;
/// Elements of one array parameter that are looked at.
const ELEMENTS_MAX: i32 = 65_536;

const OID_INT8: u32 = 20;
const OID_UUID: u32 = 2950;

/// A sorted set of ids, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids(Vec<MessageId>);

impl Ids {
    fn add(&mut self, id: MessageId) {
        if let Err(at) = self.0.binary_search(&id)
            && self.0.len() < IDS_MAX
        {
            self.0.insert(at, id);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        } else {
            other.0.iter().for_each(|id| self.add(*id));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn into_vec(self) -> Vec<MessageId> {
        self.0
    }
}

/// Looks for the ids of one trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder {
    names: TrialNames,
}

impl Finder {
    pub(crate) const fn new(names: TrialNames) -> Self {
        Self { names }
    }

    fn keep(self, id: Option<MessageId>, found: &mut Ids) {
        if let Some(id) = id
            && id.run() == self.names.run
            && id.trial() == self.names.trial
        {
            found.add(id);
        }
    }

    /// Ids in a text: every run of letters, digits and hyphens that is one of
    /// the three renderings, and the text form within a longer such run.
    pub(crate) fn in_text(self, value: &[u8], found: &mut Ids) {
        let value = &value[..value.len().min(VALUE_MAX)];
        let runs = value.split(|b| !(b.is_ascii_alphanumeric() || *b == b'-'));
        for run in runs.filter(|run| !run.is_empty()) {
            let whole = (run.len() <= ID_MAX)
                .then(|| std::str::from_utf8(run).ok().and_then(MessageId::parse))
                .flatten();
            if whole.is_some() {
                self.keep(whole, found);
                continue;
            }
            for (at, _) in run.iter().enumerate().filter(|(_, b)| **b == b'x') {
                if at == 0 || run[at - 1] == b'-' {
                    self.keep(text_form(&run[at..]), found);
                }
            }
        }
    }

    /// Ids in a parameter in binary format. Its type is not on the wire: eight
    /// bytes may be a BIGINT, sixteen a UUID, and any of them a text.
    pub(crate) fn in_binary(self, value: &[u8], found: &mut Ids) {
        if let Ok(bytes) = <[u8; 8]>::try_from(value) {
            self.keep(MessageId::from_i64(i64::from_be_bytes(bytes)), found);
        }
        if let Ok(bytes) = <[u8; 16]>::try_from(value) {
            let uuid = bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
            self.keep(MessageId::parse(&uuid), found);
        }
        if self.in_array(value, found).is_none() {
            self.in_text(value, found);
        }
    }

    /// Ids in a one-dimensional array of BIGINT or UUID; `None` when it is
    /// none, or when it is one of texts, which reads as text.
    fn in_array(self, value: &[u8], found: &mut Ids) -> Option<()> {
        let mut cursor = Cursor::new(value);
        let (dimensions, flags, element) = (cursor.i32()?, cursor.i32()?, cursor.u32()?);
        let width = match element {
            OID_INT8 => 8,
            OID_UUID => 16,
            _ => return None,
        };
        if dimensions != 1 || !(0..=1).contains(&flags) {
            return None;
        }
        let (count, _first) = (cursor.i32()?, cursor.i32()?);
        for _ in 0..count.min(ELEMENTS_MAX) {
            if cursor.i32()? == width {
                self.in_binary(cursor.take(width as usize)?, found);
            }
        }
        Some(())
    }
}

/// The id whose text form stands at the front of `run`.
fn text_form(run: &[u8]) -> Option<MessageId> {
    let mut hyphens = 0;
    let end = run[1..]
        .iter()
        .position(|b| {
            hyphens += usize::from(*b == b'-');
            !(b.is_ascii_digit() || *b == b'-') || hyphens > 2
        })
        .map_or(run.len(), |end| end + 1);
    if run.get(end).is_some_and(u8::is_ascii_alphanumeric) || end > ID_MAX {
        return None;
    }
    MessageId::parse(std::str::from_utf8(&run[..end]).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

    fn id(sequence: u32) -> MessageId {
        MessageId::new(7, 12, sequence).unwrap()
    }

    fn text(value: &str) -> Vec<u32> {
        let mut found = Ids::default();
        Finder::new(NAMES).in_text(value.as_bytes(), &mut found);
        found.into_vec().iter().map(|id| id.sequence()).collect()
    }

    fn binary(value: &[u8]) -> Vec<u32> {
        let mut found = Ids::default();
        Finder::new(NAMES).in_binary(value, &mut found);
        found.into_vec().iter().map(|id| id.sequence()).collect()
    }

    #[test]
    fn texts_show_their_ids() {
        let (int, uuid) = (id(5).to_i64(), id(6).to_uuid());
        assert_eq!(text("x7-12-3"), [3]);
        assert_eq!(text(r#"{"id":"x7-12-3","again":"x7-12-3"}"#), [3]);
        assert_eq!(text("order-x7-12-3"), [3]);
        assert_eq!(text("order-x7-12-3-shipped"), [3]);
        assert_eq!(text(&format!("{{{int},{uuid}}}")), [5, 6]);
        assert_eq!(text("x7-12-9,x7-12-1"), [1, 9]);
    }

    #[test]
    fn what_is_not_this_trials_is_left_out() {
        for value in [
            "x7-13-3", "x8-12-3", "ax7-12-3", "x7-12-3a", "x7-12-", "x7-12", "xx7-12-3", "123", "",
            "----", "x-x-x-x",
        ] {
            assert_eq!(text(value), [0_u32; 0], "{value:?}");
        }
    }

    #[test]
    fn binary_parameters_show_their_ids() {
        assert_eq!(binary(&id(4).to_i64().to_be_bytes()), [4]);
        assert_eq!(binary(id(5).to_uuid().as_bytes()), [5]);
        assert_eq!(binary(b"x7-12-6"), [6]);
        assert_eq!(binary(b"\x01{\"id\": \"x7-12-8\"}"), [8]);
        // Eight bytes that are a text.
        assert_eq!(binary(b"x7-12-77"), [77]);
        assert_eq!(binary(&[0xff; 8]), [0_u32; 0]);
    }

    #[test]
    fn arrays_show_their_elements() {
        let mut array = Vec::new();
        for head in [1_u32, 0, OID_INT8, 2, 1] {
            array.extend(head.to_be_bytes());
        }
        for sequence in [9, 2] {
            array.extend(8_u32.to_be_bytes());
            array.extend(id(sequence).to_i64().to_be_bytes());
        }
        assert_eq!(binary(&array), [2, 9]);
        // A count that the bytes do not bear out ends with the bytes.
        array[12..16].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(binary(&array), [2, 9]);
    }

    #[test]
    fn the_set_is_bounded_and_sorted() {
        let mut found = Ids::default();
        for sequence in (0..10_000).rev() {
            found.add(id(sequence));
        }
        let found = found.into_vec();
        assert_eq!(found.len(), IDS_MAX);
        assert!(found.is_sorted());
    }
}
