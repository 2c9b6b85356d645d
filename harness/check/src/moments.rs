//! What happened in a trial, moment by moment, as far as it concerns one
//! message: the body of a counterexample.

use crate::words::count;
use exactly_model::{
    ExchangeRecord, Fate, Fault, FaultKind, FaultRecord, FaultState, IncarnationRecord,
    IncarnationState, Nodes, Outcome, Phase, TrialHistory, redact,
};
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MomentKind {
    /// An exchange that went as it should: the first to be left out.
    Plain,
    /// An exchange that did not.
    Telling,
    Incarnation,
    Fault,
    /// Stands for what was left out.
    Gap,
}

pub(crate) struct Moment {
    pub(crate) at_ns: u64,
    pub(crate) incarnation: u32,
    pub(crate) kind: MomentKind,
    pub(crate) what: String,
}

/// Everything that concerns message `id`, in order of time. Incarnations that
/// live side by side stand side by side.
pub(crate) fn moments(history: &TrialHistory, id: Option<u32>) -> Vec<Moment> {
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
    let published = history.received.iter().filter(|(seq, ..)| Some(*seq) == id);
    moments.extend(published.map(|(seq, receivers, at_ns)| Moment {
        at_ns: *at_ns,
        incarnation: 0,
        kind: MomentKind::Telling,
        what: format!(
            "{{{seq}}} is published: its sender is told of {}",
            count(*receivers, "receiver")
        ),
    }));
    let mut seen = Seen::default();
    let exchanges = history.exchanges.iter();
    let concerning: Vec<&ExchangeRecord> = exchanges
        .filter(|exchange| concerns(history, exchange, id, &mut seen))
        .collect();
    let mut times: Vec<u64> = moments.iter().map(|moment| moment.at_ns).collect();
    times.extend(concerning.iter().map(|exchange| exchange.request_ns));
    times.sort_unstable();
    for exchange in concerning {
        moments.extend(told(history, exchange, &times));
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

/// An exchange in one line, or in two where something else happened while it was
/// held, or while its sender was frozen.
fn told(history: &TrialHistory, exchange: &ExchangeRecord, times: &[u64]) -> Vec<Moment> {
    let faults = history.faults.iter();
    let struck: Vec<&FaultRecord> = faults.filter(|fault| strikes(fault, exchange)).collect();
    let asked_ns = exchange.request_ns;
    let meanwhile = |until_ns: u64| {
        let after = times.partition_point(|at_ns| *at_ns <= asked_ns);
        times.get(after).is_some_and(|at_ns| *at_ns < until_ns)
    };
    let held = exchange.fate == Fate::Late || struck.iter().any(|f| f.phase == Phase::Before);
    let sent_ns = exchange
        .sent_ns
        .filter(|sent_ns| held && meanwhile(*sent_ns));
    let frozen = struck
        .iter()
        .any(|fault| matches!(fault.kind, FaultKind::Freeze | FaultKind::SecondOwner));
    let woken = frozen && exchange.fate == Fate::Answered && meanwhile(exchange.ended_ns);

    let who = format!("{}#{}", exchange.point.process, exchange.incarnation);
    let point = &exchange.point;
    let ending = match exchange.fate {
        // Its second line says it.
        Fate::Late if sent_ns.is_some() && exchange.outcome == Outcome::Ok => String::new(),
        _ => ending(exchange),
    };
    let mut lines = match sent_ns {
        Some(sent_ns) => vec![
            (asked_ns, format!("{who} → {point}: held back")),
            (
                sent_ns,
                format!("{who} → {point}: arrives only now{}", also(&ending)),
            ),
        ],
        None if ending.is_empty() => vec![(asked_ns, format!("{who} → {point}"))],
        None => vec![(asked_ns, format!("{who} → {point}: {ending}"))],
    };
    if woken {
        lines.push((
            exchange.ended_ns,
            format!("{who} wakes up: {point} was answered"),
        ));
    }
    let plain = ending.is_empty() && struck.is_empty() && !held;
    let moment = |(at_ns, what)| Moment {
        at_ns,
        incarnation: exchange.incarnation,
        kind: if plain {
            MomentKind::Plain
        } else {
            MomentKind::Telling
        },
        what,
    };
    lines.into_iter().map(moment).collect()
}

/// What was seen so far of each incarnation.
#[derive(Default)]
struct Seen<'a> {
    /// It has committed a position past the message.
    covered: BTreeSet<(&'a str, u32)>,
    /// It was told that it is not the owner any more.
    fenced: BTreeSet<(&'a str, u32)>,
}

/// Whether the exchange carries message `id`, was struck by a fault, is the
/// first of its incarnation to commit a position past the message, even where
/// it names another one, or the first that was fenced.
fn concerns<'a>(
    history: &TrialHistory,
    exchange: &'a ExchangeRecord,
    id: Option<u32>,
    seen: &mut Seen<'a>,
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
    let who = (exchange.point.process.as_str(), exchange.incarnation);
    let covers_first = covers && seen.covered.insert(who);
    let fenced_first = exchange.fenced && seen.fenced.insert(who);
    covers_first
        || fenced_first
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

/// `✖ kill after pg COMMIT {2}`, `✖ kill-system before k Produce {2} (all nodes)`.
fn strike(fault: &FaultRecord, scheduled: Option<&Fault>) -> String {
    let mut text = match (fault.kind, scheduled, &fault.point) {
        (FaultKind::Hold, Some(scheduled), _) => format!("✖ {scheduled}"),
        (kind, _, Some(point)) => {
            let nodes = scheduled.and_then(|scheduled| scheduled.nodes);
            let nodes = nodes.or(kind.strikes_system().then(Nodes::default));
            let nodes = nodes.map_or(String::new(), |nodes| format!(" ({nodes})"));
            format!("✖ {kind} {} {point}{nodes}", fault.phase)
        }
        (_, Some(scheduled), None) => format!("✖ {scheduled}"),
        (kind, None, None) => format!("✖ {kind}"),
    };
    if let Some(duration_ms) = scheduled.and_then(|scheduled| scheduled.duration_ms) {
        text.push_str(&format!(" for {duration_ms} ms"));
    }
    text
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

/// How the exchange ended, where that is worth a word: `applied, reply
/// withheld`.
fn ending(exchange: &ExchangeRecord) -> String {
    let error = exchange.error.as_deref().map(redact).unwrap_or_default();
    let with = |what: &str| match error.as_str() {
        "" => what.to_owned(),
        error => format!("{what} ({error})"),
    };
    let told = |what: &str, otherwise: &str| match error.as_str() {
        "" => format!("{what}{otherwise}"),
        error => format!("{what}, its sender was told {error}"),
    };
    if exchange.fenced {
        return with("fenced");
    }
    match (exchange.fate, exchange.outcome) {
        (Fate::Dropped, _) => told("never arrived", ""),
        (_, Outcome::Fail) => with("refused"),
        (Fate::Answered, Outcome::Ok) if error.is_empty() => String::new(),
        (Fate::Answered, Outcome::Ok) => told("applied", ""),
        // Where the boundary answered in the system's name it says so in full.
        (Fate::Applied, Outcome::Ok) if error.starts_with("applied") => error,
        (Fate::Applied, Outcome::Ok) => told("applied", ", reply withheld"),
        (Fate::Applied, Outcome::Unknown) => with("reply withheld"),
        (Fate::Late, Outcome::Ok) => "applied late".to_owned(),
        (Fate::Late, _) => with("arrived late"),
        (Fate::Unanswered, _) => "arrived, connection ended before the reply".to_owned(),
        (Fate::Answered, Outcome::Unknown) => with("outcome unknown"),
    }
}

/// The ending as a second half of a sentence.
fn also(ending: &str) -> String {
    match ending {
        "" => String::new(),
        ending => format!(", {ending}"),
    }
}

/// Leaves out steps from the middle until `most` lines are left: exchanges that
/// went as they should; where that is not enough, exchanges; else anything.
pub(crate) fn elide(moments: &mut Vec<Moment>, most: usize) {
    if moments.len() <= most {
        return;
    }
    let of = |kinds: &[MomentKind]| -> Vec<usize> {
        let all = 0..moments.len();
        all.filter(|index| kinds.contains(&moments[*index].kind))
            .collect()
    };
    let excess = moments.len() - (most - 1);
    let tiers = [
        of(&[MomentKind::Plain]),
        of(&[MomentKind::Plain, MomentKind::Telling]),
        (0..moments.len()).collect(),
    ];
    let Some(candidates) = tiers.iter().find(|tier| tier.len() >= excess) else {
        return;
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
