//! Plants a known number of anomalies in logs, units, owners and deliveries, and
//! wants exactly that number back.

use super::planted::{ids, shuffle};
use crate::support::*;
use View::{ReadCommitted, ReadUncommitted};
use exactly_model::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What becomes of a message in a log that is read in both views.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Clean,
    /// Appended so many times more, all committed.
    Again(u32),
    /// So many copies in aborted transactions.
    Aborted(u32),
    /// Only a copy in an aborted transaction.
    OnlyAborted,
    /// Shares its position with the next message.
    Conflict,
    /// Committed in the unit of the next message, which did not ask for it.
    Foreign,
    /// The mail sink, which shares its step, has nothing of it.
    Torn,
    /// Its old owner made it after the new one had begun.
    Zombie,
    /// The one live owner was fenced over it.
    Fenced,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Clean),
        1 => (1_u32..4).prop_map(Fate::Again),
        1 => (1_u32..4).prop_map(Fate::Aborted),
        1 => Just(Fate::OnlyAborted),
        1 => Just(Fate::Conflict),
        1 => Just(Fate::Foreign),
        1 => Just(Fate::Torn),
        1 => Just(Fate::Zombie),
        1 => Just(Fate::Fenced),
    ]
}

#[derive(Clone, Debug)]
struct Planted {
    fates: Vec<Fate>,
    shuffle: u64,
}

prop_compose! {
    fn planted()(
        fates in proptest::collection::vec(fate(), 1..60),
        shuffle in any::<u64>(),
    ) -> Planted {
        let mut fates = fates;
        // One at least is committed, so that both views were certainly looked at.
        fates.push(Fate::Clean);
        // What needs the next message gets a clean one, and nobody needs the last.
        for index in 0..fates.len() {
            let needs_next = |fate| matches!(fate, Fate::Conflict | Fate::Foreign);
            if needs_next(fates[index]) {
                match fates.get_mut(index + 1) {
                    Some(next) => *next = Fate::Clean,
                    None => fates[index] = Fate::Clean,
                }
            }
        }
        Planted { fates, shuffle }
    }
}

const COMMIT: &str = "EndTxn commit";

fn on_log(exchange: ExchangeRecord) -> ExchangeRecord {
    let point = Point {
        system: "k".into(),
        ..exchange.point
    };
    ExchangeRecord { point, ..exchange }
}

impl Planted {
    fn ids(&self, wanted: impl Fn(Fate) -> bool) -> Vec<u32> {
        let fates = self.fates.iter().zip(0..);
        let wanted = fates.filter(|(fate, _)| wanted(**fate));
        wanted.map(|(_, seq)| seq).collect()
    }

    fn history(&self) -> TrialHistory {
        let n = self.fates.len() as u32;
        let mut history = clean(17, n, 3);
        history.exchanges.clear();
        history.incarnations = vec![
            (1, state(1, IncarnationState::Started)),
            (2, state(1, IncarnationState::Killed)),
            (3, state(2, IncarnationState::Started)),
        ];
        let mut mails = history.sinks[0].clone();
        mails.observer = "mails".into();
        mails
            .effects
            .retain(|e| self.fates[e.id.sequence() as usize] != Fate::Torn);
        as_log(&mut history, ReadUncommitted);
        history.sinks.push(mails);
        history.together = vec![vec![SINK.into(), "mails".into()]];
        history.units = (0..n).map(|seq| format!("unit-{seq}")).collect();
        for effect in effects(&mut history) {
            effect.unit = Some(effect.id.sequence());
        }
        // The first effect of the new owner, before all others.
        history
            .exchanges
            .push(on_log(exchange(10, 2, "Produce", &[n])));
        history
            .exchanges
            .push(on_log(exchange(11, 2, COMMIT, &[n])));
        for (fate, seq) in self.fates.iter().zip(0..) {
            self.plant(&mut history, *fate, seq);
        }
        let (sinks, order) = (&mut history.sinks, self.shuffle);
        sinks
            .iter_mut()
            .for_each(|sink| shuffle(&mut sink.effects, order));
        history
    }

