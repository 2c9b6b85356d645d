//! What all of it weighs, and what goes where that is too much
//! (<https://redis.io/docs/latest/develop/reference/eviction/>).
//!
//! The weight is an estimate: the bytes of keys and values, and a fixed part for each.
//! LRU is exact here, where Redis takes a sample.

use super::settings::Policy;
use super::state::Store;
use bytes::Bytes;

/// What an empty Redis 7 says it uses, so that a `maxmemory` for it means about the
/// same here.
const EMPTY_BYTES: u64 = 940_000;
/// Keys that go for one command.
const EVICTED_AT_ONCE_MAX: usize = 100_000;

impl Store {
    /// The estimate.
    pub(super) fn used_memory(&self) -> u64 {
        let keys: usize = self.spaces.iter().map(|space| space.bytes()).sum();
        EMPTY_BYTES + keys as u64
    }

    /// Evicts by the policy until there is room. Whether there is.
    pub(super) fn make_room(&mut self, now_ms: u64) -> bool {
        let bound = EMPTY_BYTES + self.limits.key_bytes as u64;
        let max = match self.settings.maxmemory {
            0 => bound,
            max => max.min(bound),
        };
        if self.used_memory() <= max {
            return true;
        }
        for _ in 0..EVICTED_AT_ONCE_MAX {
            let Some((db, key)) = self.victim() else {
                break;
            };
            self.spaces[db].remove(&key);
            self.evicted += 1;
            if self.used_memory() <= max {
                break;
            }
        }
        self.settle(now_ms);
        self.used_memory() <= max
    }

    fn victim(&mut self) -> Option<(usize, Bytes)> {
        let policy = self.settings.policy;
        let chance = self.chance();
        // The heaviest database first: uses of different ones cannot be compared.
        let mut order: Vec<usize> = (0..self.spaces.len()).collect();
        order.sort_by_key(|db| std::cmp::Reverse(self.spaces[*db].bytes()));
        order.into_iter().find_map(|db| {
            let space = &self.spaces[db];
            let key = match policy {
                Policy::NoEviction => None,
                Policy::AllKeysLru => space.least_used(),
                Policy::AllKeysRandom => space.any(chance),
                Policy::VolatileTtl => space.next_to_expire(),
            };
            key.map(|key| (db, key.clone()))
        })
    }
}
