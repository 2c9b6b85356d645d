//! Judgement of one trial.

use crate::commits::Commits;
use crate::delivery;
use crate::fed;
use crate::fence::falsely_fenced;
use crate::makers::Makers;
use crate::places::WORDS_MIN;
use crate::primary::Findings;
use crate::shrink;
use crate::sink::{Desk, Foreign, SinkPass, own};
use crate::unit;
use crate::words::{count, message};
use exactly_model::{
    Candidate, Code, Judge, Judgement, Observer, Outcome, Settle, SettleHow, Tally, TrialHistory,
    Undecidable,
};
use std::collections::BTreeSet;

/// The judge of single trials.
///
/// Effects whose id belongs to another trial of the same run are left out: a
/// single trial cannot know whether that other trial sent the message. The
/// [`Fold`](crate::Fold) knows, and charges them to their own trial, or calls
/// them phantoms. It also knows to which system a sink belongs; without that,
/// where effects go to several systems, nobody is told which one made them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judging;

impl Judge for Judging {
    fn judge(&self, history: &TrialHistory) -> Judgement {
        judge_among(
            history,
            &Surroundings {
                foreign: &|_, _| true,
                observers: &[],
                keeps_positions: false,
            },
        )
    }

    fn next_shrink(&self, found: &Candidate, tried: &[(Candidate, bool)]) -> Option<Candidate> {
        shrink::next(found, tried)
    }
}

/// What the records of the trial itself do not say.
pub(crate) struct Surroundings<'a> {
    /// Whether an id of another trial was sent by that trial, which then answers
    /// for the effect.
    pub(crate) foreign: &'a Foreign<'a>,
    /// The sinks as the cell declares them.
    pub(crate) observers: &'a [Observer],
    /// Whether the pipeline keeps its position in the fed log itself.
    pub(crate) keeps_positions: bool,
}

impl<'a> Surroundings<'a> {
    /// The system of `sink`.
    fn system(&self, sink: &str) -> Option<&'a str> {
        let mut observers = self.observers.iter();
        let observer = observers.find(|observer| observer.name == sink)?;
        Some(&observer.system)
    }

    /// Whether a sink that is one step with `sink` belongs to another system.
    fn spans_systems(&self, history: &TrialHistory, sink: &str) -> bool {
        let of = |name: &String| name == sink;
        let steps = history.together.iter().filter(|step| step.iter().any(of));
        let mut others = steps.flatten().filter_map(|other| self.system(other));
        self.system(sink)
            .is_some_and(|system| others.any(|other| other != system))
    }
}

/// Judges `history` among what is known around it.
pub(crate) fn judge_among(history: &TrialHistory, around: &Surroundings<'_>) -> Judgement {
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
    let messages = history.attempts.len();
    let mut desk = Desk {
        // One buffer for everything: this is the four bytes a message.
        state: vec![0_u32; messages.max(WORDS_MIN)],
        commits: Commits::of(history, around.keeps_positions),
        makers: Makers::of(history),
        findings: Findings::new(history.trial),
        undecidable: Vec::new(),
    };
    let redelivered = delivered(history, &mut desk);
    fed_log(history, &mut desk);
    let own = |effect: &_| own(history, effect);
    let absent = unit::absent_of_groups(history, own, &mut desk.state[..messages]);
    let sent = sent(history);
    for (sink, absent) in history.sinks.iter().zip(absent) {
        let pass = SinkPass {
            history,
            sink,
            system: around.system(&sink.observer),
            rest,
            foreign: around.foreign,
            absent,
            spans_systems: around.spans_systems(history, &sink.observer),
        };
        let mut tally = Tally {
            redelivered,
            ..sent
        };
        pass.run(&mut desk, &mut tally);
        judgement.tallies.push((sink.observer.clone(), tally));
    }
    owners(history, &mut desk);
    stuck(history, rest, &mut desk);

    judgement.anomalies = desk.findings.into_anomalies();
    desk.undecidable.sort_unstable();
    desk.undecidable.dedup();
    judgement.undecidable = desk.undecidable;
    judgement
}