    fn plant(&self, history: &mut TrialHistory, fate: Fate, seq: u32) {
        let fresh = |history: &TrialHistory| {
            let taken = history.sinks[0].effects.iter().filter_map(|e| e.position);
            taken.max().unwrap_or(0) + 1
        };
        let at = 1_000 + 1_000 * u64::from(seq);
        let owner = if fate == Fate::Zombie { 1 } else { 2 };
        let produce = on_log(exchange(at, owner, "Produce", &[seq]));
        let end = on_log(exchange(at + 200, owner, COMMIT, &[seq]));
        history.exchanges.push(produce.clone());
        if fate == Fate::Foreign {
            // Its own request never arrived; the next one is not about it.
            history.exchanges.push(ExchangeRecord {
                fate: exactly_model::Fate::Dropped,
                ..end.clone()
            });
        } else {
            history.exchanges.push(end.clone());
        }
        match fate {
            Fate::Clean | Fate::Torn | Fate::Zombie => {}
            Fate::Again(times) => {
                for _ in 0..times {
                    let offset = fresh(history);
                    append(history, seq, offset, ReadCommitted);
                    append(history, seq, offset, ReadUncommitted);
                    // By a process of its own, so that no owner is replaced.
                    for mut again in [produce.clone(), end.clone()] {
                        again.point.process = "other".into();
                        history.exchanges.push(again);
                    }
                }
            }
            Fate::Aborted(times) => (0..times).for_each(|_| {
                let offset = fresh(history);
                append(history, seq, offset, ReadUncommitted);
            }),
            Fate::OnlyAborted => {
                effects(history).retain(|e| e.id.sequence() != seq || e.view == ReadUncommitted);
            }
            Fate::Conflict => {
                let all = effects(history).iter_mut();
                all.filter(|e| e.id.sequence() == seq)
                    .for_each(|e| e.position = Some(i64::from(seq) + 1));
            }
            Fate::Foreign => {
                let all = effects(history).iter_mut();
                all.filter(|e| e.id.sequence() == seq)
                    .for_each(|e| e.unit = Some(seq + 1));
            }
            Fate::Fenced => history.exchanges.push(ExchangeRecord {
                fenced: true,
                outcome: Outcome::Fail,
                class: Class::Ack,
                ..on_log(exchange(at + 400, 2, "TxnOffsetCommit", &[seq]))
            }),
        }
    }
}

proptest! {
    #[test]
    fn what_was_planted_in_a_log_is_found_and_nothing_else(planted in planted()) {
        let history = planted.history();
        let judgement = judge(&history);
        let again = planted.ids(|f| matches!(f, Fate::Again(_)));
        let doubled = planted.ids(|f| matches!(f, Fate::Again(_) | Fate::Aborted(_)));
        let aborted = planted.ids(|f| matches!(f, Fate::Aborted(_) | Fate::OnlyAborted));
        let mut conflicts = planted.ids(|f| f == Fate::Conflict);
        conflicts.extend(conflicts.clone().iter().map(|seq| seq + 1));
        conflicts.sort_unstable();
        let torn = planted.ids(|f| f == Fate::Torn);

        prop_assert_eq!(ids(&judgement, Code::D3), doubled.clone());
        prop_assert_eq!(ids(&judgement, Code::D1), doubled);
        prop_assert_eq!(ids(&judgement, Code::G2), aborted);
        prop_assert_eq!(ids(&judgement, Code::I1), conflicts);
        prop_assert_eq!(ids(&judgement, Code::T1), torn.clone());
        prop_assert_eq!(ids(&judgement, Code::L1), torn.clone());
        prop_assert_eq!(ids(&judgement, Code::T5), planted.ids(|f| f == Fate::Foreign));
        // The mails are of the same owners, as far as a trial alone can tell.
        let zombies = planted.ids(|f| f == Fate::Zombie);
        let twice: Vec<u32> = zombies.into_iter().flat_map(|seq| [seq, seq]).collect();
        prop_assert_eq!(ids(&judgement, Code::F1), twice);
        prop_assert_eq!(ids(&judgement, Code::F2), planted.ids(|f| f == Fate::Fenced));
        for code in [Code::O2, Code::O3, Code::O4, Code::G1, Code::G4, Code::I2, Code::X1] {
            prop_assert_eq!(found(&judgement, code), 0, "{}", code);
        }

        let (log, mails) = (judgement.tallies[0].1, judgement.tallies[1].1);
        let copies: u32 = planted.fates.iter().map(|f| match f {
            Fate::Aborted(times) => *times,
            Fate::OnlyAborted => 1,
            _ => 0,
        }).sum();
        prop_assert_eq!(log.aborted_seen, u64::from(copies));
        prop_assert_eq!((log.torn, mails.torn), (0, torn.len() as u64));
        let more: u32 = planted.fates.iter().map(|f| match f {
            Fate::Again(times) | Fate::Aborted(times) => *times,
            _ => 0,
        }).sum();
        prop_assert_eq!(log.duplicated, u64::from(more));
        prop_assert!(again.len() as u64 <= log.duplicated);
    }

    #[test]
    fn a_log_comes_out_of_the_fold_as_it_was_recorded(planted in planted()) {
        let history = planted.history();
        let mut script = Script::upheld(Guarantee::ExactlyOnce);
        script.cell.info.observers = vec![
            Observer { kind: SinkKind::Record, view: ReadUncommitted, system: "k".into(), ..observer(SINK) },
            Observer { system: "k".into(), ..observer("mails") },
        ];
        script.cell.info.units.clone_from(&history.together);
        script.trials = vec![history.clone()];
        let mut fold = exactly_check::Fold::new();
        let finished: Vec<_> = script.records().iter().filter_map(|r| fold.push(r)).collect();
        prop_assert_eq!(&finished[0].judgement, &judge(&history));
        let names = |history: &TrialHistory| {
            let units = history.sinks[0].effects.iter().map(|e| e.unit);
            let name = |unit: u32| history.units[unit as usize].clone();
            units.map(|unit| unit.map(name)).collect::<Vec<_>>()
        };
        prop_assert_eq!(names(&finished[0].history), names(&history));
        prop_assert_eq!(&finished[0].history.together, &history.together);
    }
}

