//! Committed positions as evidence: why an effect is missing or double.

use crate::makers::{Maker, reached};
use exactly_model::{IncarnationState, Outcome, Position, TrialHistory};
use std::collections::BTreeMap;

/// The positions of the fed log that the pipeline committed.
pub(crate) struct Commits<'a> {
    history: &'a TrialHistory,
    /// Highest offset by partition that was certainly committed at any time.
    certain: BTreeMap<u32, i64>,
    /// Whether any commit, or its absence, was looked at.
    known: bool,
    /// Whether positions move by exchanges that the boundary saw. Where the
    /// pipeline keeps them itself only the last ones are known.
    by_exchange: bool,
    /// Highest offset by partition that may have been committed by the end of
    /// an incarnation; `None` where that end is not recorded.
    by_end: BTreeMap<(&'a str, u32), Option<BTreeMap<u32, i64>>>,
}

impl<'a> Commits<'a> {
    /// `kept`: the pipeline keeps its positions itself, so that what it commits
    /// to the system moves nothing.
    pub(crate) fn of(history: &'a TrialHistory, kept: bool) -> Self {
        let mut certain = BTreeMap::new();
        for position in history.committed.iter().flatten() {
            raise(&mut certain, history, position);
        }
        let mut by_exchange = false;
        for exchange in history.exchanges.iter().filter(|_| !kept) {
            let mut commits = exchange.commits.iter();
            by_exchange |= commits.any(|position| position.target == history.feed_target);
            if reached(exchange.fate) && exchange.outcome == Outcome::Ok {
                for position in &exchange.commits {
                    raise(&mut certain, history, position);
                }
            }
        }
        Self {
            history,
            certain,
            known: by_exchange || history.committed.is_some(),
            by_exchange,
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
    /// by as many incarnations (`makers`) as there are effects, the end of the
    /// first one is recorded, and until then no commit past the message had been
    /// sent that may have arrived. Where no exchange ever moves a position, its
    /// absence says nothing: the effect may have moved it.
    pub(crate) fn effect_without_position(
        &mut self,
        sequence: u32,
        effects: u32,
        makers: &[Maker<'a>],
    ) -> bool {
        let Some((partition, offset)) = self.history.attempts[sequence as usize].position else {
            return false;
        };
        if !self.by_exchange || makers.len() as u64 != u64::from(effects) {
            return false;
        }
        let Some(first) = makers.first() else {
            return false;
        };
        let (history, maker) = (self.history, (first.process, first.incarnation));
        self.by_end
            .entry(maker)
            .or_insert_with(|| committed_by_end(history, maker))
            .as_ref()
            .is_some_and(|committed| !covers(committed, partition, offset))
    }
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
