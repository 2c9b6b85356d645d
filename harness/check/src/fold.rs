//! The fold: records of a run in, report out.

use crate::cell::{CellState, by_claim, not_begun};
use crate::evidence::counterexample;
use crate::judge::{Rest, Surroundings, judge_among};
use crate::strays::Strays;
use crate::trial::{Builder, KEPT_ATTEMPTS_MAX, KEPT_WEIGHT_MAX};
use exactly_model::{
    Cell, CellEnd, CellStart, Code, Counterexample, Event, FaultRecord, FaultState,
    HISTORY_VERSION, Judgement, MessageId, NoteKind, REPORT_SCHEMA, Record, Report, RunStart,
    SystemInfo, TrialEnd, TrialHistory, TrialKind, TrialStart, VariantReport,
};
use std::collections::{BTreeMap, BTreeSet};

/// A trial that has just ended, judged.
#[derive(Debug)]
pub struct FinishedTrial {
    /// Cell.
    pub cell: u32,
    /// Why it ran.
    pub kind: TrialKind,
    /// What was recorded of it.
    pub history: TrialHistory,
    /// What the judge says. The final sweep may still change it; the report
    /// always holds the last word.
    pub judgement: Judgement,
}

/// Folds the records of a run into a report.
///
/// Records of parallel trials may interleave in any way, as long as those of
/// one trial (and those of trial 0) keep their order. The report can be asked
/// for at any time: a cell without its `cell_end` is inconclusive unless it is
/// refuted already.
///
/// A history is kept until the `cell_end` of its cell, within
/// [`KEPT_ATTEMPTS_MAX`](crate::KEPT_ATTEMPTS_MAX) and
/// [`KEPT_WEIGHT_MAX`](crate::KEPT_WEIGHT_MAX), so that late audits can have it
/// judged again. Afterwards only judgements and counterexamples stay.
#[derive(Default)]
pub struct Fold {
    pub(crate) run: Option<RunStart>,
    /// The shards that are here, where the run is a part of a plan.
    pub(crate) shards: BTreeSet<u32>,
    /// What the run is going to judge.
    pub(crate) selected: Vec<Cell>,
    pub(crate) cells: BTreeMap<u32, CellState>,
    pub(crate) trials: BTreeMap<u32, Trial>,
    strays: Strays,
    kept_weight: usize,
    pub(crate) lines: u64,
    pub(crate) last_line: u64,
    pub(crate) newer_version: Option<u32>,
}

/// What the fold keeps of a trial.
pub(crate) struct Trial {
    pub(crate) start: TrialStart,
    /// `None` once the history was dropped.
    builder: Option<Builder>,
    pub(crate) fired: Vec<FaultRecord>,
    /// Faults that held an exchange back to be overtaken, and nothing did.
    pub(crate) in_vain: Vec<u32>,
    /// Set when the trial has ended.
    pub(crate) judged: Option<Judged>,
    /// Effects at each sink in the last audit that was judged.
    audited: Vec<(String, u64)>,
}

/// The outcome of an ended trial.
pub(crate) struct Judged {
    pub(crate) judgement: Judgement,
    pub(crate) rest: Rest,
    pub(crate) counterexamples: Vec<Counterexample>,
    weight: usize,
}

impl Fold {
    /// Before the first record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next record. With the `trial_end` of a trial its judgement
    /// comes back.
    pub fn push(&mut self, record: &Record) -> Option<FinishedTrial> {
        self.lines += 1;
        self.last_line = self.last_line.max(record.n);
        if record.v > HISTORY_VERSION {
            self.newer_version = Some(record.v);
            return None;
        }
        match &record.event {
            Event::Run(run) => {
                self.shards.extend(run.shard.map(|shard| shard.index));
                self.run.get_or_insert_with(|| run.clone());
            }
            Event::Selected(selected) => self.selected.clone_from(&selected.cells),
            Event::Cell(cell) => self.cell_start(cell),
            Event::Plan(plan) => {
                if let Some(cell) = self.cells.get_mut(&plan.cell) {
                    cell.plan(plan);
                }
            }
            Event::CellEnd(end) => self.cell_end(end),
            Event::Trial(start) => self.trial_start(record.trial, start),
            Event::TrialEnd(end) => return self.trial_end(record.trial, end),
            Event::Note(note) => {
                self.remark(record.trial, note.cell, |cell| {
                    cell.note(note.kind, &note.text);
                });
                self.trial_record(record);
            }
            Event::Assist(assist) => {
                self.remark(record.trial, None, |cell| cell.assist(assist));
            }
            _ => self.trial_record(record),
        }
        None
    }

    fn cell_start(&mut self, start: &CellStart) {
        self.cells
            .entry(start.cell)
            .or_insert_with(|| CellState::new(start.clone()));
    }

