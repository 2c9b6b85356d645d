//! A counterexample as a short sequence of steps.

use crate::words::{count, message};
use exactly_model::{
    Cell, Code, Counterexample, ExchangeRecord, Fate, Fault, FaultKind, FaultRecord, FaultState,
    IncarnationRecord, IncarnationState, Judgement, Outcome, Step, TrialHistory, View, redact,
};
use std::collections::BTreeSet;

/// Steps shown at most, the finding included.
const STEPS_MAX: usize = 16;

/// How the trial came to show `code`.
pub(crate) fn counterexample(
    cell: &Cell,
    history: &TrialHistory,
    judgement: &Judgement,
    code: Code,
) -> Counterexample {
    let found = judgement.anomalies.iter().filter(|a| a.code == code);
    // The sink of the smallest id; phantoms and standstill name none.
    let (id, sink, detail) = found
        .map(|a| (a.ids.first().copied(), a.sink.as_str(), a.detail.as_str()))
        .min_by_key(|(id, sink, _)| (id.unwrap_or(u32::MAX), *sink))
        .unwrap_or((None, "", ""));
    let mut moments = moments(history, id);
    let begin_ns = moments.first().map_or(0, |moment| moment.at_ns);
    let end_ns = moments.last().map_or(0, |moment| moment.at_ns);
    elide(&mut moments, STEPS_MAX - 1);
    let mut evidence: Vec<Step> = moments
        .into_iter()
        .map(|moment| Step {
            at_us: moment.at_ns.saturating_sub(begin_ns) / 1000,
            incarnation: moment.incarnation,
            what: moment.what,
            fault: moment.kind == MomentKind::Fault,
        })
        .collect();
    evidence.push(Step {
        at_us: end_ns.saturating_sub(begin_ns) / 1000,
        incarnation: 0,
        what: outcome(history, code, id, sink, detail),
        fault: false,
    });
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
    Counterexample {
        id: format!("{}#{}", cell.id(), history.trial),
        code,
        schedule: history.schedule.clone(),
        messages: u32::try_from(history.attempts.len()).unwrap_or(u32::MAX),
        evidence,
        finding,
    }
}

