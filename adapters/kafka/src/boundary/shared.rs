//! What the decoders of one scope know together.

use super::transactions::Transactions;
use crate::provision::Names;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Members remembered at most. More than a trial has; what is beyond is not
/// remembered.
const MEMBERS_MAX: usize = 4_096;

/// State shared by all connections of a scope: one transaction runs over
/// several of them.
#[derive(Debug)]
pub(crate) struct Shared {
    pub names: Names,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    members: BTreeSet<(String, String)>,
    transactions: Transactions,
}

impl Shared {
    pub fn new(names: Names) -> Self {
        Self {
            names,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        // The state stays consistent between any two statements that change it.
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A member joined a group.
    pub fn joined(&self, group: &str, member: &str) {
        let mut inner = self.inner();
        if inner.members.len() < MEMBERS_MAX {
            inner.members.insert((group.into(), member.into()));
        }
    }

    /// The members seen since the last call, by group.
    pub fn take_members(&self) -> BTreeMap<String, Vec<String>> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (group, member) in std::mem::take(&mut self.inner().members) {
            groups.entry(group).or_default().push(member);
        }
        groups
    }

    /// The transactions of the scope, for one look or change.
    pub(super) fn transactions<T>(&self, look: impl FnOnce(&mut Transactions) -> T) -> T {
        look(&mut self.inner().transactions)
    }
}
