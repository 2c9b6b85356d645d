//! D4, D5, D6 and L7: for each a vector that trips it and near misses that do not.

use super::codes::{check, undecidable};
use crate::support::*;
use exactly_model::*;

/// The system of the sink, as `exchange` names it.
fn system(history: &TrialHistory) -> String {
    history.exchanges[0].point.system.clone()
}

fn horizon(history: &mut TrialHistory, at_ns: u64, system: &str) {
    let passed = HorizonRecord {
        system: system.into(),
        what: "the deduplication window".into(),
        seconds: 300,
    };
    history.horizons.push((at_ns, passed));
}

/// Message 2 is made at 2 000 or so, and again at 50 000.
fn made_again(history: &mut TrialHistory) {
    double(history, 2);
    history.exchanges.push(exchange(50_000, 2, "COMMIT", &[2]));
}

fn codes_of(judgement: &Judgement, code: Code) -> Vec<u32> {
    let of = judgement.anomalies.iter().filter(|a| a.code == code);
    of.flat_map(|a| a.ids.iter().copied()).collect()
}

#[test]
fn d4_made_again_when_the_system_had_forgotten() {
    let judgement = check(
        |h| {
            made_again(h);
            let system = system(h);
            horizon(h, 40_000, &system);
        },
        &[(Code::D4, &[2])],
    );
    assert_eq!(codes_of(&judgement, Code::D3), [2], "it stays as evidence");
    let d4 = judgement.anomalies.iter().find(|a| a.code == Code::D4);
    assert!(
        d4.unwrap()
            .detail
            .contains("the deduplication window, 300 s")
    );
}

#[test]
fn d4_near_misses() {
    // Both attempts after the window, both before it, and no window at all.
    for at in [10, 60_000] {
        check(
            |h| {
                made_again(h);
                let system = system(h);
                horizon(h, at, &system);
            },
            &[(Code::D3, &[2])],
        );
    }
    check(made_again, &[(Code::D3, &[2])]);
    // The first one never reached the system.
    check(
        |h| {
            made_again(h);
            let system = system(h);
            horizon(h, 40_000, &system);
            let first = h.exchanges.iter_mut().filter(|e| e.request_ns < 40_000);
            first.for_each(|e| e.sent_ns = None);
        },
        &[(Code::D3, &[2])],
    );
}

#[test]
fn d5_effects_that_do_not_agree() {
    let judgement = check(
        |h| {
            double(h, 2);
            effects(h).last_mut().unwrap().checksum = Some(7);
        },
        &[(Code::D5, &[2])],
    );
    assert_eq!(codes_of(&judgement, Code::D3), [2]);
    assert_eq!(codes_of(&judgement, Code::I2), [2]);
}

#[test]
fn d5_near_misses() {
    check(|h| double(h, 2), &[(Code::D3, &[2])]);
    // One effect that differs from what was sent has no other to differ from.
    check(|h| effects(h)[2].checksum = Some(7), &[(Code::I2, &[2])]);
}

/// Message 2 was accepted and has no effect.
fn accepted_and_gone(history: &mut TrialHistory, duplicate_of: &[u32]) {
    effects(history).retain(|e| e.id.sequence() != 2);
    let accepted = history.exchanges.iter_mut();
    for exchange in accepted.filter(|e| e.class == Class::Effect && e.point.ids == [2]) {
        exchange.duplicate_of = duplicate_of.to_vec();
    }
}

#[test]
fn d6_taken_for_another_message() {
    let judgement = check(|h| accepted_and_gone(h, &[0]), &[(Code::D6, &[2])]);
    assert_eq!(codes_of(&judgement, Code::L1), [2]);
    assert_eq!(judgement.tallies[0].1.lost, 1);
}

#[test]
fn d6_near_misses() {
    // Its own repetition, and no word of a duplicate.
    check(|h| accepted_and_gone(h, &[2]), &[(Code::L1, &[2])]);
    check(|h| accepted_and_gone(h, &[]), &[(Code::L1, &[2])]);
    // It was refused: nobody told the sender that it was accepted.
    check(
        |h| {
            accepted_and_gone(h, &[0]);
            let refused = h.exchanges.iter_mut();
            for exchange in refused.filter(|e| e.point.ids == [2]) {
                exchange.outcome = Outcome::Fail;
            }
        },
        &[(Code::L1, &[2])],
    );
    // Taken for another, and there all the same.
    check(
        |h| {
            let taken = h.exchanges.iter_mut();
            for exchange in taken.filter(|e| e.class == Class::Effect && e.point.ids == [2]) {
                exchange.duplicate_of = vec![0];
            }
        },
        &[],
    );
}

fn put_aside(history: &mut TrialHistory, id: MessageId) {
    history.put_aside.push(PutAsideRecord {
        system: "sqs".into(),
        id,
        how: "received once, now in orders-dlq".into(),
    });
}

fn own_id(history: &TrialHistory, sequence: u32) -> MessageId {
    MessageId::new(history.run, history.trial, sequence).unwrap()
}

#[test]
fn l7_given_up_by_the_system() {
    let judgement = check(
        |h| {
            effects(h).retain(|e| e.id.sequence() != 2);
            let id = own_id(h, 2);
            put_aside(h, id);
        },
        &[(Code::L7, &[2])],
    );
    assert_eq!(codes_of(&judgement, Code::L1), [2]);
}

#[test]
fn l7_near_misses() {
    // Put aside and fed again: it has an effect.
    check(
        |h| {
            let id = own_id(h, 2);
            put_aside(h, id);
        },
        &[],
    );
    // Another message, and one of another trial.
    for (trial, sequence) in [(0, 3), (1, 2)] {
        check(
            |h| {
                effects(h).retain(|e| e.id.sequence() != 2);
                let id = MessageId::new(h.run, h.trial + trial, sequence).unwrap();
                put_aside(h, id);
            },
            &[(Code::L1, &[2])],
        );
    }
}

#[test]
fn without_proven_rest_a_loss_has_no_cause_yet() {
    let judgement = check(
        |h| {
            accepted_and_gone(h, &[0]);
            h.settle = None;
        },
        &[(Code::L3, &[2])],
    );
    assert!(undecidable(&judgement, Code::L1));
}
