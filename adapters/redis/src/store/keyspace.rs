//! One database: keys, when they expire, when they were used last, what they weigh.

use super::clocks::Clocks;
use super::refusal::Refusal;
use super::value::{Kind, OVERHEAD, Value};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// An entry of the dictionary, the key's object and its place in the indexes.
const KEY_OVERHEAD: usize = OVERHEAD * 2;

#[derive(Debug, Default)]
pub(super) struct Keyspace {
    entries: BTreeMap<Bytes, Entry>,
    /// In the order in which they were made, for `SCAN`: a key that is there all the
    /// while is met once, whatever comes and goes beside it.
    by_serial: BTreeMap<u64, Bytes>,
    /// The one that was used longest ago first.
    by_use: BTreeMap<u64, Bytes>,
    /// The one that expires first first, in the caller's time.
    by_expiry: BTreeSet<(u64, Bytes)>,
    clocks: Clocks,
    ticks: u64,
    bytes: usize,
    /// Keys that were modified since they were last asked for: who watches them or
    /// waits for them is told.
    changed: Vec<Bytes>,
    /// Keys whose value may weigh something else than before.
    unweighed: Vec<Bytes>,
    /// Keys that went because their time was over.
    pub expired: u64,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    /// In the key's own time.
    expires_ms: Option<u64>,
    serial: u64,
    used: u64,
    bytes: usize,
}

impl Keyspace {
    /// The time of a key.
    pub fn time_ms(&self, key: &[u8], now_ms: u64) -> u64 {
        now_ms.saturating_add(self.clocks.ahead_ms(key))
    }

    pub fn ahead_ms(&self, key: &[u8]) -> u64 {
        self.clocks.ahead_ms(key)
    }

    pub fn advance(&mut self, prefix: &[u8], by_ms: u64, max: usize) -> Result<(), Refusal> {
        self.clocks.advance(prefix, by_ms, max)?;
        let expiring: Vec<Bytes> = self.by_expiry.iter().map(|(_, key)| key.clone()).collect();
        self.by_expiry.clear();
        for key in expiring {
            let expires_ms = self.entries.get(&key).and_then(|entry| entry.expires_ms);
            if let Some(expires_ms) = expires_ms {
                self.by_expiry.insert((self.due_ms(&key, expires_ms), key));
            }
        }
        Ok(())
    }

    fn due_ms(&self, key: &[u8], expires_ms: u64) -> u64 {
        expires_ms.saturating_sub(self.clocks.ahead_ms(key))
    }

    /// Keys, with those whose time is over and that nobody has looked at yet.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn with_expiry(&self) -> usize {
        self.by_expiry.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn keys(&self) -> impl Iterator<Item = &Bytes> {
        self.entries.keys()
    }

    /// Whether its time is over, looked at without a trace.
    pub fn is_expired(&self, key: &[u8], now_ms: u64) -> bool {
        let expires_ms = self.entries.get(key).and_then(|entry| entry.expires_ms);
        expires_ms.is_some_and(|at_ms| self.time_ms(key, now_ms) > at_ms)
    }

    /// Lazy expiry: a key whose time is over goes when it is looked at.
    fn settle(&mut self, key: &[u8], now_ms: u64) {
        if self.is_expired(key, now_ms) {
            self.expired += 1;
            self.remove(key);
        }
    }

    pub fn exists(&mut self, key: &[u8], now_ms: u64) -> bool {
        self.get(key, now_ms).is_some()
    }

    pub fn get(&mut self, key: &[u8], now_ms: u64) -> Option<&Value> {
        self.get_mut(key, now_ms).map(|value| &*value)
    }

    fn get_mut(&mut self, key: &[u8], now_ms: u64) -> Option<&mut Value> {
        self.settle(key, now_ms);
        let entry = self.entries.get_mut(key)?;
        self.ticks += 1;
        if let Some(name) = self.by_use.remove(&entry.used) {
            self.by_use.insert(self.ticks, name);
        }
        entry.used = self.ticks;
        Some(&mut entry.value)
    }

    /// The value for a command that only reads it.
    pub fn read<K: Kind>(&mut self, key: &[u8], now_ms: u64) -> Result<Option<&K>, Refusal> {
        match self.get(key, now_ms) {
            None => Ok(None),
            Some(value) => K::of(value).map(Some).ok_or(Refusal::WRONG_TYPE),
        }
    }

    /// The value for a command that may change it.
    pub fn write<K: Kind>(&mut self, key: &Bytes, now_ms: u64) -> Result<Option<&mut K>, Refusal> {
        self.unweighed.push(key.clone());
        match self.get_mut(key, now_ms) {
            None => Ok(None),
            Some(value) => K::of_mut(value).map(Some).ok_or(Refusal::WRONG_TYPE),
        }
    }

