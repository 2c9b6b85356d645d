//! Verdicts, their precedence and their bounds.

use crate::support::*;
use exactly_model::*;

/// A change of a run.
type Bend = fn(&mut Script);

/// Bends a run that upholds exactly-once.
pub fn check(bend: impl FnOnce(&mut Script)) -> VariantReport {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    bend(&mut script);
    script.variant()
}

pub fn inconclusive(variant: &VariantReport, reason: Inconclusive, why: &str) {
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
    assert_eq!(variant.counterexamples[0].trial, 2);
}

/// Gets `trial` stuck, with `effects` of its messages at the sink.
fn stuck(trial: &mut TrialHistory, effects: u32) {
    let mut settled = settle(SettleHow::Stuck, 6);
    settled.detail = "process worker ended by itself 6 times, having said: not authorized".into();
    trial.settle = Some(settled);
    for seq in effects..6 {
        lose(trial, seq);
    }
}

#[test]
fn a_pipeline_that_cannot_work_where_it_is_put_refutes_nothing() {
    let idle = check(|s| stuck(s.trial(1), 0));
    inconclusive(
        &idle,
        Inconclusive::NotExercised,
        "cannot work here, even without a fault (trial 1): 6 items left and no progress: process \
         worker ended by itself 6 times, having said: not authorized",
    );
    // It worked, and then its names were somebody else's.
    let fenced = |s: &mut Script| {
        stuck(s.trial(1), 2);
        let exchanges = &mut s.trial(1).exchanges;
        exchanges.last_mut().unwrap().fenced = true;
    };
    inconclusive(
        &check(fenced),
        Inconclusive::NotExercised,
        "an owner that is none of this run's has fenced it",
    );
    // It worked, and got stuck by itself; or it was a fault that got it stuck; or
    // it lost something as well.
    for bend in [
        (|s| stuck(s.trial(1), 2)) as Bend,
        |s| stuck(s.trial(4), 0),
        |s| {
            stuck(s.trial(1), 0);
            lose(s.trial(4), 3);
        },
    ] {
        assert_eq!(check(bend).verdict, Verdict::Refuted);
    }
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
    let cases: [(&str, Bend); 5] = [
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
        s.trial(4).notes.push(Note::new(
            NoteKind::Opaque,
            "300 bytes on pg could not be read.",
        ));
    });
    inconclusive(&opaque, Inconclusive::Undecidable, "300 bytes on pg");
    let remark = check(|s| {
        s.trial(4)
            .notes
            .push(Note::new(NoteKind::Remark, "slow disk"));
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

/// Whether a client asks again while its first request is on its way is its own
/// affair: one that never does cannot be overtaken. That its request was held back has
/// to be on record.
#[test]
fn what_needs_a_retry_is_not_open_where_none_comes() {
    let overtaken = |held: Option<Point>| {
        check(|s| {
            let mut overtaken = s.trial(5).schedule.faults[0].clone();
            overtaken.kind = FaultKind::HoldAndOvertake;
            s.trial(5).schedule.faults.push(overtaken);
            let mut missed = s.trial(5).faults[0].clone();
            missed.kind = FaultKind::HoldAndOvertake;
            (missed.index, missed.state, missed.point) = (1, FaultState::Missed, held.clone());
            s.trial(5).faults.push(missed);
        })
    };
    let variant = overtaken(Some(point("OffsetCommit", &[3])));
    assert_eq!(variant.verdict, Verdict::Upheld, "{}", variant.bounds);
    let said = "hold-and-overtake after k OffsetCommit topic.orders: nothing overtook what was held \
                back";
    let not_applicable = &variant.points.not_applicable;
    assert!(
        not_applicable.iter().any(|line| line == said),
        "{not_applicable:?}"
    );
    inconclusive(
        &overtaken(None),
        Inconclusive::NotExercised,
        "no planned fault of this kind fired: hold-and-overtake after k OffsetCommit",
    );
}

#[test]
fn not_exercised() {
    let cases: [(&str, Bend); 10] = [
        ("the witness did not fire: kill after pg COMMIT {2}", |s| {
            // Fired with the kill, and then the request never went out.
            s.cell.info.witnesses = vec![kill_after_commit(2)];
            let mut missed = s.trial(4).faults[0].clone();
            missed.state = FaultState::Missed;
            s.trial(4).faults.push(missed);
        }),
        (
            "no planned fault of this kind fired: freeze after k OffsetCommit",
            |s| {
                let mut freeze = s.trial(5).schedule.faults[0].clone();
                freeze.kind = FaultKind::Freeze;
                s.trial(5).schedule.faults.push(freeze);
            },
        ),
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
    let causes: [(Inconclusive, Bend); 4] = [
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
