//! Subscribers that do not read, and how fast those that do are served.

use super::wire::{Client, serve};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_subscriber_that_does_not_read_is_hung_up_on_and_the_others_are_not() {
    let address = serve().await;
    let mut publisher = Client::connect(address).await;
    let set = "CONFIG SET client-output-buffer-limit 'pubsub 1mb 0 0'\r\n";
    assert_eq!(publisher.ask(set).await, "+OK\r\n");
    let (mut slow, mut good) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    slow.ask("SUBSCRIBE c\r\n").await;
    good.ask("SUBSCRIBE c\r\n").await;
    let publish = format!("PUBLISH c {}\r\n", "m".repeat(16_000));
    let mut last = ":2\r\n".to_string();
    let mut published = 0;
    while last == ":2\r\n" {
        assert!(published < 2000, "32 MB, and nobody was hung up on");
        last.clear();
        publisher.write(&publish).await;
        published += 1;
        while !last.ends_with("\r\n") {
            last.push(publisher.0.read_u8().await.expect("an answer").into());
        }
        good.read(16_000).await;
    }
    assert_eq!(last, ":1\r\n");
    let mut rest = Vec::new();
    // It ends, by a close or a reset.
    let _ = slow.0.read_to_end(&mut rest).await;
    assert!(rest.len() < published * 16_000);
    assert_eq!(
        publisher.ask("PUBSUB NUMSUB c\r\n").await,
        "*2\r\n$1\r\nc\r\n:1\r\n"
    );
}

/// A measurement: by hand, in release, alone on the machine.
#[tokio::test]
#[ignore = "a measurement: run it by hand, in release"]
async fn messages_delivered_in_a_second() {
    const MESSAGES: usize = 1_000_000;
    let address = serve().await;
    let mut subscriber = Client::connect(address).await;
    subscriber.ask("SUBSCRIBE c\r\n").await;
    let mut publisher = Client::connect(address).await;
    let message = "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$64\r\n";
    let message = format!("{message}{}\r\n", "m".repeat(64));
    let delivered = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$64\r\n\r\n".len() + 64;
    let began = Instant::now();
    let (mut answers, mut requests) = publisher.0.split();
    let write = async {
        let batch = message.repeat(100);
        for _ in 0..MESSAGES / 100 {
            requests.write_all(batch.as_bytes()).await.expect("written");
        }
    };
    let read = async |from: &mut (dyn tokio::io::AsyncRead + Unpin + Send), bytes: usize| {
        let (mut left, mut chunk) = (bytes, vec![0; 1 << 20]);
        while left > 0 {
            left -= from.read(&mut chunk).await.expect("delivered");
        }
    };
    tokio::join!(
        write,
        read(&mut answers, MESSAGES * 4),
        read(&mut subscriber.0, MESSAGES * delivered)
    );
    let elapsed = began.elapsed().max(Duration::from_millis(1));
    println!("{:.0} messages/s", MESSAGES as f64 / elapsed.as_secs_f64());
}
