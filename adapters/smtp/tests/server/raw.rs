//! What only a socket shows.

use crate::host::{Talk, count, open, port_of, seen, sink};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

const ENVELOPE: &str = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";

async fn begun(port: u16) -> Talk {
    let mut talk = Talk::with(port).await;
    assert_eq!(talk.ask("EHLO a\r\n").await, 250);
    talk.send(ENVELOPE).await;
    for code in ["250", "250", "354"] {
        assert!(talk.hear().await.starts_with(code));
    }
    talk
}

#[tokio::test]
async fn a_mail_that_has_come_whole_is_kept_although_its_client_is_dead() {
    let sink = sink().await;
    let scope = open(&sink).await;
    for sequence in 0..20 {
        let mut talk = begun(port_of(&sink)).await;
        talk.send(&format!("\r\nx7-12-{sequence}\r\n.\r\n")).await;
        // Dead before the reply was read: the kernel resets.
        let stream = talk.stream.into_inner();
        stream.set_zero_linger().unwrap();
        drop(stream);
        let mut half = begun(port_of(&sink)).await;
        half.send("\r\nx7-12-99\r\n.").await;
    }
    for _ in 0..500 {
        if count(&scope, "mails").await == 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut found = seen(&scope, "mails").await;
    found.sort_unstable();
    assert_eq!(found, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_mail_of_a_hundred_megabytes_is_refused_while_it_comes() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let mut talk = begun(port_of(&sink)).await;
    let part = format!("{}\r\n", "a".repeat(998)).repeat(1000);
    for _ in 0..100 {
        talk.stream
            .get_mut()
            .write_all(part.as_bytes())
            .await
            .unwrap();
    }
    assert_eq!(talk.ask(".\r\n").await, 552);
    assert_eq!(talk.ask("MAIL FROM:<a@b> SIZE=100000000\r\n").await, 552);
    assert_eq!(talk.ask("NOOP\r\n").await, 250);
    assert_eq!(count(&scope, "mails").await, 0);
}

#[tokio::test]
async fn what_is_sent_in_the_clear_behind_starttls_is_never_read() {
    let sink = sink().await;
    let scope = open(&sink).await;
    let mut talk = Talk::with(port_of(&sink)).await;
    talk.send("EHLO a\r\n").await;
    talk.hear().await;
    talk.send(&format!(
        "STARTTLS\r\nEHLO b\r\n{ENVELOPE}\r\nx7-12-1\r\n.\r\n"
    ))
    .await;
    assert!(talk.hear().await.starts_with("220 "));
    // It waits for TLS, and answers nothing of what it was told.
    let more = tokio::time::timeout(Duration::from_millis(300), talk.hear()).await;
    assert!(more.is_err() || more.unwrap().is_empty());
    assert_eq!(count(&scope, "mails").await, 0);
}

#[tokio::test]
async fn the_last_reply_of_a_session_is_heard() {
    let sink = sink().await;
    let mut talk = Talk::with(port_of(&sink)).await;
    // What stands behind QUIT is not read, and takes no reply with it.
    talk.send(&format!("EHLO a\r\nQUIT\r\n{}", "NOOP\r\n".repeat(1000)))
        .await;
    assert!(talk.hear().await.starts_with("250-"));
    assert!(talk.hear().await.starts_with("221 "));
    assert_eq!(talk.hear().await, "");
}

#[tokio::test]
async fn what_only_the_harness_asks_is_answered_or_refused() {
    let sink = sink().await;
    let mut talk = begun(port_of(&sink)).await;
    assert_eq!(talk.ask("\r\n..x7-12-1\r\n.\r\n").await, 250);
    talk.send("XEXACTLY MAILS * 0\r\n").await;
    let mails = talk.hear().await;
    assert!(mails.starts_with("250-{\"number\":1,\"from\":\"a@b\",\"recipients\":[\"c@d\"],"));
    assert!(mails.ends_with("\r\n250 -\r\n"), "{mails}");
    talk.send("XEXACTLY COUNT x7-12 *@d\r\n").await;
    assert_eq!(talk.hear().await, "250 1\r\n");
    talk.send("XEXACTLY CONTENT 1\r\n").await;
    assert_eq!(talk.hear().await, "250 12\r\n");
    for line in ["\r\n", "..x7-12-1\r\n", ".\r\n"] {
        assert_eq!(talk.hear().await, line);
    }
    for wrong in [
        "",
        "MAILS",
        "MAILS x 0",
        "MAILS * x",
        "COUNT",
        "COUNT * c",
        "CONTENT 9",
        "FORGET *",
    ] {
        assert_eq!(
            talk.ask(&format!("XEXACTLY {wrong}\r\n")).await,
            501,
            "{wrong}"
        );
    }
    let pem = exactly_smtp::certificate_of("127.0.0.1", port_of(&sink))
        .await
        .unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{pem}");
    assert!(
        pem.trim_end().ends_with("-----END CERTIFICATE-----"),
        "{pem}"
    );
}
