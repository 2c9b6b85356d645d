//! The search for the shortest way to an anomaly, against a model of what shows
//! it.

use crate::support::*;
use exactly_check::{Judging, MESSAGE_TRIES_MAX, SHRINK_TRIES_MAX};
use exactly_model::*;
use proptest::prelude::*;

type Tried = Vec<(Candidate, bool)>;

/// Runs the search to its end; `shows` stands for the trial.
fn shrink(found: &Candidate, mut shows: impl FnMut(&Candidate) -> bool) -> (Candidate, Tried) {
    let mut tried: Tried = Vec::new();
    while let Some(next) = Judging.next_shrink(found, &tried) {
        assert!(tried.iter().all(|(known, _)| *known != next), "{next:?}");
        assert!(tried.len() < SHRINK_TRIES_MAX);
        let shown = shows(&next);
        tried.push((next, shown));
    }
    let shown = tried.iter().filter(|(_, shown)| *shown);
    let size = |c: &Candidate| (c.schedule.faults.len(), c.messages);
    let least = shown.map(|(c, _)| c).min_by_key(|c| size(c));
    (least.unwrap_or(found).clone(), tried)
}

/// A fault that is told from others by the message that it is about.
fn fault(number: u32) -> Fault {
    Fault {
        duration_ms: Some(150),
        others: Some(Others::Dropped),
        nodes: Some(Nodes::All),
        ..kill_after_commit(number).faults.remove(0)
    }
}

fn candidate(faults: impl IntoIterator<Item = u32>, messages: u32) -> Candidate {
    Candidate {
        schedule: Schedule {
            faults: faults.into_iter().map(fault).collect(),
        },
        messages,
    }
}

fn numbers(candidate: &Candidate) -> Vec<u32> {
    let ids = |fault: &Fault| fault.point.ids.clone().unwrap()[0];
    candidate.schedule.faults.iter().map(ids).collect()
}

/// The faults that are needed, by their numbers: any of these sets will do.
#[derive(Clone, Debug)]
struct Model {
    enough: Vec<Vec<u32>>,
    messages: u32,
}

impl Model {
    fn shows(&self, candidate: &Candidate) -> bool {
        let there = numbers(candidate);
        candidate.messages >= self.messages
            && self
                .enough
                .iter()
                .any(|set| set.iter().all(|n| there.contains(n)))
    }
}

prop_compose! {
    fn model()(faults in 1_u32..7)(
        enough in proptest::collection::vec(
            proptest::collection::btree_set(0..faults, 0..=faults as usize), 1..4),
        faults in Just(faults),
        messages in 1_u32..40,
    ) -> (Model, u32) {
        let enough = enough.into_iter().map(|set| set.into_iter().collect()).collect();
        (Model { enough, messages }, faults)
    }
}

proptest! {
    #[test]
    fn the_result_is_one_minimal_within_a_bound((model, faults) in model()) {
        let found = candidate(0..faults, 40);
        let (least, tried) = shrink(&found, |c| model.shows(c));
        prop_assert!(model.shows(&least));
        for index in 0..least.schedule.faults.len() {
            let mut without = least.clone();
            without.schedule.faults.remove(index);
            without.messages = found.messages;
            prop_assert!(!model.shows(&without), "{without:?}");
        }
        let n = faults as usize;
        prop_assert!(tried.len() <= n * (n + 1) / 2 + 1 + MESSAGE_TRIES_MAX);
        // Order and what a fault says are left alone.
        let kept = numbers(&least);
        prop_assert!(kept.is_sorted());
        prop_assert_eq!(&least.schedule, &candidate(kept, 0).schedule);
        // The batch has every message that is named, and is no larger than it was.
        let named = numbers(&least).into_iter().max().map_or(1, |n| n + 1);
        prop_assert!(least.messages >= named && least.messages <= found.messages);
    }

    #[test]
    fn a_coin_does_not_keep_it_busy(faults in 0_u32..7, coin in any::<u64>()) {
        let found = candidate(0..faults, 40);
        let mut coin = coin;
        let (_, tried) = shrink(&found, |_| {
            coin = coin.rotate_left(1);
            coin & 1 == 1
        });
        let n = faults as usize;
        prop_assert!(tried.len() <= n * (n + 1) / 2 + 1 + MESSAGE_TRIES_MAX);
        let empty = tried.iter().filter(|(c, _)| {
            c.schedule.faults.is_empty() && c.messages == found.messages
        });
        prop_assert!(empty.count() <= 1);
    }
}

