//! Plants a known number of anomalies in a random clean history and wants
//! exactly that number back.

use crate::support::*;
use exactly_model::*;
use proptest::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Clean,
    /// Acknowledged, no effect.
    Lost,
    /// So many effects beyond the first.
    Doubled(u32),
    /// Another checksum.
    Corrupted,
    /// Unknown outcome, one effect.
    Recovered,
    /// Unknown outcome, no effect: nothing to report.
    Vanished,
    /// Reported as failed, one effect.
    Misreported,
    /// Reported as failed, no effect: nothing to report.
    Failed,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Clean),
        1 => Just(Fate::Lost),
        1 => (1_u32..4).prop_map(Fate::Doubled),
        1 => Just(Fate::Corrupted),
        1 => Just(Fate::Recovered),
        1 => Just(Fate::Vanished),
        1 => Just(Fate::Misreported),
        1 => Just(Fate::Failed),
    ]
}

#[derive(Clone, Debug)]
struct Planted {
    keys: u32,
    fates: Vec<Fate>,
    /// Wish to swap the first effects of a message and the next of its key.
    swaps: Vec<bool>,
    phantoms: u32,
    /// Messages delivered again, from here on.
    again_from: u32,
    shuffle: u64,
}

fn planted() -> impl Strategy<Value = Planted> {
    (1_usize..80).prop_flat_map(|n| {
        (
            1_u32..5,
            proptest::collection::vec(fate(), n),
            proptest::collection::vec(proptest::bool::weighted(0.2), n),
            0_u32..4,
            0..=n as u32,
            any::<u64>(),
        )
            .prop_map(
                |(keys, fates, swaps, phantoms, again_from, shuffle)| Planted {
                    keys,
                    fates,
                    swaps,
                    phantoms,
                    again_from,
                    shuffle,
                },
            )
    })
}

impl Planted {
    /// The messages that are put behind their successor of the same key: both
    /// clean, no message in two swaps.
    fn reordered(&self) -> Vec<u32> {
        let mut used = vec![false; self.fates.len()];
        let mut reordered = Vec::new();
        for index in 0..self.fates.len() {
            let next = index + self.keys as usize;
            let both_clean =
                self.fates[index] == Fate::Clean && self.fates.get(next) == Some(&Fate::Clean);
            if self.swaps[index] && both_clean && !used[index] {
                (used[index], used[next]) = (true, true);
                reordered.push(index as u32);
            }
        }
        reordered
    }

    fn history(&self) -> TrialHistory {
        let n = self.fates.len() as u32;
        let mut history = clean(17, n, self.keys);
        for seq in self.reordered() {
            let (a, b) = (seq as usize, (seq + self.keys) as usize);
            let all = effects(&mut history);
            (all[a].position, all[b].position) = (all[b].position, all[a].position);
        }
        for (fate, seq) in self.fates.iter().zip(0..) {
            let attempt = &mut history.attempts[seq as usize];
            attempt.outcome = match fate {
                Fate::Recovered | Fate::Vanished => Outcome::Unknown,
                Fate::Misreported | Fate::Failed => Outcome::Fail,
                _ => Outcome::Ok,
            };
            match fate {
                Fate::Lost | Fate::Vanished | Fate::Failed => lose(&mut history, seq),
                Fate::Doubled(times) => (0..*times).for_each(|_| double(&mut history, seq)),
                Fate::Corrupted => {
                    let all = effects(&mut history);
                    let effect = all.iter_mut().find(|e| e.id.sequence() == seq).unwrap();
                    effect.checksum = effect.checksum.map(|sum| !sum);
                }
                _ => {}
            }
        }
        for stranger in 0..self.phantoms {
            let phantom = bare_effect(RUN + 1, 17, stranger, 5_000);
            effects(&mut history).push(phantom);
        }
        if self.again_from < n {
            let (first, last) = (i64::from(self.again_from), i64::from(n) - 1);
            history.deliveries.push(delivery(2, first, last));
        }
        shuffle(effects(&mut history), self.shuffle);
        history
    }

    fn ids(&self, wanted: impl Fn(Fate) -> bool) -> Vec<u32> {
        let fates = self.fates.iter().zip(0..);
        fates
            .filter(|(fate, _)| wanted(**fate))
            .map(|(_, seq)| seq)
            .collect()
    }
}

/// Fisher and Yates with a small generator: the order of storage means nothing.
pub fn shuffle<T>(items: &mut [T], mut state: u64) {
    for i in (1..items.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(i, (state >> 33) as usize % (i + 1));
    }
}

