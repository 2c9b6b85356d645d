//! What a report shows beside the verdict: coverage, counterexamples, notes.

use super::verdict::{check, inconclusive};
use crate::support::*;
use exactly_model::*;

#[test]
fn a_class_may_be_explained_instead_of_struck() {
    let explained: [fn(&mut Plan, &mut CellStart); 3] = [
        |plan, _| plan.not_applicable = vec!["k OffsetCommit topic.orders: never alone".into()],
        |plan, _| plan.unstable = vec!["k OffsetCommit topic.orders".into()],
        |_, cell| cell.pipeline.timers = vec!["k OffsetCommit".into()],
    ];
    for explain in explained {
        let variant = check(|s| {
            s.trials.pop();
            explain(s.plan.as_mut().unwrap(), &mut s.cell);
        });
        assert_eq!(variant.verdict, Verdict::Upheld, "{}", variant.bounds);
    }
    let variant = check(|s| {
        s.trials.pop();
        let plan = s.plan.as_mut().unwrap();
        plan.not_applicable = vec!["k OffsetCommit topic.orders2: another".into()];
    });
    assert_eq!(variant.reason, Some(Inconclusive::NotExercised));
}

#[test]
fn coverage_credits_points_exactly_and_classes_by_label() {
    let variant = check(|s| {
        // A point that no plan knows: its class counts, it does not.
        s.trial(5).faults = vec![fired(0, point("OffsetCommit", &[1, 2]))];
    });
    assert_eq!(variant.points.classes_fired, 2);
    assert_eq!((variant.points.fired, variant.points.found), (1, 12));
    // The nth of it is another point.
    let variant = check(|s| {
        let other = Point {
            nth: 1,
            ..point("OffsetCommit", &[2])
        };
        s.trial(5).faults = vec![fired(0, other)];
    });
    assert_eq!(variant.points.fired, 1);
    // Another system is another class.
    let variant = check(|s| {
        let other = Point {
            system: "redis".into(),
            ..point("OffsetCommit", &[2])
        };
        s.trial(5).faults = vec![fired(0, other)];
    });
    assert_eq!(variant.points.classes_fired, 1);
}

#[test]
fn a_point_planned_by_its_ordinal_is_credited_through_its_schedule() {
    let by_ordinal = |nth| Point {
        nth,
        ..point("INSERT", &[])
    };
    let bend = |script: &mut Script, nth: u32| {
        let plan = script.plan.as_mut().unwrap();
        plan.points.extend([0, 1].map(|nth| PlannedPoint {
            point: by_ordinal(nth),
            place: Place::Cycle,
            representative: true,
        }));
        let selector = Selector {
            ids: None,
            ..Selector::from(&by_ordinal(nth))
        };
        script
            .trial(4)
            .schedule
            .faults
            .push(Fault::new(FaultKind::Kill, Phase::Before, selector));
        // What it struck carries ids, which differ from run to run.
        let struck = fired(1, point("INSERT", &[3, 4]));
        script.trial(4).faults.push(struck);
    };
    let variant = check(|s| bend(s, 1));
    assert_eq!((variant.points.fired, variant.points.found), (3, 14));
    // An ordinal that was not planned is only of the class.
    let variant = check(|s| bend(s, 2));
    assert_eq!((variant.points.fired, variant.points.classes_fired), (2, 3));
}

#[test]
fn a_trial_that_shows_a_code_twice_counts_once() {
    let variant = check(|s| {
        // D2 is primary for message 3 and evidence for message 2.
        double(s.trial(4), 2);
        s.trial(4).deliveries = vec![delivery(1, 0, 3), delivery(2, 2, 5)];
    });
    let d2 = &variant.anomalies[0];
    assert_eq!((d2.code, d2.count, d2.trials), (Code::D2, 2, 1));
}

#[test]
fn a_later_plan_adds_to_the_first() {
    let more = Plan {
        points: vec![
            PlannedPoint {
                point: point("ROLLBACK", &[]),
                place: Place::Startup,
                representative: true,
            },
            // Known already.
            plan().points[0].clone(),
        ],
        max_in_flight: 3,
        ..Plan::default()
    };
    let variant = check(|s| s.late = vec![(0, Event::Plan(more))]);
    assert_eq!((variant.points.found, variant.points.classes), (13, 3));
    assert_eq!(variant.points.max_in_flight, 3);
    inconclusive(
        &variant,
        Inconclusive::NotExercised,
        "no fault struck 1 of 3 classes: pg ROLLBACK (startup)",
    );
}

#[test]
fn missed_faults_are_listed() {
    let variant = check(|s| s.trial(5).faults[0].state = FaultState::Missed);
    assert_eq!(variant.points.faults, (2, 1));
    assert_eq!(
        variant.points.missed,
        ["kill after k OffsetCommit topic.orders {2} (trial 5)"]
    );
}

