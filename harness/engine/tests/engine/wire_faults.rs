//! Faults of a connection: requests and replies that are lost or late.

use crate::support::{Rig, Saw, Setup, at, effect, eventually};
use exactly_model::{Fate, Fault, FaultKind, FaultState, Outcome, Phase, Selector};
use std::time::Duration;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
const ARMED_MISSED: [FaultState; 2] = [FaultState::Armed, FaultState::Missed];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_request_is_not_applied_and_the_client_sees_a_reset() {
    let rig = Rig::with([at(FaultKind::DropRequest, Phase::Before, 1)]).await;
    let (life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    assert_eq!(client.ask("E 0").await, Saw::ok("E 0"));
    assert_eq!(client.ask("E 1").await, Saw::RESET);
    // Only this connection suffers, and the process lives.
    assert_eq!(other.ask("E 2").await, Saw::ok("E 2"));
    assert_eq!(life.handle().unwrap().exited(), None);
    assert!(!life.ended_by_fault());
    // The retry gets through.
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 0", "E 2", "E 1"]);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
    assert_eq!(rig.fate("s E {1} #2"), Some(Fate::Answered));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_reply_was_applied_and_the_client_sees_a_reset() {
    let rig = Rig::with([at(FaultKind::DropReply, Phase::After, 1)]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 1").await, Saw::RESET);
    assert_eq!(life.handle().unwrap().exited(), None);
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1"]);
    let exchange = rig.exchanges().remove(0);
    assert_eq!(
        (exchange.fate, exchange.outcome),
        (Fate::Applied, Outcome::Ok)
    );
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_before_the_dropped_one_are_seen() {
    let rig = Rig::with([at(FaultKind::DropReply, Phase::After, 3)]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    // In one write: a later one could meet the reset instead of a read.
    client.send("E 1\nE 2\nE 3\nE 4").await;
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    assert_eq!(client.saw().await, Saw::ok("E 2"));
    assert_eq!(client.saw().await, Saw::RESET);
    rig.end().await;
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Answered));
    assert_eq!(rig.fate("s E {3}"), Some(Fate::Applied));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

fn late(timeout_ms: u64) -> Setup {
    Setup {
        client_timeout: Some(Duration::from_millis(timeout_ms)),
        ..Setup::with([at(FaultKind::DelayReply, Phase::After, 1)])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_fires_when_the_client_has_closed() {
    let rig = Rig::new(late(60_000)).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    eventually("the reply in our hands", || rig.director.is_striking()).await;
    assert!(!rig.director.all_fired(), "not yet");
    drop(client);
    eventually("fired", || rig.director.all_fired()).await;
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
    // Nobody was there to see it.
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Applied));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_fires_when_the_client_has_closed_with_bytes_unread() {
    // Then the kernel sends a reset instead of an end.
    let rig = Rig::new(late(60_000)).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 0").await;
    let peek = client.stream.get_mut();
    assert_eq!(peek.peek(&mut [0; 1]).await.unwrap(), 1);
    client.send("E 1").await;
    eventually("the reply in our hands", || rig.director.is_striking()).await;
    drop(client);
    eventually("fired", || rig.director.all_fired()).await;
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_fires_when_the_client_asks_again_and_meets_the_retry() {
    let rig = Rig::new(late(60_000)).await;
    let (_life, port) = rig.life(1);
    let (mut client, mut retry) = (rig.client(port).await, rig.client(port).await);
    client.send("E 1").await;
    eventually("the reply in our hands", || rig.director.is_striking()).await;
    assert_eq!(retry.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1", "E 1"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

/// A client that keeps its connection and commits the same position again: what
/// the retry covers is covered already, so no id tells that it is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_fires_when_the_same_positions_are_committed_again() {
    let commit = Fault::new(FaultKind::DelayReply, Phase::After, Selector::new("s", "A"));
    for (again, states) in [("A 1", ARMED_FIRED), ("A 2", ARMED_MISSED)] {
        let rig = Rig::new(Setup {
            client_timeout: Some(Duration::from_millis(match again {
                "A 1" => 60_000,
                _ => 10,
            })),
            ..Setup::with([commit.clone()])
        })
        .await;
        let (_life, port) = rig.life(1);
        let mut client = rig.client(port).await;
        client.send("A 1").await;
        eventually("the reply in our hands", || rig.director.is_striking()).await;
        client.send(again).await;
        assert_eq!(client.saw().await, Saw::ok("A 1"));
        assert_eq!(client.saw().await, Saw::ok(again));
        rig.end().await;
        assert_eq!(rig.server.applied(), ["A 1", again]);
        assert_eq!(rig.states(0), states, "{again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_to_a_patient_client_is_missed() {
    let rig = Rig::new(late(10)).await;
    let (_life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    client.send("E 1").await;
    // Another exchange is no retry.
    assert_eq!(other.ask("E 2").await, Saw::ok("E 2"));
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Answered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reply_without_a_declared_timeout_does_not_apply() {
    let rig = Rig::with([at(FaultKind::DelayReply, Phase::After, 1)]).await;
    let (_life, port) = rig.life(1);
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_whose_point_never_comes_is_missed() {
    let rig = Rig::with([Fault::new(FaultKind::Kill, Phase::After, effect(9))]).await;
    let (_life, port) = rig.life(1);
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_without_a_reply_is_on_record() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("Q 1").await;
    assert_eq!(client.ask("F 2").await, Saw::Line("no such luck".into()));
    rig.end().await;
    let exchanges = rig.exchanges();
    assert_eq!(
        (exchanges[0].fate, exchanges[0].outcome),
        (Fate::Unanswered, Outcome::Unknown)
    );
    assert_eq!(
        (exchanges[1].fate, exchanges[1].outcome),
        (Fate::Answered, Outcome::Fail)
    );
    assert_eq!(exchanges[1].error.as_deref(), Some("such luck"));
}

/// Bytes that a local port has sent and nobody has acknowledged: the field `tx_queue` of
/// proc(5), /proc/net/tcp.
fn unacknowledged(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!(":{port:04X}");
    let rows = table.lines().map(|row| row.split_whitespace().collect());
    let mut mine = rows.filter(|row: &Vec<&str>| row[1].ends_with(&local) && row[3] == "01");
    let (sent, _) = mine.next().unwrap()[4].split_once(':').unwrap();
    u64::from_str_radix(sent, 16).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_swallows_packets_acknowledges_nothing_and_heals() {
    for (phase, held) in [(Phase::Before, 0), (Phase::After, 1)] {
        let mut fault = at(FaultKind::Blackhole, phase, 1);
        fault.duration_ms = Some(3_000);
        let rig = Rig::with([fault]).await;
        let (life, port) = rig.life(1);
        let mut client = rig.client(port).await;
        assert_eq!(client.ask("E 0").await, Saw::ok("E 0"));
        client.send("E 1").await;
        eventually("fired", || rig.director.all_fired()).await;
        let applied = rig.server.applied().len() - 1;
        assert_eq!(applied, held, "{phase}");
        // What is sent now is taken by nobody's kernel.
        client.send("E 2").await;
        let local = client.stream.get_ref().local_addr().unwrap().port();
        // (The first one may have been, a little later than it came.)
        let mut looks = 0;
        eventually("still not acknowledged", || {
            assert!(unacknowledged(local) >= "E 2\n".len() as u64);
            looks += 1;
            looks == 20
        })
        .await;
        // And nobody is told: both are answered when the path has healed.
        assert_eq!(client.saw().await, Saw::ok("E 1"));
        assert_eq!(client.saw().await, Saw::ok("E 2"));
        assert_eq!(life.handle().unwrap().exited(), None);
        rig.end().await;
        assert_eq!(rig.server.applied(), ["E 0", "E 1", "E 2"]);
        assert_eq!(rig.states(0), ARMED_FIRED);
        let fired = rig
            .faults()
            .into_iter()
            .rfind(|f| f.state == FaultState::Fired);
        let silent = fired.unwrap().collateral;
        assert!(
            !silent.iter().any(|also| also.contains("application")),
            "{silent:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_strikes_the_retries_too_until_it_has_struck_often_enough() {
    let mut fault = at(FaultKind::DropReply, Phase::After, 1);
    fault.times = Some(2);
    let rig = Rig::with([fault]).await;
    let (_life, port) = rig.life(1);
    for _ in 0..2 {
        assert_eq!(rig.client(port).await.ask("E 1").await, Saw::RESET);
    }
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1", "E 1", "E 1"]);
    assert_eq!(rig.fate("s E {1} #2"), Some(Fate::Applied));
    assert_eq!(rig.fate("s E {1} #3"), Some(Fate::Answered));
    let struck = [FaultState::Armed, FaultState::Fired, FaultState::Fired];
    assert_eq!(rig.states(0), struck);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_gives_up_before_is_told_all_the_same() {
    let mut fault = at(FaultKind::ErrorBefore, Phase::Before, 1);
    fault.times = Some(3);
    let rig = Rig::with([fault]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 1").await, Saw::Line("no not now".into()));
    assert_eq!(client.ask("E 2").await, Saw::ok("E 2"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 2"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
}
