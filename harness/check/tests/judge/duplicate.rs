//! D2, D3 and the T3 beside it: for each a vector that trips it and a near miss
//! that does not.

use super::codes::{Bend, check, undecidable};
use crate::support::*;
use exactly_model::*;

#[test]
fn d2_a_position_delivered_again() {
    let judgement = check(
        |h| h.deliveries = vec![delivery(1, 0, 3), delivery(2, 2, 5)],
        &[(Code::D2, &[2, 3])],
    );
    assert_eq!(judgement.tallies[0].1.redelivered, 2);
}

#[test]
fn d2_three_deliveries_count_the_position_once() {
    check(
        |h| h.deliveries = vec![delivery(1, 0, 5), delivery(2, 1, 5), delivery(3, 1, 2)],
        &[(Code::D2, &[1, 2, 3, 4, 5])],
    );
    // A short delivery between two long ones hides nothing.
    check(
        |h| h.deliveries = vec![delivery(1, 0, 5), delivery(2, 1, 2), delivery(3, 4, 4)],
        &[(Code::D2, &[1, 2, 4])],
    );
}

#[test]
fn d2_near_misses() {
    // Recorded in another order than that of the log: skipped, and none twice.
    check(
        |h| h.deliveries = vec![delivery(1, 3, 5), delivery(2, 0, 2)],
        &[(Code::O3, &[0, 1, 2])],
    );
    // Adjacent ranges, and another consumer.
    check(
        |h| h.deliveries = vec![delivery(1, 0, 2), delivery(2, 3, 5)],
        &[],
    );
    check(
        |h| {
            h.deliveries.push(DeliveryRecord {
                process: "auditor".into(),
                ..delivery(1, 0, 5)
            });
        },
        &[],
    );
    check(
        |h| {
            h.deliveries.push(DeliveryRecord {
                partition: 1,
                ..delivery(1, 0, 5)
            });
        },
        &[],
    );
    // A transaction marker behind the last message.
    check(
        |h| h.deliveries = vec![delivery(1, 0, 6), delivery(2, 6, 6)],
        &[],
    );
}

#[test]
fn d2_without_deliveries_is_undecidable() {
    let judgement = check(|h| h.deliveries.clear(), &[]);
    assert!(undecidable(&judgement, Code::D2));
    let judgement = check(|h| h.attempts[0].position = None, &[]);
    assert!(undecidable(&judgement, Code::D2));
}

#[test]
fn d3_more_effects_than_declared() {
    let judgement = check(
        |h| {
            double(h, 2);
            double(h, 2);
            double(h, 4);
        },
        &[(Code::D3, &[2, 4])],
    );
    // Ids in the anomaly, effects in the tally.
    assert_eq!(found(&judgement, Code::D3), 2);
    assert_eq!(judgement.tallies[0].1.duplicated, 3);
    assert_eq!(judgement.tallies[0].1.effects, 9);
}

#[test]
fn d3_near_miss_the_declared_number_of_effects() {
    check(
        |h| {
            h.sinks[0].effects_per_message = 2;
            for seq in 0..6 {
                double(h, seq);
            }
        },
        &[],
    );
    // What only the uncommitted view shows is no effect.
    check(
        |h| {
            double(h, 2);
            effects(h).last_mut().unwrap().view = View::ReadUncommitted;
        },
        &[],
    );
}

