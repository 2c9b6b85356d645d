//! The entries of a stream and their counters, as in `t_stream.c` of Redis 7.

use super::group::Group;
use super::id::Id;
use crate::store::refusal::Refusal;
use crate::store::value::OVERHEAD;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// `stream-node-max-entries` and `stream-node-max-bytes`: what an approximate trim
/// removes at once.
const NODE_ENTRIES_MAX: u64 = 100;
const NODE_BYTES_MAX: usize = 4096;

/// Fields and values by turns.
pub(in crate::store) type Fields = Arc<[Bytes]>;

#[derive(Debug, Default)]
pub(in crate::store) struct Stream {
    entries: BTreeMap<Id, Fields>,
    nodes: VecDeque<Node>,
    pub last_id: Id,
    pub max_deleted: Id,
    pub added: u64,
    pub groups: BTreeMap<Bytes, Group>,
    bytes: usize,
}

/// Entries that Redis keeps in one list pack.
#[derive(Debug)]
struct Node {
    first: Id,
    last: Id,
    /// Those that were ever in it: deleted ones still take their place.
    added: u64,
    bytes: usize,
}

/// What a trim leaves.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Trim {
    /// So many entries.
    MaxLen(u64),
    /// Entries with this id or a greater one.
    MinId(Id),
}

/// `MAXLEN` or `MINID` with its options.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Trimming {
    pub trim: Trim,
    /// `~`: only whole nodes.
    pub is_approximate: bool,
    /// 0: as many as there are.
    pub limit: u64,
}

impl Stream {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn bytes(&self) -> usize {
        let groups = self
            .groups
            .values()
            .map(|group| (group.pending.len() * 2 + group.consumers.len() + 1) * OVERHEAD);
        self.bytes + groups.sum::<usize>()
    }

    pub fn first(&self) -> Option<(Id, &Fields)> {
        self.entries.first_key_value().map(|(id, it)| (*id, it))
    }

    pub fn last(&self) -> Option<(Id, &Fields)> {
        self.entries.last_key_value().map(|(id, it)| (*id, it))
    }

    /// The first entry's id; 0-0 of an empty stream.
    pub fn first_id(&self) -> Id {
        self.first().map(|(id, _)| id).unwrap_or_default()
    }

    pub fn get(&self, id: Id) -> Option<&Fields> {
        self.entries.get(&id)
    }

    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub fn range(&self, ids: RangeInclusive<Id>) -> impl DoubleEndedIterator<Item = (Id, &Fields)> {
        // A range that ends before it begins is none, and `BTreeMap` panics at it.
        let ids = match ids.is_empty() {
            true => None,
            false => Some(ids),
        };
        ids.into_iter()
            .flat_map(|ids| self.entries.range(ids))
            .map(|(id, fields)| (*id, fields))
    }

    /// What comes after an id.
    pub fn after(&self, id: Id) -> impl DoubleEndedIterator<Item = (Id, &Fields)> {
        self.range(id.next().unwrap_or(Id::MAX)..=Id::MAX)
    }

    /// The id that `*` means at this time.
    pub fn next_id(&self, now_ms: u64) -> Option<Id> {
        match now_ms > self.last_id.ms {
            true => Some(Id { ms: now_ms, seq: 0 }),
            false => self.last_id.next(),
        }
    }

    /// Adds an entry, whose id is greater than the last one's.
    pub fn add(&mut self, id: Id, fields: Fields) -> Result<(), Refusal> {
        if id <= self.last_id {
            return Err(Refusal::of(
                "ERR The ID specified in XADD is equal or smaller than the target stream top item",
            ));
        }
        let size = size(&fields);
        let content: usize = fields.iter().map(Bytes::len).sum();
        match self.nodes.back_mut() {
            Some(node)
                if node.added < NODE_ENTRIES_MAX && node.bytes + content < NODE_BYTES_MAX =>
            {
                node.last = id;
                node.added += 1;
                node.bytes += content + fields.len() * 2 + 4;
            }
            _ => self.nodes.push_back(Node {
                first: id,
                last: id,
                added: 1,
                bytes: content + fields.len() * 2 + 4,
            }),
        }
        self.bytes += size;
        self.entries.insert(id, fields);
        self.last_id = id;
        self.added += 1;
        Ok(())
    }

