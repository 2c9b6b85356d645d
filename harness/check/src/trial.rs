//! From the records of one trial to its history.

use crate::places::place;
use crate::sink::own;
use crate::strays::Stray;
use crate::words::count;
use exactly_model::{
    Attempt, AttemptRecord, AuditRecord, CellStart, Effect, EffectRecord, Event, NoteKind,
    PositionRecord, Record, SinkAudit, SinkKind, TrialHistory, TrialStart,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Exchanges kept of one trial. Beyond it none is kept: what is left would
/// look like the whole, and causes (L4, T3) would be told from half of it.
/// Losses and duplicates do not rest on exchanges.
pub const EXCHANGES_MAX: usize = 50_000;
/// A trial with more attempts than this is judged when it ends and its history
/// is dropped. A final sweep that then sees something else makes the trial
/// invalid, because it cannot be judged again.
pub const KEPT_ATTEMPTS_MAX: usize = 100_000;
/// The most that is kept of ended trials together, counted in attempts, effects
/// and four times the exchanges. Beyond it further histories are dropped as
/// they end, with the same consequence as for [`KEPT_ATTEMPTS_MAX`].
pub const KEPT_WEIGHT_MAX: usize = 2_000_000;

/// A history under construction. Audits may still come when the trial has
/// ended.
pub(crate) struct Builder {
    pub(crate) history: TrialHistory,
    messages: u32,
    keys: HashMap<String, u32>,
    units: HashMap<String, u32>,
    /// Effects of audits that are not complete, by sink and audit.
    pending: BTreeMap<(usize, u32), Vec<Effect>>,
    /// Last complete audit of each sink.
    audits: Vec<u32>,
    too_many_exchanges: bool,
}

impl Builder {
    pub(crate) fn new(run: u32, trial: u32, start: &TrialStart, cell: Option<&CellStart>) -> Self {
        let mut history = TrialHistory::new(run, trial, start.cell, start.kind);
        history.schedule = start.schedule.clone();
        if let Some(cell) = cell {
            history.feed_target.clone_from(&cell.pipeline.feed.to);
            history.feed_concurrency = cell.pipeline.feed.concurrency.max(1);
            history
                .dropped_keys
                .clone_from(&cell.pipeline.feed.dropped_keys);
            history.together.clone_from(&cell.info.units);
            history.sinks = cell
                .info
                .observers
                .iter()
                .map(|observer| SinkAudit {
                    observer: observer.name.clone(),
                    effects_per_message: observer.effects_per_message,
                    kind: observer.kind,
                    view: observer.view,
                    ..SinkAudit::default()
                })
                .collect();
        }
        Self {
            messages: start.messages,
            keys: HashMap::new(),
            units: HashMap::new(),
            pending: BTreeMap::new(),
            audits: vec![0; history.sinks.len()],
            too_many_exchanges: false,
            history,
        }
    }

    /// Takes a record of the trial. Returns the sink whose effects it replaced.
    pub(crate) fn push(&mut self, record: &Record) -> Option<usize> {
        match &record.event {
            Event::Attempt(attempt) => {
                if let Some(receivers) = attempt.receivers {
                    let received = (attempt.seq, receivers, record.mono_ns);
                    self.history.received.push(received);
                }
                self.attempt(attempt);
            }
            Event::Exchange(exchange) => {
                if self.history.exchanges.len() < EXCHANGES_MAX && !self.too_many_exchanges {
                    self.history.exchanges.push(exchange.clone());
                } else {
                    self.too_many_exchanges = true;
                    self.history.exchanges = Vec::new();
                }
            }
            Event::Fault(fault) => self.history.faults.push(fault.clone()),
            Event::Incarnation(incarnation) => self
                .history
                .incarnations
                .push((record.mono_ns, incarnation.clone())),
            Event::Effect(effect) => self.effect(effect),
            Event::Audit(audit) => return self.audit(audit),
            Event::Position(position) => self.position(position),
            Event::Horizon(horizon) => self
                .history
                .horizons
                .push((record.mono_ns, horizon.clone())),
            Event::PutAside(aside) => self.history.put_aside.push(aside.clone()),
            Event::Delivery(delivery) => self.history.deliveries.push(delivery.clone()),
            Event::Settle(settle) => self.history.settle = Some(settle.clone()),
            Event::Note(note) => self.history.notes.push(note.clone()),
            _ => {}
        }
        None
    }

    /// Notes what makes the trial worthless as evidence; the first reason
    /// stands.
    pub(crate) fn fail(&mut self, reason: impl Into<String>) {
        self.history.error.get_or_insert(reason.into());
    }

    fn attempt(&mut self, record: &AttemptRecord) {
        let key = self.key(&record.key);
        if let Some(position) = &record.position
            && self.history.feed_target != position.target
        {
            self.history.feed_target.clone_from(&position.target);
        }
        self.history.attempts.push(Attempt {
            seq: record.seq,
            key,
            key_seq: record.key_seq,
            checksum: record.checksum,
            outcome: record.outcome,
            position: record.position.as_ref().map(|p| (p.partition, p.offset)),
        });
    }

    /// The number of `key`. Keys of effects are numbered too: an audit may see
    /// an effect before its attempt is recorded.
    fn key(&mut self, key: &str) -> u32 {
        number(&mut self.keys, &mut self.history.keys, key)
    }

    fn effect(&mut self, record: &EffectRecord) {
        let Some(sink) = self.sink(&record.observer) else {
            self.fail(undeclared(&record.observer));
            return;
        };
        let key = record.key.as_deref().map(|key| self.key(key));
        let name = record.unit.as_deref();
        let unit = name.map(|name| number(&mut self.units, &mut self.history.units, name));
        self.pending
            .entry((sink, record.audit))
            .or_default()
            .push(Effect {
                id: record.id,
                key,
                key_seq: record.key_seq,
                partition: record.partition,
                position: record.position,
                unit,
                checksum: record.checksum,
                view: record.view,
            });
    }

    fn sink(&self, observer: &str) -> Option<usize> {
        self.history
            .sinks
            .iter()
            .position(|sink| sink.observer == observer)
    }

    /// Completes an audit. Its effects need not be recorded where they are the
    /// same as before; then only the number of them is compared.
    fn audit(&mut self, record: &AuditRecord) -> Option<usize> {
        let Some(sink) = self.sink(&record.observer) else {
            self.fail(undeclared(&record.observer));
            return None;
        };
        if record.audit <= self.audits[sink] {
            return None;
        }
        self.audits[sink] = record.audit;
        let effects = self.pending.remove(&(sink, record.audit));
        self.pending
            .retain(|(of, audit), _| *of != sink || *audit > record.audit);
        let before = &self.history.sinks[sink];
        let unchanged = before.complete && before.effects.len() as u64 == record.effects;
        let replaced = match effects {
            Some(effects) if effects.len() as u64 == record.effects => effects,
            Some(effects) => {
                self.fail(miscounted(record, effects.len() as u64));
                return Some(sink);
            }
            None if record.effects == 0 => Vec::new(),
            None if unchanged => return None,
            None => {
                self.fail(miscounted(record, 0));
                return Some(sink);
            }
        };
        if before.kind == SinkKind::Record {
            let changed = self.changed(sink, &replaced);
            self.history.sinks[sink].changed.extend(changed);
        }
        self.history.sinks[sink].effects = replaced;
        self.history.sinks[sink].complete = true;
        Some(sink)
    }

    /// Positions that show another value in `now` than in the audit before, in
    /// the same view; those known already apart.
    fn changed(&self, sink: usize, now: &[Effect]) -> Vec<(u32, i64, u32)> {
        let before = &self.history.sinks[sink];
        let stand = |effect: &Effect| Some((effect.view, place(effect)?));
        let mut known: Vec<&Effect> = before.effects.iter().collect();
        known.sort_unstable_by_key(|effect| stand(effect));
        let listed = before.changed.iter().map(|(p, offset, _)| (*p, *offset));
        let mut listed: BTreeSet<(u32, i64)> = listed.collect();
        let mut changed = Vec::new();
        for effect in now {
            let Some((_, (partition, offset))) = stand(effect) else {
                continue;
            };
            let from = known.partition_point(|known| stand(known) < stand(effect));
            let there = known[from..].iter();
            let mut there = there.take_while(|known| stand(known) == stand(effect));
            if there.clone().next().is_some()
                && there.all(|known| known.id != effect.id)
                && listed.insert((partition, offset))
            {
                let sequence = own(&self.history, effect).unwrap_or(u32::MAX);
                changed.push((partition, offset, sequence));
            }
        }
        changed
    }

    fn position(&mut self, record: &PositionRecord) {
        let committed = self.history.committed.get_or_insert_default();
        let position = &record.position;
        match committed
            .iter_mut()
            .find(|p| p.target == position.target && p.partition == position.partition)
        {
            Some(known) => known.offset = position.offset,
            None => committed.push(position.clone()),
        }
    }

    /// Puts the history in the order that the judge expects, and checks that
    /// it is whole.
    pub(crate) fn finish(&mut self) {
        self.history.attempts.sort_by_key(|attempt| attempt.seq);
        self.history
            .exchanges
            .sort_by_key(|exchange| exchange.request_ns);
        let recorded = self.history.attempts.len();
        if recorded > 0 && recorded != self.messages as usize {
            self.fail(format!(
                "{recorded} of {} are recorded",
                count(u64::from(self.messages), "attempt")
            ));
        }
        if self.too_many_exchanges {
            self.history.notes.push(exactly_model::Note::new(NoteKind::Remark, format!(
                    "more than {EXCHANGES_MAX} exchanges: none is kept, so that no cause is told from half of them"
                )));
            self.too_many_exchanges = false;
        }
    }

    /// Adds effects that other trials' audits saw, and says how many there were
    /// before.
    pub(crate) fn lend(&mut self, strays: &[Stray]) -> Vec<usize> {
        let own = self.history.sinks.iter().map(|s| s.effects.len()).collect();
        for stray in strays {
            if let Some(sink) = self.sink(&stray.observer) {
                let key = stray
                    .key
                    .as_deref()
                    .map(|key| self.keys.get(key).copied().unwrap_or(u32::MAX));
                let effect = Effect {
                    key,
                    // Its place among other effects says nothing about its
                    // place among these, nor does their unit.
                    partition: None,
                    position: None,
                    unit: None,
                    view: self.history.sinks[sink].view,
                    ..stray.effect
                };
                self.history.sinks[sink].effects.push(effect);
            }
        }
        own
    }

    /// Takes back what was lent.
    pub(crate) fn take_back(&mut self, own: &[usize]) {
        for (sink, own) in self.history.sinks.iter_mut().zip(own) {
            sink.effects.truncate(*own);
        }
    }

    /// The effects in the last complete audit of `sink` that name another trial
    /// of this run, by trial.
    pub(crate) fn strays(&self, sink: usize) -> BTreeMap<u32, Vec<Stray>> {
        let mut strays: BTreeMap<u32, Vec<Stray>> = BTreeMap::new();
        let audit = &self.history.sinks[sink];
        for effect in &audit.effects {
            let foreign = effect.view == audit.view
                && effect.id.run() == self.history.run
                && effect.id.trial() != self.history.trial;
            if foreign {
                strays.entry(effect.id.trial()).or_default().push(Stray {
                    observer: audit.observer.clone(),
                    key: effect
                        .key
                        .and_then(|key| self.history.keys.get(key as usize).cloned()),
                    effect: *effect,
                });
            }
        }
        strays
    }

    /// What keeping the history costs, see [`KEPT_WEIGHT_MAX`].
    pub(crate) fn weight(&self) -> usize {
        let effects: usize = self.history.sinks.iter().map(|s| s.effects.len()).sum();
        self.history.attempts.len() + effects + 4 * self.history.exchanges.len()
    }
}

/// The number of `name` among `names`, which it is added to.
fn number(known: &mut HashMap<String, u32>, names: &mut Vec<String>, name: &str) -> u32 {
    if let Some(number) = known.get(name) {
        return *number;
    }
    let number = u32::try_from(names.len()).unwrap_or(u32::MAX);
    known.insert(name.to_owned(), number);
    names.push(name.to_owned());
    number
}

fn undeclared(observer: &str) -> String {
    format!("effects of '{observer}' are recorded, which the cell does not declare")
}

fn miscounted(record: &AuditRecord, recorded: u64) -> String {
    format!(
        "audit {} of '{}' saw {}, {recorded} recorded: the history has lost lines",
        record.audit,
        record.observer,
        count(record.effects, "effect")
    )
}
