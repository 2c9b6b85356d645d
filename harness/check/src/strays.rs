//! Effects that turn up in the audit of another trial than their own.
//!
//! Where a pipeline takes no fresh names, a duplicate of trial 5 may show up
//! while trial 8 is audited. It is charged to trial 5, whose message it is.

use exactly_model::Effect;
use std::collections::{BTreeMap, BTreeSet};

/// An effect of one trial in the audit of another.
#[derive(Clone, Debug)]
pub(crate) struct Stray {
    pub(crate) observer: String,
    pub(crate) key: Option<String>,
    pub(crate) effect: Effect,
}

/// All of them, by the trial they belong to.
#[derive(Default)]
pub(crate) struct Strays {
    by_owner: BTreeMap<u32, BTreeMap<(u32, usize), Vec<Stray>>>,
}

impl Strays {
    /// What the last complete audit of `sink` in trial `source` saw of others;
    /// it replaces what an earlier one saw. Returns the owners concerned.
    pub(crate) fn replace(
        &mut self,
        source: u32,
        sink: usize,
        seen: BTreeMap<u32, Vec<Stray>>,
    ) -> BTreeSet<u32> {
        let mut owners: BTreeSet<u32> = seen.keys().copied().collect();
        for (owner, sources) in &mut self.by_owner {
            if sources.remove(&(source, sink)).is_some() {
                owners.insert(*owner);
            }
        }
        self.by_owner.retain(|_, sources| !sources.is_empty());
        for (owner, strays) in seen {
            self.by_owner
                .entry(owner)
                .or_default()
                .insert((source, sink), strays);
        }
        owners
    }

    /// The effects of trial `owner` that others saw.
    pub(crate) fn of(&self, owner: u32) -> Vec<Stray> {
        self.by_owner
            .get(&owner)
            .into_iter()
            .flat_map(BTreeMap::values)
            .flatten()
            .cloned()
            .collect()
    }

    /// The trials that saw an effect of `owner`.
    pub(crate) fn witnesses(&self, owner: u32) -> BTreeSet<u32> {
        self.by_owner
            .get(&owner)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .map(|(source, _)| *source)
            .collect()
    }
}