    /// `XDEL` of one entry: it leaves a tombstone.
    pub fn delete(&mut self, id: Id) -> bool {
        if !self.take(id) {
            return false;
        }
        self.max_deleted = self.max_deleted.max(id);
        let node = self
            .nodes
            .iter()
            .position(|node| (node.first..=node.last).contains(&id));
        if let Some(at) = node {
            let ids = self.nodes[at].first..=self.nodes[at].last;
            if self.entries.range(ids).next().is_none() {
                self.nodes.remove(at);
            }
        }
        true
    }

    fn take(&mut self, id: Id) -> bool {
        match self.entries.remove(&id) {
            Some(fields) => {
                self.bytes -= size(&fields);
                true
            }
            None => false,
        }
    }

    /// Trims, and says how many entries went.
    pub fn trim(&mut self, trimming: Trimming) -> u64 {
        let mut removed = 0;
        while let Some(node) = self.nodes.front() {
            let (ids, last) = (node.first..=node.last, node.last);
            let live: Vec<Id> = self.entries.range(ids).map(|(id, _)| *id).collect();
            let length = self.entries.len() as u64;
            let is_done = match trimming.trim {
                Trim::MaxLen(max) => length <= max,
                Trim::MinId(min) => live.first().is_some_and(|first| *first >= min),
            };
            let beyond = removed + live.len() as u64;
            if is_done || (trimming.limit > 0 && beyond > trimming.limit) {
                break;
            }
            let is_whole = match trimming.trim {
                Trim::MaxLen(max) => length - live.len() as u64 >= max,
                Trim::MinId(min) => last < min,
            };
            if !is_whole && trimming.is_approximate {
                break;
            }
            let going = live.into_iter().take_while(|id| match trimming.trim {
                _ if is_whole => true,
                Trim::MaxLen(_) => true,
                Trim::MinId(min) => *id < min,
            });
            let most = match trimming.trim {
                Trim::MaxLen(max) => usize::try_from(length - max).unwrap_or(usize::MAX),
                Trim::MinId(_) => usize::MAX,
            };
            for id in going.take(if is_whole { usize::MAX } else { most }) {
                removed += u64::from(self.take(id));
            }
            if !is_whole {
                break;
            }
            self.nodes.pop_front();
        }
        removed
    }

    /// Whether something was deleted at this id or after it.
    pub fn has_tombstones_from(&self, id: Id) -> bool {
        !self.entries.is_empty() && self.max_deleted != Id::MIN && id <= self.max_deleted
    }

    /// How many entries were ever added up to this one, where that can be told.
    pub fn distance(&self, id: Id) -> Option<u64> {
        if self.added == 0 {
            return Some(0);
        }
        let length = self.entries.len() as u64;
        if (length == 0 && id <= self.last_id) || id == self.last_id {
            return Some(self.added);
        }
        if id > self.last_id {
            return None;
        }
        let first = self.first_id();
        let is_unbroken = self.max_deleted == Id::MIN || self.max_deleted < first;
        match id.cmp(&first) {
            std::cmp::Ordering::Less if is_unbroken => Some(self.added.saturating_sub(length)),
            std::cmp::Ordering::Equal if is_unbroken => Some(self.added.saturating_sub(length) + 1),
            _ => None,
        }
    }

    /// What a group has still to read, where that can be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.added == 0 {
            return Some(0);
        }
        let read = match group.entries_read {
            Some(read) if !self.has_tombstones_from(group.last_id) => read,
            _ => self.distance(group.last_id)?,
        };
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Some(signed(self.added) - signed(read))
    }

    /// What the counter of a group is when it has read `id` too.
    pub fn counted(&self, group: &Group, id: Id) -> Option<u64> {
        match group.entries_read {
            Some(read) if !self.has_tombstones_from(id) => Some(read.saturating_add(1)),
            read if self.added == 0 => read,
            _ => self.distance(id),
        }
    }
}

fn size(fields: &Fields) -> usize {
    fields
        .iter()
        .map(|field| field.len() + OVERHEAD / 4)
        .sum::<usize>()
        + OVERHEAD
}
