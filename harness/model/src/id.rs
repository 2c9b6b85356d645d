//! Message identity: one number that survives any id column.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

const SEQUENCE_BITS: u32 = 24;
const TRIAL_BITS: u32 = 19;
const RUN_BITS: u32 = 20;

/// Largest run number (20 bits).
pub const RUN_MAX: u32 = (1 << RUN_BITS) - 1;
/// Largest trial number (19 bits).
pub const TRIAL_MAX: u32 = (1 << TRIAL_BITS) - 1;
/// Largest sequence number within a trial (24 bits).
pub const SEQUENCE_MAX: u32 = (1 << SEQUENCE_BITS) - 1;

/// Fixed bits of the UUID rendering (`custom_a` of a version 8 UUID,
/// RFC 9562 section 5.8): "exac" in ASCII. A UUID without them is not ours.
const UUID_TAG: u64 = 0x6578_6163;

/// Identity of one fed message: run (20 bits), trial (19), sequence (24).
///
/// The top bit is zero, so that the number is a non-negative `i64` and fits
/// any BIGINT column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(i64);

impl MessageId {
    /// Puts the three parts together; `None` when one is out of its range.
    pub const fn new(run: u32, trial: u32, sequence: u32) -> Option<Self> {
        if run > RUN_MAX || trial > TRIAL_MAX || sequence > SEQUENCE_MAX {
            return None;
        }
        Some(Self(
            ((run as i64) << (TRIAL_BITS + SEQUENCE_BITS))
                | ((trial as i64) << SEQUENCE_BITS)
                | sequence as i64,
        ))
    }

    /// The identity that `value` renders, or `None` for a negative number.
    pub const fn from_i64(value: i64) -> Option<Self> {
        if value < 0 { None } else { Some(Self(value)) }
    }

    /// Run number, which keeps the ids of different runs apart.
    pub const fn run(self) -> u32 {
        (self.0 >> (TRIAL_BITS + SEQUENCE_BITS)) as u32
    }

    /// Trial number within the run.
    pub const fn trial(self) -> u32 {
        ((self.0 >> SEQUENCE_BITS) as u32) & TRIAL_MAX
    }

    /// Sequence number within the trial, from 0.
    pub const fn sequence(self) -> u32 {
        (self.0 as u32) & SEQUENCE_MAX
    }

    /// The BIGINT rendering.
    pub const fn to_i64(self) -> i64 {
        self.0
    }

    /// The text rendering: `x<run>-<trial>-<sequence>`, in `[a-z0-9-]`, at
    /// most 24 characters.
    pub fn to_text(self) -> String {
        format!("x{}-{}-{}", self.run(), self.trial(), self.sequence())
    }

    /// The UUID rendering: version 8, with a fixed tag in front.
    pub fn to_uuid(self) -> Uuid {
        let low = (u64::from(self.trial()) << SEQUENCE_BITS) | u64::from(self.sequence());
        let high =
            (UUID_TAG << 32) | (u64::from(self.run()) >> 4 << 16) | u64::from(self.run() & 0xf);
        let mut value = (u128::from(high) << 64) | u128::from(low);
        value = (value & !(0xf_u128 << 76)) | (8_u128 << 76);
        value = (value & !(0b11_u128 << 62)) | (0b10_u128 << 62);
        Uuid::from_u128(value)
    }

    /// Reads the UUID rendering back.
    pub fn from_uuid(uuid: Uuid) -> Option<Self> {
        let value = uuid.as_u128();
        let high = (value >> 64) as u64;
        let low = value as u64;
        if uuid.get_version_num() != 8 || high >> 32 != UUID_TAG {
            return None;
        }
        let run = (((high >> 16) & 0xffff) << 4) | (high & 0xf);
        let low = low & !(0b11 << 62);
        let sequence = (low & u64::from(SEQUENCE_MAX)) as u32;
        let trial = u32::try_from(low >> SEQUENCE_BITS).ok()?;
        let id = Self::new(u32::try_from(run).ok()?, trial, sequence)?;
        (id.to_uuid() == uuid).then_some(id)
    }

    /// Reads any of the three renderings back.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('x') {
            let mut parts = rest.splitn(3, '-').map(|part| {
                // Only digits: `parse` alone would take "+1".
                let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| part.parse().ok()).flatten()
            });
            return Self::new(parts.next()??, parts.next()??, parts.next()??);
        }
        if text.len() >= 32 {
            return Self::from_uuid(Uuid::try_parse(text).ok()?);
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::from_i64(text.parse().ok()?);
        }
        None
    }
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// How the payload template renders `{id}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdForm {
    /// A non-negative BIGINT.
    Int,
    /// `x7-12-3`.
    #[default]
    Text,
    /// A version 8 UUID.
    Uuid,
}

impl IdForm {
    /// Renders `id` in this form.
    pub fn render(self, id: MessageId) -> String {
        match self {
            Self::Int => id.to_i64().to_string(),
            Self::Text => id.to_text(),
            Self::Uuid => id.to_uuid().to_string(),
        }
    }
}

/// The checksum that stands in a payload: CRC-32 (IEEE) over identity, key
/// and per-key sequence, rendered as eight hexadecimal digits.
pub fn checksum(id: MessageId, key: &str, key_sequence: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&id.to_i64().to_be_bytes());
    hasher.update(key.as_bytes());
    hasher.update(&key_sequence.to_be_bytes());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_turns_back_at_the_edges() {
        for run in [0, 1, 15, 16, RUN_MAX] {
            for trial in [0, 1, TRIAL_MAX] {
                for sequence in [0, 1, SEQUENCE_MAX] {
                    let id = MessageId::new(run, trial, sequence).unwrap();
                    assert_eq!(
                        (id.run(), id.trial(), id.sequence()),
                        (run, trial, sequence)
                    );
                    assert!(id.to_i64() >= 0);
                    for form in [IdForm::Int, IdForm::Text, IdForm::Uuid] {
                        assert_eq!(MessageId::parse(&form.render(id)), Some(id), "{form:?}");
                    }
                    assert!(id.to_text().len() <= 64);
                    assert_eq!(id.to_uuid().get_version_num(), 8);
                }
            }
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        for text in [
            "",
            "x",
            "x1-2",
            "x1-2-+3",
            "x1-2-3-4",
            "-5",
            "abc",
            "x1048576-0-0",
            "x0-524288-0",
            "x0-0-16777216",
            "00000000-0000-8000-8000-000000000000",
            "6578616d-0000-8000-8000-000000000000",
            "99999999999999999999",
        ] {
            assert_eq!(MessageId::parse(text), None, "{text:?}");
        }
        assert_eq!(MessageId::new(RUN_MAX + 1, 0, 0), None);
        assert_eq!(MessageId::from_i64(-1), None);
    }
}
