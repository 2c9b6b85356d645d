//! One trial's corner of a server: keys and channels of its own.

use crate::KIND;
use crate::boundary::{RedisDecoder, Shared, faultable};
use crate::client::{self, EntryId, Fed as FedLog, Link, Rest, Trouble, Unheard, Watches};
use crate::names::Names;
use crate::sink::{Place, find};
use crate::target::authority;
use async_trait::async_trait;
use exactly_adapter::{
    Backlog, Decoder, Faultable, Fed, FeedError, Feeder, Horizon, Left, ObserveError, Observing,
    Outgoing, Passed, Scope, Seen,
};
use exactly_model::{Observer, Position};
use redis::cmd;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What stands for a server in the processes that dial it, beside `stream.NAME` and
/// `channel.NAME` for each of the setup. `prefix` begins the names of the pipeline's own
/// keys, so that they are the trial's.
pub(crate) const PLACEHOLDERS: [&str; 6] = ["address", "url", "host", "port", "group", "prefix"];

/// Bytes that a boundary holds for a client that does not read, in each of its sockets.
const SOCKET_BUFFER: u32 = 64 << 10;
/// What passes when every time to live is to pass.
const HORIZON_S: u64 = 3_600;

/// How keys with a time to live are forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Forgetting {
    /// The server has a clock for each trial, which can be moved.
    ByItsClock,
    WithTime,
}

/// A trial's keys and channels.
pub(crate) struct RedisScope {
    /// Looks, and everything else that is not fed.
    link: Link,
    /// Feeds: whoever looks does not wait for a message that is not answered.
    feeding: Link,
    watches: Watches,
    names: Arc<Names>,
    shared: Arc<Shared>,
    forgetting: Forgetting,
    /// What each stream was fed, by logical name.
    fed: Mutex<BTreeMap<String, FedLog>>,
}

impl RedisScope {
    pub fn new(link: Link, names: Names, forgetting: Forgetting) -> Self {
        Self {
            feeding: Link::new(link.way().clone()),
            watches: Watches::new(link.way().clone()),
            link,
            names: Arc::new(names),
            shared: Arc::new(Shared::new()),
            forgetting,
            fed: Mutex::default(),
        }
    }

    /// What an observer names.
    fn observed(&self, observer: &Observer) -> Result<Place, ObserveError> {
        find(&self.names, &observer.query).map_err(|(why, hint)| config(observer, why, hint))
    }

    async fn add(&self, name: &str, max_len: Option<u64>, message: &Outgoing) -> Fed {
        let key = self.names.physical(name);
        let (fed, entry) = client::add(&self.feeding, &key, max_len, message).await;
        let Some(entry) = entry else {
            return fed;
        };
        let mut all = self.fed.lock().await;
        let log = all.entry(name.into()).or_default();
        let offset = log.count;
        log.add(entry, message.id);
        let position = Position {
            target: format!("stream.{name}"),
            partition: 0,
            offset,
        };
        self.shared.fed(message.id, position.clone());
        Fed {
            position: Some(position),
            ..fed
        }
    }

    async fn rest(&self, stream: &exactly_model::Stream) -> Result<Rest, Trouble> {
        let fed = self.fed.lock().await;
        let key = self.names.physical(&stream.name);
        let was_handed = |entry: EntryId| self.shared.was_handed(&key, &entry.to_string());
        let came_back_empty =
            |entry: EntryId| self.shared.is_empty_by_now(&key, &entry.to_string());
        let looked_at = client::Stream {
            name: &stream.name,
            key: &key,
            group: &self.names.group(),
            max_len: stream.max_len,
            fed: fed.get(&stream.name),
            was_handed: &was_handed,
            came_back_empty: &came_back_empty,
        };
        looked_at.rest(&self.link).await
    }
}

fn config(observer: &Observer, why: String, hint: &str) -> ObserveError {
    ObserveError::Config {
        observer: observer.name.clone(),
        why,
        hint: hint.into(),
    }
}

fn unavailable(observer: &str, error: &Trouble) -> ObserveError {
    ObserveError::Unavailable {
        observer: observer.into(),
        system: KIND,
        why: error.to_string(),
    }
}

#[async_trait]
impl Scope for RedisScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        let [(host, port), ..] = addresses else {
            return BTreeMap::new();
        };
        let names = &self.names;
        let mut all = BTreeMap::from(
            [
                ("address", authority(host, *port)),
                ("url", self.link.way().target.pipeline_url(host, *port)),
                ("host", host.clone()),
                ("port", port.to_string()),
                ("group", names.group()),
                ("prefix", names.prefix.clone()),
            ]
            .map(|(name, value)| (name.to_string(), value)),
        );
        for stream in names.streams() {
            let name = names.physical(&stream.name);
            all.insert(format!("stream.{}", stream.name), name);
        }
        for channel in names.channels() {
            all.insert(format!("channel.{channel}"), names.physical(channel));
        }
        all
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(RedisDecoder::new(self.names.clone(), self.shared.clone()))
    }

    /// Redis closes the connection of a subscriber for which too much waits
    /// (`client-output-buffer-limit`): it is to see how much that is.
    fn socket_buffer(&self) -> Option<u32> {
        Some(SOCKET_BUFFER)
    }

    fn faults_at(&self, operation: &str, target: &str) -> Faultable {
        faultable(operation, target)
    }

    fn feeder(&self) -> Option<&dyn Feeder> {
        Some(self)
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    fn horizon(&self) -> Option<&dyn Horizon> {
        match self.forgetting {
            Forgetting::ByItsClock => Some(self),
            Forgetting::WithTime => None,
        }
    }

    async fn close(&self) {
        self.watches.end();
        if let Err(error) = client::remove(&self.link, &self.names.prefix).await {
            tracing::debug!(%error, prefix = self.names.prefix, "cannot remove the trial's keys");
        }
    }
}

