//! Whole trials: real processes on the toy system.

use crate::support::{Rig, Toy, WORKER, at, run_toy, soon};
use exactly_engine::EngineError;
use exactly_engine::trial::Ordered;
use exactly_model::{
    Event, Fault, FaultKind, FaultState, Phase, PositionRecord, Schedule, Selector, SettleHow,
    TrialKind,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];

fn planned(faults: impl Into<Vec<Fault>>) -> Ordered {
    let schedule = Schedule {
        faults: faults.into(),
    };
    Ordered::new(TrialKind::Planned, schedule)
}

/// What became of the incarnations, in order: `Started 1`.
fn lives(rig: &Rig) -> Vec<String> {
    let lives = rig.records().into_iter();
    lives
        .filter_map(|record| match record.event {
            Event::Incarnation(life) => Some(format!("{:?} {}", life.state, life.incarnation)),
            _ => None,
        })
        .collect()
}

fn settled(rig: &Rig) -> exactly_model::Settle {
    let mut records = rig.records().into_iter().rev();
    records
        .find_map(|record| match record.event {
            Event::Settle(settle) => Some(settle),
            _ => None,
        })
        .unwrap()
}

/// How often each message has an effect.
fn effects(toy: &Toy) -> Vec<usize> {
    let applied = toy.server().applied();
    let count = |seq| applied.iter().filter(|r| **r == format!("E {seq}")).count();
    (0..toy.server().log().0).map(count).collect()
}

