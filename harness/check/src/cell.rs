//! One cell: everything its trials said, added up.

use crate::bounds;
use crate::closer::counterexamples;
use crate::coverage::Coverage;
use crate::decide::{Evidence, decide};
use crate::fold::{Trial, caps};
use crate::words::message;
use exactly_model::{
    AnomalyReport, Assist, Cell, CellEnd, CellStart, ClaimReport, Code, Guarantee, Inconclusive,
    NoteKind, Plan, PointsReport, RunStart, SinkResult, Tally, Undecidable, VariantReport, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// Ids shown of an anomaly.
const IDS_SHOWN_MAX: usize = 20;
/// Different notes kept of a cell, and different assists.
const NOTES_MAX: usize = 200;

/// What the fold keeps of a cell.
pub(crate) struct CellState {
    pub(crate) start: CellStart,
    pub(crate) plans: Vec<Plan>,
    /// Set at `cell_end`.
    pub(crate) end: Option<CellEnd>,
    pub(crate) notes: Remarks<(NoteKind, String)>,
    pub(crate) assists: Remarks<String>,
}

/// Remarks, and how often each was made.
pub(crate) type Remarks<T> = BTreeMap<T, u64>;

impl CellState {
    pub(crate) fn new(start: CellStart) -> Self {
        Self {
            start,
            plans: Vec::new(),
            end: None,
            notes: BTreeMap::new(),
            assists: BTreeMap::new(),
        }
    }

    pub(crate) fn plan(&mut self, plan: &Plan) {
        self.plans.push(plan.clone());
    }

    pub(crate) fn end(&mut self, end: &CellEnd) {
        self.end.get_or_insert_with(|| end.clone());
    }

    pub(crate) fn ended(&self) -> bool {
        self.end.is_some()
    }

    pub(crate) fn note(&mut self, kind: NoteKind, text: &str) {
        let text = exactly_model::redact(text);
        // A note that caps the verdict always gets in.
        if caps(kind) || self.notes.len() < NOTES_MAX {
            *self.notes.entry((kind, text)).or_default() += 1;
        }
    }

    pub(crate) fn assist(&mut self, assist: &Assist) {
        let text = format!("{}: {}", assist.system, assist.what);
        if self.assists.len() < NOTES_MAX || self.assists.contains_key(&text) {
            *self.assists.entry(text).or_default() += 1;
        }
    }

    /// Takes over what another record says of the same cell.
    pub(crate) fn take_remarks(
        &mut self,
        notes: Remarks<(NoteKind, String)>,
        assists: Remarks<String>,
    ) {
        for (note, n) in notes {
            if caps(note.0) || self.notes.len() < NOTES_MAX || self.notes.contains_key(&note) {
                *self.notes.entry(note).or_default() += n;
            }
        }
        for (assist, n) in assists {
            if self.assists.len() < NOTES_MAX || self.assists.contains_key(&assist) {
                *self.assists.entry(assist).or_default() += n;
            }
        }
    }

    /// The first note that caps the verdict.
    pub(crate) fn cap(&self) -> Option<&str> {
        self.notes
            .keys()
            .find(|(kind, _)| caps(*kind))
            .map(|(_, text)| text.as_str())
    }

    /// Why the place cannot hold the cell, if that was said.
    pub(crate) fn not_hosted(&self) -> Option<&str> {
        self.end.as_ref()?.not_hosted.as_deref()
    }

    /// The cell as the report shows it. `damage` is what is wrong with the
    /// history as a whole.
    ///
    /// Trials that only look closer at what another one showed are no evidence:
    /// they were chosen because they would show it. They say what its
    /// counterexample looks like.
    pub(crate) fn report(
        &self,
        run: Option<&RunStart>,
        trials: &[(u32, &Trial)],
        (damage, partial): (Option<&str>, Option<&str>),
    ) -> VariantReport {
        let info = &self.start.info;
        let (closer, trials): (Vec<_>, Vec<_>) = trials
            .iter()
            .copied()
            .partition(|(_, trial)| trial.start.kind.looks_closer());
        let is_evidence = |(_, trial): &(u32, &Trial)| is_valid(trial);
        let closer: Vec<(u32, &Trial)> = closer.into_iter().filter(is_evidence).collect();
        let valid: Vec<(u32, &Trial)> = trials.iter().copied().filter(is_evidence).collect();
        let forbidden = |code: Code, sink: &str| info.forbids(code, sink);
        let sinks = self.sinks(&valid);
        let coverage = Coverage::of(self, &valid);
        let undecidable = undecidable(&valid, info);
        let anomalies = anomalies(&valid, forbidden);
        let showing = valid
            .iter()
            .filter(|(_, trial)| shows(trial, forbidden))
            .count() as u64;
        let standing = decide(&Evidence {
            cell: self,
            trials: &trials,
            valid: &valid,
            coverage: &coverage,
            undecidable: &undecidable,
            anomalies: &anomalies,
            damage,
            partial,
        });
        let bounds = match standing.verdict {
            Verdict::NotHosted => standing.why.clone(),
            _ => bounds::sentence(self, run, &valid, &coverage.report, &standing),
        };
        let measured = sinks.iter().any(|sink| sink.tally.effects > 0);
        let as_expected = |sink: &SinkResult| sink.guarantee == info.expected_at(&sink.id);
        VariantReport {
            matches: measured && sinks.iter().all(as_expected),
            verdict: standing.verdict,
            reason: standing.reason,
            bounds,
            why: standing.why,
            // Nothing lost among nothing is not exactly-once.
            sinks: match standing.verdict {
                Verdict::NotHosted => Vec::new(),
                _ => sinks,
            },
            points: coverage.report,
            trials: (valid.len() as u64, showing),
            anomalies,
            undecidable,
            counterexamples: counterexamples(&valid, &closer),
            assists: self.assists.iter().map(times).collect(),
            notes: self
                .notes
                .iter()
                .map(|((_, text), n)| times((text, n)))
                .collect(),
            ..not_begun(info)
        }
    }

    fn sinks(&self, valid: &[(u32, &Trial)]) -> Vec<SinkResult> {
        let observers = self.start.info.observers.iter();
        observers
            .map(|observer| {
                let mut tally = Tally::default();
                for (_, trial) in valid {
                    for (sink, of_trial) in tallies(trial) {
                        if *sink == observer.name {
                            tally += *of_trial;
                        }
                    }
                }
                SinkResult {
                    id: observer.name.clone(),
                    kind: observer.kind,
                    guarantee: Guarantee::measured(tally.lost > 0, tally.duplicated > 0),
                    tally,
                }
            })
            .collect()
    }
}

/// A cell that was selected and never began: nothing is known of it.
pub(crate) fn not_begun(info: &Cell) -> VariantReport {
    VariantReport {
        id: info.variant.clone(),
        asserted: info.asserted,
        expected: info.expected,
        expected_at: info.expected_at.clone(),
        asserted_at: info.asserted_at.clone(),
        allowed: info.allowed.clone(),
        matches: false,
        verdict: Verdict::Inconclusive,
        reason: Some(Inconclusive::HarnessError),
        bounds: "the run was cut short before this cell began".into(),
        why: "the run was cut short before this cell began".into(),
        sinks: Vec::new(),
        points: PointsReport::default(),
        trials: (0, 0),
        anomalies: Vec::new(),
        undecidable: Vec::new(),
        counterexamples: Vec::new(),
        assists: Vec::new(),
        notes: Vec::new(),
    }
}

/// Variants under their claims, both in the order of the cells.
pub(crate) fn by_claim(variants: Vec<(&Cell, VariantReport)>) -> Vec<ClaimReport> {
    let mut claims: Vec<ClaimReport> = Vec::new();
    for (info, variant) in variants {
        match claims.iter_mut().find(|claim| claim.id == info.claim) {
            Some(claim) => claim.variants.push(variant),
            None => claims.push(ClaimReport {
                id: info.claim.clone(),
                sentence: info.sentence.clone(),
                variants: vec![variant],
            }),
        }
    }
    claims
}

/// Whether the trial is evidence: ended, judged, and nothing wrong with it.
pub(crate) fn is_valid(trial: &Trial) -> bool {
    trial.judged.as_ref().is_some_and(|j| j.judgement.valid)
}

/// Whether a trial shows a code that the cell forbids.
pub(crate) fn shows(trial: &Trial, forbidden: impl Fn(Code, &str) -> bool) -> bool {
    trial
        .judged
        .iter()
        .flat_map(|judged| &judged.judgement.anomalies)
        .any(|anomaly| forbidden(anomaly.code, &anomaly.sink))
}

pub(crate) fn tallies<'a>(trial: &'a Trial) -> impl Iterator<Item = &'a (String, Tally)> + use<'a> {
    trial.judged.iter().flat_map(|j| &j.judgement.tallies)
}