/// The last step: what the sink showed.
fn outcome(
    history: &TrialHistory,
    code: Code,
    id: Option<u32>,
    sink: &str,
    detail: &str,
) -> String {
    let Some(id) = id.filter(|_| !sink.is_empty()) else {
        return match sink {
            "" => format!("{code} {}: {detail}", code.name()),
            sink => format!("sink {sink}: {detail}"),
        };
    };
    let seen = history
        .sinks
        .iter()
        .filter(|audit| audit.observer == sink)
        .flat_map(|audit| &audit.effects)
        .filter(|effect| {
            effect.view == View::ReadCommitted
                && effect.id.run() == history.run
                && effect.id.trial() == history.trial
                && effect.id.sequence() == id
        })
        .count() as u64;
    let effects = match seen {
        0 => "no effect".to_owned(),
        n => count(n, "effect"),
    };
    let plain = format!(
        "sink {sink}: {effects} for message {id} (t{})",
        history.trial
    );
    match code {
        Code::L1 | Code::D3 => plain,
        code => format!("{plain}, {}", code.name()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MomentKind {
    /// May be left out.
    Exchange,
    Incarnation,
    Fault,
    /// Stands for what was left out.
    Gap,
}

struct Moment {
    at_ns: u64,
    incarnation: u32,
    kind: MomentKind,
    what: String,
}

/// Everything that concerns message `id`, in order of time.
fn moments(history: &TrialHistory, id: Option<u32>) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    for (at_ns, record) in &history.incarnations {
        if let Some(what) = change(record) {
            moments.push(Moment {
                at_ns: *at_ns,
                incarnation: record.incarnation,
                kind: MomentKind::Incarnation,
                what,
            });
        }
    }
    let mut covered = BTreeSet::new();
    for exchange in &history.exchanges {
        if concerns(history, exchange, id, &mut covered) {
            moments.push(Moment {
                at_ns: exchange.request_ns,
                incarnation: exchange.incarnation,
                kind: MomentKind::Exchange,
                what: describe(exchange),
            });
        }
    }
    // A stable sort: an incarnation starts before it says something, and a
    // fault comes after the exchange that it struck.
    moments.sort_by_key(|moment| moment.at_ns);
    let fired = history.faults.iter();
    for fault in fired.filter(|fault| fault.state == FaultState::Fired) {
        place(&mut moments, history, fault);
    }
    moments
}

/// Whether the exchange carries message `id`, was struck by a fault, or is the
/// first of its incarnation to commit a position past the message, even where
/// it names another one. `covered` remembers the incarnations that did.
fn concerns<'a>(
    history: &TrialHistory,
    exchange: &'a ExchangeRecord,
    id: Option<u32>,
    covered: &mut BTreeSet<(&'a str, u32)>,
) -> bool {
    if !exchange.class.makes_points() {
        return false;
    }
    let Some(id) = id else { return true };
    let attempt = history.attempts.get(id as usize);
    let position = attempt.and_then(|attempt| attempt.position);
    let covers = position.is_some_and(|(partition, offset)| {
        exchange.commits.iter().any(|commit| {
            commit.target == history.feed_target
                && commit.partition == partition
                && commit.offset > offset
        })
    });
    let covers_first =
        covers && covered.insert((exchange.point.process.as_str(), exchange.incarnation));
    covers_first
        || exchange.point.ids.contains(&id)
        || history.faults.iter().any(|fault| strikes(fault, exchange))
}

fn strikes(fault: &FaultRecord, exchange: &ExchangeRecord) -> bool {
    fault.state == FaultState::Fired
        && fault.point.as_ref() == Some(&exchange.point)
        && fault.incarnation.is_none_or(|n| n == exchange.incarnation)
}

/// Puts the fault behind the exchange that it struck, else before the end of
/// its incarnation, else last.
fn place(moments: &mut Vec<Moment>, history: &TrialHistory, fault: &FaultRecord) {
    let struck = history.exchanges.iter().find(|e| strikes(fault, e));
    let incarnation = fault.incarnation.unwrap_or(0);
    let ended = history.incarnations.iter().find(|(_, record)| {
        record.incarnation == incarnation
            && matches!(
                record.state,
                IncarnationState::Killed | IncarnationState::Exited
            )
    });
    let at_ns = struck
        .map(|exchange| exchange.request_ns)
        .or(ended.map(|(at_ns, _)| *at_ns))
        .or(moments.last().map(|moment| moment.at_ns))
        .unwrap_or(0);
    let index = if struck.is_some() {
        moments.partition_point(|moment| moment.at_ns <= at_ns)
    } else {
        moments.partition_point(|moment| moment.at_ns < at_ns)
    };
    moments.insert(
        index,
        Moment {
            at_ns,
            incarnation,
            kind: MomentKind::Fault,
            what: strike(fault, history.schedule.faults.get(fault.index as usize)),
        },
    );
}

/// `✖ kill after pg COMMIT {2}`.
fn strike(fault: &FaultRecord, scheduled: Option<&Fault>) -> String {
    match (fault.kind, scheduled, &fault.point) {
        (FaultKind::Hold, Some(scheduled), _) => format!("✖ {scheduled}"),
        (kind, _, Some(point)) => format!("✖ {kind} {} {point}", fault.phase),
        (_, Some(scheduled), None) => format!("✖ {scheduled}"),
        (kind, None, None) => format!("✖ {kind}"),
    }
}

/// The changes worth a line: a kill has its fault, a stop is the end.
fn change(record: &IncarnationRecord) -> Option<String> {
    let name = format!("{}#{}", record.process, record.incarnation);
    match record.state {
        IncarnationState::Started => Some(format!("{name} starts")),
        IncarnationState::Exited => Some(match &record.status {
            Some(status) => format!("{name} exits: {status}"),
            None => format!("{name} exits"),
        }),
        IncarnationState::Ready | IncarnationState::Killed | IncarnationState::Stopped => None,
    }
}

/// `worker#1 → pg COMMIT {2}: applied, reply withheld`.
fn describe(exchange: &ExchangeRecord) -> String {
    let who = format!("{}#{}", exchange.point.process, exchange.incarnation);
    let error = exchange.error.as_deref().map(redact).unwrap_or_default();
    let end = match (exchange.fate, exchange.outcome) {
        (Fate::Dropped, _) => ": never arrived".to_owned(),
        (Fate::Answered, Outcome::Ok) => String::new(),
        (_, Outcome::Fail) if error.is_empty() => ": refused".to_owned(),
        (_, Outcome::Fail) => format!(": refused ({error})"),
        (Fate::Applied, _) => ": applied, reply withheld".to_owned(),
        (Fate::Late, _) => ": applied after its sender was dead".to_owned(),
        (Fate::Unanswered, _) => ": arrived, connection ended before the reply".to_owned(),
        (Fate::Answered, Outcome::Unknown) if error.is_empty() => ": outcome unknown".to_owned(),
        (Fate::Answered, Outcome::Unknown) => format!(": outcome unknown ({error})"),
    };
    format!("{who} → {}{end}", exchange.point)
}

/// Leaves out exchanges from the middle until `most` lines are left; where
/// that is not enough, anything from the middle.
fn elide(moments: &mut Vec<Moment>, most: usize) {
    if moments.len() <= most {
        return;
    }
    let optional: Vec<usize> = (0..moments.len())
        .filter(|i| moments[*i].kind == MomentKind::Exchange)
        .collect();
    let excess = moments.len() - (most - 1);
    let candidates = if optional.len() >= excess {
        optional
    } else {
        (0..moments.len()).collect()
    };
    let from = (candidates.len() - excess) / 2;
    let gone = &candidates[from..from + excess];
    let gap = Moment {
        at_ns: moments[gone[0]].at_ns,
        incarnation: moments[gone[0]].incarnation,
        kind: MomentKind::Gap,
        what: format!("… {} left out", count(excess as u64, "step")),
    };
    let first = gone[0];
    let mut index = 0;
    moments.retain(|_| {
        let keep = gone.binary_search(&index).is_err();
        index += 1;
        keep
    });
    moments.insert(first, gap);
}
