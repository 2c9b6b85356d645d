//! Faults of the system: nodes killed, restarted, paused.

use crate::support::{Rig, Saw, Setup, at, effect, eventually, soon};
use exactly_engine::EngineError;
use exactly_model::{Fate, Fault, FaultKind, FaultState, Nodes, Outcome, Phase};
use std::time::Duration;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
const ARMED_MISSED: [FaultState; 2] = [FaultState::Armed, FaultState::Missed];

fn on(nodes: Nodes, kind: FaultKind, phase: Phase) -> Fault {
    Fault {
        nodes: Some(nodes),
        ..at(kind, phase, 1)
    }
}

async fn with_nodes(more_nodes: usize, fault: Fault) -> Rig {
    Rig::new(Setup {
        more_nodes,
        ..Setup::with([fault])
    })
    .await
}

async fn mended(rig: &Rig) {
    soon("the nodes mended", rig.director.mended())
        .await
        .unwrap();
    assert!(!rig.director.is_outage() && !rig.director.is_striking());
}

fn collateral(rig: &Rig) -> Vec<String> {
    let faults = rig.faults();
    let fired = faults.iter().find(|f| f.state == FaultState::Fired);
    fired.unwrap().collateral.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_before_takes_the_request_and_the_connection_with_it() {
    for kind in [FaultKind::KillSystem, FaultKind::RestartSystem] {
        let rig = Rig::with([at(kind, Phase::Before, 1)]).await;
        let (life, port) = rig.life(1);
        let mut client = rig.client(port).await;
        assert_eq!(client.ask("E 0").await, Saw::ok("E 0"));
        client.send("E 1").await;
        let saw = client.saw().await;
        assert!(matches!(saw, Saw::End | Saw::Error(_)), "{saw:?}");
        // What it fired is on disk before the node is back.
        assert_eq!(rig.states(0), ARMED_FIRED);
        mended(&rig).await;
        assert_eq!(life.handle().unwrap().exited(), None);
        assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
        rig.end().await;
        assert_eq!(rig.server.received(), ["E 0", "E 1"]);
        assert_eq!(rig.fate("s E {1}"), Some(Fate::Dropped));
        let first = if kind == FaultKind::KillSystem {
            "kill 1"
        } else {
            "stop 1"
        };
        assert_eq!(rig.control.done(), [first, "start 1", "healed"]);
        assert_eq!(collateral(&rig), ["node 1 of s"]);
        assert!(life.disturbance() > Duration::ZERO);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_after_has_applied_it_and_the_reply_is_gone() {
    let rig = Rig::with([at(FaultKind::KillSystem, Phase::After, 1)]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    let saw = client.saw().await;
    assert!(matches!(saw, Saw::End | Saw::Error(_)), "{saw:?}");
    mended(&rig).await;
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
async fn the_trial_is_in_the_strike_until_everything_is_mended() {
    let rig = Rig::with([at(FaultKind::KillSystem, Phase::Before, 1)]).await;
    let (_life, port) = rig.life(1);
    assert_eq!(rig.director.outage_lasted(), None);
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    eventually("the blow", || !rig.server.is_up()).await;
    assert!(rig.director.is_outage() && rig.director.is_striking());
    // Whoever comes meanwhile is accepted and finds nobody.
    let mut other = crate::support::Client::connect(port).await;
    assert_eq!(other.saw().await, Saw::End);
    mended(&rig).await;
    assert!(rig.director.outage_lasted().unwrap() >= Duration::from_millis(300));
    rig.end().await;
    // Our own doing is no remark.
    assert!(rig.notes().is_empty(), "{:?}", rig.notes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_are_away_at_once() {
    let rig = with_nodes(2, on(Nodes::All, FaultKind::KillSystem, Phase::Before)).await;
    let (_life, port) = rig.life(1);
    rig.client(port).await.send("E 1").await;
    eventually("none is up", || {
        (1..=3).all(|node| !rig.control.server(node).is_up())
    })
    .await;
    mended(&rig).await;
    rig.end().await;
    let done = rig.control.done();
    assert!(
        done[..3].iter().all(|what| what.starts_with("kill")),
        "{done:?}"
    );
    assert!(
        done[3..6].iter().all(|what| what.starts_with("start")),
        "{done:?}"
    );
    assert_eq!(done[6..], ["healed"]);
    assert_eq!(
        collateral(&rig),
        ["node 1 of s", "node 2 of s", "node 3 of s"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_to_another_node_goes_on() {
    for phase in [Phase::Before, Phase::After] {
        let rig = with_nodes(1, on(Nodes::Node(2), FaultKind::KillSystem, phase)).await;
        let (life, port) = rig.life(1);
        let elsewhere = rig.boundary_to(&life, rig.control.server(2).port());
        let mut other = crate::support::Client::connect(elsewhere).await;
        assert_eq!(other.ask("E 2").await, Saw::ok("E 2"));
        assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
        let saw = other.saw().await;
        assert!(matches!(saw, Saw::End | Saw::Error(_)), "{saw:?}");
        mended(&rig).await;
        rig.end().await;
        assert_eq!(rig.fate("s E {1}"), Some(Fate::Answered));
        assert_eq!(rig.control.done(), ["kill 2", "start 2", "healed"]);
        assert_eq!(collateral(&rig), ["node 2 of s"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_serving_node_is_the_one_that_the_connection_leads_to() {
    let fault = at(FaultKind::KillSystem, Phase::Before, 1);
    let rig = with_nodes(2, fault).await;
    let (life, _) = rig.life(1);
    let port = rig.boundary_to(&life, rig.control.server(3).port());
    crate::support::Client::connect(port)
        .await
        .send("E 1")
        .await;
    eventually("fired", || rig.director.all_fired()).await;
    mended(&rig).await;
    rig.end().await;
    assert_eq!(rig.control.done(), ["kill 3", "start 3", "healed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_node_answers_when_it_is_resumed() {
    for phase in [Phase::Before, Phase::After] {
        let fault = Fault {
            duration_ms: Some(300),
            ..at(FaultKind::PauseSystem, phase, 1)
        };
        let rig = Rig::with([fault]).await;
        let (_life, port) = rig.life(1);
        let mut client = rig.client(port).await;
        client.send("E 1").await;
        eventually("the pause", || rig.server.is_paused()).await;
        if phase == Phase::Before {
            // With the node, which does nothing.
            rig.server.has_received("E 1").await;
        } else {
            // The reply was on its way.
            assert_eq!(client.saw().await, Saw::ok("E 1"));
            assert!(rig.server.is_paused());
            client.send("E 2").await;
        }
        let expected = if phase == Phase::Before { "E 1" } else { "E 2" };
        assert_eq!(client.saw().await, Saw::ok(expected));
        mended(&rig).await;
        rig.end().await;
        assert_eq!(rig.fate("s E {1}"), Some(Fate::Answered));
        assert_eq!(rig.control.done(), ["pause 1", "resume 1", "healed"]);
        assert_eq!(rig.states(0), ARMED_FIRED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_start_again_is_the_harness_s_failure() {
    let rig = Rig::with([at(FaultKind::KillSystem, Phase::Before, 1)]).await;
    rig.control.refuse();
    let (_life, port) = rig.life(1);
    rig.client(port).await.send("E 1").await;
    eventually("fired", || rig.director.all_fired()).await;
    let error = soon("the end of it", rig.director.mended()).await;
    let Err(EngineError::Start(error)) = error else {
        panic!("{error:?}");
    };
    assert!(
        error.to_string().contains("node 1 does not start"),
        "{error}"
    );
    rig.server.restart();
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_are_not_there_cannot_be_struck() {
    let rig = with_nodes(0, on(Nodes::Node(4), FaultKind::KillSystem, Phase::Before)).await;
    let (life, port) = rig.life(1);
    assert_eq!(rig.client(port).await.ask("E 1").await, Saw::ok("E 1"));
    drop(life);
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    assert!(rig.control.done().is_empty());
    let why = rig.notes().remove(0).text;
    assert!(why.contains("no such node"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_that_is_not_ours_is_left_alone() {
    let fault = Fault::new(FaultKind::KillSystem, Phase::Before, {
        let mut point = effect(1);
        point.system = "t".into();
        point
    });
    let rig = Rig::with([fault]).await;
    let (life, _) = rig.life(1);
    let port = rig.boundary_named(&life, "t");
    let mut client = crate::support::Client::connect(port).await;
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    let why = rig.notes().remove(0).text;
    assert!(why.contains("no hold on the nodes of t"), "{why}");
}
