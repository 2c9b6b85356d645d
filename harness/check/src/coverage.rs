//! Which planned points and classes a fault really struck.

use crate::cell::CellState;
use crate::classes::Strikes;
use crate::fold::Trial;
use exactly_model::{
    Cell, ClassReport, FaultKind, FaultRecord, Others, Point, PointClass, PointsReport, Schedule,
    Selector, TrialKind,
};
use std::collections::{BTreeMap, BTreeSet};

/// Faults that did not fire and are listed in words; of more only the number is
/// told.
const MISSED_SHOWN_MAX: usize = 200;

/// Coverage of a cell.
pub(crate) struct Coverage {
    pub(crate) report: PointsReport,
    /// Stable classes, not explained away, that no fault struck.
    pub(crate) idle_classes: Vec<String>,
    /// Witnesses that did not fire, in words.
    pub(crate) idle_witnesses: Vec<String>,
    /// Kinds planned at an operation of which not one fired, in words: one
    /// harmless fault must not stand for all.
    pub(crate) idle_kinds: Vec<String>,
}

impl Coverage {
    /// Over valid trials only: a fault that struck in a trial that is no
    /// evidence has exercised nothing.
    pub(crate) fn of(cell: &CellState, valid: &[(u32, &Trial)]) -> Self {
        let planned = Planned::of(cell);
        let mut struck = Struck::default();
        for (_, trial) in valid {
            struck.trial(&planned, trial, &cell.start.info);
        }
        let witnesses = &cell.start.info.witnesses;
        let idle_witnesses: Vec<String> = witnesses
            .iter()
            .filter(|witness| {
                !valid
                    .iter()
                    .any(|(_, trial)| trial.start.schedule == **witness && all_fired(trial))
            })
            .map(ToString::to_string)
            .collect();
        let (faults, missed) = faults(valid);
        let cuts_planned = planned.cuts.1;
        let (idle_kinds, in_vain) = idle_kinds(valid, &planned);
        let not_asked_again = in_vain
            .into_iter()
            .map(|label| format!("{label}: nothing overtook what was held back"));
        let report = PointsReport {
            classes_fired: number(struck.classes.len()),
            classes: number(planned.classes.len()),
            fired: number(struck.points.len()),
            found: number(planned.points.len()),
            faults,
            witnesses: (
                number(witnesses.len()),
                number(witnesses.len() - idle_witnesses.len()),
            ),
            missed,
            not_applicable: (planned.not_applicable.iter().cloned())
                .chain(not_asked_again)
                .collect(),
            unstable: planned.unstable.iter().cloned().collect(),
            max_in_flight: planned.max_in_flight,
            cuts: (planned.cuts.0, (struck.cuts.len() as u64).min(cuts_planned)),
            pairs: (planned.pairs, pairs(valid)),
            by_class: planned.by_class(&struck.classes),
        };
        let idle_classes = planned
            .classes
            .iter()
            .filter(|class| !struck.classes.contain(class) && planned.exempt(class).is_none())
            .map(ToString::to_string)
            .collect();
        Self {
            report,
            idle_classes,
            idle_witnesses,
            idle_kinds,
        }
    }
}

/// All plan records of a cell together; each point and class once.
struct Planned {
    /// Identity to the places it stands at.
    points: BTreeMap<Point, BTreeSet<PointClass>>,
    classes: BTreeSet<PointClass>,
    unstable: BTreeSet<String>,
    timers: Vec<String>,
    not_applicable: BTreeSet<String>,
    max_in_flight: u32,
    cuts: (u64, u64),
    /// Pairs that exist.
    pairs: u64,
}

