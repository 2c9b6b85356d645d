//! Schedules drawn at random, and the way back to simpler ones.

use super::ground::{Ground, LeftOut};
use super::kinds::faults_at;
use super::learn::Knowledge;
use exactly_model::{Fault, FaultKind, Schedule, Selector};
use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Incarnations that a fault can name; 0 stands for any. The first ones are
/// drawn more often: later ones come only after as many crashes.
const INCARNATIONS: [u32; 8] = [0, 0, 0, 1, 1, 2, 2, 3];
/// How a fault in a certain incarnation names its exchange: as calibration knew
/// it (0), or as the first, second or third of its operation.
const ORDINALS: std::ops::Range<u32> = 0..4;

/// An endless row of schedules. The same seed gives the same row, and each
/// schedule is the same whoever asks for it and when.
#[derive(Clone, Debug)]
pub struct Draws {
    pool: Vec<Fault>,
    faults_max: usize,
    seed: u64,
    cell: u32,
}

impl Draws {
    /// Draws 1 to `faults_max` faults from all that apply at the known points.
    /// `None` when there is none.
    pub fn new(
        knowledge: &Knowledge,
        kinds: &[FaultKind],
        ground: &Ground,
        left_out: &mut LeftOut,
        (faults_max, seed, cell): (u32, u64, u32),
    ) -> Option<Self> {
        if kinds.iter().any(|kind| kind.strikes_system()) {
            left_out.say("faults of nodes: not drawn, they have the systems to themselves");
        }
        if kinds.contains(&FaultKind::Replay) {
            left_out.say("replay: not drawn, it comes after several deaths at one point");
        }
        let points = knowledge.points.iter();
        let mut pool: Vec<Fault> = points
            .flat_map(|known| faults_at(known, kinds, ground, left_out))
            .collect();
        // Simplifying goes to the front: to the plain kinds.
        pool.sort_by_key(|fault| fault.kind);
        (!pool.is_empty()).then_some(Self {
            pool,
            faults_max: faults_max.max(1) as usize,
            seed,
            cell,
        })
    }

    /// The schedule with this number, with its ways to simpler ones.
    pub fn tree(&self, number: u64) -> impl ValueTree<Value = Schedule> + Send + use<> {
        let mut seed = [0_u8; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..12].copy_from_slice(&self.cell.to_le_bytes());
        seed[12..20].copy_from_slice(&number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let fault = (
            select(self.pool.clone()),
            select(&INCARNATIONS[..]),
            ORDINALS,
        );
        vec(fault, 1..=self.faults_max)
            .prop_map(schedule)
            .new_tree(&mut runner)
            .expect("nothing in the strategy rejects a value")
    }

    /// The schedule with this number.
    pub fn schedule(&self, number: u64) -> Schedule {
        self.tree(number).current()
    }
}

fn schedule(drawn: Vec<(Fault, u32, u32)>) -> Schedule {
    let placed = drawn.into_iter().zip(1..);
    let faults = placed.map(|((fault, incarnation, ordinal), place)| Fault {
        // Before the second fault there is one incarnation, or one crash.
        point: placed_in(fault.point.clone(), incarnation.min(place), ordinal),
        ..fault
    });
    Schedule {
        faults: faults.collect(),
    }
}

fn placed_in(known: Selector, incarnation: u32, ordinal: u32) -> Selector {
    match (incarnation, ordinal) {
        (0, _) => known,
        (_, 0) => known.in_incarnation(incarnation),
        _ => Selector {
            ids: None,
            nth: Some(ordinal - 1),
            ..known
        }
        .in_incarnation(incarnation),
    }
}