#[async_trait]
impl Feeder for RedisScope {
    /// One message at a time, whatever may be in flight: a channel has one order, and so
    /// has a stream.
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        _concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        let place = find(&self.names, to).map_err(|(why, hint)| FeedError {
            target: to.into(),
            why,
            hint: hint.into(),
        })?;
        let mut all = Vec::with_capacity(messages.len());
        for message in messages {
            all.push(match &place {
                Place::Channel(name) => {
                    let own = self.watches.own(name);
                    client::publish(&self.feeding, name, own, message).await
                }
                Place::Stream { name, max_len } => self.add(name, *max_len, message).await,
                Place::Keys(_) => {
                    return Err(FeedError {
                        target: to.into(),
                        why: "keys cannot be fed".into(),
                        hint: "feed a stream or a channel of the setup".into(),
                    });
                }
            });
        }
        Ok(all)
    }
}

#[async_trait]
impl Observing for RedisScope {
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        const KEEP_IT: &str = "let the pipeline keep the id in what it writes";
        let place = self.observed(observer)?;
        if let Place::Channel(channel) = &place {
            let seen = self.watches.seen(channel).map_err(|error| match error {
                Unheard::Strange(why) => config(observer, why, KEEP_IT),
                Unheard::Missed(why) => unavailable(
                    &observer.name,
                    &Trouble::Unanswered(format!("{why}: what was published meanwhile is gone")),
                ),
            })?;
            seen.into_iter().for_each(each);
            return Ok(());
        }
        let mut strange = None;
        let mut taken = |seen: Result<Seen, String>| match seen {
            Ok(seen) => each(seen),
            Err(why) => {
                strange.get_or_insert(why);
            }
        };
        let read = match &place {
            Place::Stream { name, .. } => {
                client::stream(&self.link, &self.names.physical(name), &mut taken).await
            }
            Place::Keys(pattern) => client::values(&self.link, pattern, &mut taken).await,
            Place::Channel(_) => Ok(()),
        };
        read.map_err(|error| unavailable(&observer.name, &error))?;
        match strange {
            Some(why) => Err(config(observer, why, KEEP_IT)),
            None => Ok(()),
        }
    }

    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError> {
        let count = match &self.observed(observer)? {
            Place::Channel(channel) => Ok(self.watches.count(channel)),
            Place::Stream { name, .. } => {
                client::length(&self.link, &self.names.physical(name)).await
            }
            Place::Keys(pattern) => client::count(&self.link, pattern).await,
        };
        count.map_err(|error| unavailable(&observer.name, &error))
    }

    /// The harness is one subscriber more, and a pipeline that publishes there is told so
    /// by PUBLISH.
    async fn watch(&self, observer: &Observer) -> Result<(), ObserveError> {
        match &self.observed(observer)? {
            Place::Channel(channel) => {
                let begun = self.watches.begin(channel).await;
                begun.map_err(|error| unavailable(&observer.name, &error))
            }
            Place::Stream { .. } | Place::Keys(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Backlog for RedisScope {
    /// Channels have none: Redis keeps nothing of what it has published. A server does
    /// nothing for a dead client once its request is applied, so that the ports do not
    /// matter here.
    async fn left(&self, _: &[u16], _: Option<&[Position]>) -> Result<Left, ObserveError> {
        let mut left = Left::default();
        let mut details = Vec::new();
        for stream in self.names.streams() {
            let rest = self.rest(stream).await;
            let rest = rest.map_err(|error| unavailable("backlog", &error))?;
            left.items += rest.items();
            details.extend(rest.words(&stream.name));
            if !rest.is_there {
                details.push(format!("stream.{} is not there any more", stream.name));
            }
            left.put_aside.extend(rest.put_aside);
        }
        left.detail = details.join("; ");
        Ok(left)
    }
}

#[async_trait]
impl Horizon for RedisScope {
    async fn expire(&self) -> Result<Passed, ObserveError> {
        let mut command = cmd("EXACTLY");
        command
            .arg("CLOCK")
            .arg(&self.names.prefix)
            .arg(HORIZON_S * 1_000);
        let moved = self.link.look(&command).await;
        moved.map_err(|error| unavailable("clock", &error))?;
        Ok(Passed {
            what: "every TTL of the trial's keys".into(),
            seconds: HORIZON_S,
        })
    }
}
