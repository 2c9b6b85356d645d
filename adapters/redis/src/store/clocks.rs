//! What the clocks of keys are ahead of the caller's, by the prefix of their names.

use super::refusal::Refusal;
use std::collections::BTreeMap;

/// Ten years: far past every rule, and far from where times overflow.
const ADVANCE_MS_MAX: u64 = 315_576_000_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    ahead_ms: BTreeMap<Vec<u8>, u64>,
}

impl Clocks {
    /// What the clock of a key of that name is ahead. What was advanced for each of
    /// its prefixes adds up.
    pub fn ahead_ms(&self, name: &[u8]) -> u64 {
        if self.ahead_ms.is_empty() {
            return 0;
        }
        let prefixes = (0..=name.len()).filter_map(|end| name.get(..end));
        let ahead = prefixes.filter_map(|prefix| self.ahead_ms.get(prefix));
        ahead.fold(0, |sum, ahead| sum.saturating_add(*ahead))
    }

    /// Moves the clocks of all keys whose names start so, also of those that are made
    /// later.
    pub fn advance(&mut self, prefix: &[u8], by_ms: u64, max: usize) -> Result<(), Refusal> {
        if by_ms > ADVANCE_MS_MAX {
            return Err(Refusal::of("ERR a clock is moved by ten years at most"));
        }
        if !self.ahead_ms.contains_key(prefix) && self.ahead_ms.len() >= max {
            return Err(Refusal::of("ERR this embedded server keeps no more clocks"));
        }
        let ahead = self.ahead_ms.entry(prefix.to_vec()).or_default();
        *ahead = ahead.saturating_add(by_ms);
        Ok(())
    }
}