/// Random deliveries of random places.
#[derive(Clone, Debug)]
struct Delivered {
    keys: u32,
    /// Partition of each message; offsets have gaps of one.
    partitions: Vec<u32>,
    /// Process, partition, first offset and how many more.
    deliveries: Vec<(bool, u32, i64, i64)>,
}

prop_compose! {
    fn delivered()(
        keys in 1_u32..4,
        partitions in proptest::collection::vec(0_u32..2, 1..20),
        deliveries in proptest::collection::vec(
            (proptest::bool::weighted(0.2), 0_u32..2, 0_i64..36, 0_i64..12), 1..12),
    ) -> Delivered {
        Delivered { keys, partitions, deliveries }
    }
}

impl Delivered {
    fn history(&self) -> TrialHistory {
        let n = self.partitions.len() as u32;
        let mut history = clean(17, n, self.keys);
        let mut ends = [0, 0];
        for (attempt, partition) in history.attempts.iter_mut().zip(&self.partitions) {
            let end = &mut ends[*partition as usize];
            attempt.position = Some((*partition, *end));
            *end += 2;
        }
        let deliveries = self.deliveries.iter();
        history.deliveries = deliveries
            .map(|(auditor, partition, first, more)| DeliveryRecord {
                process: if *auditor { "auditor" } else { PROCESS }.into(),
                partition: *partition,
                ..delivery(1, *first, first + more)
            })
            .collect();
        history
    }
}

/// D2, O3 and O4 by the book: one message after the other.
fn by_the_book(history: &TrialHistory) -> [BTreeSet<u32>; 3] {
    let [mut again, mut skipped, mut behind] = [(); 3].map(|()| BTreeSet::new());
    let mut seen: BTreeSet<(&str, u32)> = BTreeSet::new();
    for delivery in &history.deliveries {
        let process = delivery.process.as_str();
        let in_partition = |attempt: &&Attempt| attempt.position.unwrap().0 == delivery.partition;
        let log = || history.attempts.iter().filter(in_partition);
        let offset = |attempt: &Attempt| attempt.position.unwrap().1;
        let before = log().filter(|a| offset(a) < delivery.first);
        skipped.extend(
            before
                .map(|a| a.seq)
                .filter(|seq| !seen.contains(&(process, *seq))),
        );
        for attempt in log().filter(|a| (delivery.first..=delivery.last).contains(&offset(a))) {
            let later = |(of, seq): &&(&str, u32)| {
                *of == process
                    && *seq > attempt.seq
                    && history.attempts[*seq as usize].key == attempt.key
            };
            if seen.iter().any(|known| later(&known)) {
                behind.insert(attempt.seq);
            }
            if !seen.insert((process, attempt.seq)) {
                again.insert(attempt.seq);
            }
        }
    }
    [again, skipped, behind]
}

proptest! {
    #[test]
    fn deliveries_are_judged_as_by_the_book(delivered in delivered()) {
        let history = delivered.history();
        let judgement = judge(&history);
        let codes = [Code::D2, Code::O3, Code::O4];
        for (code, expected) in codes.into_iter().zip(by_the_book(&history)) {
            let expected: Vec<u32> = expected.into_iter().collect();
            prop_assert_eq!(ids(&judgement, code), expected, "{}", code);
        }
    }

    /// O2 and I1 of the fed log, one pair after the other.
    #[test]
    fn the_fed_log_is_judged_as_by_the_book(
        keys in 1_u32..4,
        places in proptest::collection::vec((0_u32..2, 0_i64..12), 1..14),
    ) {
        let mut history = clean(17, places.len() as u32, keys);
        for (attempt, place) in history.attempts.iter_mut().zip(&places) {
            attempt.position = Some(*place);
        }
        let judgement = judge(&history);
        let all = &history.attempts;
        let others = |a: &Attempt, wanted: &dyn Fn(&Attempt) -> bool| {
            all.iter().any(|b| b.seq != a.seq && b.position.unwrap().0 == a.position.unwrap().0 && wanted(b))
        };
        let of = |wanted: &dyn Fn(&Attempt) -> bool| -> Vec<u32> {
            all.iter().filter(|a| wanted(a)).map(|a| a.seq).collect()
        };
        let inverted = of(&|a| others(a, &|b| b.key == a.key && b.seq > a.seq && b.position < a.position));
        let conflicts = of(&|a| others(a, &|b| b.position == a.position));
        prop_assert_eq!(ids(&judgement, Code::O2), inverted);
        prop_assert_eq!(ids(&judgement, Code::I1), conflicts);
    }
}
