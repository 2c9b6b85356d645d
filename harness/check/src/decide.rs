//! The verdict on a cell, by precedence.

use crate::cell::{CellState, is_valid, shows, tallies};
use crate::coverage::Coverage;
use crate::fold::Trial;
use crate::judge::Rest;
use crate::words::{count, deed, unstopped};
use exactly_model::{
    AnomalyReport, Code, Guarantee, Inconclusive, TrialKind, Undecidable, Verdict,
};

/// Everything a verdict rests on.
pub(crate) struct Evidence<'a> {
    pub(crate) cell: &'a CellState,
    pub(crate) trials: &'a [(u32, &'a Trial)],
    pub(crate) valid: &'a [(u32, &'a Trial)],
    pub(crate) coverage: &'a Coverage,
    pub(crate) undecidable: &'a [Undecidable],
    pub(crate) anomalies: &'a [AnomalyReport],
    pub(crate) damage: Option<&'a str>,
    /// What is missing where this is a part of a plan.
    pub(crate) partial: Option<&'a str>,
}

/// A verdict with its reason in words; the words are empty for `upheld`.
pub(crate) struct Standing {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<Inconclusive>,
    pub(crate) why: String,
}

/// `refuted`, then `not-hosted`, then the reasons for `inconclusive` in their
/// order, then `upheld`. One recorded violation with complete evidence refutes, whatever
/// else went wrong; that a pipeline cannot work where it is put is none.
pub(crate) fn decide(evidence: &Evidence<'_>) -> Standing {
    if let Some(why) = evidence.never_worked() {
        return Standing {
            verdict: Verdict::Inconclusive,
            reason: Some(Inconclusive::NotExercised),
            why,
        };
    }
    if let Some(why) = evidence.violation() {
        return Standing {
            verdict: Verdict::Refuted,
            reason: None,
            why,
        };
    }
    // A history that has lost lines may have lost the trials as well.
    if let (Some(why), None) = (evidence.cell.not_hosted(), evidence.damage) {
        return Standing {
            verdict: Verdict::NotHosted,
            reason: None,
            why: exactly_model::redact(why),
        };
    }
    let checks: [(Inconclusive, Option<String>); 5] = [
        (Inconclusive::HarnessError, evidence.harness_error()),
        (Inconclusive::Undecidable, evidence.undecided()),
        (Inconclusive::NotExercised, evidence.not_exercised()),
        (Inconclusive::Flaky, evidence.flaky()),
        (Inconclusive::Partial, evidence.partial.map(str::to_owned)),
    ];
    for (reason, why) in checks {
        if let Some(why) = why {
            return Standing {
                verdict: Verdict::Inconclusive,
                reason: Some(reason),
                why,
            };
        }
    }
    Standing {
        verdict: Verdict::Upheld,
        reason: None,
        why: String::new(),
    }
}

