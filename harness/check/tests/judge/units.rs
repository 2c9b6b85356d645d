//! Units. T1 and T5: for each a vector that trips it and near misses that do not.

use super::codes::{Bend, check, undecidable};
use crate::support::*;
use exactly_model::*;

/// Declares two effects a message; all have them.
fn two_each(history: &mut TrialHistory) {
    history.sinks[0].effects_per_message = 2;
    (0..6).for_each(|seq| double(history, seq));
}

/// Takes one effect of `seq` away.
fn lose_one(history: &mut TrialHistory, seq: u32) {
    let all = effects(history);
    let at = all.iter().position(|e| e.id.sequence() == seq).unwrap();
    all.remove(at);
}

#[test]
fn t1_some_of_the_declared_effects() {
    let judgement = check(
        |h| {
            two_each(h);
            lose_one(h, 2);
        },
        &[(Code::L1, &[2])],
    );
    assert_eq!(judgement.tallies[0].1.torn, 1);
    assert_eq!(found(&judgement, Code::T1), 1);
    // Whatever its sender was told: what is there in part did happen.
    let judgement = check(
        |h| {
            two_each(h);
            lose_one(h, 2);
            h.attempts[2].outcome = Outcome::Unknown;
        },
        &[(Code::T1, &[2])],
    );
    assert_eq!(found(&judgement, Code::G4), 1);
}

#[test]
fn t1_near_misses() {
    assert_eq!(check(two_each, &[]).undecidable, []);
    // All of it is missing: lost, not torn.
    let judgement = check(
        |h| {
            two_each(h);
            lose(h, 2);
        },
        &[(Code::L1, &[2])],
    );
    assert_eq!(judgement.tallies[0].1.torn, 0);
    // More than declared: double, not torn.
    let judgement = check(
        |h| {
            two_each(h);
            double(h, 2);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::T1), 0);
    // The rest of it may still come.
    let judgement = check(
        |h| {
            two_each(h);
            lose_one(h, 2);
            h.settle = Some(settle(SettleHow::Limit, 1));
        },
        &[(Code::L3, &[2])],
    );
    assert!(undecidable(&judgement, Code::T1));
    // One effect a message has no parts, and needs no proof of it.
    let judgement = check(|h| h.settle = Some(settle(SettleHow::Limit, 1)), &[]);
    assert!(!undecidable(&judgement, Code::T1));
}

/// A second sink, of two effects a message, that shares the step of the first.
fn together(history: &mut TrialHistory) {
    let mut second = history.sinks[0].clone();
    second.observer = "mails".into();
    second.effects_per_message = 2;
    second.effects = [second.effects.clone(), second.effects].concat();
    history.sinks.push(second);
    history.together = vec![vec![SINK.into(), "mails".into()]];
}

fn torn(judgement: &Judgement) -> Vec<(&str, Vec<u32>)> {
    let of_code = judgement.anomalies.iter().filter(|a| a.code == Code::T1);
    of_code.map(|a| (a.sink.as_str(), a.ids.clone())).collect()
}

#[test]
fn t1_one_sink_of_the_step_has_it_and_another_has_not() {
    let without = |h: &mut TrialHistory, sink: usize, seq: u32| {
        h.sinks[sink].effects.retain(|e| e.id.sequence() != seq);
    };
    // Acknowledged: a loss there, and torn.
    let judgement = check(
        |h| {
            together(h);
            without(h, 1, 2);
        },
        &[(Code::L1, &[2])],
    );
    assert_eq!(torn(&judgement), [("mails", vec![2])]);
    let tallies: Vec<u64> = judgement.tallies.iter().map(|(_, t)| t.torn).collect();
    assert_eq!(tallies, [0, 1]);
    // Of an unknown outcome: nothing is lost, and yet one has it.
    let judgement = check(
        |h| {
            together(h);
            without(h, 0, 2);
            h.attempts[2].outcome = Outcome::Unknown;
        },
        &[(Code::G4, &[2]), (Code::T1, &[2])],
    );
    assert_eq!(torn(&judgement), [(SINK, vec![2])]);
    // Both ways at one sink, counted once each.
    let judgement = check(
        |h| {
            together(h);
            without(h, 1, 2);
            let at = h.sinks[1].effects.iter().position(|e| e.id.sequence() == 4);
            h.sinks[1].effects.remove(at.unwrap());
        },
        &[(Code::L1, &[2, 4])],
    );
    assert_eq!(torn(&judgement), [("mails", vec![2, 4])]);
}

