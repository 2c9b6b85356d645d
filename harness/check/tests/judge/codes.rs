//! For each code a vector that trips it and a near miss that does not.

use crate::support::*;
use exactly_model::*;

/// A change of a history.
pub type Bend = fn(&mut TrialHistory);

/// Bends a clean trial of six messages and two keys and says which primary
/// codes come out.
pub fn check(bend: impl FnOnce(&mut TrialHistory), expected: &[(Code, &[u32])]) -> Judgement {
    let mut history = clean(17, 6, 2);
    bend(&mut history);
    let judgement = judge(&history);
    let expected: Vec<(Code, Vec<u32>)> = expected
        .iter()
        .map(|(code, ids)| (*code, ids.to_vec()))
        .collect();
    assert_eq!(primary(&judgement), expected);
    judgement
}

pub fn undecidable(judgement: &Judgement, code: Code) -> bool {
    judgement.undecidable.iter().any(|u| u.code == code)
}

#[test]
fn a_clean_trial_is_clean_and_everything_is_decidable() {
    let judgement = check(|_| {}, &[]);
    assert_eq!(judgement.anomalies, []);
    assert_eq!(judgement.undecidable, []);
    let (sink, tally) = &judgement.tallies[0];
    assert_eq!(sink, SINK);
    assert_eq!((tally.attempted, tally.ok, tally.effects), (6, 6, 6));
}

/// Sets the positions at the sink so that messages appear in this order.
fn appear(history: &mut TrialHistory, order: &[u32]) {
    let effects: Vec<Effect> = order
        .iter()
        .zip(0..)
        .map(|(seq, position)| effect(history, *seq, position))
        .collect();
    history.sinks[0].effects = effects;
}

#[test]
fn o1_first_effects_out_of_send_order() {
    // Keys alternate: 0, 2, 4 and 1, 3, 5.
    let cases: [(&[u32], &[u32]); 5] = [
        (&[4, 0, 2, 1, 3, 5], &[0, 2]),
        (&[2, 0, 4, 1, 3, 5], &[0]),
        (&[2, 4, 0, 5, 3, 1], &[0, 1, 3]),
        (&[4, 2, 0, 1, 3, 5], &[0, 2]),
        (&[0, 4, 2, 1, 3, 5], &[2]),
    ];
    for (order, ids) in cases {
        let judgement = check(|h| appear(h, order), &[(Code::O1, ids)]);
        assert_eq!(judgement.tallies[0].1.reordered, ids.len() as u64);
    }
}

#[test]
fn o1_near_misses() {
    // Other keys may overtake.
    check(|h| appear(h, &[1, 3, 5, 0, 2, 4]), &[]);
    // 0,2,0,2 is a replay.
    let replay = check(
        |h| appear(h, &[0, 2, 0, 2, 4, 1, 3, 5]),
        &[(Code::D3, &[0, 2])],
    );
    assert_eq!(found(&replay, Code::O1), 0);
    // The order of storage is not the order at the sink.
    check(|h| effects(h).reverse(), &[]);
    // The overtaken one was not acknowledged.
    check(
        |h| {
            appear(h, &[2, 0, 4, 1, 3, 5]);
            h.attempts[0].outcome = Outcome::Unknown;
        },
        &[(Code::G4, &[0])],
    );
    // Equal positions are one step.
    check(
        |h| effects(h).iter_mut().for_each(|e| e.position = Some(1)),
        &[],
    );
}

#[test]
fn o1_without_positions_or_with_concurrent_sends_is_undecidable() {
    let judgement = check(
        |h| {
            appear(h, &[2, 0, 4, 1, 3, 5]);
            effects(h)[5].position = None;
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::O1));
    let judgement = check(
        |h| {
            appear(h, &[2, 0, 4, 1, 3, 5]);
            h.feed_concurrency = 2;
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::O1));
}

#[test]
fn g1_an_effect_of_no_message() {
    let strangers = [(RUN + 1, 17, 0), (RUN, 17, 6)];
    for (run, trial, seq) in strangers {
        let judgement = check(
            |h| effects(h).push(bare_effect(run, trial, seq, 99)),
            &[(Code::G1, &[])],
        );
        assert_eq!(judgement.tallies[0].1.phantom, 1);
        assert_eq!(judgement.tallies[0].1.duplicated, 0);
    }
}

