//! Claims and their variants.

use crate::{Program, Source, program_by_id};
use exactly_model::{Cell, Code, FaultKind, Guarantee, Need, Observer, Schedule, SinkKind, View};
use std::collections::{BTreeMap, BTreeSet};

/// A channel keeps nothing: whoever publishes on it goes on while the pipeline is away.
/// It is away for about 60 ms when it is killed.
pub(crate) const EVERY_MS: u64 = 20;

/// A sentence that people say, and the pipelines that test it.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// Kebab-case id.
    pub id: &'static str,
    /// The sentence.
    pub sentence: &'static str,
    /// The guarantee it claims, at the effect.
    pub asserted: Guarantee,
    /// The codes that refute it.
    pub forbidden: Vec<Code>,
    /// The pipelines.
    pub variants: Vec<Variant>,
}

impl Claim {
    /// The variant with this id.
    pub fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }
}

/// One cell of the claims matrix.
#[derive(Clone, PartialEq, Debug)]
pub struct Variant {
    /// Kebab-case id, unique within its claim. Fixed once published.
    pub id: &'static str,
    /// What the code does, in one line. Follows the code when programs are
    /// swapped.
    pub summary: &'static str,
    /// The guarantee that the design predicts over all sinks: the weakest of
    /// theirs.
    pub expected: Guarantee,
    /// The codes that the catalogue predicts. Predictions, not filters.
    pub predicted: &'static [Code],
    /// The code that is run.
    pub pipeline: &'static Program,
    /// Where its effects are read.
    pub sinks: Vec<Sink>,
    /// Whether its sinks get a message in one step.
    pub sinks_are_one_unit: bool,
    /// What its witnesses need of a place, beside what the code needs.
    pub needs: &'static [Need],
    /// The schedules that must fire for a verdict to mean anything.
    pub witnesses: Vec<Schedule>,
    /// The fewest messages with which its witnesses can fire.
    pub messages_min: u32,
    /// Whether the queue that is written finds duplicates by the body alone.
    pub content_based: bool,
    /// Whether it remembers a deduplication id for its group alone.
    pub dedup_per_group: bool,
    /// Whether the payments service keeps idempotency keys.
    pub keeps_keys: bool,
    /// Receives after which what is fed goes to a dead-letter queue.
    pub max_receives: Option<u32>,
    /// Entries that the stream that is fed holds at most.
    pub max_len: Option<u64>,
    /// How much of a message stands for what a service's own ones carry.
    pub pad_bytes: u32,
    /// Messages are fed one by one while the pipeline runs, one in so many milliseconds;
    /// all of them before it starts where absent.
    pub every_ms: Option<u64>,
    /// The kinds of fault that it is about; every kind that is not directed where absent.
    pub kinds: Option<&'static [FaultKind]>,
    /// Whether it is wrong without any fault, so that there is nothing to witness.
    pub needs_no_fault: bool,
}

impl Variant {
    /// A variant that runs `program` and is read at `sinks`.
    pub(crate) fn new(
        id: &'static str,
        program: &str,
        sinks: Vec<Sink>,
        predicted: &'static [Code],
        witnesses: Vec<Schedule>,
    ) -> Self {
        let pipeline = program_by_id(program)
            .expect("each variant names a program; a test goes through all of them");
        let highest = witnesses
            .iter()
            .flat_map(|schedule| &schedule.faults)
            .filter_map(|fault| fault.point.covers)
            .max();
        Self {
            id,
            summary: pipeline.summary,
            expected: weakest(&sinks),
            predicted,
            pipeline,
            sinks,
            sinks_are_one_unit: false,
            needs: &[],
            content_based: false,
            dedup_per_group: false,
            keeps_keys: false,
            max_receives: None,
            max_len: None,
            pad_bytes: 0,
            every_ms: (pipeline.source == Source::Channel).then_some(EVERY_MS),
            kinds: None,
            needs_no_fault: false,
            messages_min: highest.map_or(1, |sequence| sequence + 1),
            witnesses,
        }
    }

