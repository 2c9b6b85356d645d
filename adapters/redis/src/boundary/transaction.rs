//! A transaction that is being queued.

use super::label::Label;
use super::waiting::Waiting;
use exactly_model::{Class, MessageId};

/// Commands that one transaction may queue.
const QUEUED_MAX: usize = 100_000;
/// Targets that EXEC names; of more it names the first ones.
const TARGETS_MAX: usize = 4;

/// Between MULTI and EXEC.
#[derive(Debug)]
pub(super) struct Transaction {
    /// Key of its MULTI.
    pub multi: u64,
    queued: Vec<Waiting>,
    targets: Vec<(Class, String)>,
}

impl Transaction {
    pub const fn new(multi: u64) -> Self {
        Self {
            multi,
            queued: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// A command is queued: what it does is done by EXEC.
    pub fn queues(&mut self, key: u64, label: &mut Label) -> Result<(), String> {
        if self.queued.len() == QUEUED_MAX {
            return Err(format!(
                "a transaction queues more than {QUEUED_MAX} commands"
            ));
        }
        let target = (label.class, std::mem::take(&mut label.target));
        if !self.targets.contains(&target) && self.targets.len() < 4 * TARGETS_MAX {
            self.targets.push(target);
        }
        self.queued.push(Waiting::new(key, label, false));
        Ok(())
    }

    /// The label of its EXEC, which does all that was queued: the class is the strongest
    /// of theirs, the target is what that class is done to.
    pub fn executes(self, label: &mut Label) -> Vec<Waiting> {
        let classes = self.queued.iter().map(|queued| queued.class);
        let class = classes.min_by_key(|class| rank(*class));
        label.class = class.unwrap_or(Class::Control);
        let of_class = self.targets.into_iter().filter_map(|(class, target)| {
            (class == label.class && !target.is_empty()).then_some(target)
        });
        let targets: Vec<String> = of_class.take(TARGETS_MAX).collect();
        label.target = targets.join(",");
        let ids = self.queued.iter().flat_map(|queued| &queued.ids);
        let mut ids: Vec<MessageId> = ids.copied().collect();
        ids.sort_unstable();
        ids.dedup();
        label.ids = ids;
        self.queued
    }
}

const fn rank(class: Class) -> u8 {
    match class {
        Class::Effect => 0,
        Class::Ack => 1,
        Class::Take => 2,
        Class::Read => 3,
        Class::Control => 4,
    }
}