    /// Runs `add` on the cell of `trial`, or on `cell`; what belongs to neither
    /// concerns every cell that has not ended. Trials that are no evidence are
    /// passed over.
    fn remark(&mut self, trial: u32, cell: Option<u32>, add: impl Fn(&mut CellState)) {
        let start = self.trials.get(&trial).map(|trial| &trial.start);
        if start.is_some_and(|start| start.kind.looks_closer()) {
            return;
        }
        let of = start.map(|start| start.cell).or(cell);
        for (number, cell) in &mut self.cells {
            if of.map_or(trial == 0 && !cell.ended(), |of| of == *number) {
                add(cell);
            }
        }
    }

    fn trial_start(&mut self, number: u32, start: &TrialStart) {
        if let Some(known) = self.trials.get_mut(&number) {
            if let Some(builder) = &mut known.builder {
                builder.fail(format!("trial {number} was started twice"));
            }
            return;
        }
        let cell = self.cells.get(&start.cell).map(|cell| &cell.start);
        let run = self.run.as_ref().map_or(0, |run| run.number);
        let mut builder = Builder::new(run, number, start, cell);
        if self.run.is_none() {
            builder.fail("the history has no run record");
        }
        self.trials.insert(
            number,
            Trial {
                start: start.clone(),
                builder: Some(builder),
                fired: Vec::new(),
                in_vain: Vec::new(),
                judged: None,
                audited: Vec::new(),
            },
        );
        // Who saw effects of this trial before took them for phantoms.
        for witness in self.strays.witnesses(number) {
            self.judge(witness);
        }
    }

    fn trial_record(&mut self, record: &Record) {
        let Some(trial) = self.trials.get_mut(&record.trial) else {
            return;
        };
        if let Event::Fault(fault) = &record.event {
            match fault.state {
                FaultState::Fired => trial.fired.push(fault.clone()),
                // A late delivery fires with the kill and is missed when the
                // request never went out: the last word counts.
                FaultState::Missed => {
                    trial.fired.retain(|f| f.index != fault.index);
                    trial
                        .in_vain
                        .extend(fault.point.as_ref().map(|_| fault.index));
                }
                FaultState::Armed => {}
            }
        }
        let ended = trial.judged.is_some();
        let Some(builder) = &mut trial.builder else {
            self.too_late(record);
            return;
        };
        let Some(sink) = builder.push(record) else {
            return;
        };
        let seen = builder.strays(sink);
        let owners = self.strays.replace(record.trial, sink, seen);
        if ended {
            self.judge(record.trial);
        }
        for owner in owners {
            self.judge(owner);
        }
    }

    /// A record of a trial whose history was dropped. Only an audit that saw
    /// what the last one saw changes nothing.
    fn too_late(&mut self, record: &Record) {
        let Some(trial) = self.trials.get_mut(&record.trial) else {
            return;
        };
        let news = match &record.event {
            Event::Effect(_) => true,
            Event::Audit(audit) => !trial
                .audited
                .contains(&(audit.observer.clone(), audit.effects)),
            _ => false,
        };
        if news {
            trial.invalidate(
                "a late audit saw something else, and the history is no longer kept to judge it again",
            );
        }
    }

    fn trial_end(&mut self, number: u32, end: &TrialEnd) -> Option<FinishedTrial> {
        let trial = self.trials.get_mut(&number)?;
        if trial.judged.is_some() {
            return None;
        }
        let builder = trial.builder.as_mut()?;
        if let Some(error) = &end.error {
            builder.fail(error.clone());
        }
        trial.judged = Some(Judged {
            judgement: Judgement::default(),
            rest: Rest::Open,
            counterexamples: Vec::new(),
            weight: 0,
        });
        self.judge(number);
        self.finished(number)
    }

    /// Hands the history out; keeps a copy while it is small enough.
    fn finished(&mut self, number: u32) -> Option<FinishedTrial> {
        let ended = self
            .cells
            .get(&self.trials.get(&number)?.start.cell)
            .is_none_or(CellState::ended);
        let trial = self.trials.get_mut(&number)?;
        let builder = trial.builder.take()?;
        let judged = trial.judged.as_mut()?;
        let weight = builder.weight();
        let keep = !ended
            && builder.history.attempts.len() <= KEPT_ATTEMPTS_MAX
            && self.kept_weight.saturating_add(weight) <= KEPT_WEIGHT_MAX;
        let history = if keep {
            let history = builder.history.clone();
            self.kept_weight += weight;
            judged.weight = weight;
            trial.builder = Some(builder);
            history
        } else {
            builder.history
        };
        Some(FinishedTrial {
            cell: trial.start.cell,
            kind: trial.start.kind,
            history,
            judgement: judged.judgement.clone(),
        })
    }