    /// The claim's side of the cell.
    pub fn cell(&self, claim: &Claim) -> Cell {
        let differing = self
            .sinks
            .iter()
            .filter(|sink| sink.expected != self.expected)
            .map(|sink| (sink.observer.name.clone(), sink.expected));
        let needs: BTreeSet<Need> = self
            .needs
            .iter()
            .copied()
            .chain(self.pipeline.needs())
            .collect();
        let all_sinks = || self.sinks.iter().map(|sink| sink.observer.name.clone());
        Cell {
            claim: claim.id.into(),
            variant: self.id.into(),
            sentence: claim.sentence.into(),
            asserted: claim.asserted,
            forbidden: claim.forbidden.clone(),
            expected: self.expected,
            expected_at: differing.collect(),
            observers: self.observers(),
            witnesses: self.witnesses.clone(),
            needs: needs.into_iter().collect(),
            asserted_at: BTreeMap::new(),
            forbidden_at: BTreeMap::new(),
            allowed: Vec::new(),
            units: match self.sinks_are_one_unit {
                true => vec![all_sinks().collect()],
                false => Vec::new(),
            },
        }
    }

    /// Where its effects are read.
    pub(crate) fn observers(&self) -> Vec<Observer> {
        let observers = self.sinks.iter().map(|sink| &sink.observer);
        observers.cloned().collect()
    }
}

/// The guarantee that holds at all sinks together.
fn weakest(sinks: &[Sink]) -> Guarantee {
    let any = |of: [Guarantee; 2]| sinks.iter().any(|sink| of.contains(&sink.expected));
    Guarantee::measured(
        any([Guarantee::AtMostOnce, Guarantee::None]),
        any([Guarantee::AtLeastOnce, Guarantee::None]),
    )
}

/// A place where effects are read, and what the design predicts there.
#[derive(Clone, PartialEq, Debug)]
pub struct Sink {
    /// How it is read.
    pub observer: Observer,
    /// The guarantee predicted.
    pub expected: Guarantee,
}

impl Sink {
    /// The rows of the table `orders`.
    pub(crate) fn rows(expected: Guarantee) -> Self {
        Self {
            observer: Observer {
                name: "orders".into(),
                system: "postgres".into(),
                kind: SinkKind::Row,
                query: "select id, key, n as seq, checksum, {commit_order} as position from orders"
                    .into(),
                effects_per_message: 1,
                view: View::ReadCommitted,
                by: None,
            },
            expected,
        }
    }

    /// The committed records of `topic`.
    pub(crate) fn records(topic: &str, expected: Guarantee) -> Self {
        Self {
            observer: Observer {
                name: topic.into(),
                system: "kafka".into(),
                kind: SinkKind::Record,
                query: topic.into(),
                effects_per_message: 1,
                view: View::ReadCommitted,
                by: None,
            },
            expected,
        }
    }

    /// The messages of the queue `name`.
    pub(crate) fn messages(name: &str, expected: Guarantee) -> Self {
        Self {
            observer: Observer {
                name: name.into(),
                system: "sqs".into(),
                kind: SinkKind::Message,
                query: name.into(),
                effects_per_message: 1,
                view: View::ReadCommitted,
                by: None,
            },
            expected,
        }
    }

    /// The charges of the payments service.
    pub(crate) fn charges(expected: Guarantee) -> Self {
        Self {
            observer: Observer {
                name: "charges".into(),
                system: "http".into(),
                kind: SinkKind::Charge,
                query: "charges".into(),
                effects_per_message: 1,
                view: View::ReadCommitted,
                by: None,
            },
            expected,
        }
    }

    /// The mails that the server took.
    pub(crate) fn mails(expected: Guarantee) -> Self {
        Self {
            observer: Observer {
                name: "mails".into(),
                system: "smtp".into(),
                kind: SinkKind::Mail,
                query: "mails".into(),
                effects_per_message: 1,
                view: View::ReadCommitted,
                by: None,
            },
            expected,
        }
    }

    /// The same sink as a reader sees it who does not wait for commits.
    pub(crate) fn uncommitted(mut self) -> Self {
        self.observer.view = View::ReadUncommitted;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Sink, weakest};
    use exactly_model::Guarantee::{self, AtLeastOnce, AtMostOnce, ExactlyOnce, None};

    #[test]
    fn all_sinks_together_promise_what_the_weakest_does() {
        let of = |sinks: &[Guarantee]| {
            weakest(&sinks.iter().map(|&at| Sink::rows(at)).collect::<Vec<_>>())
        };
        assert_eq!(of(&[ExactlyOnce]), ExactlyOnce);
        assert_eq!(of(&[ExactlyOnce, AtLeastOnce]), AtLeastOnce);
        assert_eq!(of(&[AtMostOnce, ExactlyOnce]), AtMostOnce);
        assert_eq!(of(&[AtMostOnce, AtLeastOnce]), None);
        assert_eq!(of(&[ExactlyOnce, None]), None);
    }
}
