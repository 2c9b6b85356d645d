//! Sinks that are logs. D1, G2 and I1: for each a vector that trips it and a near
//! miss that does not; and what the view of a sink's reader decides.

use super::codes::{check, undecidable};
use crate::support::*;
use View::{ReadCommitted, ReadUncommitted};
use exactly_model::*;

#[test]
fn a_clean_log_is_clean_and_decidable_in_either_view() {
    for view in [ReadCommitted, ReadUncommitted] {
        let judgement = check(|h| as_log(h, view), &[]);
        assert_eq!(judgement.anomalies, []);
        assert_eq!(judgement.undecidable, []);
        let tally = judgement.tallies[0].1;
        assert_eq!((tally.effects, tally.aborted_seen), (6, 0), "{view:?}");
    }
}

#[test]
fn d1_one_message_at_two_positions() {
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            append(h, 2, 9, ReadCommitted);
        },
        &[(Code::D3, &[2])],
    );
    // It says why, beside the D3.
    assert_eq!(judgement.codes(), [Code::D1, Code::D3]);
    assert_eq!(found(&judgement, Code::D1), 1);
}

#[test]
fn d1_near_misses() {
    // The same position shown twice is no second append.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            append(h, 2, 2, ReadCommitted);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::D1), 0);
    // As many positions as are declared.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            h.sinks[0].effects_per_message = 2;
            (0..6).for_each(|seq| append(h, seq, 10 + i64::from(seq), ReadCommitted));
        },
        &[],
    );
    assert_eq!(judgement.anomalies, []);
    // One effect too many, at no more positions than are declared.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            h.sinks[0].effects_per_message = 2;
            (0..6).for_each(|seq| append(h, seq, 10 + i64::from(seq), ReadCommitted));
            append(h, 2, 12, ReadCommitted);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::D1), 0);
    // A table has no positions to append at.
    let judgement = check(|h| double(h, 2), &[(Code::D3, &[2])]);
    assert_eq!(judgement.codes(), [Code::D3]);
    assert_eq!(judgement.undecidable, []);
    // The second position is only in the view that does not count.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            append(h, 2, 9, ReadUncommitted);
        },
        &[],
    );
    assert_eq!(judgement.anomalies, []);
}

#[test]
fn d1_without_positions_is_undecidable() {
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            double(h, 2);
        },
        &[(Code::D3, &[2])],
    );
    assert!(undecidable(&judgement, Code::D1));
    assert!(undecidable(&judgement, Code::I1));
    assert!(!undecidable(&judgement, Code::G2));
}

#[test]
fn g2_an_effect_that_only_uncommitted_readers_see() {
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            append(h, 2, 8, ReadUncommitted);
            append(h, 2, 9, ReadUncommitted);
            append(h, 4, 10, ReadUncommitted);
        },
        // The retries are what they are: duplicates.
        &[(Code::D3, &[2, 4])],
    );
    let tally = judgement.tallies[0].1;
    assert_eq!((tally.aborted_seen, tally.duplicated), (3, 3));
    assert_eq!(found(&judgement, Code::G2), 2);
    // Without its committed copy the aborted one is all there is of it.
    check(
        |h| {
            as_log(h, ReadUncommitted);
            effects(h).retain(|e| e.id.sequence() != 3 || e.view == ReadUncommitted);
        },
        &[(Code::G2, &[3])],
    );
}

#[test]
fn g2_of_a_message_that_nobody_sent_is_more_than_a_phantom() {
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            let mut stranger = bare_effect(RUN + 1, 17, 0, 9);
            (stranger.partition, stranger.view) = (Some(0), ReadUncommitted);
            effects(h).push(stranger);
        },
        &[(Code::G1, &[]), (Code::G2, &[])],
    );
    assert_eq!(judgement.tallies[0].1.aborted_seen, 1);
}

#[test]
fn g2_near_misses() {
    // The reader of committed data does not see it.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            append(h, 2, 9, ReadUncommitted);
        },
        &[],
    );
    assert_eq!(judgement.tallies[0].1.aborted_seen, 0);
    assert_eq!(judgement.undecidable, []);
    // Committed twice is double and not aborted.
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            append(h, 2, 9, ReadCommitted);
            append(h, 2, 9, ReadUncommitted);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::G2), 0);
    // The same offset of another partition is another position.
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            append(h, 2, 1, ReadUncommitted);
            effects(h).last_mut().unwrap().partition = Some(1);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::G2), 1);
    // An open transaction may still be committed.
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            append(h, 2, 9, ReadUncommitted);
            h.settle = Some(settle(SettleHow::Limit, 1));
        },
        &[(Code::D3, &[2])],
    );
    assert!(undecidable(&judgement, Code::G2));
    assert_eq!(judgement.tallies[0].1.aborted_seen, 0);
}

#[test]
fn g2_with_one_view_alone_is_undecidable() {
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            effects(h).retain(|e| e.view == ReadUncommitted);
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::G2));
    let judgement = check(
        |h| {
            as_log(h, ReadUncommitted);
            effects(h)[0].partition = None;
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::G2));
}

