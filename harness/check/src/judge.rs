//! Judgement of one trial.

use crate::commits::Commits;
use crate::delivery::redelivered;
use crate::primary::Findings;
use crate::sink::{Foreign, SinkPass};
use crate::words::{count, message};
use exactly_model::{
    Code, Judge, Judgement, Outcome, Settle, SettleHow, Tally, TrialHistory, Undecidable,
};

/// The judge of single trials.
///
/// Effects whose id belongs to another trial of the same run are left out: a
/// single trial cannot know whether that other trial sent the message. The
/// [`Fold`](crate::Fold) knows, and charges them to their own trial, or calls
/// them phantoms.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judging;

impl Judge for Judging {
    fn judge(&self, history: &TrialHistory) -> Judgement {
        judge_among(history, &|_, _| true)
    }
}

/// Judges `history`; `foreign` says whether an id of another trial was sent by
/// that trial, which then answers for the effect.
pub(crate) fn judge_among(history: &TrialHistory, foreign: &Foreign<'_>) -> Judgement {
    let mut judgement = Judgement {
        trial: history.trial,
        ..Judgement::default()
    };
    if let Some(reason) = not_evidence(history) {
        judgement.invalid_because = Some(reason);
        return judgement;
    }
    judgement.valid = true;

    let rest = Rest::of(history.settle.as_ref());
    let mut findings = Findings::new(history.trial);
    let mut undecidable = Vec::new();
    let again = redelivered(history);
    let sent = sent(history);
    let mut commits = Commits::of(history);
    // One buffer for all sinks: this is the four bytes a message.
    let mut state = vec![0_u32; history.attempts.len()];
    for sink in &history.sinks {
        let pass = SinkPass {
            history,
            sink,
            rest,
            foreign,
        };
        let mut tally = Tally {
            redelivered: again.as_ref().map_or(0, |ids| ids.len() as u64),
            ..sent
        };
        pass.run(
            &mut state,
            &mut commits,
            &mut tally,
            &mut findings,
            &mut undecidable,
        );
        judgement.tallies.push((sink.observer.clone(), tally));
    }
    match again {
        Ok(ids) => findings.ids(Code::D2, "", ids, |n, first| {
            format!(
                "{} delivered again, {first} first",
                count(n, "acknowledged position")
            )
        }),
        Err(missing) => undecidable.push(lacking(Code::D2, missing)),
    }
    stuck(history, rest, &mut findings, &mut undecidable);

    judgement.anomalies = findings.into_anomalies();
    undecidable.sort_unstable();
    undecidable.dedup();
    judgement.undecidable = undecidable;
    judgement
}

/// How far a trial came to rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// Nothing left to do, proven.
    Quiescent,
    /// Work left and no progress.
    Stuck,
    /// Not known.
    Open,
}

impl Rest {
    /// Quiescence with work left would be a contradiction in the history, so
    /// it proves nothing.
    pub(crate) fn of(settle: Option<&Settle>) -> Self {
        match settle {
            Some(settle) if settle.how == SettleHow::Quiescent && settle.backlog == 0 => {
                Self::Quiescent
            }
            Some(settle) if settle.how == SettleHow::Stuck => Self::Stuck,
            _ => Self::Open,
        }
    }
}

pub(crate) fn lacking(code: Code, missing: impl Into<String>) -> Undecidable {
    Undecidable {
        code,
        missing: missing.into(),
    }
}

/// Why the trial is no evidence for anything, if it is none.
fn not_evidence(history: &TrialHistory) -> Option<String> {
    if let Some(error) = &history.error {
        return Some(error.clone());
    }
    if history.sinks.is_empty() {
        return Some("nothing was observed: the cell declares no sink".into());
    }
    if let Some(sink) = history.sinks.iter().find(|sink| !sink.complete) {
        return Some(format!("no audit of '{}' is complete", sink.observer));
    }
    let gap = history
        .attempts
        .iter()
        .zip(0_u32..)
        .find(|(attempt, seq)| attempt.seq != *seq);
    if let Some((attempt, seq)) = gap {
        return Some(format!(
            "attempts are not numbered without gaps: {} stands where {} belongs",
            message(history.trial, attempt.seq),
            message(history.trial, seq)
        ));
    }
    let keys = history.keys.len();
    history
        .attempts
        .iter()
        .find(|attempt| attempt.key as usize >= keys)
        .map(|attempt| {
            format!(
                "attempt {} has a key that is not listed",
                message(history.trial, attempt.seq)
            )
        })
}

/// The part of a tally that is the same at every sink.
fn sent(history: &TrialHistory) -> Tally {
    let mut tally = Tally {
        attempted: history.attempts.len() as u64,
        ..Tally::default()
    };
    for attempt in &history.attempts {
        match attempt.outcome {
            Outcome::Ok => tally.ok += 1,
            Outcome::Fail => tally.failed += 1,
            Outcome::Unknown => tally.unknown += 1,
        }
    }
    tally
}

/// V1. A trial that ran into its limit still made progress, so it was not
/// stuck; one without a settle record may have been.
fn stuck(
    history: &TrialHistory,
    rest: Rest,
    findings: &mut Findings,
    undecidable: &mut Vec<Undecidable>,
) {
    match (&history.settle, rest) {
        (Some(settle), Rest::Stuck) => {
            let detail = match settle.detail.as_str() {
                "" => format!(
                    "{} left and no progress after {} ms",
                    count(settle.backlog, "item"),
                    settle.waited_ms
                ),
                detail => format!(
                    "{} left and no progress: {}",
                    count(settle.backlog, "item"),
                    exactly_model::redact(detail)
                ),
            };
            findings.bare(Code::V1, "", 1, detail);
        }
        (None, _) => undecidable.push(lacking(Code::V1, "how the trial came to rest")),
        _ => {}
    }
}
