//! What belongs to the transactions that run over a scope's connections.

use crate::wire::request::Owner;
use exactly_adapter::IDS_PER_UNIT_MAX;
use exactly_model::{MessageId, Position};
use std::collections::BTreeMap;

/// Transactional ids remembered at most. More than a trial has; what is beyond is
/// not remembered.
const TRANSACTIONAL_IDS_MAX: usize = 256;
/// Lives of one transactional id remembered at most: the newest ones, so that a
/// zombie is told from its successors.
const LIVES_MAX: usize = 8;
/// Positions of one transaction at most.
const POSITIONS_MAX: usize = 4_096;

/// The transactions of a scope, by transactional id and life.
///
/// Whoever takes over a transactional id gets another epoch (KIP-98), or another
/// producer id when the epochs are used up (KIP-360). So InitProducerId begins
/// anew by itself, and a zombie's EndTxn is about what the zombie did, whatever
/// its successor has done since.
#[derive(Debug, Default)]
pub(super) struct Transactions(BTreeMap<String, Vec<Life>>);

/// The current transaction of one life of a transactional id.
#[derive(Debug, Default)]
struct Life {
    producer_id: i64,
    epoch: i16,
    /// Messages produced in it.
    ids: Vec<MessageId>,
    /// Positions named in it, by target and partition.
    positions: BTreeMap<(String, u32), i64>,
    /// An EndTxn was seen. The content is kept until the next transaction begins,
    /// because a client whose reply was lost sends the EndTxn again.
    ended: bool,
}

/// What an EndTxn is about.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub ids: Vec<MessageId>,
    pub positions: Vec<Position>,
}

impl Transactions {
    /// Partitions or a group's offsets were added in the transaction of `owner`.
    pub fn joined(&mut self, owner: &Owner<'_>) {
        self.running(owner);
    }

    /// Messages were produced in it.
    pub fn produced(&mut self, owner: &Owner<'_>, ids: &[MessageId]) {
        if let Some(life) = self.running(owner) {
            let room = IDS_PER_UNIT_MAX.saturating_sub(life.ids.len());
            life.ids.extend(ids.iter().take(room));
        }
    }

    /// Positions were named in it. The last word on a partition counts.
    pub fn named(&mut self, owner: &Owner<'_>, positions: &[Position]) {
        let Some(life) = self.running(owner) else {
            return;
        };
        for position in positions {
            let at = (position.target.clone(), position.partition);
            if life.positions.len() < POSITIONS_MAX || life.positions.contains_key(&at) {
                life.positions.insert(at, position.offset);
            }
        }
    }

    /// It ends: what was produced and named in it.
    pub fn ends(&mut self, owner: &Owner<'_>) -> Content {
        let lives = self.0.get_mut(owner.transactional_id);
        let Some(life) = lives.and_then(|lives| lives.iter_mut().find(|life| life.is(owner)))
        else {
            return Content::default();
        };
        life.ended = true;
        let mut ids = life.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        let position = |((target, partition), offset): (&(String, u32), &i64)| Position {
            target: target.clone(),
            partition: *partition,
            offset: *offset,
        };
        Content {
            ids,
            positions: life.positions.iter().map(position).collect(),
        }
    }

    /// The life of `owner`, with a transaction that has not ended.
    fn running(&mut self, owner: &Owner<'_>) -> Option<&mut Life> {
        if self.0.len() >= TRANSACTIONAL_IDS_MAX && !self.0.contains_key(owner.transactional_id) {
            return None;
        }
        let lives = self.0.entry(owner.transactional_id.into()).or_default();
        let at = lives.iter().position(|life| life.is(owner));
        let at = at.unwrap_or_else(|| {
            if lives.len() >= LIVES_MAX {
                lives.remove(0);
            }
            lives.push(Life::of(owner));
            lives.len() - 1
        });
        if lives[at].ended {
            lives[at] = Life::of(owner);
        }
        Some(&mut lives[at])
    }
}

impl Life {
    fn of(owner: &Owner<'_>) -> Self {
        Self {
            producer_id: owner.producer_id,
            epoch: owner.epoch,
            ..Self::default()
        }
    }

    fn is(&self, owner: &Owner<'_>) -> bool {
        (self.producer_id, self.epoch) == (owner.producer_id, owner.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(epoch: i16) -> Owner<'static> {
        Owner {
            transactional_id: "tx",
            producer_id: 9,
            epoch,
        }
    }

    fn id(sequence: u32) -> MessageId {
        MessageId::new(1, 1, sequence).unwrap()
    }

    #[test]
    fn memory_is_bounded() {
        let mut all = Transactions::default();
        for epoch in 0..i16::try_from(LIVES_MAX).unwrap() + 3 {
            all.produced(&owner(epoch), &[id(0)]);
        }
        assert_eq!(all.0["tx"].len(), LIVES_MAX);
        assert!(
            all.ends(&owner(0)).ids.is_empty(),
            "the oldest is forgotten"
        );
        assert_eq!(all.ends(&owner(LIVES_MAX as i16)).ids, [id(0)]);
        let many = vec![id(1); IDS_PER_UNIT_MAX + 1];
        all.produced(&owner(LIVES_MAX as i16), &many);
        assert!(
            all.0["tx"]
                .iter()
                .all(|life| life.ids.len() <= IDS_PER_UNIT_MAX)
        );
        for n in 0..TRANSACTIONAL_IDS_MAX + 1 {
            let name = n.to_string();
            let owner = Owner {
                transactional_id: &name,
                ..owner(0)
            };
            all.joined(&owner);
        }
        assert_eq!(all.0.len(), TRANSACTIONAL_IDS_MAX);
    }

    #[test]
    fn the_last_word_on_a_partition_counts() {
        let position = |partition, offset| Position {
            target: "topic.orders".into(),
            partition,
            offset,
        };
        let mut all = Transactions::default();
        all.named(&owner(0), &[position(1, 7), position(0, 3)]);
        all.named(&owner(0), &[position(1, 8)]);
        let positions = all.ends(&owner(0)).positions;
        assert_eq!(positions, [position(0, 3), position(1, 8)]);
        all.joined(&owner(0));
        assert!(
            all.ends(&owner(0)).positions.is_empty(),
            "a new transaction"
        );
    }
}
