//! Owners. F1 and F2: for each a vector that trips it and near misses that do not.

use super::codes::{Bend, undecidable};
use crate::support::*;
use exactly_model::*;

/// Frozen before its COMMIT of message 2, replaced, and woken up again: worker#1
/// commits the row when worker#2 has committed it already.
pub fn woken(history: &mut TrialHistory) {
    double(history, 2);
    history.exchanges.retain(|e| e.request_ns < 3_000);
    history.exchanges.push(exchange(3_000, 1, "INSERT", &[2]));
    history
        .incarnations
        .insert(1, (4_000, state(2, IncarnationState::Started)));
    for seq in 2..6 {
        let at = 10_000 + 1_000 * u64::from(seq);
        history.exchanges.push(exchange(at, 2, "INSERT", &[seq]));
        history
            .exchanges
            .push(exchange(at + 200, 2, "COMMIT", &[seq]));
        history.exchanges.push(commit(at + 500, 2, seq));
    }
    history.exchanges.push(exchange(20_000, 1, "COMMIT", &[2]));
}

fn last(history: &mut TrialHistory) -> &mut ExchangeRecord {
    history.exchanges.last_mut().unwrap()
}

#[test]
fn f1_the_old_owner_makes_an_effect_after_the_new_one() {
    let mut history = clean(17, 6, 2);
    woken(&mut history);
    let judgement = judge(&history);
    assert_eq!(primary(&judgement), [(Code::D3, vec![2])]);
    assert_eq!(found(&judgement, Code::F1), 1);
    // The only effect of the message, and by the old owner: F1 says it all.
    let mut history = clean(17, 6, 2);
    woken(&mut history);
    history
        .exchanges
        .retain(|e| e.incarnation == 1 || e.class == Class::Ack || e.point.ids != [2]);
    effects(&mut history).pop();
    assert_eq!(primary(&judge(&history)), [(Code::F1, vec![2])]);
    // Delivered late for a dead sender: the dead act as well.
    let mut history = clean(17, 6, 2);
    woken(&mut history);
    last(&mut history).fate = Fate::Late;
    assert_eq!(found(&judge(&history), Code::F1), 1);
}

#[test]
fn f1_near_misses() {
    let silent: [(&str, Bend); 9] = [
        (
            "sent before the new owner's first effect was confirmed",
            |h| {
                last(h).sent_ns = Some(12_250);
            },
        ),
        ("fenced", |h| {
            last(h).fenced = true;
            last(h).outcome = Outcome::Fail;
            effects(h).pop();
        }),
        ("never arrived", |h| {
            last(h).fate = Fate::Dropped;
            effects(h).pop();
        }),
        ("no answer: it may not have been applied", |h| {
            last(h).fate = Fate::Unanswered;
            last(h).outcome = Outcome::Unknown;
        }),
        ("an inbox swallowed it", |h| {
            effects(h).pop();
        }),
        ("rolled back", |h| {
            last(h).point.operation = "ROLLBACK".into();
            effects(h).pop();
        }),
        ("a statement whose transaction was never committed", |h| {
            last(h).point.operation = "INSERT".into();
            last(h).fate = Fate::Late;
            h.exchanges.push(exchange(30_000, 2, "INSERT", &[2]));
            h.exchanges.push(exchange(30_100, 2, "COMMIT", &[2]));
        }),
        ("the new owner itself", |h| last(h).incarnation = 2),
        ("another process", |h| {
            last(h).point.process = "other".into()
        }),
    ];
    for (why, bend) in silent {
        let mut history = clean(17, 6, 2);
        woken(&mut history);
        bend(&mut history);
        let judgement = judge(&history);
        assert_eq!(found(&judgement, Code::F1), 0, "{why}");
        // Where no effect is too many, nobody is to blame.
        let doubled = found(&judgement, Code::D3) > 0;
        assert!(doubled || !undecidable(&judgement, Code::F1), "{why}");
    }
}

#[test]
fn f1_is_undecidable_where_a_double_has_no_single_maker() {
    // One of three COMMITs made nothing, and nobody knows which.
    let mut history = clean(17, 6, 2);
    woken(&mut history);
    history.exchanges.push(exchange(30_000, 3, "COMMIT", &[2]));
    let judgement = judge(&history);
    assert_eq!(found(&judgement, Code::F1), 0);
    assert!(undecidable(&judgement, Code::F1));
    // Histories that do not say when exchanges ended.
    let mut history = clean(17, 6, 2);
    woken(&mut history);
    history.exchanges.iter_mut().for_each(|e| e.ended_ns = 0);
    assert!(undecidable(&judge(&history), Code::F1));
    // Nobody was ever replaced: nothing to ask for.
    let mut history = clean(17, 6, 2);
    history.exchanges.iter_mut().for_each(|e| e.ended_ns = 0);
    assert!(!undecidable(&judge(&history), Code::F1));
    history.exchanges.clear();
    assert!(undecidable(&judge(&history), Code::F1));
    assert!(undecidable(&judge(&history), Code::F2));
}

