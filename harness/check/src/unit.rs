//! Units: what was to happen in one step.

use crate::judge::Rest;
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
    /// T1, and T2 where the parts are in several systems: messages that are there in
    /// part, whatever their sender was told. They are counted where a part is missing.
    pub(crate) fn torn(&mut self, desk: &mut Desk<'_>) -> u64 {
        if !has_parts(self.history, self.sink) {
            return 0;
        }
        if self.rest != Rest::Quiescent {
            let code = match self.spans_systems {
                true => Code::T2,
                false => Code::T1,
            };
            desk.undecidable
                .push(self.lacking(code, "proven quiescence"));
            return 0;
        }
        let declared = self.sink.effects_per_message;
        let mut torn = std::mem::take(&mut self.absent);
        let split = match self.spans_systems {
            true => std::mem::take(&mut torn),
            false => Vec::new(),
        };
        let (absent, states) = (torn.len(), desk.state.iter().zip(0_u32..));
        let in_part = states
            .take(self.history.attempts.len())
            .filter(|(effects, _)| (1..declared).contains(*effects));
        torn.extend(in_part.map(|(_, seq)| seq));
        let in_part = torn.len() - absent;
        torn.sort_unstable();
        let ids = (torn.len() + split.len()) as u64;
        let sink = &self.sink.observer;
        desk.findings.ids(Code::T2, sink, split, |n, first| {
            let messages = count(n, "message");
            format!("{messages} that only a sink of another system has, {first} first")
        });
        desk.findings.ids(Code::T1, sink, torn, |n, first| {
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
        let (ids, missing) = foreign(self.history, self.sink, self.system, own, &mut desk.state);
        if let Some(missing) = missing {
            desk.undecidable.push(self.lacking(Code::T5, missing));
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
/// about; sequences ascending. Beside them, what was missing to tell. `state` is
/// scratch space; it is made larger where more effects than messages have units.
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
    state: &mut Vec<u32>,
) -> (Vec<u32>, Option<&'static str>) {
    let units = || {
        let effects = sink.effects.iter().zip(0_u32..);
        effects.filter(|(effect, _)| effect.unit.is_some() && own(effect).is_some())
    };
    let count = units().count();
    if count == 0 {
        return (Vec::new(), None);
    }
    let on_system = |exchange: &&ExchangeRecord| {
        exchange.class == Class::Effect && system.is_none_or(|name| name == exchange.point.system)
    };
    let exchanges: Vec<&ExchangeRecord> = history.exchanges.iter().filter(on_system).collect();
    if exchanges.is_empty() {
        return (Vec::new(), Some("exchanges with the system of the sink"));
    }
    let abouts = Abouts::of(&exchanges);
    if state.len() < count {
        // Not grown in place: then both would be there for a moment.
        *state = Vec::new();
        *state = vec![0; count];
    }
    let order = &mut state[..count];
    for (slot, (_, index)) in order.iter_mut().zip(units()) {
        *slot = index;
    }
    let effect = |index: u32| &sink.effects[index as usize];
    order.sort_unstable_by_key(|index| (effect(*index).unit, effect(*index).id));
    let (mut foreign, mut missing) = (Vec::new(), None);
    for unit in order.chunk_by(|a, b| effect(*a).unit == effect(*b).unit) {
        let mut unit: Vec<u32> = unit.iter().filter_map(|i| own(effect(*i))).collect();
        unit.dedup();
        let strangers = abouts.strangers(&unit);
        match strangers.iter().all(|id| abouts.saw(*id)) {
            true => foreign.extend(strangers),
            false => missing = Some("ids in the requests that made the effects"),
        }
    }
    foreign.sort_unstable();
    foreign.dedup();
    (foreign, missing)
}

/// What the requests to commit units are about. Grows with the exchanges, which
/// are bounded.
struct Abouts {
    /// For each request that may have been applied, ascending.
    requests: Vec<Vec<u32>>,
    /// Message and index of the request, ascending.
    by_id: Vec<(u32, usize)>,
    /// Messages in any request that makes an effect, ascending.
    seen: Vec<u32>,
}

impl Abouts {
    fn of(exchanges: &[&ExchangeRecord]) -> Self {
        let requests = requests(exchanges);
        let indexed = requests.iter().enumerate();
        let mut by_id: Vec<(u32, usize)> = indexed
            .flat_map(|(index, ids)| ids.iter().map(move |id| (*id, index)))
            .collect();
        by_id.sort_unstable();
        let carried = exchanges.iter().flat_map(|e| e.point.ids.iter().copied());
        let mut seen: Vec<u32> = carried.collect();
        seen.sort_unstable();
        Self {
            requests,
            by_id,
            seen,
        }
    }

    fn saw(&self, id: u32) -> bool {
        self.seen.binary_search(&id).is_ok()
    }

    /// What of a unit (messages, ascending) no request was about: nothing where
    /// one was about all of it, else all but what the one that comes closest was
    /// about, and all where two come equally close.
    fn strangers(&self, unit: &[u32]) -> Vec<u32> {
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for id in unit {
            let from = self.by_id.partition_point(|(known, _)| known < id);
            let about = self.by_id[from..].iter();
            for (_, index) in about.take_while(|(known, _)| known == id) {
                *common.entry(*index).or_default() += 1;
            }
        }
        let most = common.values().copied().max().unwrap_or(0);
        if most == unit.len() {
            return Vec::new();
        }
        let mut closest = common.iter().filter(|(_, n)| **n == most);
        let about: &[u32] = match (closest.next(), closest.next()) {
            (Some((index, _)), None) => &self.requests[*index],
            _ => &[],
        };
        let ids = unit.iter().copied();
        ids.filter(|id| about.binary_search(id).is_err()).collect()
    }
}

/// What each request to commit that may have been applied is about; ascending.
fn requests(exchanges: &[&ExchangeRecord]) -> Vec<Vec<u32>> {
    /// What an incarnation has put into effect since it last ended a unit.
    #[derive(Default)]
    struct Open {
        ids: Vec<u32>,
        ended: bool,
    }
    let mut open: BTreeMap<(&str, &str, u32), Open> = BTreeMap::new();
    let mut requests = Vec::new();
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
                requests.push(about);
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
    requests
}