#[test]
fn g1_near_miss_an_id_of_another_trial_is_for_the_fold() {
    let judgement = check(|h| effects(h).push(bare_effect(RUN, 16, 0, 99)), &[]);
    assert_eq!(judgement.tallies[0].1.effects, 6);
}

#[test]
fn g4_an_unknown_attempt_that_happened() {
    let judgement = check(
        |h| h.attempts[2].outcome = Outcome::Unknown,
        &[(Code::G4, &[2])],
    );
    let tally = judgement.tallies[0].1;
    assert_eq!((tally.unknown, tally.recovered, tally.ok), (1, 1, 5));
}

#[test]
fn i2_content_that_was_not_sent() {
    let changes: [fn(&mut Effect); 4] = [
        |e| e.key = Some(1),
        |e| e.key = Some(u32::MAX),
        |e| e.key_seq = Some(99),
        |e| e.checksum = Some(0),
    ];
    for change in changes {
        let judgement = check(|h| change(&mut effects(h)[2]), &[(Code::I2, &[2])]);
        assert_eq!(judgement.tallies[0].1.corrupted, 1);
    }
}

#[test]
fn i2_near_misses() {
    // What is not carried cannot differ, as long as something is carried.
    let judgement = check(
        |h| {
            for effect in effects(h) {
                effect.checksum = None;
                effect.key_seq = None;
            }
        },
        &[],
    );
    assert!(!undecidable(&judgement, Code::I2));
    let judgement = check(
        |h| {
            let effect = &mut effects(h)[2];
            (effect.key, effect.key_seq, effect.checksum) = (None, None, None);
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::I2));
}

#[test]
fn v1_work_left_and_no_progress() {
    let judgement = check(
        |h| h.settle = Some(settle(SettleHow::Stuck, 3)),
        &[(Code::V1, &[])],
    );
    let v1 = &judgement.anomalies[0];
    assert_eq!((v1.sink.as_str(), v1.count), ("", 1));
}

#[test]
fn v1_near_miss_the_limit_with_progress() {
    check(|h| h.settle = Some(settle(SettleHow::Limit, 3)), &[]);
    let judgement = check(|h| h.settle = None, &[]);
    assert!(undecidable(&judgement, Code::V1));
}

#[test]
fn x1_reported_as_failed_and_yet_in_effect() {
    let judgement = check(
        |h| h.attempts[2].outcome = Outcome::Fail,
        &[(Code::X1, &[2])],
    );
    assert_eq!(judgement.tallies[0].1.failed, 1);
    // Twice: the duplicate is the more specific finding.
    let judgement = check(
        |h| {
            h.attempts[2].outcome = Outcome::Fail;
            double(h, 2);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::X1), 1);
}

#[test]
fn sinks_are_judged_apart() {
    let mut history = clean(17, 6, 2);
    let mut mails = history.sinks[0].clone();
    mails.observer = "mails".into();
    mails.effects.remove(1);
    history.sinks.push(mails);
    double(&mut history, 4);
    let judgement = judge(&history);
    let seen: Vec<(Code, &str, &[u32])> = judgement
        .anomalies
        .iter()
        .filter(|a| a.primary)
        .map(|a| (a.code, a.sink.as_str(), a.ids.as_slice()))
        .collect();
    assert_eq!(
        seen,
        [
            (Code::L1, "mails", [1].as_slice()),
            (Code::D3, "orders", [4].as_slice())
        ]
    );
    assert_eq!(judgement.tallies[0].1.lost, 0);
    assert_eq!(judgement.tallies[1].1.duplicated, 0);
}

#[test]
fn what_is_no_evidence_says_so_and_finds_nothing() {
    let worthless: [(&str, Bend); 5] = [
        ("broken pipe", |h| h.error = Some("broken pipe".into())),
        ("no audit of 'orders'", |h| h.sinks[0].complete = false),
        ("no sink", |h| h.sinks.clear()),
        ("without gaps", |h| {
            h.attempts.remove(3);
        }),
        ("key that is not listed", |h| h.attempts[0].key = 9),
    ];
    for (reason, change) in worthless {
        let mut history = clean(17, 6, 2);
        lose(&mut history, 2);
        change(&mut history);
        let judgement = exactly_check::Judging.judge(&history);
        assert!(!judgement.valid);
        assert_eq!(judgement.anomalies, []);
        let because = judgement.invalid_because.unwrap();
        assert!(because.contains(reason), "{because}");
    }
}