    /// The value for a command that makes it where it is not there.
    pub fn write_or_new<K: Kind>(&mut self, key: &Bytes, now_ms: u64) -> Result<&mut K, Refusal> {
        if !self.exists(key, now_ms) {
            self.set(key, K::default().wrapped());
        }
        self.write(key, now_ms)?.ok_or(Refusal::NO_SUCH_KEY)
    }

    /// Puts a value in the place of what was there, and of its expiry.
    pub fn set(&mut self, key: &Bytes, value: Value) {
        self.remove(key);
        self.ticks += 1;
        let bytes = key.len() + KEY_OVERHEAD + value.bytes();
        let entry = Entry {
            value,
            expires_ms: None,
            serial: self.ticks,
            used: self.ticks,
            bytes,
        };
        self.bytes += bytes;
        // A key is kept for long: it is not to keep the request that it came in.
        let key = Bytes::copy_from_slice(key);
        self.by_serial.insert(self.ticks, key.clone());
        self.by_use.insert(self.ticks, key.clone());
        self.entries.insert(key, entry);
    }

    pub fn remove(&mut self, key: &[u8]) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else {
            return false;
        };
        self.bytes -= entry.bytes;
        self.by_serial.remove(&entry.serial);
        self.by_use.remove(&entry.used);
        if let Some(expires_ms) = entry.expires_ms {
            let due_ms = self.due_ms(&key, expires_ms);
            self.by_expiry.remove(&(due_ms, key.clone()));
        }
        self.changed.push(key);
        true
    }

    /// When it expires, in its own time.
    pub fn expires_ms(&self, key: &[u8]) -> Option<u64> {
        self.entries.get(key).and_then(|entry| entry.expires_ms)
    }

    pub fn expire(&mut self, key: &[u8], at_ms: Option<u64>) {
        let Some((key, entry)) = self.entries.get_key_value(key) else {
            return;
        };
        let (key, old) = (key.clone(), entry.expires_ms);
        if let Some(old) = old {
            let due_ms = self.due_ms(&key, old);
            self.by_expiry.remove(&(due_ms, key.clone()));
        }
        if let Some(at_ms) = at_ms {
            self.by_expiry
                .insert((self.due_ms(&key, at_ms), key.clone()));
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.expires_ms = at_ms;
        }
    }

    /// Says that a key was modified.
    pub fn touch(&mut self, key: &Bytes) {
        self.changed.push(key.clone());
    }

    /// What was modified since the last time; what has nothing in it any more goes.
    pub fn take_changed(&mut self) -> Vec<Bytes> {
        for key in std::mem::take(&mut self.unweighed) {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            if entry.value.is_gone() {
                self.remove(&key);
                continue;
            }
            let bytes = key.len() + KEY_OVERHEAD + entry.value.bytes();
            self.bytes = self.bytes - entry.bytes + bytes;
            entry.bytes = bytes;
        }
        std::mem::take(&mut self.changed)
    }

    /// Active expiry: at most `max` keys whose time is over go, looked at or not.
    pub fn cycle(&mut self, now_ms: u64, max: usize) {
        for _ in 0..max {
            let Some((due_ms, key)) = self.by_expiry.first() else {
                return;
            };
            if *due_ms >= now_ms {
                return;
            }
            let key = key.clone();
            self.expired += 1;
            self.remove(&key);
        }
    }

    pub fn clear(&mut self) {
        self.changed.extend(self.entries.keys().cloned());
        self.entries.clear();
        self.by_serial.clear();
        self.by_use.clear();
        self.by_expiry.clear();
        self.bytes = 0;
    }

    /// The keys from this serial on, and the serial to go on from.
    pub fn scan(&self, from: u64, count: usize) -> (Vec<Bytes>, u64) {
        let mut keys = Vec::new();
        for (serial, key) in self.by_serial.range(from..) {
            if keys.len() == count {
                return (keys, *serial);
            }
            keys.push(key.clone());
        }
        (keys, 0)
    }

    /// The key that was used longest ago, and when, in ticks of this database.
    pub fn least_used(&self) -> Option<&Bytes> {
        self.by_use.first_key_value().map(|(_, key)| key)
    }

    /// The key that expires first.
    pub fn next_to_expire(&self) -> Option<&Bytes> {
        self.by_expiry.first().map(|(_, key)| key)
    }

    /// A key by chance: the first one made since `serial`, or the first of all.
    pub fn any(&self, chance: u64) -> Option<&Bytes> {
        let serial = chance % (self.ticks + 1);
        let from = self.by_serial.range(serial..).next();
        from.or_else(|| self.by_serial.first_key_value())
            .map(|(_, key)| key)
    }
}
