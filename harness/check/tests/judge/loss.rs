//! L1, L3 and L4: for each a vector that trips it and a near miss that does not.

use super::codes::{check, undecidable};
use crate::support::*;
use exactly_model::*;

#[test]
fn l1_an_acknowledged_message_without_effect() {
    let judgement = check(|h| lose(h, 2), &[(Code::L1, &[2])]);
    assert_eq!(judgement.tallies[0].1.lost, 1);
    // The position is past it: the cause stands beside it, not as primary.
    let codes = [Code::L1, Code::L4, Code::T3];
    assert_eq!(judgement.codes(), codes);
    assert_eq!(found(&judgement, Code::T3), 1);
}

#[test]
fn l1_near_misses() {
    // Not acknowledged, so not lost, and no anomaly at all.
    for outcome in [Outcome::Unknown, Outcome::Fail] {
        let judgement = check(
            |h| {
                lose(h, 2);
                h.attempts[2].outcome = outcome;
            },
            &[],
        );
        assert_eq!(judgement.tallies[0].1.lost, 0);
    }
}

#[test]
fn l1_one_of_two_declared_effects_is_missing() {
    check(
        |h| {
            h.sinks[0].effects_per_message = 2;
            for seq in [0, 1, 3, 4, 5] {
                double(h, seq);
            }
        },
        &[(Code::L1, &[2])],
    );
}

#[test]
fn l3_when_rest_is_not_proven() {
    type Unproven = (Option<Settle>, &'static [(Code, &'static [u32])]);
    let unproven: [Unproven; 4] = [
        (None, &[(Code::L3, &[2])]),
        (Some(settle(SettleHow::Limit, 1)), &[(Code::L3, &[2])]),
        // It says so, and contradicts itself: no proof.
        (Some(settle(SettleHow::Quiescent, 3)), &[(Code::L3, &[2])]),
        (
            Some(settle(SettleHow::Stuck, 1)),
            &[(Code::L3, &[2]), (Code::V1, &[])],
        ),
    ];
    for (settle, expected) in unproven {
        let judgement = check(
            |h| {
                lose(h, 2);
                h.settle = settle;
            },
            expected,
        );
        assert_eq!(judgement.tallies[0].1.lost, 0);
        assert!(undecidable(&judgement, Code::L1));
        assert!(undecidable(&judgement, Code::D3));
        // Committed ahead is information; T3 needs quiescence.
        assert_eq!(found(&judgement, Code::L4), 1);
        assert_eq!(found(&judgement, Code::T3), 0);
    }
}

#[test]
fn l3_near_miss_nothing_is_missing() {
    let judgement = check(|h| h.settle = Some(settle(SettleHow::Limit, 1)), &[]);
    // Everything acknowledged is there; a late duplicate is not ruled out.
    assert!(!undecidable(&judgement, Code::L1));
    assert!(undecidable(&judgement, Code::D3));
}

#[test]
fn l4_needs_a_commit_past_the_message() {
    type Committed = (i64, bool);
    for (next, ahead) in [(3, true), (6, true), (2, false), (0, false)] as [Committed; 4] {
        let judgement = check(
            |h| {
                lose(h, 2);
                h.exchanges.clear();
                h.committed.as_mut().unwrap()[0].offset = next;
            },
            &[(Code::L1, &[2])],
        );
        assert_eq!(found(&judgement, Code::L4) == 1, ahead, "next {next}");
        assert_eq!(found(&judgement, Code::T3) == 1, ahead, "next {next}");
    }
}

#[test]
fn l4_from_exchanges_alone_and_not_from_dropped_ones() {
    let cases = [
        (Fate::Answered, Outcome::Ok, 1),
        (Fate::Applied, Outcome::Ok, 1),
        (Fate::Late, Outcome::Ok, 1),
        (Fate::Unanswered, Outcome::Unknown, 0),
        (Fate::Dropped, Outcome::Unknown, 0),
        (Fate::Answered, Outcome::Fail, 0),
    ];
    for (fate, outcome, expected) in cases {
        let judgement = check(
            |h| {
                lose(h, 2);
                h.committed = None;
                h.exchanges = vec![ExchangeRecord {
                    fate,
                    outcome,
                    ..commit(5_000, 1, 3)
                }];
            },
            &[(Code::L1, &[2])],
        );
        assert_eq!(
            found(&judgement, Code::L4),
            expected,
            "{fate:?} {outcome:?}"
        );
    }
}

#[test]
fn l4_of_another_log_or_partition_is_no_evidence() {
    for change in [
        (|p: &mut Position| p.partition = 1) as fn(&mut Position),
        |p| p.target = "topic.other".into(),
    ] {
        let judgement = check(
            |h| {
                lose(h, 2);
                h.exchanges.clear();
                change(&mut h.committed.as_mut().unwrap()[0]);
            },
            &[(Code::L1, &[2])],
        );
        assert_eq!(judgement.codes(), [Code::L1]);
    }
}
