//! What every order service on a stream of Redis needs: a connection, the next entry
//! of its group, and an acknowledgement.

use super::app::{Order, Settings};
use anyhow::Context;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamId, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, AsyncConnectionConfig, Client};
use std::time::Duration;

/// How long a reply may take: longer than a read waits for new entries.
pub(crate) const REDIS_TIMEOUT: Duration = Duration::from_millis(1_500);

/// `BLOCK`: how long a read waits for new entries.
const BLOCK_MS: usize = 500;

/// The name of this consumer in its group. A service that is started anew is the same
/// consumer: what it was given is still its own.
const CONSUMER: &str = "worker";

/// Entries that were given to this consumer and not acknowledged; and those that were
/// given to nobody yet.
const PENDING: &str = "0";
const NEW: &str = ">";

/// A stream, read as one consumer of a group.
pub(crate) struct Orders {
    connection: MultiplexedConnection,
    stream: String,
    group: String,
}

impl Orders {
    pub(crate) async fn connect(settings: &Settings) -> anyhow::Result<Self> {
        let client = Client::open(settings.get("REDIS_URL")?)?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_TIMEOUT))
            .set_response_timeout(Some(REDIS_TIMEOUT));
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok(Self {
            connection: connection.await.context("cannot connect to Redis")?,
            stream: settings.get("STREAM")?.to_string(),
            group: settings.get("STREAM_GROUP")?.to_string(),
        })
    }

    /// The next entry that was given to this consumer and not acknowledged, if there
    /// is one.
    pub(crate) async fn pending(&mut self) -> anyhow::Result<Option<StreamId>> {
        self.read(PENDING).await
    }

    /// Waits for an entry that was given to nobody yet.
    pub(crate) async fn next(&mut self) -> anyhow::Result<StreamId> {
        loop {
            if let Some(entry) = self.read(NEW).await? {
                return Ok(entry);
            }
        }
    }

    async fn read(&mut self, from: &str) -> anyhow::Result<Option<StreamId>> {
        let options = StreamReadOptions::default()
            .group(&self.group, CONSUMER)
            .count(1)
            .block(BLOCK_MS);
        let (streams, from) = ([&self.stream], [from]);
        let read = self.connection.xread_options(&streams, &from, &options);
        let reply: Option<StreamReadReply> = read.await.context("cannot read the stream")?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys);
        Ok(entries.flat_map(|stream| stream.ids).next())
    }

    /// Says that an entry is handled.
    pub(crate) async fn acknowledge(&mut self, entry: &StreamId) -> anyhow::Result<()> {
        let ids = [&entry.id];
        let acknowledged = self.connection.xack(&self.stream, &self.group, &ids);
        let _: u64 = acknowledged.await.context("cannot acknowledge")?;
        Ok(())
    }
}

/// The order in an entry; `None` where the entry is not in the stream any more.
pub(crate) fn order(entry: &StreamId) -> anyhow::Result<Option<Order>> {
    let Some(payload) = entry.get::<String>("payload") else {
        return Ok(None);
    };
    let order = serde_json::from_str(&payload).context("the entry is not an order")?;
    Ok(Some(order))
}
