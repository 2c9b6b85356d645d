//! What a message's content says of itself, whatever log or queue it lies in.

use crate::find_ids;
use exactly_model::MessageId;
use serde_json::Value;

/// Identity, per-key sequence and checksum, as a message carries them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Carried {
    /// Identity.
    pub id: MessageId,
    /// Per-key sequence.
    pub key_seq: Option<u32>,
    /// Checksum.
    pub checksum: Option<u32>,
}

impl Carried {
    /// Reads a message's `value`: the id from the field `id` of a JSON object, or
    /// the first id in it, or in what stands `beside` it (a key, an attribute).
    pub fn read(value: &[u8], beside: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(value).unwrap_or_default();
        let field = |names: &[&str]| names.iter().find_map(|name| json.get(*name));
        let id = field(&["id"])
            .and_then(|id| match id {
                Value::String(text) => MessageId::parse(text),
                Value::Number(number) => MessageId::from_i64(number.as_i64()?),
                _ => None,
            })
            .or_else(|| first_id(value))
            .or_else(|| first_id(beside))?;
        Some(Self {
            id,
            key_seq: field(&["seq", "n"]).and_then(|number| u32::try_from(number.as_u64()?).ok()),
            checksum: field(&["checksum", "sum"])
                .and_then(|sum| u32::from_str_radix(sum.as_str()?, 16).ok()),
        })
    }
}

fn first_id(bytes: &[u8]) -> Option<MessageId> {
    let mut found = Vec::new();
    find_ids(bytes, &mut found);
    found.first().copied()
}
