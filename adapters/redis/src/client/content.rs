//! What an entry, a message or a value says of itself, as the harness's feed writes it
//! or as a pipeline may.

use super::reply::Entry;
use exactly_adapter::{Carried, Seen};
use exactly_model::View;
use serde_json::{Map, Value};

/// Fields of an entry that the harness feeds.
pub(crate) const PAYLOAD: &str = "payload";
pub(crate) const KEY: &str = "key";

/// The effect that an entry is. Its content is a field with a JSON object, where it
/// has one, and else its fields themselves.
pub(super) fn of_entry(entry: &Entry, position: i64) -> Option<Seen> {
    let whole = entry
        .fields
        .iter()
        .map(|(_, value)| value)
        .find(|value| object(value).is_some());
    let named = of_fields(entry);
    let beside = beside(entry);
    let content = match whole {
        Some(whole) => Carried::read(whole, &beside),
        None => Carried::read(&named, &beside),
    }?;
    let own_key = entry.fields.iter().find(|(name, _)| name == KEY.as_bytes());
    let own_key = own_key.map(|(_, key)| String::from_utf8_lossy(key).into_owned());
    let key = own_key.or_else(|| key_in(whole?));
    Some(seen(content, key, Some(position)))
}

/// The effect that a message, or a value, is: `name` is what it stands under.
pub(super) fn of_value(value: &[u8], name: &[u8], position: Option<i64>) -> Option<Seen> {
    let content = Carried::read(value, name)?;
    Some(seen(content, key_in(value), position))
}

fn seen(content: Carried, key: Option<String>, position: Option<i64>) -> Seen {
    Seen {
        id: content.id,
        key,
        key_seq: content.key_seq,
        partition: None,
        position,
        unit: None,
        checksum: content.checksum,
        view: View::ReadCommitted,
    }
}

fn object(value: &[u8]) -> Option<Map<String, Value>> {
    // A number or a word is JSON too, and parsing a long text for that is in vain.
    if !value.starts_with(b"{") {
        return None;
    }
    serde_json::from_slice(value).ok()
}

fn key_in(value: &[u8]) -> Option<String> {
    let object = object(value)?;
    Some(object.get(KEY)?.as_str()?.to_string())
}

/// The fields of an entry as one object. Redis knows no numbers: what looks like one is.
fn of_fields(entry: &Entry) -> Vec<u8> {
    let fields = entry.fields.iter().map(|(name, value)| {
        let text = String::from_utf8_lossy(value);
        // An id and a checksum stay what they are, whatever they look like.
        let counts = matches!(name.as_slice(), b"seq" | b"n");
        let value = match text.parse::<u64>() {
            Ok(number) if counts => Value::from(number),
            _ => Value::from(text.into_owned()),
        };
        (String::from_utf8_lossy(name).into_owned(), value)
    });
    Value::Object(fields.collect()).to_string().into_bytes()
}

fn beside(entry: &Entry) -> Vec<u8> {
    let mut beside = Vec::new();
    for (name, value) in &entry.fields {
        beside.extend_from_slice(name);
        beside.push(b' ');
        beside.extend_from_slice(value);
        beside.push(b' ');
    }
    beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::reply::EntryId;
    use exactly_model::MessageId;

    fn entry(fields: &[(&str, &str)]) -> Entry {
        let fields = fields
            .iter()
            .map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec()));
        Entry {
            id: EntryId::ZERO,
            fields: fields.collect(),
        }
    }

    #[test]
    fn an_entry_is_read_as_the_feed_writes_it_and_as_a_pipeline_may() {
        let id = MessageId::new(7, 3, 5).unwrap();
        let json = r#"{"id":"x7-3-5","key":"k1","n":2,"sum":"0000002a"}"#;
        for fields in [
            vec![("payload", json), ("key", "k1")],
            vec![("data", json)],
            vec![
                ("id", "x7-3-5"),
                ("key", "k1"),
                ("seq", "2"),
                ("checksum", "0000002a"),
            ],
        ] {
            let seen = of_entry(&entry(&fields), 4).unwrap();
            assert_eq!(seen.id, id, "{fields:?}");
            assert_eq!(seen.key.as_deref(), Some("k1"), "{fields:?}");
            assert_eq!(
                (seen.key_seq, seen.checksum),
                (Some(2), Some(42)),
                "{fields:?}"
            );
            assert_eq!(seen.position, Some(4));
        }
        let bare = of_entry(&entry(&[("order", "x7-3-5")]), 0).unwrap();
        assert_eq!((bare.id, bare.key, bare.key_seq), (id, None, None));
        assert_eq!(of_entry(&entry(&[("order", "7-3-5")]), 0), None);
        assert_eq!(of_entry(&entry(&[]), 0), None);
    }

    #[test]
    fn a_value_is_read_or_what_it_stands_under() {
        let id = MessageId::new(7, 3, 5).unwrap();
        let json = of_value(br#"{"id":"x7-3-5","key":"k1"}"#, b"", None).unwrap();
        assert_eq!((json.id, json.key.as_deref()), (id, Some("k1")));
        assert_eq!(of_value(b"1", b"done:x7-3-5", None).unwrap().id, id);
        assert_eq!(of_value(b"1", b"done", None), None);
    }
}