#[test]
fn d3_is_primary_over_d2_which_stays_as_evidence() {
    let judgement = check(
        |h| {
            double(h, 2);
            h.deliveries = vec![delivery(1, 0, 3), delivery(2, 2, 5)];
        },
        &[(Code::D2, &[3]), (Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::D2), 2);
}

/// Killed between COMMIT and OffsetCommit of message 2, then done again.
fn killed_between(history: &mut TrialHistory) {
    double(history, 2);
    let kill_ns = 3_700;
    history.exchanges.retain(|e| e.request_ns < 3_100);
    history.exchanges.last_mut().unwrap().fate = Fate::Applied;
    history
        .incarnations
        .insert(1, (kill_ns, state(1, IncarnationState::Killed)));
    history
        .incarnations
        .insert(2, (kill_ns + 100, state(2, IncarnationState::Started)));
    for seq in 2..6 {
        let at = 10_000 + 1_000 * u64::from(seq);
        history.exchanges.push(exchange(at, 2, "COMMIT", &[seq]));
        history.exchanges.push(commit(at + 500, 2, seq));
    }
}

#[test]
fn t3_beside_d3_when_the_first_effect_had_no_position() {
    let judgement = check(killed_between, &[(Code::D3, &[2])]);
    assert_eq!(judgement.codes(), [Code::D3, Code::T3]);
    let t3 = &judgement.anomalies[1];
    assert_eq!((t3.ids.as_slice(), t3.primary), ([2].as_slice(), false));
}

#[test]
fn t3_near_misses_keep_silent() {
    let silent: [(&str, Bend); 9] = [
        (
            "its effects went to two systems, and nobody says to which the sink belongs",
            |h| {
                let second =
                    |e: &&mut ExchangeRecord| e.incarnation == 2 && e.class == Class::Effect;
                let second = h.exchanges.iter_mut().filter(second);
                second.for_each(|e| e.point.system = "k".into());
            },
        ),
        // Then the effect may have moved it.
        ("positions move by no exchange that is seen", |h| {
            h.exchanges.iter_mut().for_each(|e| e.commits.clear());
        }),
        ("positions of another log move", |h| {
            let commits = h.exchanges.iter_mut().flat_map(|e| &mut e.commits);
            commits.for_each(|commit| commit.target = "topic.other".into());
        }),
        ("the commit may have arrived", |h| {
            h.exchanges.push(ExchangeRecord {
                fate: Fate::Unanswered,
                outcome: Outcome::Unknown,
                ..commit(3_600, 1, 2)
            });
        }),
        ("the end is not recorded", |h| {
            h.incarnations.remove(1);
        }),
        ("the transaction of the first was dropped", |h| {
            let first = h.exchanges.iter_mut().find(|e| e.point.ids == [2]).unwrap();
            first.fate = Fate::Dropped;
        }),
        ("more makers than effects", |h| {
            h.exchanges.push(exchange(20_000, 3, "COMMIT", &[2]));
        }),
        ("the position of the message is not known", |h| {
            h.attempts[2].position = None;
        }),
        ("no commit was ever seen", |h| {
            h.exchanges.retain(|e| e.commits.is_empty());
            h.committed = None;
        }),
    ];
    for (why, change) in silent {
        let mut history = clean(17, 6, 2);
        killed_between(&mut history);
        change(&mut history);
        history.exchanges.sort_by_key(|e| e.request_ns);
        let judgement = judge(&history);
        assert_eq!(found(&judgement, Code::D3), 1, "{why}");
        assert_eq!(found(&judgement, Code::T3), 0, "{why}");
    }
}

#[test]
fn t3_near_miss_a_dropped_commit_is_no_commit() {
    let judgement = check(
        |h| {
            killed_between(h);
            h.exchanges.push(ExchangeRecord {
                fate: Fate::Dropped,
                outcome: Outcome::Unknown,
                ..commit(3_600, 1, 2)
            });
        },
        &[(Code::D3, &[2])],
    );
    assert_eq!(found(&judgement, Code::T3), 1);
}

/// The row and the position are one transaction, and what the pipeline commits to
/// the broker besides is for show.
#[test]
fn t3_where_the_pipeline_keeps_its_position_itself() {
    let anomalies = |kept: bool, bend: Bend| {
        let mut script = Script::upheld(Guarantee::ExactlyOnce);
        bend(script.trial(4));
        if kept {
            script.cell.pipeline.positions = Some(PositionQuery {
                system: "pg".into(),
                query: "select partition, next from positions".into(),
            });
        }
        let found = script.variant().anomalies;
        found.iter().map(|a| a.code).collect::<Vec<_>>()
    };
    assert_eq!(anomalies(false, killed_between), [Code::D3, Code::T3]);
    assert_eq!(anomalies(true, killed_between), [Code::D3]);
    // Where the kept position ended is known, and what it is past is split off.
    let behind: Bend = |h| {
        lose(h, 5);
        h.committed = Some(vec![position(5)]);
    };
    assert_eq!(anomalies(false, behind), [Code::L1, Code::L4, Code::T3]);
    assert_eq!(anomalies(true, behind), [Code::L1]);
    assert_eq!(
        anomalies(true, |h| lose(h, 5)),
        [Code::L1, Code::L4, Code::T3]
    );
}

/// In a transaction the request that commits the effect commits the position.
#[test]
fn t3_near_miss_effect_and_position_are_one_request() {
    let in_transactions: Bend = |h| {
        killed_between(h);
        h.exchanges.retain(|e| e.class == Class::Effect);
        for exchange in &mut h.exchanges {
            exchange.point.operation = "EndTxn commit".into();
            exchange.commits = vec![position(exchange.point.ids[0] + 1)];
        }
    };
    let judgement = check(in_transactions, &[(Code::D3, &[2])]);
    assert_eq!(found(&judgement, Code::T3), 0);
}

#[test]
fn t3_what_was_rolled_back_made_nothing() {
    for (operation, made) in [("ROLLBACK", 1), ("EndTxn abort", 1), ("COMMIT", 0)] {
        let judgement = check(
            |h| {
                killed_between(h);
                h.exchanges.push(exchange(20_000, 3, "INSERT", &[2]));
                h.exchanges.push(exchange(20_100, 3, operation, &[2]));
            },
            &[(Code::D3, &[2])],
        );
        assert_eq!(found(&judgement, Code::T3), made, "{operation}");
    }
}
