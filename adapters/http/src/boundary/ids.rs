//! Finding this trial's messages in paths, headers and bodies.

use exactly_adapter::{TrialNames, find_ids};
use exactly_model::MessageId;

/// Ids kept of one message.
const IDS_MAX: usize = 4096;
/// Bytes of one value that are searched: a body beyond it is labelled by its
/// first ids, which tell points apart all the same.
const VALUE_MAX: usize = 256 << 10;
/// Digits of the largest number that is an id.
const DIGITS_MAX: usize = 19;

/// Looks for the ids of one trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder {
    names: TrialNames,
}

impl Finder {
    pub const fn new(names: TrialNames) -> Self {
        Self { names }
    }

    /// Adds the ids in `value` to `found`, which is sorted then: the text and UUID
    /// renderings, and numbers that stand alone. What is another trial's, and a
    /// number that is something else, is told by its run and trial.
    pub fn find(self, value: &[u8], found: &mut Vec<MessageId>) {
        let value = &value[..value.len().min(VALUE_MAX)];
        let mut all = Vec::new();
        find_ids(value, &mut all);
        all.extend(numbers(value));
        all.retain(|id| id.run() == self.names.run && id.trial() == self.names.trial);
        found.append(&mut all);
        found.sort_unstable();
        found.dedup();
        found.truncate(IDS_MAX);
    }

    /// Whether `value` has one.
    pub fn is_in(self, value: &[u8]) -> bool {
        let mut found = Vec::new();
        self.find(value, &mut found);
        !found.is_empty()
    }
}

/// The BIGINT rendering: words of digits alone.
fn numbers(value: &[u8]) -> impl Iterator<Item = MessageId> {
    let words = value.split(|b| !(b.is_ascii_alphanumeric() || *b == b'-'));
    words
        .filter(|word| (1..=DIGITS_MAX).contains(&word.len()))
        .filter(|word| word.iter().all(u8::is_ascii_digit))
        .filter_map(|word| MessageId::parse(std::str::from_utf8(word).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

    fn found(value: &str) -> Vec<u32> {
        let mut found = Vec::new();
        Finder::new(NAMES).find(value.as_bytes(), &mut found);
        found.iter().map(|id| id.sequence()).collect()
    }

    #[test]
    fn every_rendering_is_found_once_and_in_order() {
        let id = |sequence| MessageId::new(7, 12, sequence).unwrap();
        let (int, uuid) = (id(5).to_i64(), id(6).to_uuid());
        assert_eq!(found("x7-12-3"), [3]);
        assert_eq!(
            found(r#"{"order":"x7-12-9","of":"x7-12-3","n":"x7-12-9"}"#),
            [3, 9]
        );
        assert_eq!(found("order=order-x7-12-3-paid&x=1"), [3]);
        assert_eq!(
            found(&format!("{{\"order\":{int},\"ref\":\"{uuid}\"}}")),
            [5, 6]
        );
    }

    #[test]
    fn what_is_not_this_trials_is_left_out() {
        for value in [
            "x7-13-3",
            "x8-12-3",
            "ax7-12-3",
            "x7-12-",
            "x7-12",
            "xx7-12-3",
            "123",
            "",
            "----",
            "x-x-x-x",
            "x7-12-99999999999999999999999999999999999999",
        ] {
            assert_eq!(found(value), [0_u32; 0], "{value:?}");
        }
    }

    #[test]
    fn long_values_take_bounded_time_and_room() {
        assert_eq!(found(&"x-".repeat(1 << 20)), [0_u32; 0]);
        assert_eq!(found(&"x7-".repeat(1 << 20)), [0_u32; 0]);
        let many: String = (0..10_000).rev().map(|n| format!("x7-12-{n} ")).collect();
        assert_eq!(found(&many).len(), IDS_MAX);
    }
}