    /// Judges an ended trial, again if need be.
    fn judge(&mut self, number: u32) {
        let Some(trial) = self.trials.get_mut(&number) else {
            return;
        };
        if trial.judged.is_none() {
            return;
        }
        let Some(mut builder) = trial.builder.take() else {
            trial.invalidate(
                "an effect of it turned up in a later trial, and its history is no longer kept to judge it again",
            );
            return;
        };
        builder.finish();
        let mut strays = self.strays.of(number);
        strays.retain(|stray| self.sent(&stray.observer, stray.effect.id));
        let own = builder.lend(&strays);
        let cell = self.cells.get(&builder.history.cell);
        let start = cell.map(|cell| &cell.start);
        let around = Surroundings {
            foreign: &|observer, id| self.sent(observer, id),
            observers: start.map_or(&[], |start| &start.info.observers),
            keeps_positions: start.is_some_and(|start| start.pipeline.positions.is_some()),
        };
        let judgement = judge_among(&builder.history, &around);
        let counterexamples = cell.map_or_else(Vec::new, |cell| {
            let info = &cell.start.info;
            forbidden(info, &judgement)
                .into_iter()
                .map(|code| counterexample(info, &builder.history, &judgement, code))
                .collect()
        });
        let audited = builder
            .history
            .sinks
            .iter()
            .zip(&own)
            .map(|(sink, effects)| (sink.observer.clone(), *effects as u64))
            .collect();
        builder.take_back(&own);
        let rest = Rest::of(builder.history.settle.as_ref());
        if let Some(trial) = self.trials.get_mut(&number) {
            trial.builder = Some(builder);
            trial.audited = audited;
            if let Some(judged) = &mut trial.judged {
                judged.judgement = judgement;
                judged.rest = rest;
                judged.counterexamples = counterexamples;
            }
        }
    }

    /// Whether the trial that `id` names sent it and has such a sink.
    fn sent(&self, observer: &str, id: MessageId) -> bool {
        let Some(trial) = self.trials.get(&id.trial()) else {
            return false;
        };
        let declared = self.cells.get(&trial.start.cell).is_some_and(|cell| {
            let mut observers = cell.start.info.observers.iter();
            observers.any(|declared| declared.name == observer)
        });
        declared && id.sequence() < trial.start.messages
    }

    fn cell_end(&mut self, end: &CellEnd) {
        let Some(cell) = self.cells.get_mut(&end.cell) else {
            return;
        };
        cell.end(end);
        let trials = self.trials.values_mut();
        for trial in trials.filter(|trial| trial.start.cell == end.cell) {
            trial.builder = None;
            if let Some(judged) = &mut trial.judged {
                self.kept_weight = self.kept_weight.saturating_sub(judged.weight);
                judged.weight = 0;
            }
        }
    }

    /// What the records say so far.
    pub fn report(&self) -> Report {
        let mut systems: Vec<SystemInfo> = Vec::new();
        let mut variants: Vec<(&Cell, VariantReport)> = Vec::new();
        let damage = self.damage();
        let partial = self.partial();
        for (number, cell) in &self.cells {
            for system in &cell.start.systems {
                if !systems.contains(system) {
                    systems.push(system.clone());
                }
            }
            let trials: Vec<(u32, &Trial)> = self
                .trials
                .iter()
                .filter(|(_, trial)| trial.start.cell == *number)
                .map(|(number, trial)| (*number, trial))
                .collect();
            let lacks = (damage.as_deref(), partial.as_deref());
            let variant = cell.report(self.run.as_ref(), &trials, lacks);
            variants.push((&cell.start.info, variant));
        }
        for info in &self.selected {
            if !variants.iter().any(|(known, _)| known.id() == info.id()) {
                variants.push((info, not_begun(info)));
            }
        }
        let run = self.run.as_ref();
        Report {
            schema: REPORT_SCHEMA.into(),
            tool: run.map_or_else(String::new, |run| run.tool.clone()),
            run: run.map_or_else(String::new, |run| run.id.clone()),
            seed: run.map_or(0, |run| run.seed),
            plan: run.map_or_else(String::new, |run| run.plan.clone()),
            systems,
            claims: by_claim(variants),
        }
    }

    /// The exit code that goes with `report`, see [`exit_code`](crate::exit_code).
    pub fn exit_code(&self, report: &Report) -> u8 {
        crate::exit_code(report)
    }
}

/// The codes of `judgement` that refute what is asserted in `cell`, each once, in
/// order.
pub fn forbidden(cell: &Cell, judgement: &Judgement) -> Vec<Code> {
    let refutes = |code: Code| {
        let mut anomalies = judgement.anomalies.iter();
        anomalies.any(|anomaly| anomaly.code == code && cell.forbids(code, &anomaly.sink))
    };
    let codes = judgement.codes().into_iter();
    codes.filter(|code| refutes(*code)).collect()
}

impl Trial {
    fn invalidate(&mut self, reason: &str) {
        if let Some(judged) = &mut self.judged {
            judged.judgement.valid = false;
            judged
                .judgement
                .invalid_because
                .get_or_insert_with(|| reason.to_owned());
            judged.judgement.anomalies.clear();
            judged.counterexamples.clear();
        }
    }
}

/// Notes that cap the verdict.
pub(crate) const fn caps(kind: NoteKind) -> bool {
    matches!(
        kind,
        NoteKind::Opaque | NoteKind::Bypass | NoteKind::LocalState
    )
}
