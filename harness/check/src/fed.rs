//! The log that is fed: what its acknowledgements say of it.

use crate::delivery::by_position;
use exactly_model::{Attempt, Outcome, TrialHistory};
use std::collections::BTreeMap;

/// Acknowledged messages with a position, in the order in which they were sent.
fn located(history: &TrialHistory) -> impl DoubleEndedIterator<Item = (&Attempt, (u32, i64))> {
    history
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome == Outcome::Ok)
        .filter_map(|attempt| Some((attempt, attempt.position?)))
}

/// Whether what is fed is a log at all: some acknowledgement names a position.
pub(crate) fn is_log(history: &TrialHistory) -> bool {
    located(history).next().is_some()
}

/// Why the order of the log cannot be compared with that of the sends.
pub(crate) fn lacks_order(history: &TrialHistory) -> Option<&'static str> {
    let acknowledged = |attempt: &&Attempt| attempt.outcome == Outcome::Ok;
    if history.feed_concurrency > 1 {
        return Some("sends one after the other (several were in flight)");
    }
    let without = history
        .attempts
        .iter()
        .filter(acknowledged)
        .any(|attempt| attempt.position.is_none());
    without.then_some("positions of all acknowledged messages")
}

/// Whether the positions of each partition rise in the order of the sends: then
/// nothing is inverted, and no position was given twice.
fn rises(history: &TrialHistory) -> bool {
    let mut ends: BTreeMap<u32, i64> = BTreeMap::new();
    located(history).all(|(_, (partition, offset))| {
        let end = ends.entry(partition).or_insert(i64::MIN);
        let rises = offset > *end;
        *end = offset;
        rises
    })
}

/// Messages that stand in the log behind a message of the same key that was
/// sent later; sequences ascending. In different partitions there is no behind.
pub(crate) fn inverted(history: &TrialHistory) -> Vec<u32> {
    if rises(history) {
        return Vec::new();
    }
    // Backwards, so that the earliest of all later ones is at hand.
    let mut earliest_later: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    let mut behind = Vec::new();
    for (attempt, (partition, offset)) in located(history).rev() {
        let earliest = earliest_later
            .entry((attempt.key, partition))
            .or_insert(i64::MAX);
        if offset > *earliest {
            behind.push(attempt.seq);
        }
        *earliest = offset.min(*earliest);
    }
    behind.reverse();
    behind
}

/// Messages that were acknowledged at a position that another one was
/// acknowledged at as well; sequences ascending. `order` is scratch space, one
/// entry for each attempt.
pub(crate) fn at_one_position(history: &TrialHistory, order: &mut [u32]) -> Vec<u32> {
    if rises(history) {
        return Vec::new();
    }
    by_position(history, order);
    let place = |sequence: u32| {
        let attempt = &history.attempts[sequence as usize];
        attempt.position.filter(|_| attempt.outcome == Outcome::Ok)
    };
    let mut conflicting = Vec::new();
    let mut last: Option<(u32, (u32, i64))> = None;
    for &sequence in order.iter() {
        let Some(here) = place(sequence) else {
            continue;
        };
        if let Some((before, there)) = last
            && there == here
        {
            conflicting.extend([before, sequence]);
        }
        last = Some((sequence, here));
    }
    conflicting.sort_unstable();
    conflicting.dedup();
    conflicting
}
