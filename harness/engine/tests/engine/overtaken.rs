//! hold-and-overtake: a request arrives after its own retry.

use crate::support::{Client, Rig, Saw, Setup, at, effect, eventually};
use exactly_model::{Fate, Fault, FaultKind, FaultState, Phase, Selector};
use std::time::Duration;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
const ARMED_MISSED: [FaultState; 2] = [FaultState::Armed, FaultState::Missed];

fn overtaken(point: Selector) -> Fault {
    Fault::new(FaultKind::HoldAndOvertake, Phase::Before, point)
}

/// Sends `request`, whose connection is reset at once.
async fn cut_off(rig: &Rig, port: u16, request: &str) {
    let mut client = rig.client(port).await;
    assert_eq!(client.ask(request).await, Saw::RESET);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_held_one_arrives_after_its_retry_was_answered_and_before_what_follows() {
    let rig = Rig::with([overtaken(effect(1))]).await;
    let (life, port) = rig.life(1);
    cut_off(&rig, port, "E 1").await;
    // The system does not hear of the reset.
    assert_eq!(rig.server.connected(), 1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 0").await, Saw::ok("E 0"));
    rig.server.stall("E 1");
    client.send("E 1").await;
    rig.server.has_received("E 1").await;
    // That it was seen is not enough.
    assert!(rig.director.is_striking() && !rig.director.all_fired());
    rig.server.release("E 1");
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    assert_eq!(client.ask("E 2").await, Saw::ok("E 2"));
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    assert_eq!(life.handle().unwrap().exited(), None);
    assert!(!life.ended_by_fault());
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 0", "E 1", "E 1", "E 2"]);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Late));
    assert_eq!(rig.fate("s E {1} #2"), Some(Fate::Answered));
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert!(rig.director.all_fired() && !rig.director.is_late_due());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_reply_is_on_record() {
    let rig = Rig::with([overtaken(Selector::new("s", "F"))]).await;
    let (_life, port) = rig.life(1);
    cut_off(&rig, port, "F 1").await;
    let mut client = rig.client(port).await;
    // One that was refused has overtaken nothing.
    assert_eq!(client.ask("F 1").await, Saw::Line("no such luck".into()));
    assert_eq!(client.ask("E 2").await, Saw::ok("E 2"));
    assert!(rig.director.is_striking());
    rig.end().await;
    assert_eq!(rig.server.received(), ["F 1", "E 2"]);
    assert_eq!(rig.states(0), ARMED_MISSED);

    let rig = Rig::with([overtaken(effect(1))]).await;
    let (_life, port) = rig.life(1);
    cut_off(&rig, port, "E 1").await;
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    rig.end().await;
    let late = rig.exchanges().into_iter().find(|e| e.fate == Fate::Late);
    let late = late.unwrap();
    assert_eq!(late.outcome, exactly_model::Outcome::Ok);
    assert!(late.sent_ns.unwrap() > late.request_ns);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ack_is_known_again_by_the_messages_that_it_covers() {
    let rig = Rig::with([overtaken(Selector::new("s", "A").covering(0))]).await;
    rig.feed(0..4);
    let (_life, port) = rig.life(1);
    cut_off(&rig, port, "A 2").await;
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("A 2").await, Saw::ok("A 2"));
    assert_eq!(client.ask("A 3").await, Saw::ok("A 3"));
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    rig.end().await;
    assert_eq!(rig.server.applied(), ["A 2", "A 2", "A 3"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_may_name_what_overtakes_it() {
    let fault = Fault {
        until: Some(effect(3)),
        ..overtaken(effect(1))
    };
    let rig = Rig::with([fault]).await;
    let (_life, port) = rig.life(1);
    // Not yet in our hands: what comes before it does not count, nor wait.
    assert_eq!(rig.client(port).await.ask("E 3").await, Saw::ok("E 3"));
    cut_off(&rig, port, "E 1").await;
    let mut client = rig.client(port).await;
    for request in ["E 1", "E 2", "E 3", "E 4"] {
        assert_eq!(client.ask(request).await, Saw::ok(request));
    }
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    rig.end().await;
    assert_eq!(
        rig.server.applied(),
        ["E 3", "E 1", "E 2", "E 3", "E 1", "E 4"]
    );
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Late));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_retry_it_is_never_delivered() {
    let rig = Rig::new(Setup {
        hold_max: Duration::from_millis(200),
        ..Setup::with([overtaken(effect(1))])
    })
    .await;
    let (_life, port) = rig.life(1);
    cut_off(&rig, port, "E 1").await;
    assert_eq!(rig.client(port).await.ask("E 2").await, Saw::ok("E 2"));
    eventually("the end of the wait", || !rig.director.is_striking()).await;
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 2", "E 1"]);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
    assert_eq!(rig.states(0), ARMED_MISSED);
    let why = rig.notes().remove(0).text;
    assert!(why.contains("nothing overtook it within 200ms"), "{why}");
    // It is on record that it waited, and at what.
    let missed = rig.faults().pop().unwrap();
    assert_eq!(missed.point.map(|point| point.ids), Some(vec![1]));
    assert_eq!(missed.incarnation, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_another_incarnation_is_none() {
    let rig = Rig::with([overtaken(effect(1))]).await;
    let (life, port) = rig.life(1);
    cut_off(&rig, port, "E 1").await;
    let (_next, next) = rig.life(2);
    assert_eq!(rig.client(next).await.ask("E 1").await, Saw::ok("E 1"));
    assert!(rig.director.is_striking());
    // Killed while it is held: it never arrives.
    life.gate.close();
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 1"]);
    assert_eq!(rig.states(0), ARMED_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_delivered_on_a_connection_that_the_system_has_closed() {
    let rig = Rig::with([overtaken(effect(1))]).await;
    let (_life, port) = rig.life(1);
    cut_off(&rig, port, "E 1").await;
    rig.server.kill().await;
    rig.server.restart();
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 1"]);
    assert_eq!(rig.states(0), ARMED_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_on_its_connection_are_answered_for_the_record_only() {
    let rig = Rig::with([overtaken(effect(1))]).await;
    let (_life, port) = rig.life(1);
    rig.server.stall("E 0");
    let mut client = rig.client(port).await;
    client.send("E 0\nE 1").await;
    assert_eq!(client.saw().await, Saw::RESET);
    rig.server.release("E 0");
    let mut client: Client = rig.client(port).await;
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(client.ask("E 2").await, Saw::ok("E 2"));
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    rig.end().await;
    assert_eq!(rig.fate("s E {0}"), Some(Fate::Applied));
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Late));
    let faults = rig.faults();
    let fired = faults
        .iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    assert!(
        fired
            .collateral
            .contains(&"s E {0} (with the system)".into()),
        "{:?}",
        fired.collateral
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works_beside_another_fault() {
    let faults = [overtaken(effect(1)), at(FaultKind::Kill, Phase::Before, 2)];
    let rig = Rig::with(faults).await;
    let (life, port) = rig.life(1);
    cut_off(&rig, port, "E 1").await;
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    client.send("E 2").await;
    crate::support::soon("its death", life.handle().unwrap().wait()).await;
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1", "E 1"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(rig.states(1), ARMED_FIRED);
}
