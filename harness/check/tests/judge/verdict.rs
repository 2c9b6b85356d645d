//! Verdicts and their precedence, coverage, bounds, counterexamples.

use crate::support::*;
use exactly_model::*;

/// Bends a run that upholds exactly-once.
fn check(bend: impl FnOnce(&mut Script)) -> VariantReport {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    bend(&mut script);
    script.variant()
}

fn inconclusive(variant: &VariantReport, reason: Inconclusive, why: &str) {
    assert_eq!(variant.verdict, Verdict::Inconclusive, "{}", variant.bounds);
    assert_eq!(variant.reason, Some(reason), "{}", variant.bounds);
    assert!(variant.bounds.contains(why), "{}", variant.bounds);
}

#[test]
fn upheld_names_its_boundary_and_bounds() {
    let variant = check(|_| {});
    assert_eq!(variant.verdict, Verdict::Upheld);
    assert_eq!(variant.reason, None);
    assert!(variant.matches);
    assert_eq!(
        variant.bounds,
        "effects in rows 'orders' on postgres 18.6 (embedded) fed from kafka (emulated: krafka \
         0.28.1): 1 fault per trial, 2 of 2 classes, 2 of 12 points (representatives), 6 messages \
         each, 5 trials, seed 1"
    );
    assert_eq!(variant.trials, (5, 0));
    assert_eq!(variant.points.faults, (2, 2));
    assert_eq!(variant.points.witnesses, (1, 1));
    assert_eq!(variant.sinks[0].tally.effects, 30);
}

#[test]
fn one_violation_refutes() {
    let variant = check(|s| double(s.trial(4), 2));
    assert_eq!(variant.verdict, Verdict::Refuted);
    assert!(
        variant
            .bounds
            .starts_with("1 of 5 trials doubled effects (D3); effects in rows"),
        "{}",
        variant.bounds
    );
    assert_eq!(variant.sinks[0].guarantee, Guarantee::AtLeastOnce);
    assert!(!variant.matches);
    assert_eq!(variant.trials, (5, 1));
    let d3 = &variant.anomalies[0];
    assert_eq!(
        (d3.code, d3.count, d3.trials, d3.forbidden),
        (Code::D3, 1, 1, true)
    );
    assert_eq!(d3.ids, ["4-2"]);
}

#[test]
fn refuted_outranks_everything() {
    let variant = check(|s| {
        double(s.trial(4), 2);
        s.end = None;
        s.plan = None;
        s.trial(5).error = Some("disk full".into());
        s.trial(2).sinks[0].effects[0].key = None;
        s.trial(3).settle = None;
    });
    assert_eq!(variant.verdict, Verdict::Refuted);
}

#[test]
fn an_allowed_code_does_not_refute() {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    double(script.trial(4), 2);
    let variant = script.variant();
    assert_eq!(variant.verdict, Verdict::Upheld);
    assert!(variant.matches);
    assert!(!variant.anomalies[0].forbidden);
    assert!(variant.counterexamples.is_empty());
}

#[test]
fn forbidden_is_what_the_cell_says_not_what_the_guarantee_would() {
    let variant = check(|s| {
        s.cell.info.forbidden = vec![Code::O1];
        double(s.trial(4), 2);
    });
    assert_eq!(variant.verdict, Verdict::Upheld);
    assert_eq!(variant.sinks[0].guarantee, Guarantee::AtLeastOnce);
}

#[test]
fn wrong_without_any_fault() {
    let variant = check(|s| lose(s.trial(2), 3));
    assert_eq!(variant.verdict, Verdict::Refuted);
    let start = "wrong without any fault (1 of 3 fault-free trials): 1 of 5 trials lost messages";
    assert!(variant.bounds.starts_with(start), "{}", variant.bounds);
    assert_eq!(variant.counterexamples[0].id, "some-claim/some-variant#2");
}

#[test]
fn a_violation_in_a_trial_that_is_no_evidence_does_not_refute() {
    let variant = check(|s| {
        double(s.trial(4), 2);
        s.trial(4).error = Some("postgres went away".into());
    });
    inconclusive(
        &variant,
        Inconclusive::HarnessError,
        "trial 4 is no evidence: postgres went away",
    );
    assert_eq!(variant.sinks[0].guarantee, Guarantee::ExactlyOnce);
    assert_eq!(variant.trials, (4, 0));
}

#[test]
fn harness_errors() {
    let cases: [(&str, fn(&mut Script)); 5] = [
        ("cut short", |s| s.end = None),
        ("out of time", |s| {
            s.end.as_mut().unwrap().error = Some("out of time".into());
        }),
        ("no audit of 'orders'", |s| {
            s.trial(5).sinks[0].complete = false
        }),
        ("no run record", |s| s.run = None),
        ("which the cell does not declare", |s| {
            s.trial(5).sinks[0].observer = "order".into();
        }),
    ];
    for (why, bend) in cases {
        inconclusive(&check(bend), Inconclusive::HarnessError, why);
    }
}

#[test]
fn undecidable_codes_cap_only_where_they_are_forbidden() {
    let no_positions = |s: &mut Script| {
        for effect in effects(s.trial(4)) {
            effect.position = None;
        }
    };
    assert_eq!(check(no_positions).verdict, Verdict::Upheld);
    let variant = check(|s| {
        s.cell.info.forbidden.push(Code::O1);
        no_positions(s);
    });
    inconclusive(&variant, Inconclusive::Undecidable, "O1 cannot be decided");
    assert_eq!(variant.undecidable.len(), 1);
}

