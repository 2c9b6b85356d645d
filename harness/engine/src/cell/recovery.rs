//! Points of classes that only recovery shows.

use super::rounds::Rounds;
use crate::plan::{self, Ground, Knowledge, Known, LeftOut};
use crate::trial::{Finished, Ordered};
use exactly_model::{Event, Place, Plan, PointClass, Schedule, TrialKind};
use std::collections::BTreeMap;

/// Classes that only recovery shows, at most.
const CLASSES_MAX: usize = 6;

impl Rounds<'_> {
    /// Faults at points of classes that only recovery showed, in the trials from
    /// `first` on: the fault that led there, then each kind that applies at the
    /// new point. `left_out` is what was left out before.
    pub fn recovery(
        &self,
        knowledge: &mut Knowledge,
        ground: &Ground,
        mut left_out: LeftOut,
        first: usize,
    ) -> Vec<Ordered> {
        let stage = self.stage;
        let mut queue = Vec::new();
        let mut added = Plan {
            cell: stage.cell,
            ..Plan::default()
        };
        let mut by_class = self.shown_by_recovery(knowledge, first).into_iter();
        for (_, (known, leading)) in by_class.by_ref().take(CLASSES_MAX) {
            for fault in plan::faults_at(&known, &stage.pipeline.kinds, ground, &mut left_out) {
                let mut schedule = leading.clone();
                schedule.faults.push(fault);
                queue.push(Ordered::new(TrialKind::Recovery, schedule));
            }
            debug_assert_eq!(known.planned.place, Place::Cycle);
            knowledge.classes.push(known.planned.class());
            added.classes.push(known.planned.class());
            added.points.push(known.planned);
        }
        // One that is left out is said to be.
        for (class, _) in by_class {
            left_out.say(format!(
                "{class}: shown by recovery, after the first {CLASSES_MAX} such classes"
            ));
        }
        if !queue.is_empty() {
            added.not_applicable = left_out.lines();
            added.trials = u32::try_from(queue.len()).unwrap_or(u32::MAX);
            stage.recorder.record(0, Event::Plan(added));
        }
        queue
    }

    /// Says which classes were shown by recovery once and in none of the trials,
    /// from `first` on, that were to strike them there: they come and go with how
    /// fast things are, and no plan can meet them.
    pub fn record_fleeting(&self, first: usize) {
        let mut met: BTreeMap<PointClass, bool> = BTreeMap::new();
        for trial in self.all.iter().skip(first) {
            let Some(fault) = trial.schedule.faults.last() else {
                continue;
            };
            let class = PointClass {
                process: fault.point.process.clone().unwrap_or_default(),
                system: fault.point.system.clone(),
                operation: fault.point.operation.clone(),
                target: fault.point.target.clone().unwrap_or_default(),
                place: Place::Cycle,
            };
            let shown = trial.observed.iter().any(|seen| {
                fault.point.operation == seen.point.operation
                    && fault.point.system == seen.point.system
                    && class.target == seen.point.target
                    && fault.point.incarnation == Some(seen.incarnation)
            });
            *met.entry(class).or_default() |= shown;
        }
        let fleeting = met.into_iter().filter(|(_, met)| !met);
        let unstable: Vec<String> = fleeting.map(|(class, _)| class.to_string()).collect();
        if !unstable.is_empty() {
            self.stage.recorder.record(
                0,
                Event::Plan(Plan {
                    cell: self.stage.cell,
                    unstable,
                    ..Plan::default()
                }),
            );
        }
    }

    /// A point of each class that is new, by its class, and the schedule that led
    /// there.
    fn shown_by_recovery(
        &self,
        knowledge: &Knowledge,
        first: usize,
    ) -> BTreeMap<String, (Known, Schedule)> {
        let mut by_class = BTreeMap::new();
        let trials = self.all.iter().skip(first);
        let mut ordered: Vec<&Finished> = trials.filter(|t| t.all_fired).collect();
        // The schedule decides which trial stands for a class, not who came first.
        ordered.sort_by_cached_key(|t| (t.schedule.faults.len(), format!("{}", t.schedule)));
        for trial in ordered {
            for known in plan::novel(knowledge, &self.stage.pipeline.timers, &trial.observed) {
                by_class
                    .entry(known.planned.class().to_string())
                    .or_insert((known, trial.schedule.clone()));
            }
        }
        by_class
    }
}
