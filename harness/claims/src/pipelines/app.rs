//! What every order service needs: its settings, the order on the wire, a
//! database pool, and a limit on how long a statement may take.

use anyhow::{Context, anyhow};
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::StreamConsumer;
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgArguments, PgPool, PgPoolOptions};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};
use std::collections::BTreeMap;
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

/// The names that every service reads whose orders come by Kafka.
pub(crate) const KAFKA_READ: &[&str] = &["BROKERS", "TOPIC", "GROUP"];

/// The same of those whose orders come by SQS.
pub(crate) const SQS_READ: &[&str] = &[
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "QUEUE_URL",
];

/// The same of those whose orders come by a stream of Redis.
pub(crate) const STREAM_READ: &[&str] = &["REDIS_URL", "STREAM", "STREAM_GROUP"];

/// The same of those that listen to a channel.
pub(crate) const CHANNEL_READ: &[&str] = &["REDIS_URL", "CHANNEL"];

/// The same of those whose orders are in a table.
pub(crate) const TABLE_READ: &[&str] = &["DATABASE_URL"];

/// `SESSION_TIMEOUT_MS` where nobody says: what most brokers allow at least
/// (`group.min.session.timeout.ms`).
const SESSION_TIMEOUT_MS: u64 = 6_000;

/// Where the service finds its systems, and how long it may be silent.
///
/// May hold a password, hence no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) topic: String,
    brokers: String,
    group: String,
    session_timeout_ms: u64,
    all: BTreeMap<&'static str, String>,
}

impl Settings {
    /// Reads `always` and `further`, all of which must be there, and
    /// `SESSION_TIMEOUT_MS`, which has a default.
    pub(crate) fn from_env(
        env: &dyn Fn(&str) -> Option<String>,
        always: &[&'static str],
        further: &[&'static str],
    ) -> anyhow::Result<Self> {
        let given = |name: &str| env(name).filter(|value| !value.is_empty());
        let read = |name: &str| {
            given(name).ok_or_else(|| anyhow!("{name} is not set: put it into the environment"))
        };
        let session_timeout_ms = match given("SESSION_TIMEOUT_MS") {
            None => SESSION_TIMEOUT_MS,
            Some(text) => text
                .parse()
                .with_context(|| format!("SESSION_TIMEOUT_MS: {text:?} is not a number"))?,
        };
        let all: BTreeMap<&'static str, String> = always
            .iter()
            .chain(further)
            .map(|&name| Ok((name, read(name)?)))
            .collect::<anyhow::Result<_>>()?;
        let of_kafka = |name: &str| all.get(name).cloned().unwrap_or_default();
        Ok(Self {
            brokers: of_kafka("BROKERS"),
            topic: of_kafka("TOPIC"),
            group: of_kafka("GROUP"),
            session_timeout_ms,
            all,
        })
    }

    /// One of the settings.
    pub(crate) fn get(&self, name: &'static str) -> anyhow::Result<&str> {
        self.all
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| anyhow!("this service was started without {name}"))
    }

    /// What is about reaching the brokers.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("socket.timeout.ms", KAFKA_SOCKET_TIMEOUT_MS.to_string())
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "500")
            // Connects to the brokers at once instead of when each is needed:
            // a service that starts anew is back sooner.
            .set("enable.sparse.connections", "false")
            .set("socket.nagle.disable", "true");
        config
    }

    /// The part of the consumer's configuration that is about reaching the
    /// brokers and about being a member of the group. How offsets are committed
    /// is each service's own affair.
    pub(crate) fn kafka(&self) -> ClientConfig {
        let session_timeout = self.session_timeout_ms.to_string();
        let mut config = self.client();
        config
            .set("group.id", &self.group)
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", &session_timeout)
            // A handler that hangs is given up as soon as a process that is gone.
            .set("max.poll.interval.ms", &session_timeout)
            .set("heartbeat.interval.ms", KAFKA_HEARTBEAT_MS.to_string())
            .set("fetch.wait.max.ms", KAFKA_FETCH_WAIT_MS.to_string());
        config
    }

    /// The configuration of a producer that writes each message once, however
    /// often it has to be sent: `enable.idempotence`, which implies `acks=all`.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // One message at a time: there is nothing to wait for.
            .set("linger.ms", "0");
        config
    }

    /// The configuration of a transactional producer. A transaction may take as
    /// long as the group waits for a silent member.
    pub(crate) fn transactional(&self) -> anyhow::Result<ClientConfig> {
        let mut config = self.producer();
        config
            .set("transactional.id", self.get("TRANSACTIONAL_ID")?)
            .set(
                "transaction.timeout.ms",
                self.session_timeout_ms.to_string(),
            );
        Ok(config)
    }

    /// Opens a pool with `connections` open and no more.
    pub(crate) async fn database(&self, connections: u32) -> anyhow::Result<PgPool> {
        PgPoolOptions::new()
            .min_connections(connections)
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect(self.get("DATABASE_URL")?)
            .await
            .context("cannot connect to the database")
    }
}

