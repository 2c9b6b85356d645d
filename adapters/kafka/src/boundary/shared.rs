//! What the decoders of one scope know together.

use crate::provision::Names;
use exactly_model::MessageId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Members and transactional ids remembered at most. More than a trial has;
/// what is beyond is not remembered.
const REMEMBERED_MAX: usize = 4_096;

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
    transactions: BTreeMap<String, Transaction>,
}

/// Messages produced within the current transaction of one transactional id.
#[derive(Debug, Default)]
struct Transaction {
    ids: Vec<MessageId>,
    /// An EndTxn was seen. The ids are kept until the next transaction begins,
    /// because a client whose reply was lost sends the EndTxn again.
    ended: bool,
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
        if inner.members.len() < REMEMBERED_MAX {
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

    /// A producer took over a transactional id.
    pub fn transaction_reset(&self, id: &str) {
        self.inner().transactions.remove(id);
    }

    /// Messages were produced, or partitions added, in the transaction of `id`.
    pub fn transaction_produced(&self, id: &str, ids: &[MessageId]) {
        let mut inner = self.inner();
        if inner.transactions.len() >= REMEMBERED_MAX && !inner.transactions.contains_key(id) {
            return;
        }
        let transaction = inner.transactions.entry(id.into()).or_default();
        if transaction.ended {
            *transaction = Transaction::default();
        }
        let room = crate::wire::ids::IDS_PER_FRAME_MAX.saturating_sub(transaction.ids.len());
        for id in ids.iter().take(room) {
            transaction.ids.push(*id);
        }
    }

    /// The transaction of `id` ends: the messages produced within it.
    pub fn transaction_ends(&self, id: &str) -> Vec<MessageId> {
        match self.inner().transactions.get_mut(id) {
            Some(transaction) => {
                transaction.ended = true;
                let mut ids = transaction.ids.clone();
                ids.sort_unstable();
                ids.dedup();
                ids
            }
            None => Vec::new(),
        }
    }
}