/// D2, O3 and O4: what was handed to the consumers of the fed log. Answers how
/// many positions were delivered again.
fn delivered(history: &TrialHistory, desk: &mut Desk<'_>) -> u64 {
    if let Err(missing) = delivery::seen(history) {
        for code in [Code::D2, Code::O3, Code::O4] {
            desk.undecidable.push(lacking(code, missing));
        }
        return 0;
    }
    let again = delivery::redelivered(history);
    let redelivered = again.len() as u64;
    desk.findings.ids(Code::D2, "", again, |n, first| {
        format!(
            "{} delivered again, {first} first",
            count(n, "acknowledged position")
        )
    });
    let skipped = delivery::skipped(history);
    desk.findings.ids(Code::O3, "", skipped, |n, first| {
        format!(
            "{} jumped over by a delivery, {first} first",
            count(n, "position")
        )
    });
    let order = &mut desk.state[..history.attempts.len()];
    let behind = match fed::lacks_order(history) {
        Some(missing) => Err(missing.to_owned()),
        None => delivery::behind(history, order),
    };
    match behind {
        Ok(ids) => desk.findings.ids(Code::O4, "", ids, |n, first| {
            format!(
                "{} delivered after a later one of the same key, {first} first",
                count(n, "message")
            )
        }),
        Err(missing) => desk.undecidable.push(lacking(Code::O4, missing)),
    }
    redelivered
}

/// O2 and I1: what the acknowledgements say of the log that is fed.
fn fed_log(history: &TrialHistory, desk: &mut Desk<'_>) {
    if !fed::is_log(history) {
        return;
    }
    match fed::lacks_order(history) {
        Some(missing) => desk.undecidable.push(lacking(Code::O2, missing)),
        None => desk
            .findings
            .ids(Code::O2, "", fed::inverted(history), |n, first| {
                format!(
                    "{} in the log behind a later one of the same key, {first} first",
                    count(n, "message")
                )
            }),
    }
    let order = &mut desk.state[..history.attempts.len()];
    let ids = fed::at_one_position(history, order);
    desk.findings.ids(Code::I1, "", ids, |n, first| {
        format!(
            "{} acknowledged at a position that another one has as well, {first} first",
            count(n, "message")
        )
    });
}

/// F2, and whether owners can be told at all.
fn owners(history: &TrialHistory, desk: &mut Desk<'_>) {
    if history.exchanges.is_empty() && !history.incarnations.is_empty() {
        desk.undecidable.push(lacking(Code::F1, "exchanges"));
        desk.undecidable.push(lacking(Code::F2, "exchanges"));
        return;
    }
    let fenced = falsely_fenced(history);
    let Some(first) = fenced.first() else { return };
    let detail = format!(
        "{} of the only live owner fenced, {}#{} {} first",
        count(fenced.len() as u64, "request"),
        first.point.process,
        first.incarnation,
        first.point
    );
    let of_trial = |id: &u32| (*id as usize) < history.attempts.len();
    let ids: BTreeSet<u32> = fenced
        .iter()
        .flat_map(|exchange| exchange.point.ids.iter().copied())
        .filter(of_trial)
        .collect();
    if ids.is_empty() {
        let n = fenced.len() as u64;
        desk.findings.bare(Code::F2, "", n, detail);
    } else {
        let ids = ids.into_iter().collect();
        desk.findings.ids(Code::F2, "", ids, |_, _| detail);
    }
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
        sink: String::new(),
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
fn stuck(history: &TrialHistory, rest: Rest, desk: &mut Desk<'_>) {
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
            desk.findings.bare(Code::V1, "", 1, detail);
        }
        (None, _) => {
            let missing = "how the trial came to rest";
            desk.undecidable.push(lacking(Code::V1, missing));
        }
        _ => {}
    }
}
