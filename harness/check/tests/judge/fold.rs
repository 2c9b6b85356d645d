//! The fold: interleaving, truncation, late audits, strays.

use crate::support::*;
use exactly_check::{Fold, KEPT_ATTEMPTS_MAX};
use exactly_model::*;
use proptest::prelude::*;

/// A run with something of everything, so that order could matter.
fn eventful() -> Script {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    double(script.trial(4), 2);
    script.trial(5).attempts[1].outcome = Outcome::Unknown;
    // An effect of trial 2 in the audit of trial 5, one of trial 3 only in a
    // sweep of trial 1, one of nobody.
    effects(script.trial(5)).push(bare_effect(RUN, 2, 3, 50));
    let mut swept = script.trial(1).sinks[0].effects.clone();
    swept.push(bare_effect(RUN, 3, 1, 51));
    script.sweep(1, &swept);
    effects(script.trial(3)).push(bare_effect(RUN, 400, 1, 52));
    let same = script.trial(4).sinks[0].effects.len() as u64;
    script.late.push((
        4,
        Event::Audit(AuditRecord {
            observer: SINK.into(),
            audit: 2,
            effects: same,
            sweep: true,
        }),
    ));
    script
}

/// Takes from the streams in the order that `picks` says, one line a time.
fn interleave(streams: Vec<Vec<Line>>, picks: &[usize]) -> Vec<Line> {
    let mut streams: Vec<std::vec::IntoIter<Line>> =
        streams.into_iter().map(Vec::into_iter).collect();
    let mut lines = Vec::new();
    let mut picks = picks.iter().cycle();
    while !streams.is_empty() {
        let at = picks.next().unwrap() % streams.len();
        match streams[at].next() {
            Some(line) => lines.push(line),
            None => drop(streams.remove(at)),
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_report_does_not_depend_on_interleaving(
        picks in proptest::collection::vec(0_usize..60, 1..200)
    ) {
        let script = eventful();
        let (head, trials, tail) = script.streams();
        let lines = head.into_iter().chain(interleave(trials, &picks)).chain(tail);
        prop_assert_eq!(fold(&number(lines)).report(), script.report());
    }
}

/// The extreme of it: everything of a trial, its sweep included, before the
/// next begins, and the other way round.
#[test]
fn the_report_does_not_depend_on_which_trial_comes_first() {
    let script = eventful();
    let (head, trials, tail) = script.streams();
    for first in 0..trials.len() {
        let mut trials = trials.clone();
        trials.rotate_left(first);
        let lines = head.iter().cloned().chain(trials.into_iter().flatten());
        let records = number(lines.chain(tail.clone()));
        assert_eq!(fold(&records).report(), script.report());
    }
}

#[test]
fn attempts_may_be_recorded_in_the_order_of_their_answers() {
    let script = eventful();
    let mut lines: Vec<Line> = script
        .records()
        .into_iter()
        .map(|r| (r.trial, r.mono_ns, r.event))
        .collect();
    let slots: Vec<usize> = (0..lines.len())
        .filter(|i| lines[*i].0 == 4 && matches!(lines[*i].2, Event::Attempt(_)))
        .collect();
    lines.swap(slots[0], slots[5]);
    lines.swap(slots[1], slots[2]);
    assert_eq!(fold(&number(lines)).report(), script.report());
}

#[test]
fn no_prefix_panics_or_is_upheld_and_refuted_stays() {
    let clean = Script::upheld(Guarantee::ExactlyOnce);
    let mut refuted = Script::upheld(Guarantee::ExactlyOnce);
    double(refuted.trial(4), 2);
    for (script, last) in [
        (clean, Verdict::Upheld),
        (refuted, Verdict::Refuted),
        (eventful(), Verdict::Refuted),
    ] {
        let records = script.records();
        let mut fold = Fold::new();
        assert_eq!(fold.exit_code(&fold.report()), exit::INCONCLUSIVE);
        let mut was_refuted = false;
        for (index, record) in records.iter().enumerate() {
            fold.push(record);
            let report = fold.report();
            let verdict = report.variants().next().map(|(_, v)| v.verdict);
            let complete = index + 1 == records.len();
            if !complete {
                assert_ne!(verdict, Some(Verdict::Upheld), "after record {index}");
            }
            assert!(!was_refuted || verdict == Some(Verdict::Refuted));
            was_refuted = verdict == Some(Verdict::Refuted);
            let expected = match verdict {
                Some(Verdict::Upheld | Verdict::Refuted) => exit::DONE,
                _ => exit::INCONCLUSIVE,
            };
            assert_eq!(fold.exit_code(&report), expected);
        }
        assert_eq!(fold.report().claims[0].variants[0].verdict, last);
    }
}

#[test]
fn finished_trials_come_back_once_with_their_history() {
    let script = eventful();
    let mut fold = Fold::new();
    let finished: Vec<_> = script
        .records()
        .iter()
        .filter_map(|record| fold.push(record))
        .collect();
    let trials: Vec<(u32, u32)> = finished.iter().map(|f| (f.cell, f.history.trial)).collect();
    assert_eq!(trials, [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]);
    assert_eq!(finished[0].kind, TrialKind::Calibration);
    assert_eq!(finished[3].judgement.codes(), [Code::D3]);
    assert_eq!(finished[3].history.sinks, script.trials[3].sinks);
}

#[test]
fn a_sweep_that_sees_more_changes_the_judgement() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let mut seen = script.trial(4).sinks[0].effects.clone();
    seen.push(bare_effect(RUN, 4, 2, 77));
    script.sweep(4, &seen);
    let variant = script.variant();
    assert_eq!(variant.verdict, Verdict::Refuted);
    assert_eq!(variant.counterexamples[0].trial, 4);
    assert_eq!(variant.sinks[0].tally.effects, 31);
}

#[test]
fn a_sweep_that_finds_the_missing_one_takes_the_loss_back() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let all = script.trial(4).sinks[0].effects.clone();
    lose(script.trial(4), 2);
    assert_eq!(script.variant().verdict, Verdict::Refuted);
    script.sweep(4, &all);
    assert_eq!(script.variant().verdict, Verdict::Upheld);
}

