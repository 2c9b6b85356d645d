//! The order of the fed log and of deliveries. O2, O3, O4 and the I1 of the fed
//! log: for each a vector that trips it and a near miss that does not.

use super::codes::{Bend, check, undecidable};
use crate::support::*;
use exactly_model::*;

/// Puts the messages at these offsets of partition 0; everything else agrees.
fn stand_at(history: &mut TrialHistory, offsets: [i64; 6]) {
    for (attempt, offset) in history.attempts.iter_mut().zip(offsets) {
        attempt.position = Some((0, offset));
    }
}

#[test]
fn o2_the_log_contradicts_the_sends() {
    // Keys alternate: 0, 2, 4 and 1, 3, 5.
    let cases: [([i64; 6], &[u32]); 3] = [
        ([2, 1, 0, 3, 4, 5], &[0]),
        ([4, 1, 0, 3, 2, 5], &[0]),
        ([5, 4, 3, 2, 1, 0], &[0, 1, 2, 3]),
    ];
    for (offsets, ids) in cases {
        let judgement = check(
            |h| {
                stand_at(h, offsets);
                // The deliveries follow the log, so O4 goes with it.
                h.deliveries = vec![delivery(1, 0, 5)];
            },
            &[(Code::O2, ids)],
        );
        assert!(!undecidable(&judgement, Code::O2));
    }
}

#[test]
fn o2_near_misses() {
    // Other keys may overtake; offsets may have gaps.
    check(|h| stand_at(h, [1, 0, 3, 2, 5, 4]), &[]);
    check(
        |h| {
            stand_at(h, [0, 10, 20, 30, 40, 50]);
            h.deliveries = vec![delivery(1, 0, 50)];
        },
        &[],
    );
    // Another partition has another order.
    check(
        |h| {
            h.attempts[0].position = Some((1, 9));
            h.deliveries.push(DeliveryRecord {
                partition: 1,
                ..delivery(1, 9, 9)
            });
            // Delivered after 2 and 4 of its key, which is an O4 and no O2.
        },
        &[(Code::O4, &[0])],
    );
    // What was not acknowledged has no place that counts.
    let judgement = check(
        |h| {
            stand_at(h, [2, 1, 0, 3, 4, 5]);
            h.attempts[0].outcome = Outcome::Unknown;
        },
        &[(Code::G4, &[0])],
    );
    assert_eq!(found(&judgement, Code::O2), 0);
}

#[test]
fn o2_needs_sends_one_after_the_other_and_positions() {
    let lacking: [Bend; 2] = [
        |h| h.feed_concurrency = 2,
        |h| h.attempts[3].position = None,
    ];
    for bend in lacking {
        let judgement = check(
            |h| {
                stand_at(h, [2, 1, 0, 3, 4, 5]);
                bend(h);
            },
            &[],
        );
        assert!(undecidable(&judgement, Code::O2));
        assert!(undecidable(&judgement, Code::O4));
    }
    // Where nothing has a position, nothing is a log.
    let judgement = check(
        |h| h.attempts.iter_mut().for_each(|a| a.position = None),
        &[],
    );
    assert!(!undecidable(&judgement, Code::O2));
}

#[test]
fn i1_two_messages_acknowledged_at_one_position() {
    let judgement = check(|h| stand_at(h, [0, 1, 2, 1, 4, 5]), &[(Code::I1, &[1, 3])]);
    assert_eq!(judgement.anomalies[0].sink, "");
    assert_eq!(judgement.codes(), [Code::I1]);
}

#[test]
fn i1_near_misses_in_the_fed_log() {
    // The same offset of two partitions; an acknowledgement that never came.
    check(
        |h| {
            h.attempts[5].position = Some((1, 1));
            h.deliveries.push(DeliveryRecord {
                partition: 1,
                ..delivery(1, 1, 1)
            });
        },
        &[],
    );
    let judgement = check(
        |h| {
            // Two others of different keys stand the other way round.
            stand_at(h, [0, 1, 2, 1, 5, 4]);
            h.attempts[3].outcome = Outcome::Unknown;
        },
        &[(Code::G4, &[3])],
    );
    assert_eq!(found(&judgement, Code::I1), 0);
}

#[test]
fn o3_a_delivery_jumps_over_positions() {
    /// Incarnation, first and last offset of each delivery; what is skipped.
    type Case = (&'static [(u32, i64, i64)], &'static [u32]);
    let cases: [Case; 6] = [
        // Never delivered at all.
        (&[(1, 0, 1), (1, 4, 5)], &[2, 3]),
        // The first delivery of all begins at the lowest.
        (&[(1, 2, 5)], &[0, 1]),
        // The successor begins behind what nobody was handed.
        (&[(1, 0, 2), (2, 4, 5)], &[3]),
        // Delivered after all, and skipped all the same.
        (&[(1, 0, 1), (1, 3, 5), (2, 2, 5)], &[2]),
        // Several gaps, told once.
        (&[(1, 1, 1), (1, 3, 3), (2, 5, 5), (3, 5, 5)], &[0, 2, 4]),
        // A gap below what another incarnation had fetched ahead.
        (&[(1, 0, 0), (2, 4, 5), (1, 1, 1), (2, 3, 3)], &[1, 2, 3]),
    ];
    for (deliveries, ids) in cases {
        let mut history = clean(17, 6, 6);
        history.deliveries = deliveries
            .iter()
            .map(|(incarnation, first, last)| delivery(*incarnation, *first, *last))
            .collect();
        let judgement = judge(&history);
        let o3: Vec<u32> = judgement
            .anomalies
            .iter()
            .filter(|a| a.code == Code::O3)
            .flat_map(|a| a.ids.clone())
            .collect();
        assert_eq!(o3, ids, "{deliveries:?}");
    }
}