/// All ids under `code`, ascending.
pub fn ids(judgement: &Judgement, code: Code) -> Vec<u32> {
    let of_code = judgement.anomalies.iter().filter(|a| a.code == code);
    let mut ids: Vec<u32> = of_code.flat_map(|a| a.ids.clone()).collect();
    ids.sort_unstable();
    ids
}

proptest! {
    #[test]
    fn what_was_planted_is_found_and_nothing_else(planted in planted()) {
        let history = planted.history();
        let judgement = judge(&history);
        let lost = planted.ids(|f| f == Fate::Lost);
        let doubled = planted.ids(|f| matches!(f, Fate::Doubled(_)));
        let corrupted = planted.ids(|f| f == Fate::Corrupted);
        let recovered = planted.ids(|f| f == Fate::Recovered);
        let misreported = planted.ids(|f| f == Fate::Misreported);
        let again: Vec<u32> = (planted.again_from..planted.fates.len() as u32).collect();

        prop_assert_eq!(ids(&judgement, Code::L1), lost.clone());
        // The clean history commits everything, so each loss has its cause.
        prop_assert_eq!(ids(&judgement, Code::L4), lost.clone());
        prop_assert_eq!(ids(&judgement, Code::T3), lost.clone());
        prop_assert_eq!(ids(&judgement, Code::D3), doubled.clone());
        prop_assert_eq!(ids(&judgement, Code::I2), corrupted.clone());
        prop_assert_eq!(ids(&judgement, Code::G4), recovered.clone());
        prop_assert_eq!(ids(&judgement, Code::X1), misreported);
        prop_assert_eq!(ids(&judgement, Code::O1), planted.reordered());
        prop_assert_eq!(found(&judgement, Code::G1), u64::from(planted.phantoms));
        prop_assert_eq!(found(&judgement, Code::L3), 0);
        prop_assert_eq!(found(&judgement, Code::V1), 0);
        // Redelivery is seen of what was acknowledged and is in the log.
        prop_assert_eq!(ids(&judgement, Code::D2), again.clone());
        // Of those, all but the last of each key come after a later one.
        let n = planted.fates.len() as u32;
        let behind: Vec<u32> = again.into_iter().filter(|id| id + planted.keys < n).collect();
        prop_assert_eq!(ids(&judgement, Code::O4), behind);
        // A table has no positions, the log is in order, nobody was replaced.
        for code in [Code::D1, Code::O2, Code::O3, Code::G2, Code::T1, Code::T5, Code::F1,
            Code::F2, Code::I1]
        {
            prop_assert_eq!(found(&judgement, code), 0, "{}", code);
        }

        let tally = judgement.tallies[0].1;
        let beyond: u32 = planted.fates.iter().map(|f| match f {
            Fate::Doubled(times) => *times,
            _ => 0,
        }).sum();
        prop_assert_eq!(tally.duplicated, u64::from(beyond));
        prop_assert_eq!(tally.lost, lost.len() as u64);
        prop_assert_eq!(tally.effects, history.sinks[0].effects.len() as u64);
        prop_assert_eq!(tally.attempted, tally.ok + tally.failed + tally.unknown);
        prop_assert_eq!(
            Guarantee::measured(tally.lost > 0, tally.duplicated > 0),
            Guarantee::measured(!lost.is_empty(), !doubled.is_empty())
        );
    }

    #[test]
    fn each_id_has_one_primary_code_at_its_sink(planted in planted()) {
        let judgement = judge(&planted.history());
        let mut all: Vec<u32> = judgement
            .anomalies
            .iter()
            .filter(|a| a.primary)
            .flat_map(|a| a.ids.clone())
            .collect();
        let before = all.len();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(before, all.len());
        let ordered = judgement.anomalies.is_sorted_by_key(|a| (a.code, a.sink.clone(), !a.primary));
        prop_assert!(ordered);
    }

    #[test]
    fn the_fold_builds_the_history_that_was_recorded(planted in planted()) {
        let history = planted.history();
        let mut script = Script::upheld(Guarantee::ExactlyOnce);
        script.trials = vec![history.clone()];
        let mut fold = exactly_check::Fold::new();
        let finished: Vec<_> = script.records().iter().filter_map(|r| fold.push(r)).collect();
        prop_assert_eq!(finished.len(), 1);
        prop_assert_eq!(&finished[0].judgement, &judge(&history));
        prop_assert_eq!(&finished[0].history.sinks, &history.sinks);
        prop_assert_eq!(&finished[0].history.attempts, &history.attempts);
        prop_assert_eq!(&finished[0].history.exchanges, &history.exchanges);
    }
}
