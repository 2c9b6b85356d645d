//! SIGKILL before and after an exchange.

use crate::support::{Rig, Saw, at, effect, eventually, soon};
use exactly_engine::boundary::Life;
use exactly_model::{Event, Fate, Fault, FaultKind, FaultState, Outcome, Phase, Selector};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_request_is_not_applied() {
    let rig = Rig::with([at(FaultKind::Kill, Phase::Before, 1)]).await;
    let (life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    assert_eq!(client.ask("E 0").await, Saw::ok("E 0"));
    client.send("E 1").await;
    let status = soon("its death", life.handle().unwrap().wait()).await;
    assert_eq!(status, "signal 9");
    // Read from the disk with nothing flushed since: it was there before.
    let fired = rig
        .faults()
        .into_iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    assert_eq!(
        fired.point.as_ref().map(ToString::to_string).as_deref(),
        Some("s E {1}")
    );
    assert_eq!(
        (fired.index, fired.incarnation, fired.phase),
        (0, Some(1), Phase::Before)
    );
    assert!(life.ended_by_fault());
    // The gate is one for all connections of the life, old and new.
    other.send("E 2").await;
    let mut late = crate::support::Client::connect(port).await;
    late.send("E 3").await;
    assert!(matches!(late.saw().await, Saw::End | Saw::Error(_)));
    assert_eq!(client.saw().await, Saw::End);
    assert_eq!(other.saw().await, Saw::End);
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 0"]);
    assert_eq!(rig.server.received(), ["E 0"]);
    // The system does not even hear of the new one.
    assert_eq!(rig.server.connections_ever(), 2);
    assert_eq!(rig.fate("s E {0}"), Some(Fate::Answered));
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
    // What the dead would have sent is no exchange.
    assert_eq!(rig.exchanges().len(), 2);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_request_is_applied_and_the_reply_never_seen() {
    let rig = Rig::with([at(FaultKind::Kill, Phase::After, 1)]).await;
    let (life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    client.send("E 1").await;
    soon("its death", life.handle().unwrap().wait()).await;
    other.send("E 2").await;
    assert_eq!(client.saw().await, Saw::End);
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1"]);
    let exchange = rig.exchanges().remove(0);
    assert_eq!(
        (exchange.fate, exchange.outcome),
        (Fate::Applied, Outcome::Ok)
    );
    assert_eq!(rig.exchanges().len(), 1);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_before_the_struck_request_in_the_same_write_is_applied() {
    let rig = Rig::with([at(FaultKind::Kill, Phase::Before, 2)]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client
        .stream
        .write_all(b"E 0\nE 1\nE 2\nE 3\n")
        .await
        .unwrap();
    soon("its death", life.handle().unwrap().wait()).await;
    rig.end().await;
    // Both had been handed to the system; whether it read them in time is its
    // own affair, what the record says of them is not.
    for request in ["E 2", "E 3"] {
        assert!(!rig.server.received().contains(&request.to_string()));
    }
    assert_eq!(rig.fate("s E {2}"), Some(Fate::Dropped));
    for point in ["s E {0}", "s E {1}"] {
        assert_ne!(rig.fate(point), Some(Fate::Dropped), "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_strikes_before_its_handle_is_known_is_killed_too() {
    // The kernel may run a new process before the harness gets to note its id.
    let rig = Rig::with([at(FaultKind::Kill, Phase::Before, 1)]).await;
    let life = Life::new("w", 1);
    let port = rig.boundary(&life);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    eventually("the strike", || rig.director.is_striking()).await;
    let process = rig.spawn("slow", &["sleep", "600"]);
    life.begin(process.clone());
    assert_eq!(soon("its death", process.wait()).await, "signal 9");
    life.end_tasks();
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert!(rig.server.applied().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_meet_no_second_fault() {
    let second = Fault::new(FaultKind::Kill, Phase::Before, Selector::new("s", "A"));
    let rig = Rig::with([at(FaultKind::Kill, Phase::Before, 1), second]).await;
    let (life, port) = rig.life(1);
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(rig.client(port).await);
    }
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    eventually("the gate closed", || life.gate.is_closed()).await;
    for other in &mut others {
        other.send("A 1").await;
    }
    soon("its death", life.handle().unwrap().wait()).await;
    // The successor meets it.
    let (next, port) = rig.life(2);
    rig.client(port).await.send("A 1").await;
    soon("its death", next.handle().unwrap().wait()).await;
    rig.end().await;
    let fired: Vec<_> = rig
        .faults()
        .into_iter()
        .filter(|f| f.state == FaultState::Fired)
        .map(|f| (f.index, f.incarnation))
        .collect();
    assert_eq!(fired, [(0, Some(1)), (1, Some(2))]);
    assert!(rig.server.received().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_for_a_slow_system_dies_with_its_sender() {
    let rig = Rig::with([at(FaultKind::Kill, Phase::Before, 1)]).await;
    rig.server.stall("Q 5");
    let (life, port) = rig.life(1);
    let (mut flood, mut client) = (rig.client(port).await, rig.client(port).await);
    flood.send("Q 5").await;
    rig.server.has_received("Q 5").await;
    // More than the kernel's buffers hold, to a system that reads nothing.
    let long = format!("Q {:04000}\n", 6).repeat(50);
    let mut sent = 0;
    loop {
        let write = flood.stream.write_all(long.as_bytes());
        match tokio::time::timeout(Duration::from_secs(1), write).await {
            Ok(written) => written.unwrap(),
            // Blocked: every buffer on the way is full.
            Err(_) => break,
        }
        sent += long.len();
        assert!(sent < 200_000_000, "nothing pushes back");
    }
    client.send("E 1").await;
    soon("its death", life.handle().unwrap().wait()).await;
    // The system reads on only once the dead have nothing left to say.
    drop(flood);
    eventually("the life's connections given up", || {
        rig.recorder.flush().unwrap();
        rig.exchanges()
            .iter()
            .any(|e| e.point.ids == [6] && e.fate == Fate::Dropped)
    })
    .await;
    rig.server.release("Q 5");
    rig.end().await;
    let applied = rig
        .server
        .received()
        .iter()
        .filter(|r| r.len() > 4000)
        .count();
    let sixes: Vec<_> = rig
        .exchanges()
        .into_iter()
        .filter(|e| e.point.ids == [6])
        .collect();
    let dropped = sixes.iter().filter(|e| e.fate == Fate::Dropped).count();
    // Exactly what the record calls dropped did not arrive.
    assert_eq!(applied, sixes.len() - dropped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_fires_once() {
    let fault = Fault::new(FaultKind::Kill, Phase::After, effect(1));
    let rig = Rig::with([fault]).await;
    let (life, port) = rig.life(1);
    rig.client(port).await.send("E 1").await;
    soon("its death", life.handle().unwrap().wait()).await;
    let (_second, port) = rig.life(2);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    assert!(rig.director.all_fired());
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    let deaths = rig
        .records()
        .iter()
        .filter(|r| matches!(r.event, Event::Fault(_)))
        .count();
    assert_eq!(deaths, 2);
}
