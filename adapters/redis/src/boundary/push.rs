//! What a server sends without having been asked, and the confirmations of
//! subscriptions, which look the same (documentation, Pub/Sub, "Format of pushed
//! messages").

use crate::resp::{Frame, Token};

/// A frame that is no plain reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Pushed<'a> {
    /// A message of a channel.
    Message(Message<'a>),
    /// A subscription began or ended.
    Confirmation {
        kind: Kind,
        begins: bool,
        /// Subscriptions of its client from now on: those of channels and patterns
        /// together, or those of shard channels.
        count: u64,
    },
    /// `invalidate`, and what else there may be.
    Other,
}

/// A message of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Message<'a> {
    /// `message`, `pmessage`, `smessage`.
    pub operation: &'static str,
    /// What was subscribed: a channel, or a pattern.
    pub name: &'a [u8],
    /// Where it was published.
    pub channel: &'a [u8],
    /// What was published, as it stands in the frame.
    pub payload: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Channel,
    Pattern,
    Shard,
}

/// Reads `frame` as a push. `in_array`: whether one may come as an array, as it does in
/// RESP2 to whoever has subscribed. `Ok(None)`: it is a plain reply.
pub(super) fn pushed(frame: Frame<'_>, in_array: bool) -> Result<Option<Pushed<'_>>, String> {
    let mut reader = frame.past_attributes();
    let (values, is_push) = match reader.value() {
        Some(Token::Push(values)) => (values, true),
        Some(Token::Array(values)) if in_array => (values, false),
        _ => return Ok(None),
    };
    let word = reader.text().unwrap_or_default();
    let message = match word {
        b"message" => Some(("message", 3)),
        b"smessage" => Some(("smessage", 3)),
        b"pmessage" => Some(("pmessage", 4)),
        _ => None,
    };
    if let Some((operation, expected)) = message {
        let torn = || format!("a push of the kind {operation} is torn");
        let name = reader.text().filter(|_| values == expected);
        let name = name.ok_or_else(torn)?;
        // The pattern stands first, and then the channel.
        let channel = match expected {
            4 => reader.text().ok_or_else(torn)?,
            _ => name,
        };
        let payload = reader.raw();
        return Ok(Some(Pushed::Message(Message {
            operation,
            name,
            channel,
            payload,
        })));
    }
    let Some((kind, begins)) = confirmation(word) else {
        return Ok(is_push.then_some(Pushed::Other));
    };
    reader.skip(1);
    match reader.value() {
        Some(Token::Integer(count)) if values == 3 => Ok(Some(Pushed::Confirmation {
            kind,
            begins,
            count: u64::try_from(count).unwrap_or(0),
        })),
        _ => Err("the confirmation of a subscription is torn".into()),
    }
}

fn confirmation(word: &[u8]) -> Option<(Kind, bool)> {
    Some(match word {
        b"subscribe" => (Kind::Channel, true),
        b"psubscribe" => (Kind::Pattern, true),
        b"ssubscribe" => (Kind::Shard, true),
        b"unsubscribe" => (Kind::Channel, false),
        b"punsubscribe" => (Kind::Pattern, false),
        b"sunsubscribe" => (Kind::Shard, false),
        _ => return None,
    })
}

/// The operation that is confirmed so.
pub(super) const fn confirmed(kind: Kind, begins: bool) -> &'static str {
    match (kind, begins) {
        (Kind::Channel, true) => "SUBSCRIBE",
        (Kind::Pattern, true) => "PSUBSCRIBE",
        (Kind::Shard, true) => "SSUBSCRIBE",
        (Kind::Channel, false) => "UNSUBSCRIBE",
        (Kind::Pattern, false) => "PUNSUBSCRIBE",
        (Kind::Shard, false) => "SUNSUBSCRIBE",
    }
}

/// How many subscriptions a connection has, by what the confirmations say: names need
/// not be kept for it.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    channels: u64,
    patterns: u64,
    shards: u64,
}

impl Subscriptions {
    /// Whether it has any.
    pub const fn any(&self) -> bool {
        self.channels + self.patterns + self.shards > 0
    }

    pub const fn of(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Channel => self.channels,
            Kind::Pattern => self.patterns,
            Kind::Shard => self.shards,
        }
    }

    /// A confirmation says `count`.
    pub const fn confirmed(&mut self, kind: Kind, count: u64) {
        match kind {
            Kind::Channel => self.channels = count.saturating_sub(self.patterns),
            Kind::Pattern => self.patterns = count.saturating_sub(self.channels),
            Kind::Shard => self.shards = count,
        }
    }
}