#[test]
fn i1_two_values_at_one_position() {
    for view in [ReadCommitted, ReadUncommitted] {
        let judgement = check(
            |h| {
                as_log(h, view);
                // What the other view shows there agrees with itself.
                effects(h)
                    .iter_mut()
                    .filter(|e| e.view == view && e.id.sequence() == 2)
                    .for_each(|e| e.position = Some(4));
            },
            &[(Code::I1, &[2, 4])],
        );
        assert_eq!(found(&judgement, Code::I1), 2, "{view:?}");
    }
    // Of strangers there is no id to name.
    check(
        |h| {
            as_log(h, ReadCommitted);
            for seq in [0, 1] {
                let mut stranger = bare_effect(RUN + 1, 17, seq, 9);
                stranger.partition = Some(0);
                effects(h).push(stranger);
            }
        },
        &[(Code::G1, &[]), (Code::I1, &[])],
    );
}

#[test]
fn i1_near_misses() {
    // The same value twice.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            append(h, 2, 2, ReadCommitted);
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::I1), 0);
    // Another partition.
    check(
        |h| {
            as_log(h, ReadCommitted);
            let other = &mut effects(h)[2];
            (other.partition, other.position) = (Some(1), Some(4));
        },
        &[],
    );
    // Rows of one commit have one position.
    let judgement = check(
        |h| effects(h).iter_mut().for_each(|e| e.position = Some(1)),
        &[],
    );
    assert!(!undecidable(&judgement, Code::I1));
}

#[test]
fn i1_far_apart_positions_cannot_be_compared() {
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            effects(h)[5].position = Some(1 << 40);
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::I1));
}

/// A later audit of the same log.
fn swept(bend: fn(&mut Vec<Effect>), kind: SinkKind) -> VariantReport {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    script.cell.info.observers[0].kind = kind;
    for trial in &mut script.trials {
        as_log(trial, ReadCommitted);
        trial.sinks[0].kind = kind;
    }
    let mut seen = script.trial(4).sinks[0].effects.clone();
    bend(&mut seen);
    script.sweep(4, &seen);
    script.variant()
}

#[test]
fn i1_a_later_audit_shows_another_value() {
    let exchange = |seen: &mut Vec<Effect>| {
        (seen[2].position, seen[3].position) = (seen[3].position, seen[2].position);
    };
    let variant = swept(exchange, SinkKind::Record);
    assert_eq!(variant.verdict, Verdict::Refuted, "{}", variant.bounds);
    let i1 = &variant.anomalies[0];
    assert_eq!((i1.code, i1.sink.as_str()), (Code::I1, SINK));
    assert_eq!(i1.ids, ["4-2", "4-3"]);
    // A table may be rewritten.
    assert_eq!(swept(exchange, SinkKind::Row).verdict, Verdict::Upheld);
}

#[test]
fn i1_near_miss_a_later_audit_shows_more() {
    let more = |seen: &mut Vec<Effect>| {
        let again = Effect {
            position: Some(6),
            ..seen[2]
        };
        seen.push(again);
        seen.reverse();
    };
    let variant = swept(more, SinkKind::Record);
    assert_eq!(variant.verdict, Verdict::Upheld, "{}", variant.bounds);
    let codes: Vec<Code> = variant.anomalies.iter().map(|a| a.code).collect();
    assert_eq!(codes, [Code::D1, Code::D3]);
}

/// The last complete audit counts: what an earlier one saw in two minds is no
/// change when the later one shows one of the two.
#[test]
fn i1_near_miss_a_later_audit_agrees_with_one_of_two() {
    let mut script = Script::upheld(Guarantee::AtLeastOnce);
    script.cell.info.observers[0].kind = SinkKind::Record;
    for trial in &mut script.trials {
        as_log(trial, ReadCommitted);
    }
    let clean = script.trial(4).sinks[0].effects.clone();
    effects(script.trial(4))[2].position = Some(4);
    assert_eq!(script.variant().anomalies[0].code, Code::I1);
    script.sweep(4, &clean);
    assert_eq!(script.variant().anomalies, []);
}

#[test]
fn o1_between_partitions_there_is_no_order() {
    // Each key in a partition of its own, whose offsets say nothing of the other.
    let by_key = |h: &mut TrialHistory| {
        as_log(h, ReadCommitted);
        for effect in effects(h) {
            effect.partition = effect.key;
        }
    };
    assert_eq!(check(by_key, &[]).undecidable, []);
    let judgement = check(
        |h| {
            by_key(h);
            (effects(h)[0].position, effects(h)[2].position) = (Some(2), Some(0));
        },
        &[(Code::O1, &[0])],
    );
    assert_eq!(judgement.undecidable, []);
    // A key in two partitions: what lies within one is told, the rest is open.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            let moved = &mut effects(h)[0];
            (moved.partition, moved.position) = (Some(1), Some(50));
        },
        &[],
    );
    assert!(undecidable(&judgement, Code::O1));
    // Which of a message's effects was the first is not known either.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            effects(h)[0].position = Some(50);
            append(h, 0, 0, ReadCommitted);
            effects(h).last_mut().unwrap().partition = Some(1);
        },
        &[(Code::D3, &[0])],
    );
    assert!(undecidable(&judgement, Code::O1));
    assert_eq!(found(&judgement, Code::O1), 0);
    // In whichever order they were read.
    let judgement = check(
        |h| {
            as_log(h, ReadCommitted);
            effects(h)[0].position = Some(50);
            append(h, 0, 0, ReadCommitted);
            effects(h).last_mut().unwrap().partition = Some(1);
            effects(h).reverse();
        },
        &[(Code::D3, &[0])],
    );
    assert!(undecidable(&judgement, Code::O1));
    assert_eq!(found(&judgement, Code::O1), 0);
}