impl Planned {
    fn of(cell: &CellState) -> Self {
        let mut planned = Self {
            points: BTreeMap::new(),
            classes: BTreeSet::new(),
            unstable: BTreeSet::new(),
            timers: cell.start.pipeline.timers.clone(),
            not_applicable: BTreeSet::new(),
            max_in_flight: 0,
            cuts: (0, 0),
            pairs: 0,
        };
        for plan in &cell.plans {
            planned.classes.extend(plan.classes.iter().cloned());
            for point in &plan.points {
                planned.classes.insert(point.class());
                planned
                    .points
                    .entry(point.point.clone())
                    .or_default()
                    .insert(point.class());
            }
            planned.unstable.extend(plan.unstable.iter().cloned());
            planned
                .not_applicable
                .extend(plan.not_applicable.iter().cloned());
            planned.max_in_flight = planned.max_in_flight.max(plan.max_in_flight);
            planned.cuts.0 += plan.cuts.0;
            planned.cuts.1 += plan.cuts.1;
            planned.pairs += plan.pairs.0;
        }
        planned
    }

    /// Why a class need not be struck: it comes and goes, belongs to a declared
    /// timer, or the plan says why it could not be faulted (`<class>` or
    /// `<class>: <why>`).
    fn exempt(&self, class: &PointClass) -> Option<String> {
        let label = class.to_string();
        let operation = format!("{} {}", class.system, class.operation);
        if self.unstable.contains(&label) {
            return Some("its points come and go".into());
        }
        if self.timers.contains(&operation) {
            return Some("a timer's, which strikes when it wants".into());
        }
        self.not_applicable.iter().find_map(|text| {
            let rest = text.strip_prefix(&label)?;
            match rest.strip_prefix(':') {
                Some(why) => Some(why.trim_start().to_owned()),
                None => rest.is_empty().then(|| "nothing applies to it".into()),
            }
        })
    }

    /// Every class that was found, with what struck it.
    fn by_class(&self, strikes: &Strikes) -> Vec<ClassReport> {
        let mut found: BTreeMap<&PointClass, usize> = BTreeMap::new();
        for class in self.points.values().flatten() {
            *found.entry(class).or_default() += 1;
        }
        let report = |class| {
            let points = found.get(class).copied().unwrap_or_default();
            strikes.report(class, number(points), self.exempt(class))
        };
        self.classes.iter().map(report).collect()
    }

    /// The classes to credit for a point that is not among the planned ones:
    /// that of the same process, system, operation and target. Where it stands
    /// at several places the one inside the cycle is meant.
    fn classes_like(&self, point: &Point) -> Option<&PointClass> {
        let alike = |class: &&PointClass| {
            class.process == point.process
                && class.system == point.system
                && class.operation == point.operation
                && class.target == point.target
        };
        let mut all = self.classes.iter().filter(alike);
        match (all.next(), all.next()) {
            (Some(only), None) => Some(only),
            _ => self
                .classes
                .iter()
                .filter(alike)
                .find(|class| class.place == exactly_model::Place::Cycle),
        }
    }
}

#[derive(Default)]
struct Struck {
    points: BTreeSet<Point>,
    classes: Strikes,
    cuts: BTreeSet<(Point, Option<Others>)>,
}

impl Struck {
    fn trial(&mut self, planned: &Planned, trial: &Trial, info: &Cell) {
        let mut classes = BTreeSet::new();
        for fault in &trial.fired {
            self.fault(planned, fault, &trial.start.schedule, &mut classes);
        }
        let judged = trial.judged.iter();
        let codes = judged
            .flat_map(|judged| &judged.judgement.anomalies)
            .filter(|anomaly| info.forbids(anomaly.code, &anomaly.sink))
            .map(|anomaly| anomaly.code)
            .collect();
        self.classes.trial(&classes, &codes);
    }

    /// Adds what `fault` struck, its classes to `classes` too.
    fn fault(
        &mut self,
        planned: &Planned,
        fault: &FaultRecord,
        schedule: &Schedule,
        classes: &mut BTreeSet<PointClass>,
    ) {
        let Some(point) = &fault.point else { return };
        let scheduled = schedule.faults.get(fault.index as usize);
        let by_ordinal = || scheduled.and_then(|fault| ordinal(&fault.point));
        let identity = Some(point.clone())
            .filter(|point| planned.points.contains_key(point))
            .or_else(|| by_ordinal().filter(|point| planned.points.contains_key(point)));
        let struck: Vec<&PointClass> = match &identity {
            Some(identity) => planned.points[identity].iter().collect(),
            None => planned.classes_like(point).into_iter().collect(),
        };
        for class in &struck {
            self.classes.add(class, identity.as_ref(), fault.kind);
        }
        classes.extend(struck.into_iter().cloned());
        self.points.extend(identity);
        if fault.kind == FaultKind::Kill {
            let others = scheduled.and_then(|fault| fault.others);
            // With nothing else in flight it was no cut of several.
            if others.is_none() || !fault.collateral.is_empty() {
                self.cuts.insert((point.clone(), others));
            }
        }
    }
}

