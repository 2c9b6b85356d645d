//! A counterexample as a short sequence of steps.

use crate::moments::{MomentKind, elide, moments};
use crate::sink::own;
use crate::words::{count, message};
use exactly_model::{
    Cell, Code, Counterexample, Judgement, SinkAudit, Step, TrialHistory, finding_id,
};

/// Steps shown at most, what the sinks show included.
const STEPS_MAX: usize = 16;
/// Sinks shown beside the one of the finding.
const OTHER_SINKS_MAX: usize = 3;

/// How the trial came to show `code`.
pub(crate) fn counterexample(
    cell: &Cell,
    history: &TrialHistory,
    judgement: &Judgement,
    code: Code,
) -> Counterexample {
    let anomalies = judgement.anomalies.iter();
    let found = anomalies.filter(|a| a.code == code && cell.forbids(code, &a.sink));
    // The sink of the smallest id; phantoms and standstill name none.
    let (id, sink, detail) = found
        .map(|a| (a.ids.first().copied(), a.sink.as_str(), a.detail.as_str()))
        .min_by_key(|(id, sink, _)| (id.unwrap_or(u32::MAX), *sink))
        .unwrap_or((None, "", ""));
    let outcome = outcome(history, code, id, sink, detail);
    let mut moments = moments(history, id);
    let begin_ns = moments.first().map_or(0, |moment| moment.at_ns);
    let end_ns = moments.last().map_or(0, |moment| moment.at_ns);
    elide(&mut moments, STEPS_MAX - outcome.len());
    let mut evidence: Vec<Step> = moments
        .into_iter()
        .map(|moment| Step {
            at_us: moment.at_ns.saturating_sub(begin_ns) / 1000,
            incarnation: moment.incarnation,
            fault: moment.kind == MomentKind::Fault,
            what: moment.what,
        })
        .collect();
    evidence.extend(outcome.into_iter().map(|what| Step {
        at_us: end_ns.saturating_sub(begin_ns) / 1000,
        incarnation: 0,
        what,
        fault: false,
    }));
    let finding = match (id, sink) {
        (Some(id), "") => format!("message {}: {detail}", message(history.trial, id)),
        (Some(id), sink) => {
            format!(
                "message {} at '{sink}': {detail}",
                message(history.trial, id)
            )
        }
        (None, "") => detail.to_owned(),
        (None, sink) => format!("at '{sink}': {detail}"),
    };
    let messages = u32::try_from(history.attempts.len()).unwrap_or(u32::MAX);
    Counterexample {
        id: finding_id(&cell.id(), code, messages, &history.schedule),
        trial: history.trial,
        code,
        schedule: history.schedule.clone(),
        messages,
        evidence,
        finding,
        reproduced: None,
    }
}

/// The last steps: what the sinks showed of the message, the one of the finding
/// last.
fn outcome(
    history: &TrialHistory,
    code: Code,
    id: Option<u32>,
    sink: &str,
    detail: &str,
) -> Vec<String> {
    let Some(id) = id.filter(|_| !sink.is_empty()) else {
        return vec![match sink {
            "" => format!("{code} {}: {detail}", code.name()),
            sink => format!("sink {sink}: {detail}"),
        }];
    };
    let (of_finding, others): (Vec<&SinkAudit>, Vec<&SinkAudit>) = history
        .sinks
        .iter()
        .partition(|audit| audit.observer == sink);
    let others = others.into_iter().take(OTHER_SINKS_MAX);
    let mut steps: Vec<String> = others.map(|audit| shown(history, audit, id)).collect();
    for audit in of_finding {
        let plain = shown(history, audit, id);
        steps.push(match code {
            Code::L1 | Code::D3 => plain,
            code => format!("{plain}, {}", code.name()),
        });
    }
    steps
}

/// `sink orders: 2 effects for message 2 (t4)`.
fn shown(history: &TrialHistory, audit: &SinkAudit, id: u32) -> String {
    let effects = audit.effects.iter();
    let seen = effects
        .filter(|effect| effect.view == audit.view && own(history, effect) == Some(id))
        .count() as u64;
    let effects = match seen {
        0 => "no effect".to_owned(),
        n => count(n, "effect"),
    };
    let (sink, trial) = (&audit.observer, history.trial);
    format!("sink {sink}: {effects} for message {id} (t{trial})")
}
