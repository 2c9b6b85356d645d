//! Open exchanges, the names of points, and what positions stand for.

use super::ExchangeId;
use crate::boundary::Life;
use exactly_adapter::Head;
use exactly_model::{Class, MessageId, Outcome, Point, Position, Selector};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Exchanges remembered for the planner; a trial with more is no calibration.
pub const OBSERVED_MAX: usize = 200_000;

/// An exchange as the planner sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// Incarnation.
    pub incarnation: u32,
    /// Point.
    pub point: Point,
    /// Class.
    pub class: Class,
    /// Point-making exchanges in flight when it was seen, itself included.
    pub in_flight: u32,
    /// Whether it has had an end of its own: a reply, or, where none comes, its
    /// sending. A poll for more that is still open when the trial ends has none.
    pub ended: bool,
    /// Whether the system pushed it: there is no request that could be lost.
    pub pushed: bool,
}

pub(super) struct Open {
    pub incarnation: u32,
    pub point: Point,
    pub class: Class,
    pub commits: Vec<Position>,
    pub request_ns: u64,
    pub sent_ns: Option<u64>,
    /// The reply says that the sender is not the owner any more.
    pub fenced: bool,
    /// Messages that the system took it for a repetition of.
    pub duplicate_of: Vec<u32>,
    /// The reply says that there was nothing to be had.
    pub idle: bool,
    pub in_flight: u32,
    /// Its place among the observed ones, if it is remembered there.
    observed: Option<usize>,
    /// Ordinal among the exchanges of its operation and target.
    pub ordinal: u32,
    pub expects_reply: bool,
    pub forwarded: bool,
    pub replied: bool,
    /// Its reply is on the way to the client: it is in flight no more.
    pub answering: bool,
    pub late: bool,
    /// It is on its way for so long that its sender has gone on without it.
    pub held_back: bool,
    /// Only a part of it was passed on.
    pub part: bool,
    /// The client closed before the reply went out.
    pub client_left: bool,
    pub outcome: Outcome,
    pub error: Option<String>,
}

pub(super) struct Ledger {
    run: u32,
    trial: u32,
    next: u64,
    open: BTreeMap<ExchangeId, Open>,
    observed: Vec<Observed>,
    /// How often a point was seen, by incarnation.
    seen: BTreeMap<(u32, Point), u32>,
    /// How often an operation on a target was seen, by incarnation and process.
    ordinals: BTreeMap<(u32, String, String, String, String), u32>,
    /// Fed records by log and partition: offset and sequence, ascending.
    fed: BTreeMap<(String, u32), BTreeMap<i64, u32>>,
    /// Committed positions by log and partition (next to be read).
    committed: BTreeMap<(String, u32), i64>,
}

impl Ledger {
    pub fn new(run: u32, trial: u32) -> Self {
        Self {
            run,
            trial,
            next: 0,
            open: BTreeMap::new(),
            observed: Vec::new(),
            seen: BTreeMap::new(),
            ordinals: BTreeMap::new(),
            fed: BTreeMap::new(),
            committed: BTreeMap::new(),
        }
    }

    pub fn fed(&mut self, seq: u32, position: &Position) {
        self.fed
            .entry((position.target.clone(), position.partition))
            .or_default()
            .insert(position.offset, seq);
    }