#[test]
fn a_sweep_that_sees_the_same_records_only_its_count() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let count = |effects| {
        Event::Audit(AuditRecord {
            observer: SINK.into(),
            audit: 2,
            effects,
            sweep: true,
        })
    };
    script.late = vec![(4, count(6))];
    assert_eq!(script.variant().verdict, Verdict::Upheld);
    // Nothing is there any more.
    script.late = vec![(4, count(0))];
    assert_eq!(script.variant().verdict, Verdict::Refuted);
    // Another number, and no effects recorded for it.
    script.late = vec![(4, count(7))];
    let variant = script.variant();
    assert_eq!(variant.reason, Some(Inconclusive::HarnessError));
    assert!(variant.bounds.contains("lost lines"), "{}", variant.bounds);
}

#[test]
fn an_audit_that_is_not_complete_does_not_count() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let seen = [bare_effect(RUN, 4, 2, 77)];
    script.sweep(4, &seen);
    script.late.pop();
    assert_eq!(script.variant().verdict, Verdict::Upheld);
}

#[test]
fn an_older_audit_does_not_replace_a_newer_one() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let newer = script.trial(4).sinks[0].effects.clone();
    script.sweep(4, &newer);
    let history = script.trial(4).clone();
    let stale = audit(&history, SINK, 1, &newer[..3], false);
    script
        .late
        .extend(stale.into_iter().map(|event| (4, event)));
    assert_eq!(script.variant().verdict, Verdict::Upheld);
}

