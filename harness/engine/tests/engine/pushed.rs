//! What a system pushes: messages that nobody asks for one by one.

use crate::support::{Rig, SUBSCRIBER, Saw, Toy, at, eventually, run_toy, soon};
use exactly_engine::trial::Ordered;
use exactly_model::{
    AttemptRecord, Event, Fate, Fault, FaultKind, FaultState, Outcome, Phase, Schedule, Selector,
    SettleHow, TrialKind,
};
use std::sync::Arc;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
const ARMED_MISSED: [FaultState; 2] = [FaultState::Armed, FaultState::Missed];

fn push(seq: u32) -> Selector {
    Selector::new("s", "push").covering(seq)
}

fn line(text: &str) -> Saw {
    Saw::Line(text.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_message_is_an_exchange_of_its_own() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("S").await, Saw::ok("S"));
    assert_eq!(rig.server.publish(3), 1);
    assert_eq!(client.saw().await, line("push 3"));
    // A reply between two pushes is paired with its request.
    assert_eq!(client.ask("E 3").await, Saw::ok("E 3"));
    assert_eq!(rig.server.publish(4), 1);
    assert_eq!(client.saw().await, line("push 4"));
    rig.end().await;
    let pushed = rig.exchanges().into_iter().find(|e| e.point.ids == [4]);
    let pushed = pushed.unwrap();
    assert_eq!(pushed.point.to_string(), "s push {4}");
    assert_eq!((pushed.fate, pushed.outcome), (Fate::Answered, Outcome::Ok));
    assert!(pushed.sent_ns.is_some());
    assert_eq!(rig.fate("s E {3}"), Some(Fate::Answered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_is_lost_with_its_connection_and_the_system_does_not_know() {
    let fault = Fault::new(FaultKind::DropReply, Phase::After, push(1));
    let rig = Rig::with([fault]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("S").await, Saw::ok("S"));
    assert_eq!(rig.server.publish(0), 1);
    assert_eq!(client.saw().await, line("push 0"));
    assert_eq!(rig.server.publish(1), 1);
    assert_eq!(client.saw().await, Saw::RESET);
    assert_eq!(life.handle().unwrap().exited(), None, "the process lives");
    rig.end().await;
    assert_eq!(rig.fate("s push {0}"), Some(Fate::Answered));
    assert_eq!(rig.fate("s push {1}"), Some(Fate::Applied));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_get_no_push() {
    let fault = Fault::new(FaultKind::Kill, Phase::After, push(1));
    let rig = Rig::with([fault]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("S").await, Saw::ok("S"));
    assert_eq!((rig.server.publish(1), rig.server.publish(2)), (1, 1));
    eventually("the process is dead", || {
        life.handle().unwrap().exited().is_some()
    })
    .await;
    assert!(!matches!(client.saw().await, Saw::Line(_)));
    rig.end().await;
    assert_eq!(rig.fate("s push {1}"), Some(Fate::Applied));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

/// How much a server gets rid of while its client reads nothing.
async fn unread(socket_buffer: Option<u32>) -> u64 {
    // 64 MiB, in replies that a boundary passes on one by one.
    const REPLIES: usize = 1024;
    const LOOKS: u32 = 50;
    let rig = Rig::with([]).await;
    let (life, _) = rig.life(1);
    let port = rig.boundary_with(&life, "s", rig.server.port(), socket_buffer);
    let mut client = rig.client(port).await;
    client.send(&vec!["B 65536"; REPLIES].join("\n")).await;
    let (mut sent, mut unchanged) = (0, 0);
    eventually("nothing more is taken", || {
        let before = std::mem::replace(&mut sent, rig.server.sent());
        unchanged = if before == sent { unchanged + 1 } else { 0 };
        sent > 0 && unchanged == LOOKS
    })
    .await;
    rig.end().await;
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_notices_sooner_that_nobody_reads_where_little_is_held() {
    let (little, usual) = (unread(Some(64 << 10)).await, unread(None).await);
    assert!(little + (1 << 20) < usual, "{little} and {usual} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_nothing_before_a_push() {
    let fault = Fault::new(FaultKind::Kill, Phase::Before, push(1));
    let rig = Rig::with([fault]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("S").await, Saw::ok("S"));
    rig.server.publish(1);
    assert_eq!(client.saw().await, line("push 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
}

fn attempts(rig: &Rig) -> Vec<AttemptRecord> {
    let attempt = |record: exactly_model::Record| match record.event {
        Event::Attempt(attempt) => Some(attempt),
        _ => None,
    };
    rig.records().into_iter().filter_map(attempt).collect()
}

/// A trial of 40 messages, one each 10 ms.
async fn published(faults: Vec<Fault>) -> (Rig, Vec<AttemptRecord>, Vec<u32>) {
    let rig = Rig::with([]).await;
    let mut toy = Toy::new(SUBSCRIBER).await;
    toy.publishes = true;
    (toy.pipeline.feed.before_start, toy.pipeline.feed.every_ms) = (false, Some(10));
    toy.pipeline.feed.messages = 40;
    let toy = Arc::new(toy);
    let ordered = Ordered::new(TrialKind::Planned, Schedule { faults });
    let finished = soon("the trial", run_toy(&rig, toy.clone(), ordered)).await;
    let finished = finished.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.how, SettleHow::Quiescent);
    let applied = toy.server().applied();
    let effects = applied.iter().filter_map(|r| r.strip_prefix("E "));
    let effects = effects.map(|seq| seq.parse().unwrap()).collect();
    let attempts = attempts(&rig);
    assert_eq!(attempts.len(), 40);
    assert!(attempts.iter().all(|a| a.outcome == Outcome::Ok));
    (rig, attempts, effects)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_goes_on_reaches_whoever_is_there() {
    let (_rig, attempts, effects) = published(Vec::new()).await;
    assert_eq!(effects, (0..40).collect::<Vec<_>>());
    assert!(attempts.iter().all(|a| a.receivers == Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_goes_on_while_the_pipeline_is_away_and_the_record_says_that_nobody_got_it() {
    let (rig, attempts, effects) = published(vec![at(FaultKind::Kill, Phase::Before, 5)]).await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    let got = |seq: &u32| effects.contains(seq);
    assert!((0..5).all(|seq| got(&seq)) && !got(&5), "{effects:?}");
    assert!(got(&39), "its successor gets what comes later: {effects:?}");
    let nobody: Vec<u32> = attempts
        .iter()
        .filter(|a| a.receivers == Some(0))
        .map(|a| a.seq)
        .collect();
    assert!(!nobody.is_empty() && !nobody.iter().any(got), "{nobody:?}");
}
