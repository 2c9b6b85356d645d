//! What has come whole is done; a wait ends with its client.

use super::wire::{Client, serve, until};
use exactly_redis::clock;
use std::time::Duration;

#[tokio::test]
async fn what_has_come_whole_is_done_although_its_client_is_dead() {
    let address = serve().await;
    let mut client = Client::connect(address).await;
    let socket = socket2::SockRef::from(&client.0);
    socket.set_linger(Some(Duration::ZERO)).expect("set");
    client.write(&"INCR n\r\n".repeat(5000)).await;
    client
        .write("*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$5\r\nval")
        .await;
    // Reset, with nothing of the answers read.
    drop(client);
    let mut other = Client::connect(address).await;
    until(&mut other, "GET n\r\n", "$4\r\n5000\r\n").await;
    assert_eq!(other.ask("GET half\r\n").await, "$-1\r\n");
}

#[tokio::test]
async fn a_wait_ends_when_its_client_is_dead() {
    let address = serve().await;
    let mut other = Client::connect(address).await;
    other.ask("XGROUP CREATE s g $ MKSTREAM\r\n").await;
    let mut client = Client::connect(address).await;
    client
        .write("XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\nSET behind v\r\n")
        .await;
    let blocked = async |client: &mut Client| client.ask("INFO clients\r\n").await;
    while !blocked(&mut other).await.contains("blocked_clients:1") {}
    drop(client);
    while !blocked(&mut other).await.contains("blocked_clients:0") {}
    other.ask("XADD s 1-1 f v\r\n").await;
    assert_eq!(
        other.ask("XPENDING s g\r\n").await,
        "*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"
    );
    assert_eq!(other.ask("GET behind\r\n").await, "$-1\r\n");
}

#[tokio::test]
async fn what_is_no_request_is_told_and_hung_up_on() {
    let address = serve().await;
    let mut client = Client::connect(address).await;
    let answer = client.ask("PING\r\n*1\r\n:5\r\nPING\r\n").await;
    assert!(
        answer.starts_with("+PONG\r\n-ERR Protocol error: "),
        "{answer}"
    );
    assert_eq!(answer.matches("PONG").count(), 1);
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask("QUIT\r\nPING\r\n").await, "+OK\r\n");
}

#[tokio::test]
async fn the_clock_is_moved_from_outside() {
    let address = serve().await;
    let url = format!("redis://{address}");
    let mut client = Client::connect(address).await;
    client.ask("SET x7-k v EX 300\r\nSET k v EX 600\r\n").await;
    let by = Duration::from_secs(301);
    let ahead = clock::advance_prefix(&url, "x7-", by).await;
    assert_eq!(ahead, Ok(by));
    assert_eq!(client.ask("GET x7-k\r\n").await, "$-1\r\n");
    assert_eq!(client.ask("GET k\r\n").await, "$1\r\nv\r\n");
    assert_eq!(clock::ahead(&url).await, Ok(Duration::ZERO));
    assert_eq!(clock::advance(&url, by).await, Ok(by));
    assert_eq!(clock::advance(&url, by).await, Ok(by * 2));
    // Nobody looks: the active cycle removes it.
    until(&mut client, "DBSIZE\r\n", ":0\r\n").await;
    let refused = clock::advance(&url, Duration::from_secs(400_000_000)).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("ten years")));
}
