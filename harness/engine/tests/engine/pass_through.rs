//! Bytes that are none of the faults' business arrive as they were sent.

use crate::support::{Client, PATIENCE, Rig, Saw, Tape, eventually, pattern, soon};
use exactly_model::{Fate, NoteKind};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// One conversation, cut into writes of `piece` bytes.
async fn conversation(piece: usize) -> (Vec<u8>, Vec<String>, Vec<String>) {
    let rig = Rig::with([]).await;
    rig.feed(0..9);
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    let requests = b"R\nE 0\nE 1\nA 2\nB 300\nE 1\nF 3\nT 4 5\nA 4\nR\n";
    for bytes in requests.chunks(piece) {
        client.stream.write_all(bytes).await.unwrap();
        client.stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    client.stream.shutdown().await.unwrap();
    let mut replies = Vec::new();
    soon("every reply", client.stream.read_to_end(&mut replies))
        .await
        .unwrap();
    rig.end().await;
    let exchanges = rig
        .exchanges()
        .iter()
        .map(|e| format!("{} {:?} {:?} {:?}", e.point, e.class, e.fate, e.outcome))
        .collect();
    (replies, rig.server.received(), exchanges)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_bytes_are_cut_makes_no_difference() {
    let whole = conversation(1 << 20).await;
    assert_eq!(whole.1.len(), 10);
    assert_eq!(whole.2.len(), 7, "{:?}", whole.2);
    for piece in 1..=24 {
        assert_eq!(conversation(piece).await, whole, "in pieces of {piece}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_in_one_write_are_answered_in_order() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    let requests: String = (0..5000).map(|i| format!("E {i}\n")).collect();
    let expected: String = (0..5000).map(|i| format!("ok E {i}\n")).collect();
    client.stream.write_all(requests.as_bytes()).await.unwrap();
    assert_eq!(client.take(expected.len()).await, expected.as_bytes());
    rig.end().await;
    let exchanges = rig.exchanges();
    assert_eq!(exchanges.len(), 5000);
    assert!(exchanges.iter().all(|e| e.fate == Fate::Answered));
    assert!(
        exchanges
            .iter()
            .enumerate()
            .all(|(i, e)| e.point.ids == [i as u32])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_of_ten_megabytes_is_whole() {
    const LENGTH: usize = 10 << 20;
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(
        client.ask(&format!("B {LENGTH}")).await,
        Saw::Line(format!("data {LENGTH}"))
    );
    assert!(
        client.take(LENGTH).await == pattern(LENGTH),
        "every byte in its place"
    );
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_blocks_the_system() {
    const REPLIES: usize = 1500;
    const LENGTH: usize = 60_000;
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    let requests = format!("B {LENGTH}\n").repeat(REPLIES);
    client.stream.write_all(requests.as_bytes()).await.unwrap();
    // Until nothing has moved for a while.
    let (mut sent, mut since) = (0, Instant::now());
    let end = Instant::now() + PATIENCE;
    while since.elapsed() < Duration::from_millis(500) || sent == 0 {
        assert!(Instant::now() < end, "it never stops: {sent} bytes");
        tokio::time::sleep(Duration::from_millis(5)).await;
        if rig.server.sent() != sent {
            (sent, since) = (rig.server.sent(), Instant::now());
        }
    }
    let total = (REPLIES * (LENGTH + 11)) as u64;
    assert!(
        sent < total / 2,
        "{sent} of {total} bytes were taken for a client that reads none"
    );
    assert_eq!(
        other.ask("E 1").await,
        Saw::ok("E 1"),
        "other connections go on"
    );
    let body = pattern(LENGTH);
    for _ in 0..REPLIES {
        assert_eq!(client.saw().await, Saw::Line(format!("data {LENGTH}")));
        assert!(client.take(LENGTH).await == body);
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_has_said_all_still_hears_a_slow_answer() {
    let (rig, tape) = (Rig::with([]).await, Tape::start().await);
    let (life, _) = rig.life(1);
    let mut client = Client::connect(rig.boundary_to(&life, tape.port)).await;
    client.send("B 30000").await;
    client.stream.shutdown().await.unwrap();
    eventually("the end at the system", || tape.heard_the_end()).await;
    tape.say(b"data 30000\n");
    let body = pattern(30_000);
    // The pace is the system's: 3 s in all, never silent for long.
    for bytes in body.chunks(1000) {
        tape.say(bytes);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tape.say(b"");
    let mut all = Vec::new();
    soon("the end", client.stream.read_to_end(&mut all))
        .await
        .unwrap();
    assert!(
        all == [b"data 30000\n".as_slice(), &body].concat(),
        "{} bytes",
        all.len()
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_in_the_middle_ends_at_the_system_too() {
    let rig = Rig::with([]).await;
    rig.server.stall("E 1");
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    rig.server.has_received("E 1").await;
    drop(client);
    rig.server.release("E 1");
    rig.server.is_alone().await;
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1"]);
    // Whether its reply came before its end is a matter of microseconds.
    assert_ne!(rig.fate("s E {1}"), Some(Fate::Dropped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_that_cannot_be_reached_closes_the_connection_and_is_noted() {
    let rig = Rig::with([]).await;
    let (life, _) = rig.life(1);
    // A port that was just free.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let port = rig.boundary_to(&life, free);
    for _ in 0..100 {
        let mut client = Client::connect(port).await;
        assert!(matches!(client.ask("E 1").await, Saw::End | Saw::Error(_)));
    }
    rig.end().await;
    let notes = rig.notes();
    // A client that tries again and again does not fill the store.
    assert!((1..=20).contains(&notes.len()), "{} notes", notes.len());
    assert_eq!(notes[0].kind, NoteKind::Remark);
    assert!(
        notes[0]
            .text
            .contains(&format!("cannot connect to 127.0.0.1:{free}")),
        "{notes:?}"
    );
    assert!(rig.exchanges().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_at_once() {
    // Each takes five descriptors of this process: both ends of two sockets and
    // some room.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let room = usize::try_from(limit.current.unwrap_or(u64::MAX)).unwrap_or(usize::MAX) / 5;
    let connections = room.min(1000);
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let mut clients =
        futures::future::join_all((0..connections).map(|_| Client::connect(port))).await;
    let asked = clients
        .iter_mut()
        .enumerate()
        .map(|(i, client)| async move {
            let request = format!("E {i}");
            assert_eq!(client.ask(&request).await, Saw::ok(&request));
        });
    futures::future::join_all(asked).await;
    rig.end().await;
    assert_eq!(rig.server.applied().len(), connections);
    let exchanges = rig.exchanges();
    assert_eq!(exchanges.len(), connections);
    assert!(exchanges.iter().all(|e| e.fate == Fate::Answered));
}
