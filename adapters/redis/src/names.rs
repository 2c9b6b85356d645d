//! The names of a trial's channels, streams and keys.

use exactly_adapter::{TrialNames, find_ids};
use exactly_model::{MessageId, Setup, Stream};

/// Longest target of a label; keys of Redis may have 512 MB.
const TARGET_MAX: usize = 120;

/// Logical names, and names on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// What every key and channel of the trial begins with: `x7t12.`. Its point keeps
    /// trial 1 apart from trial 12, and it looks like no message's id.
    pub prefix: String,
    streams: Vec<Stream>,
    channels: Vec<String>,
}

impl Names {
    /// Names of one trial, with the streams and channels of its setup. `tag` keeps runs
    /// apart that share a server and do not know of each other.
    pub fn new(names: TrialNames, tag: &str, setup: &Setup) -> Self {
        Self {
            prefix: format!("x{}t{}{tag}.", names.run, names.trial),
            streams: setup.streams.clone(),
            channels: setup.channels.clone(),
        }
    }

    /// The streams of the setup.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The channels of the setup, by their logical names.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// `x7t12.orders` of `orders`: a channel, a stream or a key. Channels are no keys, and
    /// may share a name with one.
    pub fn physical(&self, logical: &str) -> String {
        format!("{}{logical}", self.prefix)
    }

    /// The consumer group that every stream has.
    pub fn group(&self) -> String {
        self.physical("group")
    }

    /// Label of a channel, or of a pattern of channels: `channel.orders`,
    /// `channel.ord*`. A name that is not this trial's stays as it is.
    pub fn channel_target(&self, wire: &[u8]) -> String {
        self.target("channel.", wire)
    }

    /// Label of a stream: `stream.orders`.
    pub fn stream_target(&self, wire: &[u8]) -> String {
        self.target("stream.", wire)
    }

    /// Label of a key: `key.seen`, or `stream.orders` where it is one of the streams.
    pub fn key_target(&self, wire: &[u8]) -> String {
        let logical = wire.strip_prefix(self.prefix.as_bytes());
        let is_stream = |name: &[u8]| self.streams.iter().any(|s| s.name.as_bytes() == name);
        match logical.is_some_and(is_stream) {
            true => self.stream_target(wire),
            false => self.target("key.", wire),
        }
    }

    fn target(&self, room: &str, wire: &[u8]) -> String {
        let logical = wire.strip_prefix(self.prefix.as_bytes());
        let room = if logical.is_some() { room } else { "" };
        let name = &logical.unwrap_or(wire);
        let name = String::from_utf8_lossy(&name[..name.len().min(TARGET_MAX)]);
        format!("{room}{}", without_ids(&name))
    }
}

/// A key that is made for one message has another name in each trial, and a point must
/// not: `seen:x7-12-3` is `seen:*`.
fn without_ids(name: &str) -> String {
    let mut ids = Vec::new();
    find_ids(name.as_bytes(), &mut ids);
    let mut pattern = name.to_string();
    // The longer one first: `x1-2-3` stands in `x1-2-34` too.
    ids.sort_by_key(|id| std::cmp::Reverse(id.to_string().len()));
    for id in ids {
        for rendering in renderings(id) {
            pattern = pattern.replace(&rendering, "*");
        }
    }
    pattern
}

fn renderings(id: MessageId) -> [String; 2] {
    [id.to_string(), id.to_uuid().to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let setup = Setup {
            streams: vec![Stream {
                name: "orders".into(),
                max_len: None,
            }],
            channels: vec!["news".into()],
            ..Setup::default()
        };
        Names::new(TrialNames { run: 7, trial: 12 }, "", &setup)
    }

    #[test]
    fn names_go_there_and_back() {
        let names = names();
        assert_eq!(names.physical("orders"), "x7t12.orders");
        assert_eq!(names.group(), "x7t12.group");
        assert_eq!(names.stream_target(b"x7t12.orders"), "stream.orders");
        assert_eq!(names.key_target(b"x7t12.orders"), "stream.orders");
        assert_eq!(names.key_target(b"x7t12.seen"), "key.seen");
        let channel = names.physical(&names.channels()[0]);
        assert_eq!(names.channel_target(channel.as_bytes()), "channel.news");
        assert_eq!(names.channel_target(b"x7t12.ne*"), "channel.ne*");
        // Another trial's is not this one's.
        assert_eq!(names.key_target(b"x7t1.orders"), "x7t1.orders");
        assert_eq!(
            names.channel_target(b"__keyspace@0__:*"),
            "__keyspace@0__:*"
        );
        assert_eq!(names.streams().len(), 1);
    }

    #[test]
    fn a_key_of_one_message_is_named_by_its_pattern() {
        let names = names();
        let id = MessageId::new(7, 12, 3).unwrap();
        assert_eq!(names.key_target(b"x7t12.seen:x7-12-3"), "key.seen:*");
        assert_eq!(names.key_target(b"x7-12-3/x7-12-34"), "*/*");
        let uuid = format!("x7t12.seen:{}:done", id.to_uuid());
        assert_eq!(names.key_target(uuid.as_bytes()), "key.seen:*:done");
        assert_eq!(names.key_target(&[b'k'; 4000]).len(), TARGET_MAX);
        assert_eq!(names.key_target(b"x7t12.\xff"), "key.\u{fffd}");
    }
}
