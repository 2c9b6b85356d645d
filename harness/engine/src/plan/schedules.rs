//! From points to schedules.

use super::ground::{Ground, LeftOut};
use super::kinds::faults_at;
use super::learn::Knowledge;
use exactly_model::{FaultKind, Schedule};

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub struct Schedules {
    /// One fault each.
    pub schedules: Vec<Schedule>,
    /// What does not apply.
    pub left_out: LeftOut,
    /// Cuts that exist over the chosen points, and cuts planned.
    pub cuts: (u64, u64),
}

/// `every-boundary`: each chosen point with each kind that applies.
pub fn every_boundary(
    knowledge: &Knowledge,
    kinds: &[FaultKind],
    exhaustive: bool,
    ground: &Ground,
) -> Schedules {
    let mut planned = Schedules::default();
    for known in &knowledge.points {
        if !exhaustive && !known.planned.representative {
            continue;
        }
        let (exist, tested) = cuts(known.in_flight);
        planned.cuts.0 = planned.cuts.0.saturating_add(exist);
        planned.cuts.1 += tested;
        for fault in faults_at(known, kinds, ground, &mut planned.left_out) {
            planned.schedules.push(Schedule::single(fault));
        }
    }
    planned
}

/// With `k` in flight each of the others may or may not have been applied.
fn cuts(in_flight: u32) -> (u64, u64) {
    let others = in_flight.saturating_sub(1);
    (
        1_u64.checked_shl(others).unwrap_or(u64::MAX),
        if others == 0 { 1 } else { 2 },
    )
}

/// Puts `items` into an order that `seed` decides. No verdict depends on it: it
/// keeps trials from meeting in the same order in each run.
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for i in (1..items.len()).rev() {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        items.swap(i, (z % (i as u64 + 1)) as usize);
    }
}