#[test]
fn an_audit_that_lost_a_line_is_no_evidence() {
    let records = Script::upheld(Guarantee::ExactlyOnce).records();
    let effects = records
        .iter()
        .enumerate()
        .filter(|(_, r)| matches!(r.event, Event::Effect(_)));
    for (index, _) in effects {
        let mut short = records.clone();
        short.remove(index);
        for (record, n) in short.iter_mut().zip(1..) {
            record.n = n;
        }
        let report = fold(&short).report();
        let variant = &report.claims[0].variants[0];
        assert_eq!(variant.reason, Some(Inconclusive::HarnessError));
    }
}

/// Whatever single line is lost from the middle, the run is not upheld.
#[test]
fn lost_lines_are_noticed_by_their_numbers() {
    let records = Script::upheld(Guarantee::ExactlyOnce).records();
    for index in 0..records.len() {
        let mut short = records.clone();
        short.remove(index);
        let fold = fold(&short);
        let report = fold.report();
        assert_eq!(
            fold.exit_code(&report),
            exit::INCONCLUSIVE,
            "without {:?}",
            records[index]
        );
    }
}

#[test]
fn a_late_duplicate_is_charged_to_its_own_trial() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    effects(script.trial(5)).push(bare_effect(RUN, 2, 3, 50));
    let variant = script.variant();
    assert_eq!(variant.verdict, Verdict::Refuted);
    let d3 = &variant.anomalies[0];
    assert_eq!(
        (d3.code, d3.ids.as_slice()),
        (Code::D3, ["2-3".into()].as_slice())
    );
    assert_eq!(variant.anomalies.len(), 1, "{:?}", variant.anomalies);
    assert_eq!(variant.counterexamples[0].trial, 2);
}

#[test]
fn a_late_effect_in_a_later_trial_is_no_loss() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    lose(script.trial(4), 3);
    effects(script.trial(5)).push(bare_effect(RUN, 4, 3, 50));
    assert_eq!(script.variant().sinks[0].tally.lost, 0);
}

#[test]
fn a_stray_counts_once_however_often_it_is_audited() {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    effects(script.trial(5)).push(bare_effect(RUN, 2, 3, 50));
    let mut seen = script.trial(5).sinks[0].effects.clone();
    seen[0].checksum = Some(checksum(seen[0].id, "key-0", 0));
    script.sweep(5, &seen);
    assert_eq!(script.variant().sinks[0].tally.duplicated, 1);
    // And it is forgotten when the last audit does not show it.
    seen.pop();
    script.late.clear();
    script.sweep(5, &seen);
    assert_eq!(script.variant().sinks[0].tally.duplicated, 0);
}

#[test]
fn an_id_of_no_trial_is_a_phantom() {
    let strangers = [(RUN, 400, 0), (RUN, 2, 6), (RUN + 1, 2, 0)];
    for (run, trial, seq) in strangers {
        let mut script = Script::upheld(Guarantee::ExactlyOnce);
        effects(script.trial(5)).push(bare_effect(run, trial, seq, 50));
        let variant = script.variant();
        assert_eq!(variant.anomalies[0].code, Code::G1);
        assert_eq!(variant.sinks[0].tally.phantom, 1);
        assert_eq!(variant.counterexamples[0].trial, 5);
    }
}

/// A second cell sees an effect of the first, which is closed.
#[test]
fn an_effect_of_a_closed_cell_makes_its_trial_worthless() {
    let script = Script::upheld(Guarantee::ExactlyOnce);
    let mut lines: Vec<Line> = script
        .records()
        .into_iter()
        .map(|r| (r.trial, r.mono_ns, r.event))
        .collect();
    let mut second = script.cell.clone();
    second.cell = 1;
    second.info.variant = "second".into();
    lines.push((0, 0, Event::Cell(second)));
    let mut history = clean(9, 6, 2);
    history.cell = 1;
    effects(&mut history).push(bare_effect(RUN, 2, 3, 50));
    lines.extend(events(&history, None).into_iter().map(|(at, e)| (9, at, e)));
    let report = fold(&number(lines)).report();
    let variants = &report.claims[0].variants;
    assert_eq!(variants.len(), 2);
    assert_eq!(variants[0].reason, Some(Inconclusive::HarnessError));
    assert!(
        variants[0].bounds.contains("later trial"),
        "{}",
        variants[0].bounds
    );
    assert_eq!(variants[1].sinks[0].tally.phantom, 0);
}