#[test]
fn the_counterexample_is_the_simplest_trial() {
    let variant = check(|s| {
        double(s.trial(5), 2);
        double(s.trial(4), 1);
        // Fewer messages outrank the lower number; fewer faults outrank both.
        let mut short = clean(6, 3, 2);
        short.schedule = kill_after_commit(2);
        short.faults = vec![fired(0, point("COMMIT", &[2]))];
        double(&mut short, 2);
        let mut two_faults = clean(7, 1, 1);
        two_faults.schedule = kill_after_commit(0);
        two_faults.schedule.faults.extend(kill_after_ack(0).faults);
        double(&mut two_faults, 0);
        lose(s.trial(5), 3);
        s.trials.extend([short, two_faults]);
    });
    let shown: Vec<(Code, u32)> = variant
        .counterexamples
        .iter()
        .map(|c| (c.code, c.trial))
        .collect();
    assert_eq!(shown, [(Code::L1, 5), (Code::D3, 6), (Code::T3, 5)]);
    let d3 = &variant.counterexamples[1];
    assert_eq!((d3.messages, d3.reproduced), (3, None));
    // The same finding has the same id wherever it is found.
    let id = finding_id(
        "some-claim/some-variant",
        Code::D3,
        3,
        &kill_after_commit(2),
    );
    assert_eq!(d3.id, id);
}

/// The sequence that a person reads.
#[test]
fn a_counterexample_reads_as_a_short_story() {
    let variant = check(|s| {
        let history = s.trial(4);
        double(history, 2);
        history.exchanges.retain(|e| e.request_ns < 3_100);
        history.exchanges.last_mut().unwrap().fate = Fate::Applied;
        history.incarnations = vec![
            (1, state(1, IncarnationState::Started)),
            (3_700, state(1, IncarnationState::Killed)),
            (4_000, state(2, IncarnationState::Started)),
            (99_000, state(2, IncarnationState::Stopped)),
        ];
        for seq in 2..6 {
            let at = 10_000 + 1_000 * u64::from(seq);
            history.exchanges.push(exchange(at, 2, "COMMIT", &[seq]));
            history.exchanges.push(commit(at + 500, 2, seq));
        }
    });
    let d3 = &variant.counterexamples[0];
    let steps: Vec<(&str, bool)> = d3
        .evidence
        .iter()
        .map(|step| (step.what.as_str(), step.fault))
        .collect();
    assert_eq!(
        steps,
        [
            ("worker#1 starts", false),
            ("worker#1 → pg COMMIT {2}: applied, reply withheld", false),
            ("✖ kill after pg COMMIT {2}", true),
            ("worker#2 starts", false),
            ("worker#2 → pg COMMIT {2}", false),
            ("worker#2 → k OffsetCommit topic.orders {2}", false),
            ("sink orders: 2 effects for message 2 (t4)", false),
        ]
    );
    assert_eq!(
        d3.finding,
        "message 4-2 at 'orders': 1 effect beyond the declared for 1 message, 4-2 first"
    );
}

#[test]
fn a_counterexample_stays_short() {
    let variant = check(|s| {
        let history = s.trial(4);
        double(history, 2);
        for n in 0..100 {
            history
                .exchanges
                .push(exchange(50_000 + n, 1, "INSERT", &[2]));
        }
    });
    let evidence = &variant.counterexamples[0].evidence;
    assert_eq!(evidence.len(), 16);
    assert_eq!(evidence.iter().filter(|step| step.fault).count(), 1);
    assert!(evidence.iter().any(|step| step.what.contains("left out")));
    // A pipeline that restarts for ever has more than exchanges to leave out.
    let variant = check(|s| {
        let history = s.trial(4);
        history.settle = Some(settle(SettleHow::Stuck, 4));
        for n in 2..60 {
            history
                .incarnations
                .push((60_000 + u64::from(n), state(n, IncarnationState::Started)));
        }
    });
    let v1 = &variant.counterexamples[0];
    assert_eq!((v1.code, v1.evidence.len()), (Code::V1, 16));
    assert_eq!(
        v1.evidence[15].what,
        "V1 stuck: 4 items left and no progress after 60 ms"
    );
}

#[test]
fn assists_are_counted_and_secrets_stay_out() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    for trial in [4, 5] {
        let assist = Event::Assist(Assist {
            system: "k".into(),
            what: "LeaveGroup for the dead member".into(),
        });
        script.late.push((trial, assist));
    }
    script.trial(4).notes.push(Note::new(
        NoteKind::Remark,
        "retried postgres://u:secret@h/db",
    ));
    let variant = script.variant();
    assert_eq!(
        variant.assists,
        ["k: LeaveGroup for the dead member (2 times)"]
    );
    assert_eq!(variant.notes, ["retried postgres://u:***@h/db"]);
}