/// `text`, or `text (3 times)`.
fn times((text, n): (&String, &u64)) -> String {
    match n {
        1 => text.clone(),
        n => format!("{text} ({n} times)"),
    }
}

fn anomalies(
    valid: &[(u32, &Trial)],
    forbidden: impl Fn(Code, &str) -> bool,
) -> Vec<AnomalyReport> {
    let mut all: BTreeMap<(Code, &str), AnomalyReport> = BTreeMap::new();
    for (number, trial) in valid {
        let mut seen: BTreeSet<(Code, &str)> = BTreeSet::new();
        let found = trial.judged.iter().flat_map(|j| &j.judgement.anomalies);
        for anomaly in found {
            let place = (anomaly.code, anomaly.sink.as_str());
            let report = all.entry(place).or_insert_with(|| AnomalyReport {
                code: anomaly.code,
                sink: anomaly.sink.clone(),
                count: 0,
                trials: 0,
                forbidden: forbidden(anomaly.code, &anomaly.sink),
                ids: Vec::new(),
            });
            report.count += anomaly.count;
            report.trials += u64::from(seen.insert(place));
            let room = IDS_SHOWN_MAX - report.ids.len().min(IDS_SHOWN_MAX);
            let ids = anomaly.ids.iter().take(room);
            report.ids.extend(ids.map(|id| message(*number, *id)));
        }
    }
    all.into_values().collect()
}

/// Only what the cell forbids must be decided.
fn undecidable(valid: &[(u32, &Trial)], info: &Cell) -> Vec<Undecidable> {
    let forbidden = |undecidable: &Undecidable| match undecidable.sink.as_str() {
        "" => info.forbids_anywhere(undecidable.code),
        sink => info.forbids(undecidable.code, sink),
    };
    let all: BTreeSet<&Undecidable> = valid
        .iter()
        .filter_map(|(_, trial)| trial.judged.as_ref())
        .flat_map(|judged| &judged.judgement.undecidable)
        .filter(|undecidable| forbidden(undecidable))
        .collect();
    all.into_iter().cloned().collect()
}
