//! How counterexamples read: the faults of real brokers, and owners side by side.

use super::owners::woken;
use crate::support::*;
use exactly_model::*;

/// The steps of trial 4's counterexample for `code`.
fn story(script: &Script, code: Code) -> Vec<String> {
    let variant = script.variant();
    let mut shown = variant.counterexamples.iter().filter(|c| c.code == code);
    let shown = shown.next().unwrap();
    assert_eq!(shown.trial, 4);
    shown
        .evidence
        .iter()
        .map(|step| step.what.clone())
        .collect()
}

fn on_kafka(exchange: ExchangeRecord) -> ExchangeRecord {
    let point = Point {
        system: "k".into(),
        ..exchange.point
    };
    ExchangeRecord { point, ..exchange }
}

/// Strikes with `kind` at `operation` of message 2.
fn strike(trial: &mut TrialHistory, kind: FaultKind, phase: Phase, struck: Point) {
    trial.schedule.faults[0].kind = kind;
    trial.schedule.faults[0].phase = phase;
    trial.faults = vec![FaultRecord {
        kind,
        phase,
        ..fired(0, struck)
    }];
}

/// A run of a pipeline with a row and a record for each message, whose trial 4
/// has the two of message 2 and nothing else yet.
fn row_and_record() -> Script {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let records = Observer {
        system: "k".into(),
        kind: SinkKind::Record,
        ..observer("records")
    };
    script.cell.info.observers.push(records);
    for trial in &mut script.trials {
        let mut second = trial.sinks[0].clone();
        (second.observer, second.kind) = ("records".into(), SinkKind::Record);
        for effect in &mut second.effects {
            effect.partition = Some(0);
        }
        trial.sinks.push(second);
    }
    let trial = script.trial(4);
    trial.exchanges.clear();
    trial.faults.clear();
    script
}

/// A transactional owner is frozen past its timeout, with its row not committed
/// yet, and wakes up beside its successor: its transaction is fenced, its row is
/// not. One record, two rows, one story.
#[test]
fn a_zombie_is_fenced_at_the_log_and_not_at_the_table() {
    let mut script = row_and_record();
    let trial = script.trial(4);
    double(trial, 2);
    let produce = point_on_k("Produce", &[2]);
    strike(trial, FaultKind::SecondOwner, Phase::After, produce);
    trial.schedule.faults[0].duration_ms = Some(6_500);
    trial.incarnations = vec![
        (1, state(1, IncarnationState::Started)),
        (4_000, state(2, IncarnationState::Started)),
        (99_000, state(1, IncarnationState::Stopped)),
        (99_000, state(2, IncarnationState::Stopped)),
    ];
    let end = |at, incarnation| ExchangeRecord {
        commits: vec![position(3)],
        ..on_kafka(exchange(at, incarnation, "EndTxn commit", &[2]))
    };
    trial.exchanges = vec![
        ExchangeRecord {
            ended_ns: 9_000,
            ..on_kafka(exchange(3_000, 1, "Produce", &[2]))
        },
        on_kafka(exchange(5_000, 2, "Produce", &[2])),
        exchange(6_000, 2, "COMMIT", &[2]),
        end(7_000, 2),
        exchange(9_100, 1, "COMMIT", &[2]),
        ExchangeRecord {
            fenced: true,
            outcome: Outcome::Fail,
            error: Some("PRODUCER_FENCED".into()),
            ..end(9_500, 1)
        },
    ];
    script.cell.info.forbidden.push(Code::F1);
    let steps = [
        "worker#1 starts",
        "worker#1 → k Produce {2}",
        "✖ second-owner after k Produce {2} for 6500 ms",
        "worker#2 starts",
        "worker#2 → k Produce {2}",
        "worker#2 → pg COMMIT {2}",
        "worker#2 → k EndTxn commit {2}",
        "worker#1 wakes up: k Produce {2} was answered",
        "worker#1 → pg COMMIT {2}",
        "worker#1 → k EndTxn commit {2}: fenced (PRODUCER_FENCED)",
        "sink records: 1 effect for message 2 (t4)",
        "sink orders: 2 effects for message 2 (t4)",
    ];
    assert_eq!(story(&script, Code::D3), steps);
    let f1 = story(&script, Code::F1);
    assert_eq!(f1[..11], steps[..11]);
    assert_eq!(
        f1[11],
        "sink orders: 2 effects for message 2 (t4), zombie-effect"
    );
    // Nothing is wrong with the log.
    let records = &script.variant().sinks[1];
    assert_eq!(records.guarantee, Guarantee::ExactlyOnce);
}

fn point_on_k(operation: &str, ids: &[u32]) -> Point {
    on_kafka(exchange(0, 1, operation, ids)).point
}