#[test]
fn what_was_not_seen_to_the_end_is_undecidable() {
    let unseen = check(|s| {
        lose(s.trial(4), 2);
        s.trial(4).settle = Some(settle(SettleHow::Limit, 2));
    });
    inconclusive(&unseen, Inconclusive::Undecidable, "proven quiescence");
    let opaque = check(|s| {
        s.trial(4).notes.push(Note {
            kind: NoteKind::Opaque,
            text: "300 bytes on pg could not be read.".into(),
        });
    });
    inconclusive(&opaque, Inconclusive::Undecidable, "300 bytes on pg");
    let remark = check(|s| {
        s.trial(4).notes.push(Note {
            kind: NoteKind::Remark,
            text: "slow disk".into(),
        });
    });
    assert_eq!(remark.verdict, Verdict::Upheld);
    assert_eq!(remark.notes, ["slow disk"]);
}

#[test]
fn a_calibration_that_does_not_rest_proves_nothing() {
    let variant = check(|s| {
        // Nothing that rest would decide is forbidden.
        s.cell.info.forbidden = vec![Code::T3];
        s.trial(1).settle = Some(settle(SettleHow::Limit, 0));
    });
    inconclusive(
        &variant,
        Inconclusive::Undecidable,
        "trial 1, which had no fault",
    );
}

#[test]
fn not_exercised() {
    let cases: [(&str, fn(&mut Script)); 8] = [
        ("the witness did not fire: kill after pg COMMIT {2}", |s| {
            s.cell.info.witnesses = vec![kill_after_commit(2)];
            s.trial(4).faults.clear();
        }),
        ("the witness did not fire", |s| {
            // Two faults, of which one fired.
            let mut both = kill_after_commit(2);
            both.faults.extend(kill_after_ack(3).faults);
            s.cell.info.witnesses = vec![both.clone()];
            s.trial(4).schedule = both;
        }),
        (
            "no fault struck 1 of 2 classes: k OffsetCommit topic.orders",
            |s| {
                s.trials.pop();
            },
        ),
        ("no fault struck 1 of 2 classes", |s| {
            s.trial(5).faults[0].state = FaultState::Missed;
        }),
        ("found no point", |s| s.plan = None),
        ("no fault-free trial", |s| {
            s.trials.drain(..3);
        }),
        (
            "the pipeline did nothing: 6 messages acknowledged and 0 effects",
            |s| {
                // Losses are no violation here, so only the guard can object.
                s.cell.info.forbidden = vec![Code::D3];
                effects(s.trial(2)).clear();
            },
        ),
        (
            "the pipeline did nothing: no message was sent in trial 4",
            |s| {
                let faults = s.trial(4).faults.clone();
                let schedule = s.trial(4).schedule.clone();
                *s.trial(4) = TrialHistory {
                    faults,
                    schedule,
                    kind: TrialKind::Witness,
                    ..clean(4, 0, 2)
                };
            },
        ),
    ];
    for (why, bend) in cases {
        inconclusive(&check(bend), Inconclusive::NotExercised, why);
    }
}

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
fn fault_free_trials_that_differ_are_flaky() {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    double(script.trial(2), 1);
    let variant = script.variant();
    inconclusive(
        &variant,
        Inconclusive::Flaky,
        "fault-free trials differ at 'orders': exactly-once and at-least-once",
    );
    // The same in all of them is a property of the pipeline.
    for trial in [1, 3] {
        double(script.trial(trial), 1);
    }
    assert_eq!(script.variant().verdict, Verdict::Upheld);
}

/// Each reason alone, and each with all that rank below it.
#[test]
fn precedence_is_harness_error_undecidable_not_exercised_flaky() {
    let causes: [(Inconclusive, fn(&mut Script)); 4] = [
        (Inconclusive::Flaky, |s| double(s.trial(2), 1)),
        (Inconclusive::NotExercised, |s| {
            s.trial(5).faults.clear();
        }),
        (Inconclusive::Undecidable, |s| {
            let effect = &mut effects(s.trial(5))[0];
            (effect.key, effect.key_seq, effect.checksum) = (None, None, None);
        }),
        (Inconclusive::HarnessError, |s| s.end = None),
    ];
    let mut together = Script::upheld(Guarantee::AtLeastOnce);
    for (reason, cause) in causes {
        let mut alone = Script::upheld(Guarantee::AtLeastOnce);
        cause(&mut alone);
        assert_eq!(alone.variant().reason, Some(reason));
        cause(&mut together);
        assert_eq!(together.variant().reason, Some(reason));
    }
    lose(together.trial(4), 0);
    assert_eq!(together.variant().verdict, Verdict::Refuted);
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
    let shown: Vec<(Code, &str)> = variant
        .counterexamples
        .iter()
        .map(|c| (c.code, c.id.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (Code::L1, "some-claim/some-variant#5"),
            (Code::D3, "some-claim/some-variant#6"),
            (Code::T3, "some-claim/some-variant#5"),
        ]
    );
    assert_eq!(variant.counterexamples[1].messages, 3);
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
    script.trial(4).notes.push(Note {
        kind: NoteKind::Remark,
        text: "retried postgres://u:secret@h/db".into(),
    });
    let variant = script.variant();
    assert_eq!(
        variant.assists,
        ["k: LeaveGroup for the dead member (2 times)"]
    );
    assert_eq!(variant.notes, ["retried postgres://u:***@h/db"]);
}