#[test]
fn o3_near_misses() {
    let silent: [(&str, Bend); 6] = [
        ("the successor goes on where the dead one stopped", |h| {
            h.deliveries = vec![delivery(1, 0, 2), delivery(2, 3, 5)];
        }),
        ("it goes on further: all before went to the first", |h| {
            h.deliveries = vec![delivery(1, 0, 4), delivery(2, 2, 2), delivery(3, 5, 5)];
        }),
        ("two live side by side and take turns", |h| {
            h.deliveries = vec![
                delivery(1, 0, 1),
                delivery(2, 2, 3),
                delivery(1, 2, 2),
                delivery(2, 4, 5),
            ];
        }),
        ("the offsets between are those of markers", |h| {
            stand_at(h, [0, 2, 4, 6, 8, 10]);
            h.deliveries = (0..6).map(|n| delivery(1, 2 * n, 2 * n)).collect();
        }),
        ("another log", |h| {
            h.deliveries.push(DeliveryRecord {
                target: "topic.other".into(),
                ..delivery(1, 99, 99)
            });
        }),
        ("each partition has its own beginning", |h| {
            for attempt in &mut h.attempts[3..] {
                attempt.position = Some((1, i64::from(attempt.seq) + 70));
            }
            h.deliveries = vec![
                DeliveryRecord {
                    partition: 1,
                    ..delivery(1, 73, 75)
                },
                delivery(2, 0, 2),
            ];
        }),
    ];
    for (why, bend) in silent {
        let mut history = clean(17, 6, 6);
        bend(&mut history);
        assert_eq!(found(&judge(&history), Code::O3), 0, "{why}");
    }
}

#[test]
fn o3_another_process_reads_for_itself() {
    let mut history = clean(17, 6, 6);
    let auditor = |first, last| DeliveryRecord {
        process: "auditor".into(),
        ..delivery(1, first, last)
    };
    history.deliveries.push(auditor(0, 1));
    history.deliveries.push(auditor(3, 5));
    let judgement = judge(&history);
    assert_eq!(primary(&judgement), [(Code::O3, vec![2])]);
}

#[test]
fn o4_deliveries_of_a_key_go_backwards() {
    // Keys alternate: 0, 2, 4 and 1, 3, 5.
    /// First and last offset of each delivery; what comes after a later one.
    type Case = (&'static [(i64, i64)], &'static [u32]);
    let cases: [Case; 3] = [
        // A redelivery of everything: the last of each key is no step back.
        (&[(0, 5), (0, 5)], &[0, 1, 2, 3]),
        (&[(0, 3), (1, 5)], &[1]),
        (&[(0, 5), (3, 5), (0, 0)], &[0, 3]),
    ];
    for (deliveries, ids) in cases {
        let mut history = clean(17, 6, 2);
        history.deliveries = deliveries
            .iter()
            .zip(1..)
            .map(|((first, last), incarnation)| delivery(incarnation, *first, *last))
            .collect();
        let judgement = judge(&history);
        assert_eq!(found(&judgement, Code::O4), ids.len() as u64);
        let evidence = judgement.anomalies.iter().filter(|a| a.code == Code::O4);
        let o4: Vec<u32> = evidence.flat_map(|a| a.ids.clone()).collect();
        assert_eq!(o4, ids, "{deliveries:?}");
    }
}

#[test]
fn o4_near_misses() {
    // The same message again, before anything later of its key.
    let judgement = check(
        |h| h.deliveries = vec![delivery(1, 0, 1), delivery(2, 0, 5)],
        &[(Code::D2, &[0, 1])],
    );
    assert_eq!(found(&judgement, Code::O4), 0);
    // Another process, another log.
    let judgement = check(
        |h| {
            let again = delivery(1, 0, 5);
            h.deliveries.push(DeliveryRecord {
                process: "auditor".into(),
                ..again.clone()
            });
            h.deliveries.push(DeliveryRecord {
                target: "topic.other".into(),
                ..again
            });
        },
        &[],
    );
    assert_eq!(found(&judgement, Code::O4), 0);
}

#[test]
fn o4_without_deliveries_is_undecidable() {
    let judgement = check(|h| h.deliveries.clear(), &[]);
    assert!(undecidable(&judgement, Code::O3));
    assert!(undecidable(&judgement, Code::O4));
}

/// Deliveries may overlap as often as a pipeline restarts: the work is bounded.
#[test]
fn o4_is_undecidable_beyond_its_limit() {
    let n = 100_000_u32;
    let mut history = clean(17, n, 2);
    history.exchanges.clear();
    let times = exactly_check::DELIVERED_MAX / n as usize + 1;
    history.deliveries = vec![delivery(1, 0, i64::from(n) - 1); times];
    let judgement = judge(&history);
    assert!(undecidable(&judgement, Code::O4));
    assert_eq!(found(&judgement, Code::O4), 0);
    assert_eq!(found(&judgement, Code::D2), u64::from(n));
}
