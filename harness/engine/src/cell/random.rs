//! Schedules drawn at random: each is run, and what fails is simplified the way
//! it was drawn.

use super::Planning;
use super::rounds::Rounds;
use crate::EngineError;
use crate::plan::Draws;
use crate::trial::Ordered;
use exactly_model::{Candidate, Code, Schedule, TRIAL_MAX, TrialKind};
use proptest::strategy::ValueTree;
use std::collections::{BTreeMap, BTreeSet};

/// Trials drawn where nothing else is said.
const DRAWS: u32 = 100;
/// Trials drawn at most, however much time there is: numbers of trials end.
const DRAWS_MAX: u32 = TRIAL_MAX / 2;
/// Drawn at once; between two rounds failures are gathered.
const ROUND: u32 = 256;
/// Different failures that are simplified.
const FAILURES_MAX: usize = 3;
/// Trials on the way to a simpler schedule.
const STEPS_MAX: usize = 40;
/// Ways tried, those included that were run before.
const WAYS_MAX: usize = 1000;

/// A drawn schedule that showed a code that none before it did.
struct Failure {
    draw: u64,
    trial: u32,
    code: Code,
}

impl Rounds<'_> {
    /// Draws trials until there are enough, or the time is up.
    pub async fn draw(&mut self, draws: &Draws) -> Result<(), EngineError> {
        let enough = self.draws_wanted();
        let mut failures = Vec::new();
        let mut known = BTreeSet::new();
        let mut next = 0;
        while next < enough {
            let shard = self.course.shard;
            let own = |n: &u32| shard.is_none_or(|shard| shard.owns(*n));
            let round: Vec<u32> = (next..enough.min(next + ROUND)).filter(own).collect();
            let schedules = round.iter().map(|n| draws.schedule((*n).into()));
            let queue = schedules.map(|schedule| Ordered::new(TrialKind::Random, schedule));
            let ran = self.run_in_time(queue.collect()).await?;
            // In the order of the draws: what fails is the same with any number
            // of jobs.
            for (draw, trial) in round.into_iter().zip(&ran) {
                let Some(trial) = *trial else { continue };
                let shown = self.overseer.shown(trial);
                let new = shown.iter().find(|code| !known.contains(*code)).copied();
                failures.extend(new.map(|code| Failure {
                    draw: draw.into(),
                    trial,
                    code,
                }));
                known.extend(shown);
            }
            if ran.contains(&None) {
                break;
            }
            self.sweep_older().await?;
            next += ROUND;
        }
        for failure in failures.into_iter().take(FAILURES_MAX) {
            self.simplify(draws, &failure).await?;
        }
        Ok(())
    }

    /// How many are drawn, if there is time.
    pub fn draws_wanted(&self) -> u32 {
        let wanted = match self.course.planning {
            Planning::Random { trials, .. } => trials,
            _ => None,
        };
        let without_end = self.course.max_time.is_some();
        let otherwise = if without_end { DRAWS_MAX } else { DRAWS };
        wanted.unwrap_or(otherwise).min(DRAWS_MAX)
    }

    async fn simplify(&mut self, draws: &Draws, failure: &Failure) -> Result<(), EngineError> {
        let messages = self.stage.pipeline.feed.messages;
        let look = async |schedule: &Schedule| {
            let candidate = Candidate {
                schedule: schedule.clone(),
                messages,
            };
            self.look(failure.trial, &candidate, failure.code).await
        };
        simplify(draws.tree(failure.draw), look).await
    }
}

/// Walks down a tree of values to the simplest one that still shows the failure.
/// Nothing is run twice.
async fn simplify<E>(
    mut tree: impl ValueTree<Value = Schedule>,
    mut look: impl AsyncFnMut(&Schedule) -> Result<bool, E>,
) -> Result<(), E> {
    let mut known = BTreeMap::from([(tree.current(), true)]);
    let mut steps = 0;
    let mut is_simpler = tree.simplify();
    for _ in 0..WAYS_MAX {
        if !is_simpler {
            break;
        }
        let schedule = tree.current();
        let shows = match known.get(&schedule) {
            Some(shows) => *shows,
            None if steps == STEPS_MAX => break,
            None => {
                steps += 1;
                let shows = look(&schedule).await?;
                known.insert(schedule, shows);
                shows
            }
        };
        is_simpler = match shows {
            true => tree.simplify(),
            false => tree.complicate(),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{draws, one_by_one};
    use exactly_model::FaultKind;

    async fn walk(number: u64, shows: impl Fn(&Schedule) -> bool) -> Vec<(Schedule, bool)> {
        let mut looked = Vec::new();
        let look = async |schedule: &Schedule| {
            looked.push((schedule.clone(), shows(schedule)));
            Ok::<_, ()>(shows(schedule))
        };
        let draws = draws(&one_by_one(6), 3, 7);
        simplify(draws.tree(number), look).await.unwrap();
        looked
    }

    fn drops(schedule: &Schedule) -> bool {
        let mut faults = schedule.faults.iter();
        faults.any(|fault| fault.kind >= FaultKind::DropRequest)
    }

    #[tokio::test]
    async fn what_the_failure_does_not_need_is_left_out() {
        let draws = draws(&one_by_one(6), 3, 7);
        let mut walked = 0;
        for number in 0..40 {
            let drawn = draws.schedule(number);
            if drawn.faults.len() < 3 || !drops(&drawn) {
                continue;
            }
            let looked = walk(number, drops).await;
            let last = looked.iter().rev().find(|(_, shows)| *shows);
            let (simplest, _) = last.expect("three faults are not all needed");
            assert_eq!(simplest.faults.len(), 1, "{drawn} -> {simplest}");
            // To the plainest kind that does it, at any time.
            assert_eq!(simplest.faults[0].kind, FaultKind::DropRequest);
            assert_eq!(simplest.faults[0].point.incarnation, None);
            assert!(looked.len() <= STEPS_MAX);
            let mut once = looked.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), looked.len(), "nothing is run twice");
            walked += 1;
        }
        assert!(walked > 3, "{walked}");
    }

    #[tokio::test]
    async fn a_failure_that_never_comes_back_ends_it_too() {
        let looked = walk(0, |_| false).await;
        assert!(!looked.is_empty() && looked.len() <= STEPS_MAX);
    }
}