/// An order as it stands in the topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

    /// The statement that records it: the effect.
    pub(crate) fn insert(&self) -> Query<'_, Postgres, PgArguments> {
        sqlx::query("insert into orders (id, key, n, checksum) values ($1, $2, $3, $4)")
            .bind(&self.id)
            .bind(&self.key)
            .bind(self.n)
            .bind(&self.sum)
    }

    /// Records it and `key` in one transaction, unless `key` was there before: an
    /// inbox.
    pub(crate) async fn insert_once(&self, database: &PgPool, key: &str) -> anyhow::Result<()> {
        let mut transaction = within(database.begin()).await?;
        if is_fresh(&mut transaction, key).await? {
            within(self.insert().execute(&mut *transaction)).await?;
        }
        within(transaction.commit()).await
    }

    /// Puts its id into the inbox, as a part of `transaction`. Answers whether it was
    /// not there before.
    pub(crate) async fn is_fresh(&self, transaction: &mut PgConnection) -> anyhow::Result<bool> {
        is_fresh(transaction, &self.id).await
    }

    /// Sends it on to `topic`, under the same key, and waits until the brokers
    /// have it.
    pub(crate) async fn send(&self, producer: &FutureProducer, topic: &str) -> KafkaResult<()> {
        let payload = serde_json::to_string(self).expect("an order is plain text and a number");
        let record = FutureRecord::to(topic).key(&self.key).payload(&payload);
        match producer.send(record, Timeout::Never).await {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error),
        }
    }
}

async fn is_fresh(transaction: &mut PgConnection, key: &str) -> anyhow::Result<bool> {
    let fresh = within(
        sqlx::query("insert into inbox (id) values ($1) on conflict do nothing")
            .bind(key)
            .execute(transaction),
    )
    .await?;
    Ok(fresh.rows_affected() == 1)
}

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
            "TRANSACTIONAL_ID" => "shop-1".into(),
            _ => return None,
        })
    }

    /// The environment with one setting replaced.
    fn with(name: &str, value: Option<&str>) -> anyhow::Result<Settings> {
        let replaced = |asked: &str| match asked == name {
            true => value.map(str::to_string),
            false => environment(asked),
        };
        Settings::from_env(&replaced, KAFKA_READ, &["DATABASE_URL", "TRANSACTIONAL_ID"])
    }

    #[test]
    fn a_missing_or_empty_setting_is_named() {
        assert!(with("OTHER", None).is_ok());
        for name in ["BROKERS", "TOPIC", "GROUP", "DATABASE_URL"] {
            for absent in [None, Some("")] {
                let error = with(name, absent).err().expect("the setting is missing");
                let text = error.to_string();
                assert!(text.contains(name), "{text}");
                assert!(!text.contains("secret"), "{text}");
            }
        }
    }

    #[test]
    fn what_a_service_does_not_read_need_not_be_there() {
        let settings = Settings::from_env(&environment, KAFKA_READ, &["DATABASE_URL"]).unwrap();
        assert!(settings.get("DATABASE_URL").is_ok());
        let error = settings.get("OUT_TOPIC").unwrap_err().to_string();
        assert!(error.contains("OUT_TOPIC"), "{error}");
    }

    #[tokio::test]
    async fn one_timeout_rules_session_poll_and_transaction() {
        let timeouts = |settings: &Settings| {
            let (consumer, producer) = (settings.kafka(), settings.transactional().unwrap());
            [
                consumer.get("session.timeout.ms").map(str::to_string),
                consumer.get("max.poll.interval.ms").map(str::to_string),
                producer.get("transaction.timeout.ms").map(str::to_string),
            ]
        };
        let all = |ms: &str| [(); 3].map(|()| Some(ms.to_string()));
        let usual = with("SESSION_TIMEOUT_MS", None).unwrap();
        assert_eq!(timeouts(&usual), all("6000"));
        let short = with("SESSION_TIMEOUT_MS", Some("2000")).unwrap();
        assert_eq!(timeouts(&short), all("2000"));
        // librdkafka checks how its timeouts go together.
        for settings in [usual, short] {
            let _: StreamConsumer = settings.kafka().create().unwrap();
            let _: FutureProducer = settings.producer().create().unwrap();
            let _: FutureProducer = settings.transactional().unwrap().create().unwrap();
        }
        let error = with("SESSION_TIMEOUT_MS", Some("2s")).err().unwrap();
        assert!(error.to_string().contains("SESSION_TIMEOUT_MS"), "{error}");
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
