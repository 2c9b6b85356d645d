//! Shards of one plan, put together.

use crate::cell::{CellState, shows};
use crate::fold::{Fold, Trial};
use exactly_model::{Plan, RunStart, TrialKind};

/// Runs that do not belong together.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MergeError {
    /// A run that is the whole of its plan, or has no beginning.
    #[error("run {run} is no shard: only runs with --shard can be merged")]
    NoShard {
        /// Its id.
        run: String,
    },
    /// Two runs of the same shard.
    #[error("shard {shard} is there twice, as {first} and {second}; leave one out")]
    Twice {
        /// The shard.
        shard: String,
        /// One run.
        first: String,
        /// The other one.
        second: String,
    },
    /// Runs of different plans.
    #[error("{first} and {second} are shards of different plans: {what} differs")]
    Different {
        /// One run.
        first: String,
        /// The other one.
        second: String,
        /// What differs.
        what: &'static str,
    },
}

impl Fold {
    /// Adds another shard of the same plan. What both have run counts once: each
    /// learns the points by itself, and strikes what its own recoveries showed.
    ///
    /// Shards number their trials apart, so that numbers stay what they are in the
    /// records.
    pub fn absorb(&mut self, other: Self) -> Result<(), MergeError> {
        let (shard, name) = self.fits(&other)?;
        for (number, trial) in other.trials {
            let cell = other.cells.get(&trial.start.cell);
            let again = cell.is_some_and(|cell| {
                let forbidden = |code, sink: &str| cell.start.info.forbids(code, sink);
                // What shows something is never thrown away.
                self.has_run(&trial) && !shows(&trial, forbidden)
            });
            if !again {
                self.trials.insert(number, trial);
            }
        }
        for (number, cell) in other.cells {
            match self.cells.get_mut(&number) {
                Some(own) => own.absorb(cell),
                None => drop(self.cells.insert(number, cell)),
            }
        }
        self.shards.insert(shard);
        if let Some(run) = &mut self.run {
            run.id = format!("{}+{name}", run.id);
        }
        Ok(())
    }

    /// The other one's shard and run, if they are of one plan.
    fn fits(&self, other: &Self) -> Result<(u32, String), MergeError> {
        let (own, of_own) = shard(self)?;
        let (run, of_run) = shard(other)?;
        let (first, second) = (own.id.clone(), run.id.clone());
        if self.shards.contains(&of_run.index) {
            let shard = of_run.to_string();
            return Err(MergeError::Twice {
                shard,
                first,
                second,
            });
        }
        let differences = [
            ("the number of shards", of_own.of != of_run.of),
            ("the seed", own.seed != run.seed),
            ("the plan", own.plan != run.plan),
            ("--exhaustive", own.exhaustive != run.exhaustive),
            ("the version", own.tool != run.tool),
            ("what is judged", self.selected != other.selected),
        ];
        match differences.into_iter().find(|(_, differs)| *differs) {
            Some((what, _)) => Err(MergeError::Different {
                first,
                second,
                what,
            }),
            None => Ok((of_run.index, run.id.clone())),
        }
    }

    /// Whether the same was run already. Trials that look closer or are drawn are
    /// each their own.
    fn has_run(&self, trial: &Trial) -> bool {
        let start = &trial.start;
        if start.kind.looks_closer() || start.kind == TrialKind::Random {
            return false;
        }
        self.trials.values().any(|known| {
            let known = &known.start;
            known.cell == start.cell
                && known.kind == start.kind
                && known.messages == start.messages
                && known.schedule == start.schedule
        })
    }
}

fn shard(fold: &Fold) -> Result<(&RunStart, exactly_model::Shard), MergeError> {
    let run = fold.run.as_ref();
    match run.and_then(|run| Some((run, run.shard?))) {
        Some(shard) => Ok(shard),
        None => Err(MergeError::NoShard {
            run: run.map_or_else(|| "without a beginning".into(), |run| run.id.clone()),
        }),
    }
}

impl CellState {
    /// Adds what another shard knows of the same cell.
    fn absorb(&mut self, other: Self) {
        for plan in other.plans {
            if !self.plans.iter().any(|known| same_points(known, &plan)) {
                // Counters of the whole plan are in the first one.
                let (cuts, pairs) = Default::default();
                self.plans.push(Plan {
                    cuts,
                    pairs,
                    ..plan
                });
            }
        }
        self.take_remarks(other.notes, other.assists);
        // One that has no end, or a bad one, leaves the whole without a good one.
        self.end = match (self.end.take(), other.end) {
            (Some(own), Some(other)) if own.error.is_none() => Some(other),
            (Some(own), Some(_)) => Some(own),
            _ => None,
        };
    }
}

fn same_points(one: &Plan, other: &Plan) -> bool {
    one.classes == other.classes
        && one.points == other.points
        && one.unstable == other.unstable
        && one.not_applicable == other.not_applicable
}