/// The point that a selector without ids means: one that is planned by its
/// ordinal, because its ids differ from run to run. What it strikes has ids.
fn ordinal(selector: &Selector) -> Option<Point> {
    if selector.ids.is_some() || selector.covers.is_some() {
        return None;
    }
    Some(Point {
        process: selector.process.clone()?,
        system: selector.system.clone(),
        operation: selector.operation.clone(),
        target: selector.target.clone().unwrap_or_default(),
        ids: Vec::new(),
        nth: selector.nth?,
    })
}

/// What became of the planned faults of one kind at one operation.
#[derive(Default)]
struct Outcomes {
    fired: bool,
    /// One of them never came to its exchange.
    open: bool,
}

/// Kinds and phases planned at an operation of which none fired: those that leave
/// something open, and those that each held their exchange back to be overtaken, which
/// nobody did: the pipeline does not ask again.
fn idle_kinds(valid: &[(u32, &Trial)], planned: &Planned) -> (Vec<String>, Vec<String>) {
    let mut kinds: BTreeMap<String, Outcomes> = BTreeMap::new();
    for (_, trial) in valid {
        let faults = &trial.start.schedule.faults;
        if trial.start.kind != TrialKind::Planned {
            continue;
        }
        for (index, fault) in faults.iter().enumerate() {
            let point = &fault.point;
            let operation = format!("{} {}", point.system, point.operation);
            if planned.timers.contains(&operation) {
                continue;
            }
            let target = point.target.as_deref().unwrap_or_default();
            let label = format!("{} {} {operation} {target}", fault.kind, fault.phase);
            let outcomes = kinds.entry(label.trim_end().into()).or_default();
            outcomes.fired |= has_fired(trial, index);
            outcomes.open |= !trial.in_vain.contains(&(index as u32));
        }
    }
    let idle = kinds.into_iter().filter(|(_, outcomes)| !outcomes.fired);
    let (open, in_vain): (Vec<_>, Vec<_>) = idle.partition(|(_, outcomes)| outcomes.open);
    let labels = |some: Vec<(String, _)>| some.into_iter().map(|(label, _)| label).collect();
    (labels(open), labels(in_vain))
}

fn has_fired(trial: &Trial, index: usize) -> bool {
    trial
        .fired
        .iter()
        .any(|fault| fault.index as usize == index)
}

fn all_fired(trial: &Trial) -> bool {
    let faults = trial.start.schedule.faults.len();
    faults > 0 && (0..faults).all(|index| has_fired(trial, index))
}

/// Pairs of which both faults fired; a pair that ran twice counts once.
fn pairs(valid: &[(u32, &Trial)]) -> u64 {
    let fired: BTreeSet<&Schedule> = valid
        .iter()
        .filter(|(_, trial)| trial.start.kind == TrialKind::Pair && all_fired(trial))
        .map(|(_, trial)| &trial.start.schedule)
        .collect();
    fired.len() as u64
}

/// Scheduled and fired faults, and those that missed, in words.
fn faults(valid: &[(u32, &Trial)]) -> ((u32, u32), Vec<String>) {
    let (mut scheduled, mut missed) = (0, 0);
    let mut shown = Vec::new();
    for (number, trial) in valid {
        for (index, fault) in trial.start.schedule.faults.iter().enumerate() {
            scheduled += 1;
            if has_fired(trial, index) {
                continue;
            }
            missed += 1;
            if shown.len() < MISSED_SHOWN_MAX {
                shown.push(format!("{fault} (trial {number})"));
            }
        }
    }
    let more = missed as usize - shown.len();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    ((scheduled, scheduled - missed), shown)
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
