//! What a key holds.

use super::stream::Stream;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// Bytes that something costs beside its content: an estimate, near what Redis's
/// dictionary entries, objects and list packs cost.
pub(super) const OVERHEAD: usize = 32;

#[derive(Debug)]
pub(super) enum Value {
    Text(Text),
    List(List),
    Hash(Hash),
    Set(Set),
    Stream(Box<Stream>),
}

impl Value {
    /// As `TYPE` says it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::Stream(_) => "stream",
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.0.len(),
            Self::List(list) => list.bytes,
            Self::Hash(hash) => hash.bytes,
            Self::Set(set) => set.0.bytes,
            Self::Stream(stream) => stream.bytes(),
        }
    }

    /// What has nothing in it is no key any more; an empty stream is one.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::List(list) => list.items.is_empty(),
            Self::Hash(hash) => hash.len() == 0,
            Self::Set(set) => set.0.len() == 0,
            Self::Text(_) | Self::Stream(_) => false,
        }
    }
}

/// A type that a command is for.
pub(super) trait Kind: Default {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn wrapped(self) -> Value;
}

macro_rules! kind {
    ($kind:ty, $variant:ident) => {
        impl Kind for $kind {
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
            fn wrapped(self) -> Value {
                Value::$variant(self.into())
            }
        }
    };
}

kind!(Text, Text);
kind!(List, List);
kind!(Hash, Hash);
kind!(Set, Set);
kind!(Stream, Stream);

#[derive(Debug, Default)]
pub(super) struct Text(pub Bytes);

#[derive(Debug, Default)]
pub(super) struct List {
    items: VecDeque<Bytes>,
    bytes: usize,
}

impl List {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.items.iter()
    }

    pub fn push(&mut self, item: Bytes, is_left: bool) {
        self.bytes += item.len() + OVERHEAD;
        match is_left {
            true => self.items.push_front(item),
            false => self.items.push_back(item),
        }
    }

    pub fn pop(&mut self, is_left: bool) -> Option<Bytes> {
        let item = match is_left {
            true => self.items.pop_front(),
            false => self.items.pop_back(),
        }?;
        self.bytes -= item.len() + OVERHEAD;
        Some(item)
    }
}

/// Fields in the order in which they came, as a small hash of Redis has them.
#[derive(Debug, Default)]
pub(super) struct Hash {
    fields: BTreeMap<Bytes, (u64, Bytes)>,
    next: u64,
    bytes: usize,
}

impl Hash {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn get(&self, field: &[u8]) -> Option<&Bytes> {
        self.fields.get(field).map(|(_, value)| value)
    }

    /// Whether it is a new field.
    pub fn set(&mut self, field: Bytes, value: Bytes) -> bool {
        self.bytes += value.len();
        if let Some((_, old)) = self.fields.get_mut(&field) {
            self.bytes -= old.len();
            *old = value;
            return false;
        }
        self.bytes += field.len() + OVERHEAD;
        self.fields.insert(field, (self.next, value));
        self.next += 1;
        true
    }

    pub fn remove(&mut self, field: &[u8]) -> bool {
        let Some((_, value)) = self.fields.remove(field) else {
            return false;
        };
        self.bytes -= field.len() + value.len() + OVERHEAD;
        true
    }

    pub fn in_order(&self) -> Vec<(&Bytes, &Bytes)> {
        let mut all: Vec<_> = self.fields.iter().collect();
        all.sort_by_key(|(_, (place, _))| *place);
        all.into_iter()
            .map(|(field, (_, value))| (field, value))
            .collect()
    }
}

#[derive(Debug, Default)]
pub(super) struct Set(pub Hash);