    /// Names the point of a request and follows it.
    pub fn open(&mut self, life: &Life, system: &str, head: Head, request_ns: u64) -> ExchangeId {
        let mut point = Point {
            process: life.process.clone(),
            system: system.into(),
            operation: head.operation,
            target: head.target,
            ids: self.sequences(life, &head.ids, head.commits.iter().chain(&head.names)),
            nth: 0,
        };
        if self.seen.len() >= OBSERVED_MAX {
            // Names get less exact; memory stays bounded.
            self.seen.clear();
        }
        let seen = self.seen.entry((life.number, point.clone())).or_insert(0);
        let nth = *seen;
        *seen += 1;
        let kind = (
            life.number,
            life.process.clone(),
            system.to_string(),
            point.operation.clone(),
            point.target.clone(),
        );
        let count = self.ordinals.entry(kind).or_insert(0);
        let ordinal = *count;
        *count += 1;
        point.nth = nth;
        let in_flight = 1 + self
            .open
            .values()
            .filter(|open| open.incarnation == life.number && open.point.process == life.process)
            .filter(|open| !open.answering)
            .count() as u32;
        let remembered = self.observed.len() < OBSERVED_MAX;
        let observed = remembered.then_some(self.observed.len());
        if remembered {
            self.observed.push(Observed {
                incarnation: life.number,
                point: point.clone(),
                class: head.class,
                in_flight,
                ended: false,
                pushed: false,
            });
        }
        let id = ExchangeId(self.next);
        self.next += 1;
        self.open.insert(
            id,
            Open {
                incarnation: life.number,
                point,
                class: head.class,
                commits: head.commits,
                request_ns,
                sent_ns: None,
                fenced: false,
                duplicate_of: Vec::new(),
                idle: false,
                in_flight,
                observed,
                ordinal,
                expects_reply: head.expects_reply,
                forwarded: false,
                replied: false,
                answering: false,
                late: false,
                held_back: false,
                part: false,
                client_left: false,
                outcome: Outcome::Unknown,
                error: None,
            },
        );
        id
    }

    /// Exchange `id` was pushed by the system: it was there at `now`.
    pub fn is_pushed(&mut self, id: ExchangeId, now: u64) {
        self.ended(id);
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        (open.forwarded, open.replied, open.outcome) = (true, true, Outcome::Ok);
        open.sent_ns = Some(now);
        if let Some(seen) = open.observed.and_then(|at| self.observed.get_mut(at)) {
            seen.pushed = true;
        }
    }

