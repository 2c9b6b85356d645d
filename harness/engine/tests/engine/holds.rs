//! Directed interleavings: hold X until Y was answered.

use crate::support::{Rig, Saw, Setup, at, effect, eventually, soon};
use exactly_model::{Fate, Fault, FaultKind, FaultState, Phase, Selector};
use std::time::Duration;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_held_one_reaches_the_system_after_the_other_was_answered() {
    let rig = Rig::with([Fault::hold(effect(1), effect(2))]).await;
    let (_life, port) = rig.life(1);
    let (mut held, mut other) = (rig.client(port).await, rig.client(port).await);
    held.send("E 1").await;
    eventually("the hold", || rig.director.is_striking()).await;
    assert_eq!(other.ask("E 3").await, Saw::ok("E 3"));
    // It was only seen: that does not release.
    rig.server.stall("E 2");
    other.send("E 2").await;
    rig.server.has_received("E 2").await;
    assert!(rig.director.is_striking());
    rig.server.release("E 2");
    assert_eq!(held.saw().await, Saw::ok("E 1"));
    assert_eq!(other.saw().await, Saw::ok("E 2"));
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 3", "E 2", "E 1"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Answered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_that_nobody_answers_releases_when_it_was_sent() {
    let rig = Rig::with([Fault::hold(effect(1), Selector::new("s", "Q"))]).await;
    let (_life, port) = rig.life(1);
    let (mut held, mut other) = (rig.client(port).await, rig.client(port).await);
    held.send("E 1").await;
    eventually("the hold", || rig.director.is_striking()).await;
    other.send("Q 2").await;
    assert_eq!(held.saw().await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_its_limit_ends_is_missed() {
    let rig = Rig::new(Setup {
        hold_max: Duration::from_millis(100),
        ..Setup::with([Fault::hold(effect(1), effect(2))])
    })
    .await;
    let (_life, port) = rig.life(1);
    let mut held = rig.client(port).await;
    assert_eq!(held.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(held.ask("E 2").await, Saw::ok("E 2"));
    rig.end().await;
    assert_eq!(rig.states(0), [FaultState::Armed, FaultState::Missed]);
    assert_eq!(rig.server.applied(), ["E 1", "E 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_is_held_it_is_never_sent() {
    let faults = [
        Fault::hold(effect(1), effect(2)),
        at(FaultKind::Kill, Phase::Before, 2),
    ];
    let rig = Rig::with(faults).await;
    let (life, port) = rig.life(1);
    let (mut held, mut other) = (rig.client(port).await, rig.client(port).await);
    held.send("E 1").await;
    eventually("the hold", || rig.director.is_striking()).await;
    other.send("E 2").await;
    soon("its death", life.handle().unwrap().wait()).await;
    assert_eq!(held.saw().await, Saw::End);
    rig.end().await;
    assert!(rig.server.received().is_empty());
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(rig.states(1), ARMED_FIRED);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
    assert_eq!(rig.fate("s E {2}"), Some(Fate::Dropped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_other_was_applied_the_held_one_is_never_sent() {
    let faults = [
        Fault::hold(effect(1), effect(2)),
        at(FaultKind::Kill, Phase::After, 2),
    ];
    let rig = Rig::with(faults).await;
    let (life, port) = rig.life(1);
    let (mut held, mut other) = (rig.client(port).await, rig.client(port).await);
    held.send("E 1").await;
    eventually("the hold", || rig.director.is_striking()).await;
    other.send("E 2").await;
    soon("its death", life.handle().unwrap().wait()).await;
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 2"]);
    assert_eq!(rig.fate("s E {2}"), Some(Fate::Applied));
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_gives_the_held_one_some_time_to_arrive() {
    let rig = Rig::with([Fault::hold(effect(1), effect(2))]).await;
    let (_life, port) = rig.life(1);
    let (mut held, mut other) = (rig.client(port).await, rig.client(port).await);
    other.send("E 2").await;
    eventually("the other waits", || rig.director.is_striking()).await;
    held.send("E 1").await;
    assert_eq!(held.saw().await, Saw::ok("E 1"));
    assert_eq!(other.saw().await, Saw::ok("E 2"));
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 2", "E 1"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_does_not_wait_for_ever_nor_does_what_came_before_it() {
    let rig = Rig::with([Fault::hold(effect(1), effect(2))]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 0\nE 2").await;
    assert_eq!(client.saw().await, Saw::ok("E 0"));
    assert_eq!(client.saw().await, Saw::ok("E 2"));
    rig.end().await;
    assert_eq!(
        rig.states(0),
        [FaultState::Armed, FaultState::Missed],
        "there was nothing to hold"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_the_end_of_the_trial_cuts_short_has_not_fired() {
    let rig = Rig::with([Fault::hold(effect(1), effect(2))]).await;
    let (_life, port) = rig.life(1);
    rig.client(port).await.send("E 1").await;
    eventually("the hold", || rig.director.is_striking()).await;
    rig.end().await;
    assert_eq!(rig.states(0), [FaultState::Armed, FaultState::Missed]);
    assert!(rig.server.received().is_empty());
}
