//! What every service needs that listens to a channel of Redis: a subscription that is
//! made anew when its connection is gone.

use super::app::Order;
use anyhow::Context;
use futures::StreamExt;
use redis::aio::PubSub;
use redis::{Client, Msg};
use std::time::{Duration, Instant};

/// Between two attempts to subscribe.
const PAUSE: Duration = Duration::from_millis(50);

/// How long Redis may be away before the service gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it may take to subscribe.
const SUBSCRIBED_WITHIN: Duration = Duration::from_secs(2);

/// A subscription to a channel.
pub(crate) struct Subscriber {
    client: Client,
    channel: String,
    /// A pattern beside the channel.
    pattern: Option<String>,
    subscription: Option<PubSub>,
    away_since: Instant,
}

impl Subscriber {
    /// One that is going to subscribe.
    pub(crate) fn new(url: &str, channel: &str, pattern: Option<&str>) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::open(url).context("REDIS_URL")?,
            channel: channel.into(),
            pattern: pattern.map(String::from),
            subscription: None,
            away_since: Instant::now(),
        })
    }

    /// Waits for the next message; subscribes first where that is not done, and anew when
    /// the connection has ended. An error when Redis is away for too long.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Msg> {
        loop {
            if let Some(subscription) = &mut self.subscription {
                if let Some(message) = subscription.on_message().next().await {
                    return Ok(message);
                }
                eprintln!("the connection has ended");
                self.subscription = None;
                self.away_since = Instant::now();
                tokio::time::sleep(PAUSE).await;
            }
            match tokio::time::timeout(SUBSCRIBED_WITHIN, self.subscribe()).await {
                Ok(Ok(subscription)) => {
                    eprintln!("subscribed to {}", self.channel);
                    self.subscription = Some(subscription);
                    continue;
                }
                Ok(Err(error)) => eprintln!("cannot subscribe: {error:#}"),
                Err(_) => eprintln!("cannot subscribe within {SUBSCRIBED_WITHIN:?}"),
            }
            anyhow::ensure!(
                self.away_since.elapsed() < PATIENCE,
                "Redis has been away for {PATIENCE:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn subscribe(&self) -> anyhow::Result<PubSub> {
        let mut subscription = self.client.get_async_pubsub().await?;
        subscription.subscribe(&self.channel).await?;
        if let Some(pattern) = &self.pattern {
            subscription.psubscribe(pattern).await?;
        }
        Ok(subscription)
    }
}

/// The order in a message.
pub(crate) fn order(message: &Msg) -> anyhow::Result<Order> {
    serde_json::from_slice(message.get_payload_bytes()).context("the message is not an order")
}
