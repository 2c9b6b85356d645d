//! redis-rs, as a user has it.

use super::wire::serve;
use futures::StreamExt;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, Client};
use std::time::Duration;

#[tokio::test]
async fn redis_rs_publishes_and_subscribes() {
    let address = serve().await;
    let client = Client::open(format!("redis://{address}/")).expect("a URL");
    let mut subscriber = client.get_async_pubsub().await.expect("connected");
    subscriber.subscribe("orders").await.expect("subscribed");
    subscriber.psubscribe("ord*").await.expect("subscribed");
    let mut publisher = client
        .get_multiplexed_async_connection()
        .await
        .expect("connected");
    let receivers: i64 = publisher.publish("orders", "one").await.expect("published");
    assert_eq!(receivers, 2);
    let mut messages = subscriber.on_message();
    for _ in 0..2 {
        let next = tokio::time::timeout(Duration::from_secs(10), messages.next()).await;
        let message = next.expect("in time").expect("a message");
        assert_eq!(message.get_channel_name(), "orders");
        assert_eq!(message.get_payload::<String>().expect("text"), "one");
    }
}

#[tokio::test]
async fn redis_rs_reads_a_stream_as_a_group() {
    let address = serve().await;
    let url = format!("redis://{address}/?protocol=resp3");
    let client = Client::open(url).expect("a URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("connected");
    let created: Result<(), _> = connection.xgroup_create_mkstream("s", "g", "$").await;
    created.expect("created");
    let id: String = connection
        .xadd("s", "*", &[("order", "1")])
        .await
        .expect("added");
    let options = StreamReadOptions::default()
        .group("g", "c")
        .count(10)
        .block(5000);
    let read = async |connection: &mut redis::aio::MultiplexedConnection, from: &str| {
        let reply: Option<StreamReadReply> = connection
            .xread_options(&["s"], &[from], &options)
            .await
            .expect("read");
        let keys = reply.map(|reply| reply.keys).unwrap_or_default();
        let ids = keys
            .into_iter()
            .flat_map(|key| key.ids)
            .map(|entry| entry.id);
        ids.collect::<Vec<String>>()
    };
    assert_eq!(read(&mut connection, ">").await, std::slice::from_ref(&id));
    assert_eq!(read(&mut connection, "0").await, std::slice::from_ref(&id));
    let acknowledged: i64 = connection
        .xack("s", "g", &[&id])
        .await
        .expect("acknowledged");
    assert_eq!(acknowledged, 1);
    assert!(read(&mut connection, "0").await.is_empty());
}
