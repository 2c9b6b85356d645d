//! Subscribers that do not read.

use super::wire::{Client, serve};
use tokio::io::AsyncReadExt;

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
