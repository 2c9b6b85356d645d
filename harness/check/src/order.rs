//! Order of first effects.

use exactly_model::{Effect, Outcome, SinkAudit, TrialHistory};
use std::collections::BTreeMap;

/// In the per-message state: no effect.
const NONE: u32 = u32::MAX;
/// In the per-message state: effects in several partitions, of which none is
/// the first.
const SCATTERED: u32 = u32::MAX - 1;
/// Effects of one sink whose order can be told.
pub(crate) const EFFECTS_MAX: usize = SCATTERED as usize;

/// What order says.
pub(crate) struct Unordered {
    /// Messages whose first effect comes too late; sequences ascending.
    pub(crate) ids: Vec<u32>,
    /// Whether effects of one key, or of one message, lie in several partitions,
    /// between which there is no order.
    pub(crate) scattered: bool,
}

/// Acknowledged messages whose first effect stands behind the first effect of
/// a message of the same key that was sent later.
///
/// Only first effects are compared, so 1,2,1,2 is a replay and no reordering.
/// `first` is scratch space, one entry for each attempt.
pub(crate) fn reordered(
    history: &TrialHistory,
    sink: &SinkAudit,
    own: impl Fn(&Effect) -> Option<u32>,
    first: &mut [u32],
) -> Unordered {
    let mut scattered = first_effects(sink, own, first);
    // Backwards through the sends, so that the earliest first effect of all
    // later messages of a key is at hand: one place for each key.
    let mut earliest_later: Vec<(Option<u32>, i64)> = vec![(None, i64::MAX); history.keys.len()];
    // Keys whose effects lie in several partitions, which is rare.
    let mut elsewhere: BTreeMap<(u32, Option<u32>), i64> = BTreeMap::new();
    let mut behind = Vec::new();
    for (attempt, &index) in history.attempts.iter().zip(first.iter()).rev() {
        if attempt.outcome != Outcome::Ok || index >= SCATTERED {
            continue;
        }
        let effect = &sink.effects[index as usize];
        let Some(position) = effect.position else {
            continue;
        };
        let home = &mut earliest_later[attempt.key as usize];
        if home.1 == i64::MAX {
            home.0 = effect.partition;
        }
        let earliest = if home.0 == effect.partition {
            &mut home.1
        } else {
            scattered = true;
            elsewhere
                .entry((attempt.key, effect.partition))
                .or_insert(i64::MAX)
        };
        if position > *earliest {
            behind.push(attempt.seq);
        }
        *earliest = position.min(*earliest);
    }
    behind.reverse();
    Unordered {
        ids: behind,
        scattered,
    }
}

/// Fills `first` with the index of each message's first effect; whether some
/// message has effects in several partitions.
fn first_effects(
    sink: &SinkAudit,
    own: impl Fn(&Effect) -> Option<u32>,
    first: &mut [u32],
) -> bool {
    first.fill(NONE);
    let mut scattered = false;
    for (effect, index) in sink.effects.iter().zip(0_u32..) {
        let (Some(sequence), Some(position)) = (own(effect), effect.position) else {
            continue;
        };
        let known = &mut first[sequence as usize];
        match sink.effects.get(*known as usize) {
            _ if *known == SCATTERED => {}
            None => *known = index,
            Some(before) if before.partition != effect.partition => {
                *known = SCATTERED;
                scattered = true;
            }
            Some(before) if before.position.is_none_or(|p| position < p) => *known = index,
            Some(_) => {}
        }
    }
    scattered
}
