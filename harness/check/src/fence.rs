//! Owners: one that had been replaced and had its way, and one that was alone
//! and had not.

use crate::makers::{Maker, Makers};
use crate::sink::{Desk, SinkPass};
use crate::words::count;
use exactly_model::{Code, ExchangeRecord, IncarnationState, SinkAudit, TrialHistory};
use std::collections::{BTreeMap, BTreeSet};

/// What F1 found at a sink.
#[derive(Default)]
struct Zombies {
    /// Messages of which an old owner made an effect, ascending.
    ids: Vec<u32>,
    /// What was missing to tell of others.
    missing: Option<&'static str>,
}

impl SinkPass<'_> {
    /// F1: who made the effects.
    pub(crate) fn owners(&self, desk: &mut Desk<'_>) {
        let counts = &desk.state[..self.history.attempts.len()];
        let Zombies { ids, missing } = zombies(self.sink, self.system, counts, &mut desk.makers);
        if let Some(missing) = missing {
            desk.undecidable.push(self.lacking(Code::F1, missing));
        }
        desk.findings.ids(Code::F1, &self.sink.observer, ids, |n, first| {
            format!(
                "an old owner made the effect of {} after the first effect of the new one, {first} first",
                count(n, "message")
            )
        });
    }
}

/// F1: messages of which an incarnation made an effect at `sink` with a request
/// that was sent after a newer incarnation had its first effect there confirmed.
/// `counts` are the effects of each message.
///
/// As many effects as makers: where they differ, whose effect was suppressed or
/// doubled is not known. An old owner's request that changed nothing (an inbox
/// swallowed it) is harmless and no F1; where there are more effects than
/// declared it may be the cause, and F1 is undecidable.
fn zombies(
    sink: &SinkAudit,
    system: Option<&str>,
    counts: &[u32],
    makers: &mut Makers<'_>,
) -> Zombies {
    let mut found = Zombies::default();
    if !makers.were_replaced() {
        return found;
    }
    let carried = makers.carried();
    let made = |maker: &Maker<'_>| maker.made(sink.view);
    // First confirmed effect of each incarnation, by process.
    let mut first: BTreeMap<(&str, u32), u64> = BTreeMap::new();
    for id in &carried {
        for maker in makers.on(system, *id).into_iter().filter(made) {
            let ended = first
                .entry((maker.process, maker.incarnation))
                .or_insert(maker.last.ended_ns);
            *ended = maker.last.ended_ns.min(*ended);
        }
    }
    let processes: BTreeSet<&str> = first.keys().map(|(process, _)| *process).collect();
    if processes.len() == first.len() {
        return found; // one of each process made all of its effects
    }
    if first.values().any(|ended_ns| *ended_ns == 0) {
        found.missing = Some("when exchanges ended");
        return found;
    }
    for (id, effects) in carried
        .iter()
        .filter_map(|id| Some((id, *counts.get(*id as usize)?)))
    {
        let all: Vec<Maker<'_>> = makers.on(system, *id).into_iter().filter(made).collect();
        if !all.iter().any(|maker| is_late(maker, &first)) {
            continue;
        }
        let operation = |maker: &Maker<'_>| maker.last.point.operation.clone();
        let alike = all
            .iter()
            .all(|m| m.times == 1 && operation(m) == operation(&all[0]));
        if alike && all.len() as u64 == u64::from(effects) {
            found.ids.push(*id);
        } else if effects > sink.effects_per_message {
            found.missing = Some("one effect for each incarnation that made one");
        }
    }
    found
}

/// Whether a newer incarnation had its first effect confirmed before the last
/// request of this one was sent.
fn is_late(maker: &Maker<'_>, first: &BTreeMap<(&str, u32), u64>) -> bool {
    let newer = (maker.process, maker.incarnation.saturating_add(1))..=(maker.process, u32::MAX);
    let replaced_ns = first.range(newer).map(|(_, ended_ns)| *ended_ns).min();
    match (maker.last.sent_ns, replaced_ns) {
        (Some(sent_ns), Some(replaced_ns)) => sent_ns > replaced_ns,
        _ => false,
    }
}

/// F2: exchanges whose sender was told that it is not the owner any more, though
/// it was the newest incarnation of its process until the exchange ended, and
/// all older ones had ended before its request.
pub(crate) fn falsely_fenced(history: &TrialHistory) -> Vec<&ExchangeRecord> {
    let fenced = history.exchanges.iter().filter(|exchange| exchange.fenced);
    fenced
        .filter(|exchange| was_alone(history, exchange))
        .collect()
}

fn was_alone(history: &TrialHistory, exchange: &ExchangeRecord) -> bool {
    let of_process = || {
        let all = history.incarnations.iter();
        all.filter(|(_, record)| record.process == exchange.point.process)
    };
    let ended = |incarnation: u32| {
        of_process().any(|(at_ns, record)| {
            record.incarnation == incarnation
                && *at_ns < exchange.request_ns
                && matches!(
                    record.state,
                    IncarnationState::Killed | IncarnationState::Exited | IncarnationState::Stopped
                )
        })
    };
    // Without the time of its end anything may have begun before.
    let end_ns = match exchange.ended_ns {
        0 => u64::MAX,
        ended_ns => ended_ns,
    };
    let mut begun = of_process().filter(|(_, record)| record.state == IncarnationState::Started);
    begun
        .clone()
        .any(|(_, r)| r.incarnation == exchange.incarnation)
        && begun.all(|(at_ns, record)| {
            if record.incarnation > exchange.incarnation {
                *at_ns > end_ns
            } else {
                record.incarnation == exchange.incarnation || ended(record.incarnation)
            }
        })
}
