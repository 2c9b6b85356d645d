//! Takes a message of a channel for a hint only: the orders are in a table. It records
//! an order and marks it as done in one transaction, goes through what is not done when
//! it starts, at each hint, and from time to time. Another part of the same service
//! publishes the hints.
//!
//! * Boundary: one Postgres table and one Redis channel to another table. Sink: rows in
//!   `orders`.
//! * Who retries: the code, by looking again. An error of the database ends the process,
//!   and its supervisor starts it anew.
//! * Faults that tell: none should. A hint that is lost costs time.
//! * Expected: exactly-once, meant at the rows.
//! * Witness: kill after the message that hints at order 1.

use super::app::{Order, Settings, within};
use super::streams::REDIS_TIMEOUT;
use super::subscribers::Subscriber;
use anyhow::Context;
use redis::{AsyncCommands, AsyncConnectionConfig, Client};
use sqlx::Row;
use sqlx::postgres::PgPool;
use std::time::Duration;

/// How often it looks for orders that no hint told of.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often it looks for orders that were not announced.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(20);

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let database = settings.database(3).await?;
    let subscriber = Subscriber::new(settings.get("REDIS_URL")?, settings.get("HINTS")?, None)?;
    tokio::select! {
        ended = announce_all(&settings, &database) => ended,
        ended = look_from_time_to_time(&database) => ended,
        ended = look_at_hints(subscriber, &database) => ended,
    }
}

async fn look_at_hints(mut subscriber: Subscriber, database: &PgPool) -> anyhow::Result<()> {
    loop {
        subscriber.next().await?;
        record_all(database).await?;
    }
}

async fn look_from_time_to_time(database: &PgPool) -> anyhow::Result<()> {
    loop {
        record_all(database).await?;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Records each order that is not done.
async fn record_all(database: &PgPool) -> anyhow::Result<()> {
    while record_one(database).await? {}
    Ok(())
}

async fn record_one(database: &PgPool) -> anyhow::Result<bool> {
    let look = sqlx::query("select 1 from incoming where not done limit 1");
    if within(look.fetch_optional(database)).await?.is_none() {
        return Ok(false);
    }
    let mut transaction = within(database.begin()).await?;
    let next = within(
        sqlx::query(
            "select id, key, n, checksum from incoming where not done \
             order by entry limit 1 for update skip locked",
        )
        .fetch_optional(&mut *transaction),
    )
    .await?;
    let Some(row) = next else {
        return Ok(false);
    };
    let order = Order {
        id: row.try_get("id")?,
        key: row.try_get("key")?,
        n: row.try_get("n")?,
        sum: row.try_get("checksum")?,
    };
    within(order.insert().execute(&mut *transaction)).await?;
    within(
        sqlx::query("update incoming set done = true where id = $1")
            .bind(&order.id)
            .execute(&mut *transaction),
    )
    .await?;
    within(transaction.commit()).await?;
    Ok(true)
}

/// Publishes a hint for each order that is new.
async fn announce_all(settings: &Settings, database: &PgPool) -> anyhow::Result<()> {
    let channel = settings.get("HINTS")?;
    let client = Client::open(settings.get("REDIS_URL")?)?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(REDIS_TIMEOUT))
        .set_response_timeout(Some(REDIS_TIMEOUT));
    loop {
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        if let Ok(mut redis) = connection.await {
            loop {
                let new = "select id from incoming where not announced order by entry limit 1";
                let new = within(sqlx::query(new).fetch_optional(database)).await?;
                let Some(row) = new else {
                    tokio::time::sleep(ANNOUNCE_EVERY).await;
                    continue;
                };
                let id: String = row.try_get("id")?;
                let published: redis::RedisResult<u64> = redis.publish(channel, &id).await;
                if published.is_err() {
                    break;
                }
                let announced = sqlx::query("update incoming set announced = true where id = $1");
                within(announced.bind(&id).execute(database))
                    .await
                    .context("cannot mark it")?;
            }
        }
        tokio::time::sleep(ANNOUNCE_EVERY).await;
    }
}
