//! What `CONFIG SET` changes.

use super::number::memory;
use super::refusal::Refusal;

/// What a class of clients may let wait. Zero is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct BufferLimit {
    pub hard_bytes: u64,
    pub soft_bytes: u64,
    pub soft_seconds: u64,
}

/// What goes when `maxmemory` is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    NoEviction,
    AllKeysLru,
    AllKeysRandom,
    VolatileTtl,
}

impl Policy {
    const ALL: [(Self, &str); 4] = [
        (Self::NoEviction, "noeviction"),
        (Self::AllKeysLru, "allkeys-lru"),
        (Self::AllKeysRandom, "allkeys-random"),
        (Self::VolatileTtl, "volatile-ttl"),
    ];

    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(policy, _)| *policy == self);
        found.map_or("noeviction", |(_, name)| name)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub maxmemory: u64,
    pub policy: Policy,
    pub normal: BufferLimit,
    pub replica: BufferLimit,
    pub pubsub: BufferLimit,
    pub keyspace_events: String,
}

impl Default for Settings {
    /// As `redis.conf` of Redis 7 has them.
    fn default() -> Self {
        Self {
            maxmemory: 0,
            policy: Policy::NoEviction,
            normal: BufferLimit::default(),
            replica: BufferLimit {
                hard_bytes: 256 << 20,
                soft_bytes: 64 << 20,
                soft_seconds: 60,
            },
            pubsub: BufferLimit {
                hard_bytes: 32 << 20,
                soft_bytes: 8 << 20,
                soft_seconds: 60,
            },
            keyspace_events: String::new(),
        }
    }
}

impl Settings {
    /// The names of those that can be changed here.
    pub const NAMES: [&'static str; 4] = [
        "client-output-buffer-limit",
        "maxmemory",
        "maxmemory-policy",
        "notify-keyspace-events",
    ];

    /// The value as `CONFIG GET` shows it.
    pub fn get(&self, name: &str) -> Option<String> {
        let class = |name: &str, limit: &BufferLimit| {
            let BufferLimit {
                hard_bytes,
                soft_bytes,
                soft_seconds,
            } = limit;
            format!("{name} {hard_bytes} {soft_bytes} {soft_seconds}")
        };
        match name {
            "maxmemory" => Some(self.maxmemory.to_string()),
            "maxmemory-policy" => Some(self.policy.name().into()),
            "notify-keyspace-events" => Some(self.keyspace_events.clone()),
            "client-output-buffer-limit" => Some(
                [
                    class("normal", &self.normal),
                    class("slave", &self.replica),
                    class("pubsub", &self.pubsub),
                ]
                .join(" "),
            ),
            _ => None,
        }
    }

    /// Changes a value. The caller keeps the old settings: several values are set
    /// all or none.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let failed = |why: &str| {
            Refusal::err(format!(
                "CONFIG SET failed (possibly related to argument '{name}') - {why}"
            ))
        };
        match name {
            "maxmemory" => {
                let error = "argument must be a memory value";
                self.maxmemory = memory(value).ok_or_else(|| failed(error))?;
            }
            "maxmemory-policy" => {
                let mut all = Policy::ALL.iter();
                let found = all.find(|(_, name)| name.eq_ignore_ascii_case(value));
                let error = "argument must be one of the following: noeviction, allkeys-lru, \
                             allkeys-random, volatile-ttl (the embedded server has no others)";
                self.policy = found.ok_or_else(|| failed(error))?.0;
            }
            "notify-keyspace-events" => {
                if !value.bytes().all(|byte| b"Ag$lshzxeKEtmdn".contains(&byte)) {
                    let error = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
                    return Err(failed(error));
                }
                self.keyspace_events = value.into();
            }
            "client-output-buffer-limit" => self.buffer_limits(value).map_err(failed)?,
            _ => {
                return Err(Refusal::err(format!(
                    "Unknown option or number of arguments for CONFIG SET - '{name}'"
                )));
            }
        }
        Ok(())
    }

    fn buffer_limits(&mut self, value: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = value.split_whitespace().collect();
        if words.is_empty() || !words.len().is_multiple_of(4) {
            return Err("Wrong number of arguments in buffer limit configuration.");
        }
        for class in words.chunks_exact(4) {
            let error =
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            let limit = BufferLimit {
                hard_bytes: memory(class[1]).ok_or(error)?,
                soft_bytes: memory(class[2]).ok_or(error)?,
                soft_seconds: class[3].parse().map_err(|_| error)?,
            };
            match class[0].to_ascii_lowercase().as_str() {
                "normal" => self.normal = limit,
                "slave" | "replica" => self.replica = limit,
                "pubsub" => self.pubsub = limit,
                _ => return Err("Invalid client class specified in buffer limit configuration."),
            }
        }
        Ok(())
    }
}
