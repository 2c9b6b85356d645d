//! Faults of a process that are no SIGKILL: terminate and freeze.

use crate::support::{Rig, Saw, Setup, at, eventually, soon};
use exactly_engine::supervisor::{Process, descendants};
use exactly_model::{Fate, Fault, FaultKind, FaultState, Phase};
use std::sync::Arc;
use std::time::Duration;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
/// Ends at once with exit code 3, and lives long enough to be asked.
const POLITE: &str = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.02; done";
const DEAF: &str = "trap '' TERM; echo ready; while :; do sleep 0.02; done";

async fn ready(rig: &Rig, script: &str) -> Arc<Process> {
    let process = rig.spawn("script", &["sh", "-c", script]);
    soon("its first line", process.wait_ready_line())
        .await
        .unwrap();
    process
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_without_a_handler_it_dies_and_the_exchange_with_it() {
    for phase in [Phase::Before, Phase::After] {
        let rig = Rig::with([at(FaultKind::Terminate, phase, 1)]).await;
        let (life, port) = rig.life(1);
        let mut client = rig.client(port).await;
        client.send("E 1").await;
        assert_eq!(
            soon("its death", life.handle().unwrap().wait()).await,
            "signal 15"
        );
        assert_eq!(client.saw().await, Saw::End);
        rig.end().await;
        match phase {
            Phase::Before => assert!(rig.server.applied().is_empty()),
            Phase::After => assert_eq!(rig.server.applied(), ["E 1"]),
        }
        let fate = if phase == Phase::Before {
            Fate::Dropped
        } else {
            Fate::Applied
        };
        assert_eq!(rig.fate("s E {1}"), Some(fate));
        assert_eq!(rig.states(0), ARMED_FIRED);
        assert!(life.ended_by_fault());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_with_a_handler_it_ends_by_its_own_will() {
    let rig = Rig::new(Setup {
        grace: Duration::from_secs(60),
        ..Setup::with([at(FaultKind::Terminate, Phase::After, 1)])
    })
    .await;
    let process = ready(&rig, POLITE).await;
    let (life, port) = rig.life_of("w", 1, process.clone());
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    assert_eq!(soon("its end", process.wait()).await, "exit code 3");
    assert!(life.ended_by_fault());
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
    eventually("its last word", || {
        std::fs::read_to_string(process.output()).is_ok_and(|output| output.contains("bye"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deaf_to_sigterm_it_goes_on_until_its_grace_is_over() {
    let rig = Rig::new(Setup {
        grace: Duration::from_millis(600),
        ..Setup::with([at(FaultKind::Terminate, Phase::Before, 1)])
    })
    .await;
    let process = ready(&rig, DEAF).await;
    let (life, port) = rig.life_of("w", 1, process.clone());
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    let began = std::time::Instant::now();
    // It outlives the signal, so the exchange goes on.
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    assert_eq!(other.ask("E 2").await, Saw::ok("E 2"));
    // The fault is not over: settling must wait for its second half.
    assert!(rig.director.is_striking());
    assert_eq!(soon("its death", process.wait()).await, "signal 9");
    assert!(
        began.elapsed() >= Duration::from_millis(600),
        "{:?}",
        began.elapsed()
    );
    // SIGKILL closes the gate first, as any kill does.
    assert!(life.gate.is_closed());
    eventually("the end of the strike", || !rig.director.is_striking()).await;
    other.send("E 3").await;
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 1", "E 2"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grace_period_of_the_fault_goes_before_that_of_the_process() {
    let fault = Fault {
        duration_ms: Some(50),
        ..at(FaultKind::Terminate, Phase::Before, 1)
    };
    let rig = Rig::new(Setup {
        grace: Duration::from_secs(600),
        ..Setup::with([fault])
    })
    .await;
    let process = ready(&rig, DEAF).await;
    let (_life, port) = rig.life_of("w", 1, process.clone());
    rig.client(port).await.send("E 1").await;
    assert_eq!(soon("its death", process.wait()).await, "signal 9");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_it_stands_still_and_gets_its_reply_afterwards() {
    let fault = Fault {
        duration_ms: Some(3000),
        ..at(FaultKind::Freeze, Phase::After, 1)
    };
    let rig = Rig::with([fault]).await;
    let process = ready(&rig, "sleep 600 & echo ready; exec sleep 600").await;
    let child = descendants(process.pid()).pop_first().unwrap();
    let (_life, port) = rig.life_of("w", 1, process.clone());
    let mut client = rig.client(port).await;
    client.send("E 1").await;
    eventually("the whole group stopped", || {
        stopped(process.pid()) && stopped(child)
    })
    .await;
    assert!(rig.director.is_striking());
    assert_eq!(rig.server.applied(), ["E 1"]);
    assert!(!process.is_running());
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    assert!(
        !stopped(process.pid()) && !stopped(child),
        "it goes on before the reply goes out"
    );
    assert_eq!(process.exited(), None);
    rig.end().await;
    assert_eq!(rig.fate("s E {1}"), Some(Fate::Answered));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

fn stopped(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    })
}