/// The candidates, in order, as faults and messages.
fn path(found: &Candidate, shows: impl FnMut(&Candidate) -> bool) -> Vec<(Vec<u32>, u32)> {
    let (_, tried) = shrink(found, shows);
    tried
        .iter()
        .map(|(c, _)| (numbers(c), c.messages))
        .collect()
}

#[test]
fn faults_go_from_the_last_to_the_first_then_messages() {
    let needed = |c: &Candidate| numbers(c).contains(&1) && c.messages >= 2;
    assert_eq!(
        path(&candidate([0, 1, 2], 6), needed),
        [
            (vec![0, 1], 6),
            (vec![0], 6),
            (vec![1], 6),
            (vec![], 6),
            // The same at the first message is something else here.
            (vec![0], 1),
            (vec![1], 2),
        ]
    );
}

#[test]
fn messages_double_and_then_close_in() {
    let messages = |least: u32| {
        let found = candidate([0], 40);
        let shows = move |c: &Candidate| !c.schedule.faults.is_empty() && c.messages >= least;
        let path = path(&found, shows);
        // The one without its fault first.
        path[1..].iter().map(|(_, n)| *n).collect::<Vec<u32>>()
    };
    assert_eq!(messages(1), [1]);
    assert_eq!(messages(6), [1, 2, 4, 8, 6, 5]);
    assert_eq!(messages(40), [1, 2, 4, 8, 16, 28]);
}

#[test]
fn what_is_as_short_as_it_can_be_needs_only_the_proof() {
    let found = candidate([2], 3);
    assert_eq!(path(&found, |_| false), [(vec![], 3), (vec![0], 1)]);
    assert_eq!(path(&candidate([], 1), |_| true), []);
}

#[test]
fn messages_named_by_a_hold_are_kept() {
    let held = Selector::new("pg", "COMMIT").covering(4);
    let until = Selector {
        ids: Some(vec![2, 7]),
        ..Selector::new("k", "OffsetCommit")
    };
    let found = Candidate {
        schedule: Schedule::single(Fault::hold(held, until)),
        messages: 20,
    };
    let (least, _) = shrink(&found, |c| c.schedule == found.schedule);
    assert_eq!(least.messages, 8);
    // Together they can be about earlier ones: 2 and 5 instead of 4 and 7.
    let (least, _) = shrink(&found, |c| !c.schedule.faults.is_empty());
    assert_eq!(least.messages, 6);
}

#[test]
fn a_long_schedule_from_a_file_has_an_end() {
    let found = candidate(0..60, 60);
    // Needs every one of them.
    let (least, tried) = shrink(&found, |c| c.schedule.faults.len() == 60);
    assert!(least == found);
    assert_eq!(tried.len(), 60);
    // Each pass finds one fault to leave out, the last that it looks at.
    let (_, tried) = shrink(&found, |c| {
        let n = numbers(c);
        n.iter()
            .zip(60 - n.len() as u32..)
            .all(|(number, at)| *number == at)
    });
    assert_eq!(tried.len(), SHRINK_TRIES_MAX);
}

#[test]
fn what_goes_wrong_at_the_third_message_is_looked_for_at_the_first() {
    let found = candidate([2], 6);
    let any = |c: &Candidate| !c.schedule.faults.is_empty();
    assert_eq!(shrink(&found, any).0, candidate([0], 1));
    // The distance between two messages stays.
    assert_eq!(
        shrink(&candidate([2, 4], 6), |c| c.schedule.faults.len() == 2).0,
        candidate([0, 2], 3)
    );
    // Where it is about that message alone, it stays there.
    let third = |c: &Candidate| numbers(c) == [2];
    assert_eq!(shrink(&found, third).0, candidate([2], 3));
}