#[test]
fn a_held_request_has_a_line_when_it_arrives() {
    let mut script = row_and_record();
    let trial = script.trial(4);
    double(trial, 2);
    let end = point_on_k("EndTxn commit", &[2]);
    strike(trial, FaultKind::HoldAndOvertake, Phase::Before, end);
    let end = |at| on_kafka(exchange(at, 1, "EndTxn commit", &[2]));
    trial.exchanges = vec![
        on_kafka(exchange(3_000, 1, "Produce", &[2])),
        ExchangeRecord {
            sent_ns: Some(6_000),
            fate: Fate::Late,
            ..end(4_000)
        },
        ExchangeRecord {
            point: Point {
                nth: 1,
                ..point_on_k("EndTxn commit", &[2])
            },
            ..end(5_000)
        },
    ];
    assert_eq!(
        story(&script, Code::D3)[..6],
        [
            "worker#1 starts",
            "worker#1 → k Produce {2}",
            "worker#1 → k EndTxn commit {2}: held back",
            "✖ hold-and-overtake before k EndTxn commit {2}",
            "worker#1 → k EndTxn commit {2} #2",
            "worker#1 → k EndTxn commit {2}: arrives only now",
        ]
    );
}

#[test]
fn how_an_exchange_ended_is_told() {
    type Bend = fn(&mut ExchangeRecord);
    let told = |bend: Bend| {
        let mut script = row_and_record();
        let trial = script.trial(4);
        double(trial, 2);
        let mut produce = on_kafka(exchange(3_000, 1, "Produce", &[2]));
        bend(&mut produce);
        trial.exchanges = vec![produce];
        story(&script, Code::D3)[1].clone()
    };
    fn error(exchange: &mut ExchangeRecord) {
        exchange.error = Some("NOT_LEADER_OR_FOLLOWER".into());
    }
    let cases: [(&str, Bend); 11] = [
        ("", |_| {}),
        (": never arrived", |e| e.fate = Fate::Dropped),
        (
            ": never arrived, its sender was told NOT_LEADER_OR_FOLLOWER",
            |e| {
                (e.fate, e.outcome) = (Fate::Dropped, Outcome::Fail);
                error(e);
            },
        ),
        (": applied, reply withheld", |e| e.fate = Fate::Applied),
        (
            ": applied, its sender was told NOT_LEADER_OR_FOLLOWER",
            |e| {
                e.fate = Fate::Applied;
                error(e);
            },
        ),
        (": applied; the client was told COORDINATOR_LOAD", |e| {
            e.fate = Fate::Applied;
            e.error = Some("applied; the client was told COORDINATOR_LOAD".into());
        }),
        (": reply withheld (a part of it was passed on)", |e| {
            (e.fate, e.outcome) = (Fate::Applied, Outcome::Unknown);
            e.error = Some("a part of it was passed on".into());
        }),
        (": refused (NOT_LEADER_OR_FOLLOWER)", |e| {
            e.outcome = Outcome::Fail;
            error(e);
        }),
        (": fenced", |e| {
            (e.fenced, e.outcome) = (true, Outcome::Fail);
        }),
        (": applied late", |e| e.fate = Fate::Late),
        (": arrived, connection ended before the reply", |e| {
            e.fate = Fate::Unanswered;
        }),
    ];
    for (ending, bend) in cases {
        assert_eq!(told(bend), format!("worker#1 → k Produce {{2}}{ending}"));
    }
}

#[test]
fn a_fault_of_nodes_says_which() {
    let cases = [
        (None, "the node that serves it"),
        (Some(Nodes::All), "all nodes"),
        (Some(Nodes::Node(3)), "node 3"),
    ];
    for (nodes, words) in cases {
        let mut script = Script::upheld(Guarantee::ExactlyOnce);
        let trial = script.trial(4);
        double(trial, 2);
        strike(
            trial,
            FaultKind::KillSystem,
            Phase::After,
            point("COMMIT", &[2]),
        );
        trial.schedule.faults[0].nodes = nodes;
        let steps = story(&script, Code::D3);
        let expected = format!("✖ kill-system after pg COMMIT {{2}} ({words})");
        assert!(steps.contains(&expected), "{steps:#?}");
    }
}

/// What went as it should is left out first; owners, faults and refusals stay.
#[test]
fn a_long_story_keeps_what_is_telling() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let trial = script.trial(4);
    woken(trial);
    let mut fenced = on_kafka(exchange(19_000, 1, "EndTxn commit", &[5]));
    (fenced.fenced, fenced.outcome) = (true, Outcome::Fail);
    trial.exchanges.push(fenced);
    for n in 0..50 {
        trial
            .exchanges
            .push(exchange(18_000 + n, 2, "UPDATE", &[2]));
    }
    // A double of the updates is no second effect: they are no COMMIT.
    let steps = story(&script, Code::D3);
    assert_eq!(steps.len(), 16);
    assert!(steps.iter().any(|step| step.contains("left out")));
    for kept in [
        "worker#2 starts",
        "worker#1 → k EndTxn commit {5}: fenced",
        "worker#1 → pg COMMIT {2}",
        "sink orders: 2 effects for message 2 (t4)",
    ] {
        assert!(steps.iter().any(|step| step == kept), "{kept}: {steps:#?}");
    }
}

#[test]
fn a_published_message_that_nobody_got_says_so() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let trial = script.trial(4);
    lose(trial, 2);
    trial.received = vec![(1, 1, 0), (2, 0, 0)];
    let story = story(&script, Code::L1);
    let told = "{2} is published: its sender is told of 0 receivers";
    assert!(story.iter().any(|what| what == told), "{story:?}");
    // Of the others it is not told.
    assert!(!story.iter().any(|what| what.contains("{1}")), "{story:?}");
}