impl Evidence<'_> {
    fn calibrations(&self) -> impl Iterator<Item = &(u32, &Trial)> {
        self.valid
            .iter()
            .filter(|(_, trial)| trial.start.kind == TrialKind::Calibration)
    }

    fn violation(&self) -> Option<String> {
        let forbidden = |code: Code, sink: &str| self.cell.start.info.forbids(code, sink);
        let mut codes: Vec<Code> = self
            .anomalies
            .iter()
            .filter(|anomaly| anomaly.forbidden)
            .map(|anomaly| anomaly.code)
            .collect();
        codes.dedup();
        if codes.is_empty() {
            return None;
        }
        let seen: Vec<String> = codes
            .iter()
            .map(|code| {
                let showing = self.valid.iter();
                let shown = |c: Code, sink: &str| c == *code && forbidden(c, sink);
                let n = showing.filter(|(_, t)| shows(t, shown)).count();
                let all = count(self.valid.len() as u64, "trial");
                format!("{n} of {all} {} ({code})", deed(*code))
            })
            .collect();
        let unprovoked = self
            .calibrations()
            .filter(|(_, trial)| shows(trial, forbidden))
            .count();
        let without_fault = if unprovoked > 0 {
            let all = count(self.calibrations().count() as u64, "fault-free trial");
            format!("wrong without any fault ({unprovoked} of {all}): ")
        } else {
            String::new()
        };
        Some(format!("{without_fault}{}", seen.join(", ")))
    }

    /// Why what was found is no violation: it is only that the pipeline got stuck,
    /// in trials without any fault, and it had no effect there at all, or was
    /// fenced by an owner that is none of this run's. Rights that are missing, and
    /// names that somebody else uses, say nothing of the sentence.
    fn never_worked(&self) -> Option<String> {
        let mut found = self.anomalies.iter().filter(|anomaly| anomaly.forbidden);
        if !found.all(|anomaly| anomaly.code == Code::V1) {
            return None;
        }
        let shown = |trial: &Trial, code: Code| shows(trial, |shown, _| shown == code);
        let mut stuck = self
            .valid
            .iter()
            .filter(|(_, trial)| shown(trial, Code::V1))
            .peekable();
        let (number, first) = *stuck.peek()?;
        let is_elsewhere = |trial: &Trial| {
            trial.start.kind == TrialKind::Calibration
                && (tallies(trial).all(|(_, tally)| tally.effects == 0) || shown(trial, Code::F2))
        };
        if !stuck.all(|(_, trial)| is_elsewhere(trial)) {
            return None;
        }
        let owner = if shown(first, Code::F2) {
            "an owner that is none of this run's has fenced it, so its names are in use: "
        } else {
            ""
        };
        let found = first.judged.iter().flat_map(|j| &j.judgement.anomalies);
        let details: Vec<&str> = found
            .filter(|anomaly| matches!(anomaly.code, Code::V1 | Code::F2))
            .map(|anomaly| anomaly.detail.as_str())
            .collect();
        Some(format!(
            "the pipeline cannot work here, even without a fault (trial {number}): {owner}{}",
            unstopped(&details.join("; "))
        ))
    }

    fn harness_error(&self) -> Option<String> {
        if let Some(damage) = self.damage {
            return Some(damage.to_owned());
        }
        let Some(end) = &self.cell.end else {
            return Some("the run was cut short: not every planned trial ran".into());
        };
        if let Some(error) = &end.error {
            return Some(format!("the plan was cut short: {}", unstopped(error)));
        }
        let (number, trial) = self.trials.iter().find(|(_, trial)| !is_valid(trial))?;
        let why = match &trial.judged {
            None => "it has no end",
            Some(judged) => judged
                .judgement
                .invalid_because
                .as_deref()
                .unwrap_or("it was not judged"),
        };
        Some(format!(
            "trial {number} is no evidence: {}",
            unstopped(&exactly_model::redact(why))
        ))
    }

    fn undecided(&self) -> Option<String> {
        if let Some(first) = self.undecidable.first() {
            return Some(format!(
                "{} cannot be decided without {}",
                first.code, first.missing
            ));
        }
        let open = self.calibrations().find(|(_, trial)| {
            trial
                .judged
                .as_ref()
                .is_some_and(|j| j.rest != Rest::Quiescent)
        });
        if let Some((number, _)) = open {
            return Some(format!(
                "the pipeline did not come to rest in trial {number}, which had no fault"
            ));
        }
        self.cell
            .cap()
            .map(|note| format!("traffic was not fully seen: {}", unstopped(note)))
    }

    /// The guard against vacuous truth: it looks at what was sent and seen, not
    /// at what was planned.
    fn not_exercised(&self) -> Option<String> {
        if self.calibrations().next().is_none() {
            return Some("no fault-free trial is there to compare with".into());
        }
        for (number, trial) in self.valid {
            let learning = trial.start.kind == TrialKind::Calibration;
            for (sink, tally) in tallies(trial) {
                if tally.attempted == 0 {
                    return Some(format!(
                        "the pipeline did nothing: no message was sent in trial {number}"
                    ));
                }
                if learning && (tally.ok == 0 || tally.effects == 0) {
                    return Some(format!(
                        "the pipeline did nothing: {} acknowledged and {} at '{sink}' in trial {number}, which had no fault",
                        count(tally.ok, "message"),
                        count(tally.effects, "effect"),
                    ));
                }
            }
        }
        if self.coverage.report.found == 0 {
            return Some("calibration found no point where a fault could be put".into());
        }
        // The other parts have struck the rest.
        if self.partial.is_some() {
            return None;
        }
        if let Some(witness) = self.coverage.idle_witnesses.first() {
            return Some(format!("the witness did not fire: {witness}"));
        }
        let idle = &self.coverage.idle_classes;
        if !idle.is_empty() {
            return Some(format!(
                "no fault struck {} of {}: {}",
                idle.len(),
                count(u64::from(self.coverage.report.classes), "class"),
                idle.join(", ")
            ));
        }
        let kind = self.coverage.idle_kinds.first()?;
        Some(format!("no planned fault of this kind fired: {kind}"))
    }

    /// Fault-free trials all run the same schedule. Where their guarantees
    /// differ, chance is at work, and clean trials with a fault prove little.
    fn flaky(&self) -> Option<String> {
        let observers = self.cell.start.info.observers.iter();
        observers
            .map(|observer| observer.name.as_str())
            .find_map(|name| {
                let guarantees: Vec<Guarantee> = self
                    .calibrations()
                    .flat_map(|(_, trial)| tallies(trial))
                    .filter(|(sink, _)| sink == name)
                    .map(|(_, tally)| Guarantee::measured(tally.lost > 0, tally.duplicated > 0))
                    .collect();
                let first = guarantees.first()?;
                let other = guarantees.iter().find(|guarantee| *guarantee != first)?;
                Some(format!(
                    "fault-free trials differ at '{name}': {first} and {other}"
                ))
            })
    }
}
