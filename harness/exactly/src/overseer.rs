//! The fold beside a running run: judges each trial as it ends, tells progress,
//! and says whether calibration was clean.

use crate::Progress;
use exactly_check::{FinishedTrial, Fold};
use exactly_engine::cell::Overseer;
use exactly_model::{Cell, Code, Event, Record, TrialKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// See the module.
#[derive(Clone)]
pub(crate) struct Live(Arc<Mutex<Inner>>);

struct Inner {
    fold: Fold,
    cells_in_all: u32,
    cells: BTreeMap<u32, Seen>,
    tell: Box<dyn FnMut(&Progress) + Send>,
}

struct Seen {
    info: Cell,
    classes: u32,
    points: u32,
    planned: u32,
    done: u32,
    calibration: Vec<String>,
}

impl Live {
    pub fn new(cells_in_all: u32, tell: Box<dyn FnMut(&Progress) + Send>) -> Self {
        let inner = Inner {
            fold: Fold::new(),
            cells_in_all,
            cells: BTreeMap::new(),
            tell,
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Takes each record as the store writes it.
    pub fn push(&self, record: &Record) {
        let mut inner = self.0.lock().expect("the fold does not panic");
        let finished = inner.fold.push(record);
        inner.progress(&record.event);
        if let Some(finished) = finished {
            inner.trial_done(&finished);
        }
    }

    /// Tells something that is not in the history.
    pub fn note(&self, text: String) {
        (self.0.lock().expect("the fold does not panic").tell)(&Progress::Note(text));
    }

    pub fn report(&self) -> exactly_model::Report {
        self.0
            .lock()
            .expect("the fold does not panic")
            .fold
            .report()
    }
}

impl Inner {
    fn progress(&mut self, event: &Event) {
        match event {
            Event::Cell(start) => {
                let started = Progress::CellStarted {
                    cell: start.cell + 1,
                    of: self.cells_in_all,
                    id: start.info.id(),
                };
                let seen = Seen {
                    info: start.info.clone(),
                    classes: 0,
                    points: 0,
                    planned: 0,
                    done: 0,
                    calibration: Vec::new(),
                };
                self.cells.insert(start.cell, seen);
                (self.tell)(&started);
            }
            Event::Plan(plan) => {
                let Some(seen) = self.cells.get_mut(&plan.cell) else {
                    return;
                };
                seen.classes += plan.classes.len() as u32;
                seen.points += plan.points.len() as u32;
                seen.planned += plan.trials + plan.calibrations;
                (self.tell)(&Progress::Planned {
                    id: seen.info.id(),
                    classes: seen.classes,
                    points: seen.points,
                    trials: seen.planned,
                });
            }
            Event::CellEnd(end) => {
                let Some(seen) = self.cells.get(&end.cell) else {
                    return;
                };
                let report = self.fold.report();
                let variant = report
                    .variants()
                    .find(|(claim, v)| claim.id == seen.info.claim && v.id == seen.info.variant);
                if let Some((_, variant)) = variant {
                    (self.tell)(&Progress::CellDone {
                        report: variant.clone(),
                    });
                }
            }
            _ => {}
        }
    }

    fn trial_done(&mut self, finished: &FinishedTrial) {
        let Some(seen) = self.cells.get_mut(&finished.cell) else {
            return;
        };
        seen.done += 1;
        let forbidden: Vec<Code> = finished
            .judgement
            .codes()
            .into_iter()
            .filter(|code| seen.info.forbidden.contains(code))
            .collect();
        if finished.kind == TrialKind::Calibration {
            seen.calibration.extend(unclean(finished, &forbidden));
        }
        (self.tell)(&Progress::TrialDone {
            id: seen.info.id(),
            done: seen.done,
            planned: seen.planned.max(seen.done),
            anomalies: forbidden.len() as u64,
        });
    }
}

/// Why a fault-free trial is no ground to plan on.
fn unclean(finished: &FinishedTrial, forbidden: &[Code]) -> Option<String> {
    let (judgement, trial) = (&finished.judgement, finished.history.trial);
    if !judgement.valid {
        let why = judgement
            .invalid_because
            .as_deref()
            .unwrap_or("it is not valid");
        return Some(format!("trial {trial} had no fault: {why}"));
    }
    if !forbidden.is_empty() {
        let codes: Vec<&str> = forbidden.iter().map(|code| code.as_str()).collect();
        return Some(format!(
            "trial {trial} had no fault and showed {}: the pipeline is wrong without any",
            codes.join(", ")
        ));
    }
    let idle = judgement
        .tallies
        .iter()
        .find(|(_, tally)| tally.attempted == 0 || tally.effects == 0);
    idle.map(|(sink, _)| {
        format!("trial {trial} had no fault and no effects at {sink}: the pipeline did nothing")
    })
}

impl Overseer for Live {
    fn calibrated(&self, cell: u32) -> Result<(), String> {
        let inner = self.0.lock().expect("the fold does not panic");
        match inner
            .cells
            .get(&cell)
            .and_then(|seen| seen.calibration.first())
        {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }
}
