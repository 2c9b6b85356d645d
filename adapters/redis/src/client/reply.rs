//! Replies taken apart. RESP2 and RESP3 tell maps differently, and servers leave out
//! what they do not know: what is not there is `None`, and nothing panics.

use super::trouble::Trouble;
use redis::Value;
use std::fmt;

/// An entry's id. Ids of one stream go up (redis.io, "Redis Streams", Entry IDs).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct EntryId {
    ms: u64,
    seq: u64,
}

impl EntryId {
    /// Before any entry.
    pub const ZERO: Self = Self { ms: 0, seq: 0 };

    pub fn parse(text: &str) -> Option<Self> {
        let (ms, seq) = text.split_once('-')?;
        Some(Self {
            ms: ms.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// An entry of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub id: EntryId,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

pub(crate) fn strange(what: &str) -> Trouble {
    Trouble::Strange(format!("{what} expected"))
}

pub(crate) fn list(value: Value) -> Result<Vec<Value>, Trouble> {
    match value {
        Value::Array(all) | Value::Set(all) => Ok(all),
        Value::Nil => Ok(Vec::new()),
        _ => Err(strange("a list")),
    }
}

pub(crate) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        Value::Okay => Some(b"OK".to_vec()),
        Value::Int(number) => Some(number.to_string().into_bytes()),
        Value::Double(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

pub(crate) fn text(value: Value) -> Option<String> {
    String::from_utf8(bytes(value)?).ok()
}

pub(crate) fn number(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).ok(),
        other => text(other)?.parse().ok(),
    }
}

pub(crate) fn entry_id(value: Value) -> Option<EntryId> {
    EntryId::parse(&text(value)?)
}

/// Names and values, whether the protocol has maps or not.
pub(crate) fn pairs(value: Value) -> Result<Vec<(Value, Value)>, Trouble> {
    if let Value::Map(pairs) = value {
        return Ok(pairs);
    }
    let mut all = list(value)?.into_iter();
    let mut pairs = Vec::new();
    while let Some(name) = all.next() {
        pairs.push((name, all.next().ok_or_else(|| strange("pairs"))?));
    }
    Ok(pairs)
}

/// The value of `name` in a reply of names and values.
pub(crate) fn take(pairs: &mut Vec<(Value, Value)>, name: &str) -> Option<Value> {
    let is_it = |(found, _): &(Value, Value)| {
        matches!(found, Value::BulkString(bytes) if bytes == name.as_bytes())
            || matches!(found, Value::SimpleString(text) if text == name)
    };
    let at = pairs.iter().position(is_it)?;
    Some(pairs.swap_remove(at).1)
}

/// Entries of XRANGE. One that was deleted has no fields.
pub(crate) fn entries(value: Value) -> Result<Vec<Entry>, Trouble> {
    list(value)?.into_iter().map(entry).collect()
}

pub(crate) fn entry(value: Value) -> Result<Entry, Trouble> {
    let mut parts = list(value)?.into_iter();
    let id = parts.next().and_then(entry_id);
    let fields = parts.next().map_or(Ok(Vec::new()), pairs)?;
    let fields = fields.into_iter();
    let fields = fields.map(|(name, value)| Some((bytes(name)?, bytes(value)?)));
    Ok(Entry {
        id: id.ok_or_else(|| strange("an entry's id"))?,
        fields: fields
            .collect::<Option<_>>()
            .ok_or_else(|| strange("an entry's fields"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn ids_go_up_and_not_by_their_letters() {
        let ids = ["9-0", "10-0", "10-2", "10-11"].map(|id| EntryId::parse(id).unwrap());
        assert!(ids.is_sorted());
        assert_eq!(ids[3].to_string(), "10-11");
        for none in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "1-x",
            "1-2-3",
            "99999999999999999999-0",
        ] {
            assert_eq!(EntryId::parse(none), None, "{none}");
        }
    }

    #[test]
    fn both_protocols_are_read_and_half_a_pair_is_not() {
        let fields = Value::Array(vec![bulk("a"), bulk("1")]);
        let two = Value::Array(vec![Value::Array(vec![bulk("1-1"), fields])]);
        let read = entries(two).unwrap();
        assert_eq!(read[0].fields, [(b"a".to_vec(), b"1".to_vec())]);
        let mut map = pairs(Value::Map(vec![(bulk("lag"), Value::Int(3))])).unwrap();
        assert_eq!(take(&mut map, "lag").and_then(number), Some(3));
        assert_eq!(take(&mut map, "lag"), None);
        assert!(pairs(Value::Array(vec![bulk("a")])).is_err());
        assert!(entries(Value::Array(vec![Value::Int(1)])).is_err());
        assert!(list(bulk("x")).is_err());
    }
}
