//! Faults that outlive a lease: slow-handler, freeze, second-owner.

use crate::support::{Rig, Saw, Setup, at, eventually, soon};
use exactly_model::{Fate, Fault, FaultKind, FaultState, Phase};
use std::time::{Duration, Instant};

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
const ARMED_MISSED: [FaultState; 2] = [FaultState::Armed, FaultState::Missed];
const LEASE: Duration = Duration::from_millis(300);

fn leased(fault: Fault) -> Setup {
    Setup {
        lease: Some(LEASE),
        ..Setup::with([fault])
    }
}

fn lasting(fault: Fault, duration: Duration) -> Fault {
    Fault {
        duration_ms: Some(duration.as_millis() as u64),
        ..fault
    }
}

fn slow() -> Fault {
    at(FaultKind::SlowHandler, Phase::Before, 1)
}

fn second() -> Fault {
    at(FaultKind::SecondOwner, Phase::After, 1)
}

/// The time between request and sending of the exchange that was struck.
fn held_for(rig: &Rig) -> Duration {
    let exchange = rig.exchanges().remove(0);
    Duration::from_nanos(exchange.sent_ns.unwrap() - exchange.request_ns)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_handler_is_slower_than_the_lease_and_lives() {
    let rig = Rig::new(leased(slow())).await;
    let (life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    client.send("E 1").await;
    eventually("the strike", || rig.director.is_striking()).await;
    // Only its own request waits.
    assert_eq!(other.ask("A 0").await, Saw::ok("A 0"));
    assert_eq!(rig.server.received(), ["A 0"]);
    assert!(!rig.director.all_fired());
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    assert_eq!(life.handle().unwrap().exited(), None);
    rig.end().await;
    let exchange = rig.exchanges().into_iter().find(|e| e.point.ids == [1]);
    let exchange = exchange.unwrap();
    let held = Duration::from_nanos(exchange.sent_ns.unwrap() - exchange.request_ns);
    assert!(held > LEASE, "{held:?}");
    assert_eq!(exchange.fate, Fate::Answered);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duration_of_its_own_goes_before_the_lease() {
    let setup = Setup {
        lease: Some(Duration::from_secs(600)),
        ..Setup::with([lasting(slow(), Duration::from_millis(50))])
    };
    let rig = Rig::new(setup).await;
    let (_life, port) = rig.life(1);
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert!(held_for(&rig) >= Duration::from_millis(50));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_has_given_up_is_not_sent_for_it() {
    let rig = Rig::with([lasting(slow(), Duration::from_secs(600))]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    // It has said more than was asked for: that is no sign that it left.
    client.send("E 1\nE 2").await;
    eventually("the strike", || rig.director.is_striking()).await;
    assert!(!rig.director.all_fired());
    drop(client);
    eventually("fired", || rig.director.all_fired()).await;
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    rig.end().await;
    assert!(rig.server.received().is_empty());
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_lease_nobody_is_slow() {
    let rig = Rig::with([slow()]).await;
    let (_life, port) = rig.life(1);
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    let why = rig.notes().remove(0).text;
    assert!(why.contains("no system has a lease"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_its_handler_is_slow_it_was_not_slow_for_long_enough() {
    let rig = Rig::with([lasting(slow(), Duration::from_secs(600))]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    eventually("the strike", || rig.director.is_striking()).await;
    life.handle().unwrap().kill();
    life.gate.close();
    assert_eq!(client.saw().await, Saw::End);
    rig.end().await;
    assert!(rig.server.received().is_empty());
    assert_eq!(rig.states(0), ARMED_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_outlives_the_lease() {
    let rig = Rig::new(leased(at(FaultKind::Freeze, Phase::After, 1))).await;
    let (life, port) = rig.life(1);
    let begun = Instant::now();
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    assert!(begun.elapsed() > LEASE);
    // It has to join again before it goes on.
    assert!(life.disturbance() >= Duration::from_secs(1));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
}

fn is_stopped(life: &exactly_engine::boundary::Life) -> bool {
    let pid = life.handle().unwrap().pid();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.contains(") T ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_owner_stands_still_until_the_second_has_worked() {
    let rig = Rig::with([second()]).await;
    let (first, port) = rig.life(1);
    let mut zombie = rig.client(port).await;
    zombie.send("E 1").await;
    soon("the call", rig.director.second_owner_asked()).await;
    assert_eq!(rig.director.second_owners(), [("w".to_string(), 1)]);
    assert!(rig.director.second_owners().is_empty(), "asked for once");
    eventually("it stands still", || is_stopped(&first)).await;
    let (_second, port) = rig.life(2);
    let mut client = rig.client(port).await;
    // To look, to join, or to be refused is no work; nor is what carries no
    // message, where messages are in sight.
    for request in ["R", "T", "F 1", "A 0"] {
        client.ask(request).await;
    }
    assert!(is_stopped(&first) && !rig.director.all_fired());
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(zombie.saw().await, Saw::ok("E 1"));
    eventually("it is awake", || !is_stopped(&first)).await;
    // Both live on.
    assert_eq!(zombie.ask("A 2").await, Saw::ok("A 2"));
    assert_eq!(client.ask("E 2").await, Saw::ok("E 2"));
    assert!(!rig.director.is_striking());
    rig.end().await;
    let expected = ["E 1", "R", "T", "A 0", "E 1", "A 2", "E 2"];
    assert_eq!(rig.server.applied(), expected);
    assert_eq!(rig.states(0), ARMED_FIRED);
    let faults = rig.faults();
    let fired = faults
        .iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    assert_eq!(fired.incarnation, Some(1));
    // It fired when the second one had worked, not before.
    let exchanges = rig.exchanges();
    let fate = |incarnation, point: &str| {
        let mut found = exchanges.iter();
        found.find(|e| e.incarnation == incarnation && e.point.to_string() == point)
    };
    let (theirs, ours) = (fate(2, "s E {1}").unwrap(), fate(1, "s E {1}").unwrap());
    assert!(theirs.ended_ns < ours.ended_ns);
    assert_eq!(ours.fate, Fate::Answered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_owner_is_left_to_finish_what_it_is_at() {
    let rig = Rig::with([second()]).await;
    let (first, port) = rig.life(1);
    let mut zombie = rig.client(port).await;
    zombie.send("E 1").await;
    soon("the call", rig.director.second_owner_asked()).await;
    let (_second, port) = rig.life(2);
    let mut client = rig.client(port).await;
    rig.server.stall("E 2");
    client.send("E 1\nE 2").await;
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    rig.server.has_received("E 2").await;
    // Its second effect is in flight: no idle moment.
    assert_eq!(rig.client(port).await.ask("R").await, Saw::ok("R"));
    assert!(!rig.director.all_fired() && is_stopped(&first));
    rig.server.release("E 2");
    assert_eq!(client.saw().await, Saw::ok("E 2"));
    assert_eq!(zombie.saw().await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_of_the_first_runs_out_before_it_wakes_up() {
    let rig = Rig::new(leased(second())).await;
    let (_first, port) = rig.life(1);
    let mut zombie = rig.client(port).await;
    let begun = Instant::now();
    zombie.send("E 1").await;
    soon("the call", rig.director.second_owner_asked()).await;
    let (_second, port) = rig.life(2);
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(zombie.saw().await, Saw::ok("E 1"));
    assert!(begun.elapsed() > LEASE);
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_second_owner_the_first_goes_on() {
    let rig = Rig::with([second()]).await;
    let (first, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    eventually("it is awake", || !is_stopped(&first)).await;
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    let why = rig.notes().remove(0).text;
    assert!(why.contains("the second owner did no work"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_owner_that_ends_while_it_stands_still_wakes_up_to_nothing() {
    let rig = Rig::with([second()]).await;
    let (first, port) = rig.life(1);
    let mut zombie = rig.client(port).await;
    zombie.send("E 1").await;
    soon("the call", rig.director.second_owner_asked()).await;
    first.gate.close();
    first.handle().unwrap().kill();
    assert_eq!(zombie.saw().await, Saw::End);
    rig.end().await;
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Applied));
    assert_eq!(rig.states(0), ARMED_MISSED);
}
