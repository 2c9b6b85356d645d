//! A second crash, while the pipeline recovers from the first.

use super::learn::{Knowledge, Known};
use exactly_model::{Fault, FaultKind, Phase, Place, Schedule, Selector};

/// Both crashes come before or after what they strike.
const PHASES: [(Phase, Phase); 4] = [
    (Phase::Before, Phase::Before),
    (Phase::After, Phase::After),
    (Phase::Before, Phase::After),
    (Phase::After, Phase::Before),
];

/// Pairs over class representatives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pairs {
    /// Those that are planned.
    pub schedules: Vec<Schedule>,
    /// How many there are.
    pub exist: u64,
}

/// Each ordered pair of class representatives, each crash before and after: the
/// first incarnation is killed at a point, the second one at its first exchange
/// of a class. A class that only comes when there is nothing left to do
/// leaves nothing to recover and does not begin a pair.
///
/// At most `most` are planned: all pairs of classes before a pair comes back with
/// other phases, and evenly spread where not even these are all planned. `seed`
/// says which phases come first, and where the spread begins.
pub fn pairs(knowledge: &Knowledge, most: usize, seed: u64) -> Pairs {
    let firsts: Vec<&Known> = knowledge
        .stand_ins()
        .filter(|known| known.planned.place != Place::Shutdown)
        .collect();
    let seconds = seconds(knowledge);
    let classes = firsts.len() * seconds.len();
    let exist = classes * PHASES.len();
    let planned = exist.min(most);
    let pair = |layer: usize, i: usize| {
        let turn = (layer as u64 + i as u64).wrapping_add(seed) % PHASES.len() as u64;
        let (first, second) = (firsts[i / seconds.len()], &seconds[i % seconds.len()]);
        both(first, second, PHASES[turn as usize])
    };
    let whole = planned.checked_div(classes).unwrap_or(0);
    let rest = planned.checked_rem(classes).unwrap_or(0);
    let all = (0..whole).flat_map(|layer| (0..classes).map(move |i| (layer, i)));
    let spread = (0..rest).map(|nth| (whole, strided(nth, rest, classes, seed)));
    Pairs {
        schedules: all.chain(spread).map(|(layer, i)| pair(layer, i)).collect(),
        exist: exist as u64,
    }
}

/// The first exchange of each class in the second incarnation. Classes that
/// differ only in their place have the same one.
fn seconds(knowledge: &Knowledge) -> Vec<Selector> {
    let mut seconds: Vec<Selector> = Vec::new();
    for known in knowledge.stand_ins() {
        let first_of_second = Selector {
            ids: None,
            nth: Some(0),
            ..known.selector.clone()
        }
        .in_incarnation(2);
        if !seconds.contains(&first_of_second) {
            seconds.push(first_of_second);
        }
    }
    seconds
}

fn both(first: &Known, second: &Selector, phases: (Phase, Phase)) -> Schedule {
    let first = first.selector.clone().in_incarnation(1);
    Schedule {
        faults: vec![
            Fault::new(FaultKind::Kill, phases.0, first),
            Fault::new(FaultKind::Kill, phases.1, second.clone()),
        ],
    }
}

/// The `nth` of `chosen` indices below `all`, evenly spread.
fn strided(nth: usize, chosen: usize, all: usize, seed: u64) -> usize {
    let offset = (seed % all as u64) as usize;
    (nth * all + offset) / chosen
}