async fn run(toy: Toy, ordered: Ordered) -> (Rig, Arc<Toy>) {
    let rig = Rig::with([]).await;
    let toy = Arc::new(toy);
    let finished = soon("the trial", run_toy(&rig, toy.clone(), ordered)).await;
    let finished = finished.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.how, SettleHow::Quiescent);
    // Nothing outlives the trial.
    toy.server().is_alone().await;
    (rig, toy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_is_fed_as_much_as_it_was_ordered() {
    for (messages, fed) in [(None, 4), (Some(2), 2), (Some(7), 7)] {
        let ordered = Ordered {
            messages,
            of: Some(3),
            ..Ordered::new(TrialKind::Replay, Schedule::default())
        };
        let (rig, toy) = run(Toy::new(WORKER).await, ordered).await;
        assert_eq!(toy.server().log(), (fed, fed));
        assert_eq!(effects(&toy), vec![1; fed as usize]);
        let start = rig.records().into_iter().find_map(|r| match r.event {
            Event::Trial(start) => Some(start),
            _ => None,
        });
        let start = start.unwrap();
        assert_eq!((start.messages, start.of), (fed as u32, Some(3)));
        assert_eq!(start.kind, TrialKind::Replay);
    }
}

/// A trial in which another one starts while the first has the effect of message
/// 1 behind it and has not acknowledged it.
async fn with_second_owner(toy: Toy) -> Rig {
    let second = at(FaultKind::SecondOwner, Phase::After, 1);
    let (rig, toy) = run(toy, planned([second])).await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(effects(&toy), [1, 2, 1, 1], "the second one did it again");
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_owners_live_side_by_side_until_the_end() {
    let rig = with_second_owner(Toy::new(WORKER).await).await;
    let expected = [
        "Started 1",
        "Ready 1",
        "Started 2",
        "Stopped 1",
        "Stopped 2",
    ];
    assert_eq!(lives(&rig), expected);
    // The first one woke up and acknowledged what it had in hand.
    let acks: Vec<_> = rig
        .exchanges()
        .into_iter()
        .filter(|e| e.point.operation == "A")
        .map(|e| (e.incarnation, e.commits[0].offset))
        .collect();
    assert_eq!(acks, [(1, 1), (2, 2), (2, 3), (2, 4), (1, 2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_owner_that_gives_up_is_not_started_again() {
    // It ends when it learns that somebody else was faster.
    let script = WORKER.replace(
        "[ \"$said\" = \"ok E $at\" ] || continue",
        "echo N >&3; read -r _ _ now _ <&3; [ \"$now\" = \"$at\" ] || exit 3",
    );
    assert_ne!(script, WORKER);
    let mut toy = Toy::new(&script).await;
    toy.pipeline.processes[0].restart.max = 0;
    let rig = with_second_owner(toy).await;
    let expected = ["Started 1", "Ready 1", "Started 2", "Exited 1", "Stopped 2"];
    assert_eq!(lives(&rig), expected);
}

fn assists(rig: &Rig) -> usize {
    let assist = |record: &exactly_model::Record| matches!(record.event, Event::Assist(_));
    rig.records().iter().filter(|record| assist(record)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_owners_can_be_killed_and_only_the_second_is_replaced() {
    let its_last_word = Selector {
        nth: Some(1),
        ..Selector::new("s", "A").in_incarnation(1)
    };
    let faults = [
        at(FaultKind::SecondOwner, Phase::After, 1),
        Fault::new(FaultKind::Kill, Phase::Before, its_last_word),
        at(FaultKind::Kill, Phase::After, 3),
    ];
    let mut toy = Toy::new(WORKER).await;
    toy.assist = true;
    let (rig, toy) = run(toy, planned(faults)).await;
    for index in 0..3 {
        assert_eq!(rig.states(index), ARMED_FIRED, "{index}");
    }
    assert_eq!(toy.server().log(), (4, 4));
    let lives = lives(&rig);
    assert!(lives.contains(&"Killed 1".to_string()), "{lives:?}");
    assert!(lives.contains(&"Killed 2".to_string()), "{lives:?}");
    let started = lives.iter().filter(|life| life.starts_with("Started"));
    assert_eq!(started.count(), 3, "{lives:?}");
    // The first one was alive, if frozen, when the second died: the system is not
    // asked to forget it.
    assert_eq!(assists(&rig), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_are_released_where_nobody_else_lives() {
    for (assist, expected) in [(true, 1), (false, 0)] {
        let mut toy = Toy::new(WORKER).await;
        toy.assist = assist;
        let kill = at(FaultKind::Kill, Phase::After, 3);
        let (rig, toy) = run(toy, planned([kill])).await;
        assert_eq!(effects(&toy), [1, 1, 1, 2]);
        assert_eq!(assists(&rig), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_owner_at_the_very_start_does_not_wait_for_readiness() {
    // Ready once it has acknowledged something.
    let script = WORKER.replacen("echo ready\n", "", 1).replace(
        "echo \"A $((at + 1))\" >&3; read -r said <&3 || break",
        "echo \"A $((at + 1))\" >&3; read -r said <&3 || break; echo ready",
    );
    let second = at(FaultKind::SecondOwner, Phase::After, 0);
    let (rig, toy) = run(Toy::new(&script).await, planned([second])).await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(effects(&toy), [2, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_settles_once_its_nodes_are_mended() {
    for (kind, phase) in [
        (FaultKind::KillSystem, Phase::Before),
        (FaultKind::RestartSystem, Phase::After),
        (FaultKind::PauseSystem, Phase::Before),
    ] {
        let fault = Fault {
            duration_ms: Some(100),
            ..at(kind, phase, 3)
        };
        let (rig, toy) = run(Toy::new(WORKER).await, planned([fault])).await;
        assert_eq!(rig.states(0), ARMED_FIRED);
        assert_eq!(toy.server().log(), (4, 4));
        assert_eq!(toy.nodes.done().last().unwrap(), "healed");
        // Quiet for long: a replica may have to catch up.
        assert!(settled(&rig).waited_ms >= 2_000, "{:?}", settled(&rig));
        let effects = effects(&toy);
        let expected = if phase == Phase::After { 2 } else { 1 };
        assert_eq!(effects[3], expected, "{kind} {effects:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_that_fail_after_an_outage_are_tried_again() {
    let mut toy = Toy::new(WORKER).await;
    toy.failing_looks = 5.into();
    toy.failing_after = Some("healed");
    let fault = at(FaultKind::KillSystem, Phase::Before, 0);
    let (rig, toy) = run(toy, planned([fault])).await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(toy.failing_looks.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_that_fail_without_an_outage_end_the_trial() {
    let rig = Rig::with([]).await;
    let toy = Arc::new(Toy::new(WORKER).await);
    toy.failing_looks.store(1, Ordering::SeqCst);
    let ended = soon("the trial", run_toy(&rig, toy, planned([]))).await;
    assert!(
        matches!(ended, Err(EngineError::Observe(_))),
        "it has ended"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_come_back_ends_the_trial() {
    let rig = Rig::with([]).await;
    let toy = Arc::new(Toy::new(WORKER).await);
    toy.nodes.refuse();
    let fault = at(FaultKind::KillSystem, Phase::Before, 0);
    let ended = soon("the trial", run_toy(&rig, toy, planned([fault]))).await;
    assert!(matches!(ended, Err(EngineError::Start(_))), "it has ended");
    let ends = |record: exactly_model::Record| matches!(record.event, Event::TrialEnd(_));
    assert!(!rig.records().into_iter().any(ends), "no evidence");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_count_where_the_place_keeps_to_them() {
    for leases in [true, false] {
        let mut toy = Toy::new(WORKER).await;
        toy.leases = leases;
        toy.pipeline.systems[0].lease_ms = Some(200);
        let fault = at(FaultKind::SlowHandler, Phase::Before, 1);
        let (rig, toy) = run(toy, planned([fault])).await;
        let state = if leases {
            FaultState::Fired
        } else {
            FaultState::Missed
        };
        assert_eq!(rig.states(0), [FaultState::Armed, state]);
        assert_eq!(effects(&toy), [1, 1, 1, 1]);
        let held = rig
            .exchanges()
            .into_iter()
            .find(|e| e.point.ids == [1])
            .map(|e| Duration::from_nanos(e.sent_ns.unwrap() - e.request_ns))
            .unwrap();
        assert!(!leases || held > Duration::from_millis(200), "{held:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_that_the_pipeline_keeps_itself_stand_in_for_the_system_s() {
    // It reads its position from its effects and acknowledges nothing.
    let script = "
        trap 'exit 0' TERM
        echo ready
        exec 3<>/dev/tcp/127.0.0.1/$PORT
        for at in 0 1 2 3; do echo \"E $at\" >&3; read -r said <&3; done
        while :; do sleep 0.02; done
    ";
    let mut toy = Toy::new(script).await;
    toy.keeps_positions();
    let (rig, toy) = run(toy, planned([])).await;
    // By the system's own count everything is left.
    assert_eq!(toy.server().log(), (4, 0));
    assert_eq!(settled(&rig).backlog, 0);
    let positions: Vec<PositionRecord> = rig
        .records()
        .into_iter()
        .filter_map(|record| match record.event {
            Event::Position(position) => Some(position),
            _ => None,
        })
        .collect();
    assert_eq!(positions.len(), 1);
    let position = &positions[0].position;
    assert_eq!(
        (position.target.as_str(), position.offset),
        ("topic.log", 4)
    );
    assert!(rig.notes().is_empty(), "{:?}", rig.notes());
}

/// A toy whose window takes longer than a trial may, and a trial that waits it out
/// once the effect of message 1 is made.
async fn with_a_window(allow_wait: bool) -> (Rig, Arc<Toy>) {
    let mut toy = Toy::new(WORKER).await;
    toy.pipeline.limits.trial_ms = 1_500;
    toy.window = Duration::from_secs(3);
    toy.allow_wait = allow_wait;
    let away = at(FaultKind::ExpireHorizon, Phase::After, 1);
    let (rig, toy) = run(toy, planned([away])).await;
    assert_eq!(*toy.watched.lock().unwrap(), ["effects"]);
    (rig, toy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_is_waited_for_does_not_count_towards_the_trial_s_limit() {
    let (rig, toy) = with_a_window(true).await;
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert_eq!(effects(&toy), [1, 2, 1, 1], "its successor did it again");
    assert!(settled(&rig).waited_ms >= 3_000, "{:?}", settled(&rig));
    let horizons = rig.records().into_iter();
    let passed = horizons.filter(|r| matches!(r.event, Event::Horizon(_)));
    assert_eq!(passed.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_is_waited_for_only_where_that_is_allowed() {
    let (rig, toy) = with_a_window(false).await;
    assert_eq!(rig.states(0), [FaultState::Armed, FaultState::Missed]);
    assert_eq!(effects(&toy), [1, 1, 1, 1]);
    assert!(settled(&rig).waited_ms < 3_000, "{:?}", settled(&rig));
}
