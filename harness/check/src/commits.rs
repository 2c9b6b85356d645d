//! Committed positions as evidence: why an effect is missing or double.

use exactly_model::{
    Class, ExchangeRecord, Fate, IncarnationState, Outcome, Position, TrialHistory,
};
use std::collections::BTreeMap;

/// The positions of the fed log that the pipeline committed.
pub(crate) struct Commits<'a> {
    history: &'a TrialHistory,
    /// Highest offset by partition that was certainly committed at any time.
    certain: BTreeMap<u32, i64>,
    /// Whether any commit, or its absence, was looked at.
    known: bool,
    /// Message and index of each effect exchange that carries it; built when
    /// the first double asks for it.
    carriers: Option<Vec<(u32, usize)>>,
    /// Highest offset by partition that may have been committed by the end of
    /// an incarnation; `None` where that end is not recorded.
    by_end: BTreeMap<(&'a str, u32), Option<BTreeMap<u32, i64>>>,
}

impl<'a> Commits<'a> {
    pub(crate) fn of(history: &'a TrialHistory) -> Self {
        let mut certain = BTreeMap::new();
        let mut known = history.committed.is_some();
        for position in history.committed.iter().flatten() {
            raise(&mut certain, history, position);
        }
        for exchange in &history.exchanges {
            known |= !exchange.commits.is_empty();
            if reached(exchange.fate) && exchange.outcome == Outcome::Ok {
                for position in &exchange.commits {
                    raise(&mut certain, history, position);
                }
            }
        }
        Self {
            history,
            certain,
            known,
            carriers: None,
            by_end: BTreeMap::new(),
        }
    }

    /// Whether there is anything to decide on.
    pub(crate) fn known(&self) -> bool {
        self.known
    }

    /// Whether a position past message `sequence` was certainly committed.
    pub(crate) fn past(&self, sequence: u32) -> bool {
        let position = self.history.attempts[sequence as usize].position;
        position.is_some_and(|(partition, offset)| covers(&self.certain, partition, offset))
    }

    /// Whether the incarnation that made the first of `effects` effects of
    /// message `sequence` ended before the position was committed.
    ///
    /// It says so only where the records leave no doubt: the effects were made
    /// by as many incarnations as there are effects, the end of the first one
    /// is recorded, and until then no commit past the message had been sent
    /// that may have arrived.
    pub(crate) fn effect_without_position(&mut self, sequence: u32, effects: u32) -> bool {
        let Some((partition, offset)) = self.history.attempts[sequence as usize].position else {
            return false;
        };
        let makers = self.makers(sequence);
        if !self.known || makers.len() as u64 != u64::from(effects) {
            return false;
        }
        let Some(&maker) = makers.first() else {
            return false;
        };
        let history = self.history;
        self.by_end
            .entry(maker)
            .or_insert_with(|| committed_by_end(history, maker))
            .as_ref()
            .is_some_and(|committed| !covers(committed, partition, offset))
    }

    /// The incarnations that made an effect of the message, in order: the last
    /// effect exchange that carried it was applied while its sender lived. In a
    /// transaction the last one is its COMMIT, so a killed transaction makes
    /// nothing.
    fn makers(&mut self, sequence: u32) -> Vec<(&'a str, u32)> {
        let exchanges = &self.history.exchanges;
        let carriers = self.carriers.get_or_insert_with(|| carriers(exchanges));
        let from = carriers.partition_point(|(id, _)| *id < sequence);
        let mut last: Vec<((&'a str, u32), bool)> = Vec::new();
        for &(_, index) in carriers[from..]
            .iter()
            .take_while(|(id, _)| *id == sequence)
        {
            let exchange = &exchanges[index];
            let maker = (exchange.point.process.as_str(), exchange.incarnation);
            let applied = exchange.outcome == Outcome::Ok
                && matches!(exchange.fate, Fate::Answered | Fate::Applied);
            match last.iter_mut().find(|(known, _)| *known == maker) {
                Some((_, state)) => *state = applied,
                None => last.push((maker, applied)),
            }
        }
        last.retain(|(_, applied)| *applied);
        last.into_iter().map(|(maker, _)| maker).collect()
    }
}

fn carriers(exchanges: &[ExchangeRecord]) -> Vec<(u32, usize)> {
    let mut carriers: Vec<(u32, usize)> = exchanges
        .iter()
        .enumerate()
        .filter(|(_, exchange)| exchange.class == Class::Effect)
        .flat_map(|(index, exchange)| exchange.point.ids.iter().map(move |id| (*id, index)))
        .collect();
    carriers.sort_unstable();
    carriers
}

/// What may have been committed when `maker` ended: everything sent before
/// that was not certainly refused or dropped.
fn committed_by_end(history: &TrialHistory, maker: (&str, u32)) -> Option<BTreeMap<u32, i64>> {
    let end_ns = history.incarnations.iter().find_map(|(at_ns, record)| {
        let ended = matches!(
            record.state,
            IncarnationState::Killed | IncarnationState::Exited | IncarnationState::Stopped
        );
        (ended && (record.process.as_str(), record.incarnation) == maker).then_some(*at_ns)
    })?;
    let mut committed = BTreeMap::new();
    for exchange in &history.exchanges {
        let may_have = reached(exchange.fate) && exchange.outcome != Outcome::Fail;
        if may_have && exchange.request_ns <= end_ns {
            for position in &exchange.commits {
                raise(&mut committed, history, position);
            }
        }
    }
    Some(committed)
}

/// Whether the request got to the system.
fn reached(fate: Fate) -> bool {
    match fate {
        Fate::Answered | Fate::Applied | Fate::Late | Fate::Unanswered => true,
        Fate::Dropped => false,
    }
}

fn raise(highest: &mut BTreeMap<u32, i64>, history: &TrialHistory, position: &Position) {
    if position.target == history.feed_target {
        let offset = highest.entry(position.partition).or_insert(i64::MIN);
        *offset = position.offset.max(*offset);
    }
}

/// A committed offset is the next one to be read, so it covers what is below.
fn covers(highest: &BTreeMap<u32, i64>, partition: u32, offset: i64) -> bool {
    highest.get(&partition).is_some_and(|next| *next > offset)
}
