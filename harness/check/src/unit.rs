//! Units: what was to happen in one step.

use crate::judge::{Rest, lacking};
use crate::makers::{reached, undoes};
use crate::sink::{Desk, SinkPass};
use crate::words::count;
use exactly_model::{Class, Code, Effect, ExchangeRecord, Outcome, SinkAudit, TrialHistory};
use std::collections::BTreeMap;

/// Operation label of the request that commits a unit at a sink which names its
/// units. It carries the ids of its own unit.
const COMMITS_UNIT: &str = "EndTxn commit";

/// In the state of a message: some sink of the group has all its effects.
const WHOLE_SOMEWHERE: u32 = 1 << 31;

impl SinkPass<'_> {
    /// T1: messages that are there in part, whatever their sender was told. They
    /// are counted where a part is missing.
    pub(crate) fn torn(&mut self, desk: &mut Desk<'_>) -> u64 {
        if !has_parts(self.history, self.sink) {
            return 0;
        }
        if self.rest != Rest::Quiescent {
            desk.undecidable
                .push(lacking(Code::T1, "proven quiescence"));
            return 0;
        }
        let declared = self.sink.effects_per_message;
        let mut torn = std::mem::take(&mut self.absent);
        let (absent, states) = (torn.len(), desk.state.iter().zip(0_u32..));
        let in_part = states
            .take(self.history.attempts.len())
            .filter(|(effects, _)| (1..declared).contains(*effects));
        torn.extend(in_part.map(|(_, seq)| seq));
        let in_part = torn.len() - absent;
        torn.sort_unstable();
        let ids = torn.len() as u64;
        desk.findings
            .ids(Code::T1, &self.sink.observer, torn, |n, first| {
                let mut ways = Vec::new();
                if in_part > 0 {
                    ways.push(format!("{in_part} with fewer than {declared} effects"));
                }
                if absent > 0 {
                    ways.push(format!("{absent} that only another sink of the step has"));
                }
                let ways = ways.join(", ");
                format!("{} in part: {ways}, {first} first", count(n, "message"))
            });
        ids
    }

    /// T5: what was committed by somebody else's request.
    pub(crate) fn units(&self, desk: &mut Desk<'_>) {
        let own = |effect: &Effect| self.own(effect);
        let (ids, missing) = foreign(self.history, self.sink, self.system, own);
        if let Some(missing) = missing {
            desk.undecidable.push(lacking(Code::T5, missing));
        }
        desk.findings
            .ids(Code::T5, &self.sink.observer, ids, |n, first| {
                format!(
                    "{} committed in a unit that was not about it, {first} first",
                    count(n, "message")
                )
            });
    }
}

/// Whether T1 applies to a sink: its messages have several effects, or belong to
/// a step that takes in other sinks.
fn has_parts(history: &TrialHistory, sink: &SinkAudit) -> bool {
    sink.effects_per_message > 1
        || history
            .together
            .iter()
            .any(|group| group.len() > 1 && group.contains(&sink.observer))
}

/// For each sink the messages that it does not have at all, though another sink
/// of the same step has all the effects that it declares; sequences ascending.
/// `state` is scratch space, one entry for each attempt.
pub(crate) fn absent_of_groups(
    history: &TrialHistory,
    own: impl Fn(&Effect) -> Option<u32>,
    state: &mut [u32],
) -> Vec<Vec<u32>> {
    let mut absent: Vec<Vec<u32>> = vec![Vec::new(); history.sinks.len()];
    for group in &history.together {
        let members: Vec<usize> = (0..history.sinks.len())
            .filter(|sink| group.contains(&history.sinks[*sink].observer))
            .collect();
        if members.len() < 2 {
            continue;
        }
        state.fill(0);
        for sink in &members {
            let sink = &history.sinks[*sink];
            add_counts(sink, &own, state);
            for of_message in state.iter_mut() {
                let whole = *of_message & !WHOLE_SOMEWHERE >= sink.effects_per_message.max(1);
                *of_message &= WHOLE_SOMEWHERE;
                *of_message |= if whole { WHOLE_SOMEWHERE } else { 0 };
            }
        }
        for index in members {
            add_counts(&history.sinks[index], &own, state);
            for (of_message, sequence) in state.iter_mut().zip(0_u32..) {
                if *of_message == WHOLE_SOMEWHERE {
                    absent[index].push(sequence);
                }
                *of_message &= WHOLE_SOMEWHERE;
            }
        }
    }
    for ids in &mut absent {
        ids.sort_unstable();
        ids.dedup();
    }
    absent
}

/// Adds the effects of each message that the sink's reader sees.
fn add_counts(sink: &SinkAudit, own: &impl Fn(&Effect) -> Option<u32>, state: &mut [u32]) {
    for effect in sink.effects.iter().filter(|e| e.view == sink.view) {
        if let Some(sequence) = own(effect) {
            state[sequence as usize] += 1;
        }
    }
}

