//! kill-deliver-late: the dead still act.

use crate::support::{Rig, Saw, at, eventually, soon};
use exactly_model::{Fate, FaultKind, FaultState, Phase};

async fn killed() -> (Rig, std::sync::Arc<exactly_engine::boundary::Life>) {
    let rig = Rig::with([at(FaultKind::KillDeliverLate, Phase::Before, 1)]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    assert_eq!(
        soon("its death", life.handle().unwrap().wait()).await,
        "signal 9"
    );
    assert!(rig.server.applied().is_empty());
    (rig, life)
}

async fn delivered_after(first: &str) {
    let (rig, _life) = killed().await;
    rig.server.stall(first);
    let (_next, port) = rig.life(2);
    let mut client = rig.client(port).await;
    // Neither the connection nor an ack is a sign that the successor is at work.
    assert_eq!(client.ask("A 0").await, Saw::ok("A 0"));
    client.send(first).await;
    rig.server.has_received("E 1").await;
    // The successor's exchange had been forwarded; its reply was not awaited.
    eventually("the late delivery", || {
        rig.server.applied().contains(&"E 1".into())
    })
    .await;
    rig.server.release(first);
    assert_eq!(client.saw().await, Saw::ok(first));
    assert_eq!(client.ask("E 3").await, Saw::ok("E 3"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["A 0", "E 1", first, "E 3"]);
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Late));
    assert_eq!(rig.states(0), [FaultState::Armed, FaultState::Fired]);
    assert!(rig.director.all_fired());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_once_the_successor_has_read() {
    delivered_after("R").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_once_the_successor_has_made_an_effect() {
    delivered_after("E 2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_successor_it_did_not_happen() {
    let (rig, _life) = killed().await;
    rig.end().await;
    assert!(rig.server.received().is_empty());
    assert_eq!(rig.states(0).last(), Some(&FaultState::Missed));
    assert!(!rig.director.all_fired());
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_is_no_successor() {
    let (rig, _life) = killed().await;
    let other = rig.spawn("other", &["sleep", "600"]);
    let (_other, port) = rig.life_of("v", 2, other);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("R").await, Saw::ok("R"));
    assert_eq!(client.ask("E 4").await, Saw::ok("E 4"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["R", "E 4"]);
    assert_eq!(rig.states(0).last(), Some(&FaultState::Missed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_when_the_trial_has_come_to_rest_without_a_sign() {
    let (rig, _life) = killed().await;
    assert!(rig.director.is_late_due());
    rig.director.release_late();
    rig.server.has_received("E 1").await;
    eventually("the end of the wait", || !rig.director.is_late_due()).await;
    eventually("its reply on record", || rig.director.activity() == 1).await;
    rig.end().await;
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Late));
    assert_eq!(rig.states(0), [FaultState::Armed, FaultState::Fired]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_due_once_its_connection_is_gone() {
    let (rig, life) = killed().await;
    assert!(rig.director.is_late_due());
    life.end_tasks();
    eventually("nothing due", || !rig.director.is_late_due()).await;
    rig.end().await;
    assert_eq!(rig.states(0).last(), Some(&FaultState::Missed));
}
