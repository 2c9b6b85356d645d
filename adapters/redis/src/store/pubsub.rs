//! Channels and patterns (<https://redis.io/docs/latest/develop/interact/pubsub/>).
//! They know no databases, and nothing is kept for who is not there.

use super::client::ClientId;
use super::glob;
use super::refusal::Refusal;
use super::reply::{Protocol, Reply};
use super::state::{Call, Outcome, Store};
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeMap, BTreeSet};

type Subscribers = BTreeMap<Bytes, BTreeSet<ClientId>>;

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    channels: Subscribers,
    patterns: Subscribers,
    count: usize,
}

/// Which of the two registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Channel,
    Pattern,
}

pub(super) fn subscribe(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    store.subscribe(call, &args[1..], Way::Channel)
}

pub(super) fn psubscribe(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    store.subscribe(call, &args[1..], Way::Pattern)
}

pub(super) fn unsubscribe(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    store.unsubscribe(call, &args[1..], Way::Channel)
}

pub(super) fn punsubscribe(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    store.unsubscribe(call, &args[1..], Way::Pattern)
}

pub(super) fn publish(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let receivers = store.publish(&args[1], &args[2], call.now_ms);
    Ok(Reply::count(receivers))
}

pub(super) fn channels(store: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    let channels = store.subscriptions.channels.keys();
    let pattern = args.get(2);
    let matching =
        channels.filter(|channel| pattern.is_none_or(|pattern| glob::matches(pattern, channel)));
    Ok(Reply::bulks(matching.cloned()))
}

pub(super) fn numsub(store: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    let each = args[2..].iter().flat_map(|channel| {
        let found = store.subscriptions.channels.get(channel);
        let count = Reply::count(found.map_or(0, BTreeSet::len));
        [Reply::Bulk(channel.clone()), count]
    });
    Ok(Reply::Array(each.collect()))
}

pub(super) fn numpat(store: &mut Store, _: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::count(store.subscriptions.patterns.len()))
}

fn confirmed(kind: &'static str, name: Option<&Bytes>, count: usize) -> Reply {
    let name = Reply::or_null(name.cloned());
    Reply::Push(vec![Reply::word(kind), name, Reply::count(count)])
}

impl Store {
    fn subscribe(&mut self, call: Call, names: &[Bytes], way: Way) -> Outcome {
        let mut replies = Vec::with_capacity(names.len());
        for name in names {
            if self.subscriptions.count >= self.limits.subscriptions {
                return Err(Refusal::of(
                    "ERR this embedded server has no more subscriptions",
                ));
            }
            // A name is kept for long: it is not to keep the request that it came in.
            let name = Bytes::copy_from_slice(name);
            let client = self.client(call)?;
            let (own, kind) = match way {
                Way::Channel => (&mut client.channels, "subscribe"),
                Way::Pattern => (&mut client.patterns, "psubscribe"),
            };
            let is_new = own.insert(name.clone());
            replies.push(confirmed(kind, Some(&name), client.subscriptions()));
            if is_new {
                self.subscriptions.count += 1;
                let all = self.subscriptions.of(way);
                all.entry(name).or_default().insert(call.client);
            }
        }
        Ok(Reply::Several(replies))
    }

    fn unsubscribe(&mut self, call: Call, names: &[Bytes], way: Way) -> Outcome {
        let client = self.client(call)?;
        let (own, kind) = match way {
            Way::Channel => (&client.channels, "unsubscribe"),
            Way::Pattern => (&client.patterns, "punsubscribe"),
        };
        let names: Vec<Bytes> = match names {
            [] => own.iter().cloned().collect(),
            names => names.to_vec(),
        };
        if names.is_empty() {
            let count = client.subscriptions();
            return Ok(confirmed(kind, None, count));
        }
        let mut replies = Vec::with_capacity(names.len());
        for name in &names {
            self.unsubscribe_one(call.client, name, way);
            let count = self.client(call)?.subscriptions();
            replies.push(confirmed(kind, Some(name), count));
        }
        Ok(Reply::Several(replies))
    }

    fn unsubscribe_one(&mut self, id: ClientId, name: &Bytes, way: Way) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let own = match way {
            Way::Channel => &mut client.channels,
            Way::Pattern => &mut client.patterns,
        };
        if !own.remove(name) {
            return;
        }
        self.subscriptions.count -= 1;
        let all = self.subscriptions.of(way);
        if let Some(subscribers) = all.get_mut(name) {
            subscribers.remove(&id);
            if subscribers.is_empty() {
                all.remove(name);
            }
        }
    }

    pub(super) fn unsubscribe_all(&mut self, id: ClientId) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        let channels = client.channels.clone();
        let patterns = client.patterns.clone();
        for name in channels {
            self.unsubscribe_one(id, &name, Way::Channel);
        }
        for name in patterns {
            self.unsubscribe_one(id, &name, Way::Pattern);
        }
    }

    /// Hands a message to who is there, and says to how many: a client that has
    /// subscribed to the channel and to two patterns counts three times, and gets it
    /// three times.
    fn publish(&mut self, channel: &Bytes, message: &Bytes, now_ms: u64) -> usize {
        let mut receivers = 0;
        if let Some(subscribers) = self.subscriptions.channels.get(channel) {
            let subscribers: Vec<ClientId> = subscribers.iter().copied().collect();
            let reply = || {
                Reply::Push(vec![
                    Reply::word("message"),
                    Reply::Bulk(channel.clone()),
                    Reply::Bulk(message.clone()),
                ])
            };
            receivers += self.deliver(&subscribers, reply, now_ms);
        }
        let patterns = self.subscriptions.patterns.iter();
        let matching: Vec<(Bytes, Vec<ClientId>)> = patterns
            .filter(|(pattern, _)| glob::matches(pattern, channel))
            .map(|(pattern, who)| (pattern.clone(), who.iter().copied().collect()))
            .collect();
        for (pattern, subscribers) in matching {
            let reply = || {
                Reply::Push(vec![
                    Reply::word("pmessage"),
                    Reply::Bulk(pattern.clone()),
                    Reply::Bulk(channel.clone()),
                    Reply::Bulk(message.clone()),
                ])
            };
            receivers += self.deliver(&subscribers, reply, now_ms);
        }
        receivers
    }

    /// The bytes are made once for each protocol and shared by who speaks it.
    fn deliver(&mut self, to: &[ClientId], reply: impl Fn() -> Reply, now_ms: u64) -> usize {
        let mut frames: [Option<Bytes>; 2] = [None, None];
        let mut receivers = 0;
        for id in to {
            let Some(client) = self.clients.get_mut(id) else {
                continue;
            };
            receivers += 1;
            if client.is_cut {
                continue;
            }
            let protocol = client.protocol;
            let frame = &mut frames[usize::from(protocol == Protocol::Three)];
            let frame = frame.get_or_insert_with(|| {
                let mut bytes = BytesMut::new();
                reply().write(protocol, &mut bytes);
                bytes.freeze()
            });
            client.outbox.share(frame);
            self.written_to(*id, now_ms);
        }
        receivers
    }
}

impl Subscriptions {
    const fn of(&mut self, way: Way) -> &mut Subscribers {
        match way {
            Way::Channel => &mut self.channels,
            Way::Pattern => &mut self.patterns,
        }
    }

    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }
}
