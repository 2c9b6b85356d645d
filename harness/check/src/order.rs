//! Order of first effects.

use exactly_model::{Effect, Outcome, SinkAudit, TrialHistory};

/// In the per-message state: no effect.
pub(crate) const NONE: u32 = u32::MAX;

/// Acknowledged messages whose first effect stands behind the first effect of
/// a message of the same key that was sent later. Sequences ascending.
///
/// Only first effects are compared, so 1,2,1,2 is a replay and no reordering.
/// `first` is scratch space, one entry for each attempt.
pub(crate) fn reordered(
    history: &TrialHistory,
    sink: &SinkAudit,
    own: impl Fn(&Effect) -> Option<u32>,
    first: &mut [u32],
) -> Vec<u32> {
    first.fill(NONE);
    for (effect, index) in sink.effects.iter().zip(0_u32..) {
        let (Some(sequence), Some(position)) = (own(effect), effect.position) else {
            continue;
        };
        let known = &mut first[sequence as usize];
        let earlier = *known == NONE
            || sink.effects[*known as usize]
                .position
                .is_none_or(|p| position < p);
        if earlier {
            *known = index;
        }
    }
    // Backwards through the sends, so that the earliest first effect of all
    // later messages of a key is at hand: one number for each key.
    let mut earliest_later = vec![i64::MAX; history.keys.len()];
    let mut behind = Vec::new();
    for (attempt, &index) in history.attempts.iter().zip(first.iter()).rev() {
        if attempt.outcome != Outcome::Ok || index == NONE {
            continue;
        }
        let Some(position) = sink.effects[index as usize].position else {
            continue;
        };
        let earliest = &mut earliest_later[attempt.key as usize];
        if position > *earliest {
            behind.push(attempt.seq);
        }
        *earliest = position.min(*earliest);
    }
    behind.reverse();
    behind
}
