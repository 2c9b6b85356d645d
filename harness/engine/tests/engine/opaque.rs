//! What a decoder cannot read is passed on, never broken, and on record.

use crate::support::{Client, Rig, Saw, Tape, at, eventually, soon};
use exactly_model::{FaultKind, FaultState, Note, NoteKind, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn opaque(rig: &Rig) -> Vec<Note> {
    rig.notes()
        .into_iter()
        .filter(|note| note.kind == NoteKind::Opaque)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_of_the_client_is_passed_on_and_noted_once() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(client.ask("garbage").await, Saw::Line("<<garbage>>".into()));
    assert_eq!(
        client.ask("more garbage").await,
        Saw::Line("<<more garbage>>".into())
    );
    // What it could read again is opaque too: framing is lost for good.
    assert_eq!(client.ask("E 2").await, Saw::ok("E 2"));
    assert_eq!(other.ask("E 3").await, Saw::ok("E 3"));
    rig.end().await;
    let notes = opaque(&rig);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].text.contains("unknown request (after 4 bytes"),
        "{notes:?}"
    );
    let points: Vec<String> = rig
        .exchanges()
        .iter()
        .map(|e| e.point.to_string())
        .collect();
    assert_eq!(points, ["s E {1}", "s E {3}"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_of_the_system_is_passed_on_and_noted_once() {
    let (rig, tape) = (Rig::with([]).await, Tape::start().await);
    let (life, _) = rig.life(1);
    let mut client = Client::connect(rig.boundary_to(&life, tape.port)).await;
    client.send("E 1").await;
    tape.has_heard(b"E 1\n").await;
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    tape.say(&garbage);
    assert_eq!(client.take(garbage.len()).await, garbage);
    client.stream.write_all(&garbage).await.unwrap();
    let all = [b"E 1\n".as_slice(), &garbage].concat();
    eventually("every byte at the system", || tape.heard() == all).await;
    drop(client);
    eventually("the end at the system", || tape.heard_the_end()).await;
    rig.end().await;
    assert_eq!(opaque(&rig).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_reply_is_passed_on_when_the_other_direction_turns_opaque() {
    let (rig, tape) = (Rig::with([]).await, Tape::start().await);
    let (life, _) = rig.life(1);
    let mut client = Client::connect(rig.boundary_to(&life, tape.port)).await;
    client.send("E 1").await;
    tape.has_heard(b"E 1\n").await;
    // A whole reply first: once it is through, the half may be waiting behind it.
    tape.say(b"ok E 1\nhalf a re");
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    client.send("garbage").await;
    assert_eq!(client.take(9).await, b"half a re");
    rig.end().await;
    assert_eq!(opaque(&rig).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_frame_and_then_silence_does_no_harm() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let (mut silent, mut other) = (rig.client(port).await, rig.client(port).await);
    silent.stream.write_all(b"E 1\nE 2").await.unwrap();
    assert_eq!(silent.saw().await, Saw::ok("E 1"));
    assert_eq!(other.ask("E 3").await, Saw::ok("E 3"));
    // It may still be completed.
    silent.stream.write_all(b"2\n").await.unwrap();
    assert_eq!(silent.saw().await, Saw::ok("E 22"));
    rig.end().await;
    assert!(rig.notes().is_empty());
    assert_eq!(rig.server.applied(), ["E 1", "E 3", "E 22"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_frame_before_the_end_is_passed_on_with_the_end() {
    let (rig, tape) = (Rig::with([]).await, Tape::start().await);
    let (life, _) = rig.life(1);
    let mut client = Client::connect(rig.boundary_to(&life, tape.port)).await;
    client.stream.write_all(b"E 1\nE 2").await.unwrap();
    client.stream.shutdown().await.unwrap();
    eventually("the end at the system", || tape.heard_the_end()).await;
    assert_eq!(tape.heard(), b"E 1\nE 2");
    tape.say(b"ok E 1\nok E");
    tape.say(b"");
    let mut rest = Vec::new();
    soon(
        "the end at the client",
        client.stream.read_to_end(&mut rest),
    )
    .await
    .unwrap();
    assert_eq!(rest, b"ok E 1\nok E");
    rig.end().await;
    assert!(rig.notes().is_empty());
    assert_eq!(rig.exchanges().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_an_end_is_not_kept_for_ever() {
    let (rig, tape) = (Rig::with([]).await, Tape::start().await);
    let (life, _) = rig.life(1);
    let mut client = Client::connect(rig.boundary_to(&life, tape.port)).await;
    let endless = vec![b'x'; 1 << 20];
    client.stream.write_all(&endless).await.unwrap();
    eventually("every byte at the system", || tape.heard() == endless).await;
    rig.end().await;
    assert_eq!(opaque(&rig).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opaque_bytes_of_the_dead_are_not_passed_on() {
    let rig = Rig::with([at(FaultKind::Kill, Phase::Before, 1)]).await;
    let (life, port) = rig.life(1);
    let (mut opaque, mut client) = (rig.client(port).await, rig.client(port).await);
    assert_eq!(opaque.ask("garbage").await, Saw::Line("<<garbage>>".into()));
    client.send("E 1").await;
    soon("its death", life.handle().unwrap().wait()).await;
    opaque.send("E 2").await;
    rig.end().await;
    assert_eq!(rig.server.received(), ["garbage"]);
    assert_eq!(rig.states(0), [FaultState::Armed, FaultState::Fired]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_about_opaque_connections_are_bounded() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    for _ in 0..60 {
        let mut client = rig.client(port).await;
        assert_eq!(client.ask("garbage").await, Saw::Line("<<garbage>>".into()));
    }
    rig.end().await;
    assert!((1..=20).contains(&opaque(&rig).len()));
}