/// The judgement of a trial whose rows and mails are one step, the mails in `system`.
fn split_over(system: &str, bend: impl Fn(&mut TrialHistory)) -> Judgement {
    let mut history = clean(17, 6, 2);
    together(&mut history);
    bend(&mut history);
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let mails = Observer {
        kind: SinkKind::Mail,
        system: system.into(),
        effects_per_message: 2,
        ..observer("mails")
    };
    script.cell.info.observers = vec![observer(SINK), mails];
    script.cell.info.units.clone_from(&history.together);
    script.trials = vec![history];
    let mut fold = exactly_check::Fold::new();
    let records = script.records();
    let finished = records.iter().find_map(|record| fold.push(record));
    finished.unwrap().judgement
}

#[test]
fn t2_one_system_has_it_and_another_has_not() {
    // Whatever the sender was told: a mail for a row that is not there.
    for (outcome, primary) in [(Outcome::Ok, Code::L1), (Outcome::Unknown, Code::T2)] {
        let without_row = |h: &mut TrialHistory| {
            h.attempts[2].outcome = outcome;
            lose(h, 2);
        };
        let judgement = split_over("smtp", without_row);
        let of_code = judgement.anomalies.iter().filter(|a| a.code == Code::T2);
        let split: Vec<_> = of_code.map(|a| (a.sink.as_str(), a.ids.clone())).collect();
        assert_eq!(split, [(SINK, vec![2])]);
        assert_eq!(torn(&judgement), []);
        let mut at_rows = judgement.anomalies.iter().filter(|a| a.sink == SINK);
        assert!(at_rows.any(|a| a.primary && a.code == primary && a.ids == [2]));
        let tallies: Vec<u64> = judgement.tallies.iter().map(|(_, t)| t.torn).collect();
        assert_eq!(tallies, [1, 0]);
        // In one system a transaction would have been there for the asking.
        let judgement = split_over("pg", without_row);
        assert_eq!(torn(&judgement), [(SINK, vec![2])]);
        assert_eq!(found(&judgement, Code::T2), 0);
    }
}

#[test]
fn t2_near_misses() {
    let silent: [(&str, Bend); 3] = [
        ("both have it", |_| {}),
        ("none has it", |h| {
            h.attempts[2].outcome = Outcome::Unknown;
            for sink in &mut h.sinks {
                sink.effects.retain(|e| e.id.sequence() != 2);
            }
        }),
        ("they share no step", |h| {
            h.together.clear();
            lose(h, 2);
        }),
    ];
    for (why, bend) in silent {
        assert_eq!(found(&split_over("smtp", bend), Code::T2), 0, "{why}");
    }
    let at_work = split_over("smtp", |h| h.settle = None);
    assert!(undecidable(&at_work, Code::T2));
}

#[test]
fn t1_near_misses_of_a_step() {
    let silent: [(&str, Bend); 4] = [
        ("both have it", |_| {}),
        ("none has it", |h| {
            h.attempts[2].outcome = Outcome::Unknown;
            for sink in &mut h.sinks {
                sink.effects.retain(|e| e.id.sequence() != 2);
            }
        }),
        ("they share no step", |h| {
            h.attempts[2].outcome = Outcome::Unknown;
            h.together.clear();
            lose(h, 2);
        }),
        ("a step of one sink is none", |h| {
            h.attempts[2].outcome = Outcome::Unknown;
            h.together = vec![vec!["mails".into()], vec![SINK.into(), "none".into()]];
            lose(h, 2);
        }),
    ];
    for (why, bend) in silent {
        let mut history = clean(17, 6, 2);
        together(&mut history);
        bend(&mut history);
        assert_eq!(found(&judge(&history), Code::T1), 0, "{why}");
    }
    // The other one has only a part of it itself: that is where it is torn.
    let mut history = clean(17, 6, 2);
    together(&mut history);
    lose(&mut history, 2);
    let at = history.sinks[1]
        .effects
        .iter()
        .position(|e| e.id.sequence() == 2);
    history.sinks[1].effects.remove(at.unwrap());
    assert_eq!(torn(&judge(&history)), [("mails", vec![2])]);
}

#[test]
fn t1_not_at_rest_is_undecidable_for_a_step() {
    let mut history = clean(17, 6, 2);
    together(&mut history);
    history.settle = None;
    assert!(undecidable(&judge(&history), Code::T1));
}

const COMMIT: &str = "EndTxn commit";

