//! For each code a vector that trips it and a near miss that does not.

use crate::support::*;
use exactly_model::*;

/// Bends a clean trial of six messages and two keys and says which primary
/// codes come out.
fn check(bend: impl FnOnce(&mut TrialHistory), expected: &[(Code, &[u32])]) -> Judgement {
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

fn undecidable(judgement: &Judgement, code: Code) -> bool {
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
    // Recorded in another order than that of the log.
    check(
        |h| h.deliveries = vec![delivery(1, 3, 5), delivery(2, 0, 2)],
        &[],
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
    let silent: [(&str, fn(&mut TrialHistory)); 6] = [
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
    let worthless: [(&str, fn(&mut TrialHistory)); 5] = [
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