/// A log beside the table: worker#1 is fenced there, and not at the table.
fn two_systems(history: &mut TrialHistory) {
    woken(history);
    let mut records = history.sinks[0].clone();
    records.observer = "records".into();
    records.effects.truncate(6);
    history.sinks.push(records);
    for seq in 2..6 {
        let at = 12_100 + 1_000 * u64::from(seq - 2);
        let mut produce = exchange(at, 2, "Produce", &[seq]);
        produce.point.system = "k".into();
        history.exchanges.push(produce);
    }
    let mut fenced = exchange(20_500, 1, "Produce", &[2]);
    fenced.point.system = "k".into();
    (fenced.fenced, fenced.outcome) = (true, Outcome::Fail);
    history.exchanges.push(fenced);
    history.exchanges.sort_by_key(|e| e.request_ns);
}

#[test]
fn f1_is_told_of_the_system_that_was_asked() {
    let mut script = Script::upheld(Guarantee::ExactlyOnce);
    let records = Observer {
        system: "k".into(),
        ..observer("records")
    };
    script.cell.info.observers.push(records.clone());
    script.cell.pipeline.observers.push(records);
    for trial in &mut script.trials {
        let mut second = trial.sinks[0].clone();
        second.observer = "records".into();
        trial.sinks.push(second);
    }
    script.trial(4).sinks.pop();
    two_systems(script.trial(4));
    let variant = script.variant();
    let f1: Vec<&str> = variant
        .anomalies
        .iter()
        .filter(|a| a.code == Code::F1)
        .map(|a| a.sink.as_str())
        .collect();
    assert_eq!(f1, [SINK]);
    // A trial alone does not know which system a sink belongs to.
    let mut history = clean(17, 6, 2);
    two_systems(&mut history);
    assert_eq!(found(&judge(&history), Code::F1), 0);
}

/// worker#1 was killed; worker#2, the only one, is told that it is none.
fn fenced(history: &mut TrialHistory) {
    history
        .incarnations
        .insert(1, (3_700, state(1, IncarnationState::Killed)));
    history
        .incarnations
        .insert(2, (4_000, state(2, IncarnationState::Started)));
    let refused = ExchangeRecord {
        fenced: true,
        outcome: Outcome::Fail,
        ..exchange(5_000, 2, "Produce", &[3])
    };
    history.exchanges.push(refused);
}

#[test]
fn f2_the_only_owner_is_fenced() {
    let mut history = clean(17, 6, 2);
    fenced(&mut history);
    let judgement = judge(&history);
    assert_eq!(primary(&judgement), [(Code::F2, vec![3])]);
    assert_eq!(judgement.anomalies[0].sink, "");
    assert!(judgement.anomalies[0].detail.contains("worker#2"));
    // A request that carries no message is a finding as well.
    last(&mut history).point.ids.clear();
    assert_eq!(primary(&judge(&history)), [(Code::F2, vec![])]);
    // However the older one ended.
    for end in [IncarnationState::Exited, IncarnationState::Stopped] {
        history.incarnations[1].1.state = end;
        assert_eq!(found(&judge(&history), Code::F2), 1);
    }
}

#[test]
fn f2_near_misses() {
    let silent: [(&str, Bend); 7] = [
        ("the older one still lives", |h| {
            h.incarnations.remove(1);
        }),
        ("the older one ended after the request", |h| {
            h.incarnations[1].0 = 5_001;
        }),
        ("a newer one had begun before the answer", |h| {
            h.incarnations
                .push((5_050, state(3, IncarnationState::Started)));
        }),
        (
            "nobody knows when it was answered, and a newer one came",
            |h| {
                last(h).ended_ns = 0;
                h.incarnations
                    .push((9_000, state(3, IncarnationState::Started)));
            },
        ),
        ("it is the old one that is fenced", |h| {
            last(h).incarnation = 1
        }),
        ("refused for another reason", |h| last(h).fenced = false),
        ("nobody saw it start", |h| {
            h.incarnations
                .retain(|(_, r)| (r.incarnation, r.state) != (2, IncarnationState::Started));
        }),
    ];
    for (why, bend) in silent {
        let mut history = clean(17, 6, 2);
        fenced(&mut history);
        bend(&mut history);
        assert_eq!(found(&judge(&history), Code::F2), 0, "{why}");
    }
    // A newer one that began after the answer takes nothing back.
    let mut history = clean(17, 6, 2);
    fenced(&mut history);
    history
        .incarnations
        .push((5_200, state(3, IncarnationState::Started)));
    assert_eq!(found(&judge(&history), Code::F2), 1);
}
