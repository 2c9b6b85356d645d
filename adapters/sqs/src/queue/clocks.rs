//! The queues, and what their clocks are ahead of the caller's.

use super::limits::Limits;
use super::one::Queue;
use super::refusal::{Code, Refusal};
use std::collections::BTreeMap;

/// Ten years: far past every rule, and far from where times overflow.
const ADVANCE_MS_MAX: u64 = 315_576_000_000;

/// A queue and how far its clock is ahead.
#[derive(Debug)]
struct Placed {
    ahead_ms: u64,
    queue: Queue,
}

#[derive(Debug, Default)]
pub(super) struct Queues {
    by_name: BTreeMap<String, Placed>,
    /// What was advanced, by prefix: it holds for queues created later too.
    ahead_ms: BTreeMap<String, u64>,
}

impl Queues {
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.by_name.keys()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.by_name.values().map(|placed| &placed.queue)
    }

    pub fn get(&self, name: &str) -> Option<&Queue> {
        self.by_name.get(name).map(|placed| &placed.queue)
    }

    /// A queue, brought to its time.
    pub fn settled(&mut self, name: &str, now_ms: u64) -> Result<&mut Queue, Refusal> {
        if name.is_empty() {
            return Err(Refusal::missing("QueueUrl"));
        }
        let placed = self.by_name.get_mut(name).ok_or_else(does_not_exist)?;
        placed.queue.settle(now_ms.saturating_add(placed.ahead_ms));
        Ok(&mut placed.queue)
    }

    pub fn add(&mut self, queue: Queue) {
        let name = queue.name.to_string();
        let ahead_ms = self.ahead_ms(&name);
        self.by_name.insert(name, Placed { ahead_ms, queue });
    }

    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// What the clock of a queue of that name is ahead.
    pub fn ahead_ms(&self, name: &str) -> u64 {
        let ends = (0..=name.len()).filter_map(|end| name.get(..end));
        let ahead = ends.filter_map(|prefix| self.ahead_ms.get(prefix));
        ahead.fold(0, |sum, ahead| sum.saturating_add(*ahead))
    }

    /// When something can be received that cannot now, in the caller's time.
    pub fn next_change_ms(&self, name: &str) -> Option<u64> {
        let placed = self.by_name.get(name)?;
        let at_ms = placed.queue.next_change_ms()?;
        Some(at_ms.saturating_sub(placed.ahead_ms))
    }

    /// Moves the clocks of all queues whose names start so, and says which those
    /// are.
    pub fn advance(
        &mut self,
        prefix: &str,
        by_ms: u64,
        limits: &Limits,
    ) -> Result<Vec<String>, Refusal> {
        if by_ms > ADVANCE_MS_MAX {
            let reason = "A clock is moved by ten years at most.";
            return Err(Refusal::value(by_ms, "advance_ms", reason));
        }
        if !self.ahead_ms.contains_key(prefix) && self.ahead_ms.len() >= limits.clocks {
            return Err(Refusal::new(
                Code::OverLimit,
                "This embedded server keeps no more clocks.",
            ));
        }
        let ahead = self.ahead_ms.entry(prefix.to_string()).or_default();
        *ahead = ahead.saturating_add(by_ms);
        let mut moved = Vec::new();
        for (name, placed) in &mut self.by_name {
            if name.starts_with(prefix) {
                placed.ahead_ms = placed.ahead_ms.saturating_add(by_ms);
                moved.push(name.clone());
            }
        }
        Ok(moved)
    }
}

pub(super) fn does_not_exist() -> Refusal {
    Refusal::new(
        Code::QueueDoesNotExist,
        "The specified queue does not exist.",
    )
}