#[test]
fn a_trial_too_large_to_keep_is_judged_once() {
    let n = KEPT_ATTEMPTS_MAX as u32 + 1;
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    let mut large = clean(6, n, 2);
    large.exchanges.clear();
    double(&mut large, 9);
    let all = large.sinks[0].effects.len() as u64;
    script.trials.push(large);
    let audit = |effects| {
        Event::Audit(AuditRecord {
            observer: SINK.into(),
            audit: 2,
            effects,
            sweep: true,
        })
    };
    script.late = vec![(6, audit(all))];
    let variant = script.variant();
    assert_eq!(variant.verdict, Verdict::Upheld, "{}", variant.bounds);
    assert_eq!(variant.sinks[0].tally.duplicated, 1);
    script.late = vec![(6, audit(all - 1))];
    assert_eq!(script.variant().reason, Some(Inconclusive::HarnessError));
}

#[test]
fn a_newer_history_is_refused_with_a_sentence() {
    let mut records = Script::upheld(Guarantee::ExactlyOnce).records();
    records[5].v = HISTORY_VERSION + 1;
    let report = fold(&records).report();
    let variant = &report.claims[0].variants[0];
    assert_eq!(variant.reason, Some(Inconclusive::HarnessError));
    assert!(
        variant.bounds.contains("use a newer version"),
        "{}",
        variant.bounds
    );
}

#[test]
fn damaged_trials_are_no_evidence() {
    // Twice the same attempt; a trial started twice; an attempt missing.
    let bends: [fn(&mut Vec<Line>); 3] = [
        |lines| {
            let attempt = lines.iter().find(|l| matches!(l.2, Event::Attempt(_)));
            let attempt = attempt.unwrap().clone();
            lines.insert(5, attempt);
        },
        |lines| {
            let start = lines.iter().find(|l| matches!(l.2, Event::Trial(_)));
            let start = start.unwrap().clone();
            lines.insert(5, start);
        },
        |lines| {
            let attempt = lines.iter().rposition(|l| matches!(l.2, Event::Attempt(_)));
            lines.remove(attempt.unwrap());
        },
    ];
    for bend in bends {
        let records = Script::upheld(Guarantee::ExactlyOnce).records();
        let mut lines: Vec<Line> = records
            .into_iter()
            .map(|r| (r.trial, r.mono_ns, r.event))
            .collect();
        bend(&mut lines);
        let report = fold(&number(lines)).report();
        let variant = &report.claims[0].variants[0];
        assert_eq!(
            variant.reason,
            Some(Inconclusive::HarnessError),
            "{}",
            variant.bounds
        );
    }
}

/// Killed between two cells: what never began is not decided.
#[test]
fn a_selected_cell_that_never_began_is_inconclusive() {
    let script = Script::upheld(Guarantee::ExactlyOnce);
    let mut second = script.cell.info.clone();
    second.variant = "second".into();
    let cells = vec![script.cell.info.clone(), second];
    let mut lines: Vec<Line> = script
        .records()
        .into_iter()
        .map(|r| (r.trial, r.mono_ns, r.event))
        .collect();
    assert_eq!(exactly_check::exit_code(&script.report()), exit::DONE);
    lines.insert(1, (0, 0, Event::Selected(Selected { cells })));
    let report = fold(&number(lines)).report();
    let verdicts: Vec<(&str, Verdict)> = report
        .variants()
        .map(|(_, v)| (v.id.as_str(), v.verdict))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("some-variant", Verdict::Upheld),
            ("second", Verdict::Inconclusive)
        ]
    );
    assert_eq!(exactly_check::exit_code(&report), exit::INCONCLUSIVE);
}