/// T5: messages that a sink shows in a unit which no request to commit was
/// about; sequences ascending. Beside them, what was missing to tell.
///
/// The rule. Each committed unit of the sink holds some messages of the trial.
/// It is foreign where no request that commits units, and that may have been
/// applied, is about all of them; and where each message was seen in a request
/// that made an effect, so that the boundary did see what went into units. A
/// request is about the ids that it carries, and about what its own incarnation
/// put into effect since it had last ended a unit.
///
/// So a request that was sent twice, a message that went into two units (each
/// has its own request), and a request without an answer, which may have been
/// applied, raise nothing.
fn foreign(
    history: &TrialHistory,
    sink: &SinkAudit,
    system: Option<&str>,
    own: impl Fn(&Effect) -> Option<u32>,
) -> (Vec<u32>, Option<&'static str>) {
    let units = units(sink, own);
    if units.is_empty() {
        return (Vec::new(), None);
    }
    let on_system = |exchange: &&ExchangeRecord| {
        exchange.class == Class::Effect && system.is_none_or(|name| name == exchange.point.system)
    };
    let exchanges: Vec<&ExchangeRecord> = history.exchanges.iter().filter(on_system).collect();
    if exchanges.is_empty() {
        return (Vec::new(), Some("exchanges with the system of the sink"));
    }
    let abouts = abouts(&exchanges);
    let mut by_id: Vec<(u32, usize)> = abouts
        .iter()
        .enumerate()
        .flat_map(|(index, ids)| ids.iter().map(move |id| (*id, index)))
        .collect();
    by_id.sort_unstable();
    let mut seen: Vec<u32> = exchanges
        .iter()
        .flat_map(|exchange| exchange.point.ids.iter().copied())
        .collect();
    seen.sort_unstable();
    let (mut foreign, mut missing) = (Vec::new(), None);
    for unit in units.chunk_by(|a, b| a.0 == b.0) {
        let strangers = strangers(unit, &abouts, &by_id);
        let visible = strangers.iter().all(|id| seen.binary_search(id).is_ok());
        match visible {
            true => foreign.extend(strangers),
            false => missing = Some("ids in the requests that made the effects"),
        }
    }
    foreign.sort_unstable();
    foreign.dedup();
    (foreign, missing)
}

/// Unit and own message of each effect that names its unit, ascending.
fn units(sink: &SinkAudit, own: impl Fn(&Effect) -> Option<u32>) -> Vec<(u32, u32)> {
    let effects = sink.effects.iter();
    let mut units: Vec<(u32, u32)> = effects
        .filter_map(|effect| Some((effect.unit?, own(effect)?)))
        .collect();
    units.sort_unstable();
    units.dedup();
    units
}

/// What of a unit (pairs of unit and message, ascending) no request to commit
/// was about: nothing where one was about all of it, else all but what the one
/// that comes closest was about, and all where two come equally close.
fn strangers(unit: &[(u32, u32)], abouts: &[Vec<u32>], by_id: &[(u32, usize)]) -> Vec<u32> {
    let mut common: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, id) in unit {
        let from = by_id.partition_point(|(known, _)| known < id);
        for (_, index) in by_id[from..].iter().take_while(|(known, _)| known == id) {
            *common.entry(*index).or_default() += 1;
        }
    }
    let most = common.values().copied().max().unwrap_or(0);
    if most == unit.len() {
        return Vec::new();
    }
    let mut closest = common.iter().filter(|(_, n)| **n == most);
    let about: &[u32] = match (closest.next(), closest.next()) {
        (Some((index, _)), None) => &abouts[*index],
        _ => &[],
    };
    let ids = unit.iter().map(|(_, id)| *id);
    ids.filter(|id| about.binary_search(id).is_err()).collect()
}

/// What each request to commit that may have been applied is about; ascending.
fn abouts(exchanges: &[&ExchangeRecord]) -> Vec<Vec<u32>> {
    /// What an incarnation has put into effect since it last ended a unit.
    #[derive(Default)]
    struct Open {
        ids: Vec<u32>,
        ended: bool,
    }
    let mut open: BTreeMap<(&str, &str, u32), Open> = BTreeMap::new();
    let mut abouts = Vec::new();
    for exchange in exchanges {
        let point = &exchange.point;
        let who = (
            point.system.as_str(),
            point.process.as_str(),
            exchange.incarnation,
        );
        let open = open.entry(who).or_default();
        if point.operation == COMMITS_UNIT {
            open.ended = true;
            if reached(exchange.fate) && exchange.outcome != Outcome::Fail {
                let mut about = [open.ids.as_slice(), &point.ids].concat();
                about.sort_unstable();
                about.dedup();
                abouts.push(about);
            }
        } else if undoes(exchange) {
            open.ended = true;
        } else if !point.ids.is_empty() {
            if std::mem::take(&mut open.ended) {
                open.ids.clear();
            }
            open.ids.extend(&point.ids);
        }
    }
    abouts
}
