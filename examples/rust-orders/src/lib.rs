//! An order service: takes orders from a Kafka topic and books each as a row in
//! PostgreSQL. It is here twice: [`wrong`] as it is often written, [`right`] with an
//! inbox. Nothing in it knows that it is tested.

use anyhow::Context as _;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Message as _};
use serde::Deserialize;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use std::time::Duration;

/// How long the service waits for an answer before it gives up; its supervisor then
/// starts it anew.
pub const TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Order {
    id: String,
    customer: String,
    n: i64,
    sum: String,
}

/// Books the order, then commits its offset. A crash between the two books the order
/// again.
pub async fn wrong() -> anyhow::Result<()> {
    let (consumer, database) = connect().await?;
    loop {
        let message = consumer.recv().await?;
        let order = read(&message)?;
        tokio::time::timeout(TIMEOUT, async {
            let mut transaction = database.begin().await?;
            book(&order, &mut transaction).await?;
            transaction.commit().await
        })
        .await??;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}

/// Books the order and remembers its id in the same transaction, then commits its
/// offset. An order that is delivered again is found in the inbox.
pub async fn right() -> anyhow::Result<()> {
    let (consumer, database) = connect().await?;
    loop {
        let message = consumer.recv().await?;
        let order = read(&message)?;
        tokio::time::timeout(TIMEOUT, async {
            let mut transaction = database.begin().await?;
            let remember = "insert into inbox (id) values ($1) on conflict do nothing";
            let remember = sqlx::query(remember).bind(&order.id);
            if remember.execute(&mut *transaction).await?.rows_affected() == 1 {
                book(&order, &mut transaction).await?;
            }
            transaction.commit().await
        })
        .await??;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}

async fn book(order: &Order, database: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("insert into orders (id, customer, n, sum) values ($1, $2, $3, $4)")
        .bind(&order.id)
        .bind(&order.customer)
        .bind(order.n)
        .bind(&order.sum)
        .execute(database)
        .await?;
    Ok(())
}

fn read(message: &BorrowedMessage<'_>) -> anyhow::Result<Order> {
    let payload = message.payload().context("a message without a payload")?;
    serde_json::from_slice(payload).context("a message that is no order")
}

async fn connect() -> anyhow::Result<(StreamConsumer, PgPool)> {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", variable("BROKERS")?)
        .set("group.id", variable("GROUP")?)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("socket.timeout.ms", TIMEOUT.as_millis().to_string())
        .set("fetch.wait.max.ms", "100")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "500")
        .create()?;
    consumer.subscribe(&[&variable("TOPIC")?])?;
    let database = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .connect(&variable("DATABASE_URL")?)
        .await?;
    Ok((consumer, database))
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
