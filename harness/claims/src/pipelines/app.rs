//! What every order service needs: its settings, the order on the wire, a
//! database pool, and a limit on how long a statement may take.

use anyhow::{Context, anyhow};
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::StreamConsumer;
use rdkafka::message::BorrowedMessage;
use serde::Deserialize;
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::future::Future;
use std::time::Duration;

/// How long a statement may take before the service gives up on its
/// connection.
pub(crate) const DATABASE_TIMEOUT: Duration = Duration::from_millis(1_000);

/// `heartbeat.interval.ms`: how often the group coordinator hears from us.
pub(crate) const KAFKA_HEARTBEAT_MS: u64 = 500;

/// `socket.timeout.ms`: how old a Kafka request may get before librdkafka
/// gives up on the connection. librdkafka wants it to be a second longer than
/// a Fetch may wait.
pub(crate) const KAFKA_SOCKET_TIMEOUT_MS: u64 = KAFKA_FETCH_WAIT_MS + 1_000;

/// `fetch.wait.max.ms`: how long the broker may wait for new messages.
const KAFKA_FETCH_WAIT_MS: u64 = 100;

/// How many messages a batch holds at most.
pub(crate) const BATCH: usize = 3;

/// How long a batch that has begun waits for each further message.
pub(crate) const BATCH_LINGER: Duration = Duration::from_millis(100);

/// Where the service finds its systems.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) brokers: String,
    pub(crate) topic: String,
    pub(crate) group: String,
    /// May hold a password, hence no `Debug` on the type.
    pub(crate) database_url: String,
}

impl Settings {
    /// Reads `BROKERS`, `TOPIC`, `GROUP` and `DATABASE_URL`.
    pub(crate) fn from_env(env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let read = |name: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| anyhow!("{name} is not set: put it into the environment"))
        };
        Ok(Self {
            brokers: read("BROKERS")?,
            topic: read("TOPIC")?,
            group: read("GROUP")?,
            database_url: read("DATABASE_URL")?,
        })
    }

    /// The part of the consumer's configuration that is about reaching the
    /// broker. How offsets are committed is each service's own affair.
    pub(crate) fn kafka(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", &self.group)
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", KAFKA_HEARTBEAT_MS.to_string())
            .set("socket.timeout.ms", KAFKA_SOCKET_TIMEOUT_MS.to_string())
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "500")
            // Connects to the brokers at once instead of when each is needed:
            // a service that starts anew is back sooner.
            .set("enable.sparse.connections", "false")
            .set("socket.nagle.disable", "true")
            .set("fetch.wait.max.ms", KAFKA_FETCH_WAIT_MS.to_string());
        config
    }

    /// Opens a pool with `connections` open and no more.
    pub(crate) async fn database(&self, connections: u32) -> anyhow::Result<PgPool> {
        PgPoolOptions::new()
            .min_connections(connections)
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect(&self.database_url)
            .await
            .context("cannot connect to the database")
    }
}

/// An order as it stands in the topic.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) n: i64,
    pub(crate) sum: String,
}

impl Order {
    /// Reads the payload of a message.
    pub(crate) fn read(message: &BorrowedMessage<'_>) -> anyhow::Result<Self> {
        let payload = message.payload().context("message without a payload")?;
        serde_json::from_slice(payload).with_context(|| {
            format!(
                "message at {}/{} is not an order",
                message.partition(),
                message.offset()
            )
        })
    }
}

/// The statement that records an order: the effect.
pub(crate) const INSERT_ORDER: &str =
    "insert into orders (id, key, n, checksum) values ($1, $2, $3, $4)";

/// Waits for a statement, but not for ever. After an error the caller must not
/// use the connection again: nobody knows whether the statement took effect.
pub(crate) async fn within<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(DATABASE_TIMEOUT, statement).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(anyhow!(
            "the database did not answer within {DATABASE_TIMEOUT:?}"
        )),
    }
}

/// Waits for a first message, then takes up to [`BATCH`] that follow closely.
pub(crate) async fn next_batch(
    consumer: &StreamConsumer,
) -> anyhow::Result<Vec<BorrowedMessage<'_>>> {
    let mut batch = vec![consumer.recv().await?];
    while batch.len() < BATCH {
        match tokio::time::timeout(BATCH_LINGER, consumer.recv()).await {
            Ok(message) => batch.push(message?),
            Err(_) => break,
        }
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        Some(match name {
            "BROKERS" => "127.0.0.1:9092".into(),
            "TOPIC" => "orders".into(),
            "GROUP" => "shop".into(),
            "DATABASE_URL" => "postgres://shop:secret@127.0.0.1/shop".into(),
            _ => return None,
        })
    }

    #[test]
    fn a_missing_or_empty_setting_is_named() {
        assert!(Settings::from_env(&environment).is_ok());
        for name in ["BROKERS", "TOPIC", "GROUP", "DATABASE_URL"] {
            for absent in [None, Some(String::new())] {
                let error = Settings::from_env(&|asked| {
                    if asked == name {
                        absent.clone()
                    } else {
                        environment(asked)
                    }
                })
                .err()
                .expect("the setting is missing");
                let text = error.to_string();
                assert!(text.contains(name), "{text}");
                assert!(!text.contains("secret"), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn a_statement_that_never_answers_is_given_up() {
        let never = futures::future::pending::<Result<(), sqlx::Error>>();
        let error = within(never).await.unwrap_err().to_string();
        assert!(error.contains("did not answer"), "{error}");
    }

    #[tokio::test]
    async fn a_failed_statement_is_an_error_and_an_answer_is_not() {
        assert!(
            within(async { Err::<(), _>(sqlx::Error::PoolClosed) })
                .await
                .is_err()
        );
        assert_eq!(within(async { Ok(7) }).await.unwrap(), 7);
    }
}