/// Each message in a transaction of its own, committed by its own request.
fn in_units(history: &mut TrialHistory) {
    as_log(history, View::ReadCommitted);
    history.units = (0..6).map(|n| format!("unit-{n}")).collect();
    for effect in effects(history) {
        effect.unit = Some(effect.id.sequence());
    }
    history.exchanges.clear();
    for seq in 0..6 {
        let at = 1_000 * u64::from(seq) + 1_000;
        history.exchanges.push(exchange(at, 1, "Produce", &[seq]));
        let end = ExchangeRecord {
            commits: vec![position(seq + 1)],
            ..exchange(at + 500, 1, COMMIT, &[seq])
        };
        history.exchanges.push(end);
    }
}

/// The request to commit message `seq`.
fn end_of(history: &mut TrialHistory, seq: u32) -> &mut ExchangeRecord {
    let mut exchanges = history.exchanges.iter_mut();
    let end = |e: &&mut ExchangeRecord| e.point.operation == COMMIT && e.point.ids == [seq];
    exchanges.find(end).unwrap()
}

#[test]
fn units_that_were_committed_by_their_own_request_are_fine() {
    let judgement = check(in_units, &[]);
    assert_eq!(judgement.undecidable, []);
    assert_eq!(judgement.anomalies, []);
}

#[test]
fn t5_a_late_record_joins_the_next_transaction() {
    // Produced late: the request was aborted long ago, and the unit of 3 has it.
    check(
        |h| {
            in_units(h);
            end_of(h, 2).point.operation = "EndTxn abort".into();
            effects(h)[2].unit = Some(3);
        },
        &[(Code::T5, &[2])],
    );
}

#[test]
fn t5_committed_though_nobody_asked_for_it() {
    // Its own request was refused, or never arrived: somebody else's did it.
    for (fate, outcome) in [
        (Fate::Answered, Outcome::Fail),
        (Fate::Dropped, Outcome::Unknown),
    ] {
        check(
            |h| {
                in_units(h);
                let end = end_of(h, 2);
                (end.fate, end.outcome) = (fate, outcome);
            },
            &[(Code::T5, &[2])],
        );
    }
    // Nor did it ask for two of them together: which is the stranger is open.
    check(
        |h| {
            in_units(h);
            effects(h)[2].unit = Some(3);
        },
        &[(Code::T5, &[2, 3])],
    );
}

#[test]
fn t5_near_misses() {
    let silent: [(&str, Bend); 8] = [
        ("one request for both", |h| {
            effects(h)[2].unit = Some(3);
            let end = end_of(h, 3);
            end.point.ids = vec![2, 3];
        }),
        ("the request was sent twice", |h| {
            end_of(h, 2).fate = Fate::Unanswered;
            end_of(h, 2).outcome = Outcome::Unknown;
            h.exchanges.push(exchange(3_900, 1, COMMIT, &[2]));
        }),
        ("no answer to it, so that it may have been applied", |h| {
            end_of(h, 2).fate = Fate::Unanswered;
            end_of(h, 2).outcome = Outcome::Unknown;
        }),
        ("redelivered into a second unit", |h| {
            append(h, 2, 9, View::ReadCommitted);
            h.units.push("unit-6".into());
            effects(h).last_mut().unwrap().unit = Some(6);
            h.exchanges.push(exchange(9_000, 2, "Produce", &[2]));
            h.exchanges.push(exchange(9_500, 2, COMMIT, &[2]));
        }),
        ("an old owner's request hides what is open", |h| {
            // Its own incarnation put 2 and 3 into effect and committed; the label
            // of the request has lost 2.
            effects(h)[2].unit = Some(3);
            h.exchanges
                .retain(|e| e.point.operation != COMMIT || e.point.ids != [2]);
        }),
        ("the boundary saw no ids", |h| {
            for exchange in &mut h.exchanges {
                exchange.point.ids.clear();
            }
        }),
        ("the exchanges are not kept", |h| h.exchanges.clear()),
        ("no unit is named", |h| {
            end_of(h, 2).fate = Fate::Dropped;
            effects(h).iter_mut().for_each(|e| e.unit = None);
        }),
    ];
    for (why, bend) in silent {
        let mut history = clean(17, 6, 2);
        in_units(&mut history);
        bend(&mut history);
        history.exchanges.sort_by_key(|e| e.request_ns);
        let judgement = judge(&history);
        assert_eq!(found(&judgement, Code::T5), 0, "{why}");
        let blind = why.contains("no ids") || why.contains("not kept");
        assert_eq!(undecidable(&judgement, Code::T5), blind, "{why}");
    }
}
