//! The fold beside a running run: judges each trial as it ends, tells progress,
//! and answers what the engine asks about trials that are over.

mod unclean;

use crate::Progress;
use exactly_check::{FinishedTrial, Fold, Judging};
use exactly_engine::cell::{Finding, Overseer};
use exactly_model::{
    Candidate, Cell, Code, Event, FaultState, Judge, Record, TrialHistory, TrialKind,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use unclean::{suspicious, unclean};

/// See the module.
#[derive(Clone)]
pub(crate) struct Live(Arc<Mutex<Inner>>);

struct Inner {
    fold: Fold,
    cells_in_all: u32,
    cells: BTreeMap<u32, Seen>,
    /// What each trial has shown, by its number.
    trials: BTreeMap<u32, Shown>,
    tell: Box<dyn FnMut(&Progress) + Send>,
}

/// A trial that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    /// Whether every fault of its schedule fired.
    pub fired: bool,
    /// The forbidden codes.
    pub codes: Vec<Code>,
}

struct Seen {
    info: Cell,
    classes: u32,
    points: u32,
    planned: u32,
    started: u32,
    done: u32,
    calibration: Vec<String>,
    /// Whether anything forbidden was seen.
    found: bool,
    /// Whether the user was told what looks odd.
    hinted: bool,
    /// Why it ended before its plan did, or was not run.
    cut_short: Option<String>,
}

impl Seen {
    /// Trials in all, as far as is known. Nobody knows beforehand how many it
    /// takes to look closer, or to draw until the time is up.
    fn in_all(&self) -> u32 {
        self.planned.max(self.started)
    }
}

impl Live {
    pub fn new(cells_in_all: u32, tell: Box<dyn FnMut(&Progress) + Send>) -> Self {
        let inner = Inner {
            fold: Fold::new(),
            cells_in_all,
            cells: BTreeMap::new(),
            trials: BTreeMap::new(),
            tell,
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Takes each record as the store writes it.
    pub fn push(&self, record: &Record) {
        let mut inner = self.inner();
        let finished = inner.fold.push(record);
        inner.progress(&record.event);
        if let Some(finished) = finished {
            inner.trial_done(&finished);
        }
    }

    /// Tells something that is not in the history.
    pub fn note(&self, text: String) {
        (self.inner().tell)(&Progress::Note(text));
    }

    pub fn report(&self) -> exactly_model::Report {
        self.inner().fold.report()
    }

    /// Every trial that is over, in the order of their numbers.
    pub fn trials(&self) -> Vec<Shown> {
        self.inner().trials.values().cloned().collect()
    }

    /// Why a cell ended before its plan did, or was not run.
    pub fn cut_short(&self, cell: u32) -> Option<String> {
        self.inner().cells.get(&cell)?.cut_short.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("the fold does not panic")
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
                    started: 0,
                    done: 0,
                    calibration: Vec::new(),
                    found: false,
                    hinted: false,
                    cut_short: None,
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
                    trials: seen.in_all(),
                });
            }
            Event::Trial(start) => {
                if let Some(seen) = self.cells.get_mut(&start.cell) {
                    seen.started += 1;
                }
            }
            Event::CellEnd(end) => {
                let Some(seen) = self.cells.get_mut(&end.cell) else {
                    return;
                };
                seen.cut_short = end.not_hosted.clone().or_else(|| end.error.clone());
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
        let forbidden = match finished.judgement.valid {
            true => exactly_check::forbidden(&seen.info, &finished.judgement),
            false => Vec::new(),
        };
        if finished.kind == TrialKind::Calibration {
            seen.calibration
                .extend(unclean(&seen.info, finished, &forbidden));
            let said = suspicious(&seen.info, finished, &forbidden);
            if let Some(text) = said.filter(|_| !std::mem::replace(&mut seen.hinted, true)) {
                (self.tell)(&Progress::Note(text));
            }
        }
        seen.found |= !forbidden.is_empty();
        (self.tell)(&Progress::TrialDone {
            id: seen.info.id(),
            done: seen.done,
            planned: seen.in_all(),
            // A closer look counts nothing anew.
            anomalies: match finished.kind.looks_closer() {
                true => 0,
                false => forbidden.len() as u64,
            },
        });
        let shown = Shown {
            fired: all_fired(&finished.history),
            codes: forbidden,
        };
        self.trials.insert(finished.history.trial, shown);
    }
}

/// Whether the last word on each fault is that it fired.
fn all_fired(history: &TrialHistory) -> bool {
    let mut faults = (0..).zip(&history.schedule.faults);
    faults.all(|(index, _)| {
        let mut states = history.faults.iter().rev();
        let last = states.find(|fault| fault.index == index);
        last.is_some_and(|fault| fault.state == FaultState::Fired)
    })
}

impl Overseer for Live {
    fn calibrated(&self, cell: u32) -> Result<(), String> {
        let inner = self.inner();
        match inner
            .cells
            .get(&cell)
            .and_then(|seen| seen.calibration.first())
        {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }

    fn findings(&self, cell: u32) -> Vec<Finding> {
        let inner = self.inner();
        let Some(seen) = inner.cells.get(&cell) else {
            return Vec::new();
        };
        let report = inner.fold.report();
        let mut variants = report.variants();
        let variant = variants.find(|(claim, variant)| {
            claim.id == seen.info.claim && variant.id == seen.info.variant
        });
        // What the report would show now: one a code, the simplest.
        let shown = variant.into_iter().flat_map(|(_, v)| &v.counterexamples);
        shown
            .map(|shown| Finding {
                trial: shown.trial,
                code: shown.code,
                candidate: Candidate {
                    schedule: shown.schedule.clone(),
                    messages: shown.messages,
                },
            })
            .collect()
    }

    fn shown(&self, trial: u32) -> Vec<Code> {
        let inner = self.inner();
        let shown = inner.trials.get(&trial);
        shown.map_or_else(Vec::new, |shown| shown.codes.clone())
    }

    fn found(&self, cell: u32) -> bool {
        self.inner().cells.get(&cell).is_some_and(|seen| seen.found)
    }

    fn next_shrink(&self, found: &Candidate, tried: &[(Candidate, bool)]) -> Option<Candidate> {
        Judging.next_shrink(found, tried)
    }
}

#[cfg(test)]
mod tests;