    /// The sequences that a request carries, or that the positions it commits or
    /// names newly cover.
    fn sequences<'a>(
        &self,
        life: &Life,
        ids: &[MessageId],
        commits: impl Iterator<Item = &'a Position>,
    ) -> Vec<u32> {
        let mut sequences = self.of_trial(ids);
        for commit in commits {
            let log = (commit.target.clone(), commit.partition);
            let from = self.position(life, &log);
            if let Some(fed) = self.fed.get(&log).filter(|_| from < commit.offset) {
                sequences.extend(fed.range(from..commit.offset).map(|(_, seq)| *seq));
            }
        }
        sequences.sort_unstable();
        sequences.dedup();
        sequences
    }

    /// The sequences of the trial's own messages.
    pub fn of_trial(&self, ids: &[MessageId]) -> Vec<u32> {
        ids.iter()
            .filter(|id| id.run() == self.run && id.trial() == self.trial)
            .map(|id| id.sequence())
            .collect()
    }

    /// What an incarnation believes to be committed (next to be read): what it has
    /// asked for last counts, answered or not, so that the name of a point does
    /// not depend on how fast the system is.
    fn position(&self, life: &Life, log: &(String, u32)) -> i64 {
        let asked = self
            .open
            .values()
            .rev()
            .filter(|open| open.incarnation == life.number && open.point.process == life.process)
            // Its sender asks again, and means the same.
            .filter(|open| !open.held_back)
            .flat_map(|open| &open.commits)
            .find(|commit| commit.target == log.0 && commit.partition == log.1);
        match asked {
            Some(commit) => commit.offset,
            None => self.committed.get(log).copied().unwrap_or(0),
        }
    }

    /// Whether the positions that exchange `id` commits were committed once more
    /// since, and not answered yet. The repetition covers no message that was not
    /// covered already, so that its point has no ids.
    pub fn commits_again(&self, id: ExchangeId) -> bool {
        let Some(first) = self.get(id).filter(|open| !open.commits.is_empty()) else {
            return false;
        };
        let later = (Bound::Excluded(id), Bound::Unbounded);
        self.open.range(later).any(|(_, open)| {
            open.incarnation == first.incarnation
                && open.point.process == first.point.process
                && open.point.system == first.point.system
                && open.point.operation == first.point.operation
                && open.commits == first.commits
        })
    }

    /// The positions that exchange `id` committed are committed now.
    pub fn commit(&mut self, id: ExchangeId) {
        let Some(open) = self.open.get(&id) else {
            return;
        };
        for commit in open.commits.clone() {
            self.committed
                .insert((commit.target, commit.partition), commit.offset);
        }
    }

    /// Exchange `id` has had an end of its own.
    pub fn ended(&mut self, id: ExchangeId) {
        let observed = self.open.get(&id).and_then(|open| open.observed);
        if let Some(seen) = observed.and_then(|at| self.observed.get_mut(at)) {
            seen.ended = true;
        }
    }

    pub fn get(&self, id: ExchangeId) -> Option<&Open> {
        self.open.get(&id)
    }

    pub fn get_mut(&mut self, id: ExchangeId) -> Option<&mut Open> {
        self.open.get_mut(&id)
    }

    pub fn close(&mut self, id: ExchangeId) -> Option<Open> {
        self.open.remove(&id)
    }

    pub fn open_ids(&self) -> Vec<ExchangeId> {
        self.open.keys().copied().collect()
    }

    pub fn observed(&self) -> &[Observed] {
        &self.observed
    }

    /// Open exchanges of an incarnation, in words.
    pub fn in_flight(&self, process: &str, incarnation: u32) -> BTreeMap<ExchangeId, String> {
        self.open
            .iter()
            .filter(|(_, open)| open.incarnation == incarnation && open.point.process == process)
            .filter(|(_, open)| !open.answering)
            .map(|(id, open)| (*id, open.in_words()))
            .collect()
    }

    /// Whether effects or acks of an incarnation are in flight.
    pub fn is_at_work(&self, process: &str, incarnation: u32) -> bool {
        self.at_work(process).any(|number| number == incarnation)
    }

    /// The same for any incarnation after `incarnation`.
    pub fn has_successor_at_work(&self, process: &str, incarnation: u32) -> bool {
        self.at_work(process).any(|number| number > incarnation)
    }

    fn at_work(&self, process: &str) -> impl Iterator<Item = u32> {
        self.open
            .values()
            .filter(move |open| open.point.process == process)
            .filter(|open| open.class != Class::Take && !open.answering)
            .map(|open| open.incarnation)
    }

    /// Whether an incarnation has exchanges besides `id` that are not answered.
    pub fn awaits_others(&self, process: &str, incarnation: u32, id: ExchangeId) -> bool {
        self.open.iter().any(|(other, open)| {
            *other != id
                && open.incarnation == incarnation
                && open.point.process == process
                && !open.replied
        })
    }
}

impl Open {
    /// The reply speaks of what was passed on: of the whole it is known only that
    /// some may have been applied.
    pub fn says_only_of_a_part(&mut self) {
        if self.outcome == Outcome::Ok {
            self.outcome = Outcome::Unknown;
        }
        let said = self.error.take().map(|error| format!(": {error}"));
        self.error = Some(format!(
            "a part of it was passed on{}",
            said.unwrap_or_default()
        ));
    }

    /// What was struck and where it had got to: `pg COMMIT {3} (applied)`.
    pub fn in_words(&self) -> String {
        let fate = match (self.replied, self.forwarded) {
            (true, _) => "applied",
            (false, true) => "with the system",
            (false, false) => "not sent",
        };
        format!("{} ({fate})", self.point)
    }
}

/// Whether a selector means an exchange. Without ids or a covered message, `nth`
/// counts all exchanges of the operation and target.
pub(super) fn selects(selector: &Selector, open: &Open) -> bool {
    if selector.ids.is_none() && selector.covers.is_none() && selector.nth.is_some() {
        let by_ordinal = Selector {
            nth: None,
            ..selector.clone()
        };
        return selector.nth == Some(open.ordinal)
            && by_ordinal.matches(&open.point, open.incarnation);
    }
    selector.matches(&open.point, open.incarnation)
}
