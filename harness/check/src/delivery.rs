//! What was handed to the consumers of the fed log: positions delivered again,
//! skipped, and out of the order of their key.
//!
//! A delivery is what left the system towards an incarnation: what it had
//! fetched ahead and never looked at before it died counts too. A logical
//! consumer is a process over all its incarnations, those that live side by
//! side included.

use exactly_model::{DeliveryRecord, Outcome, TrialHistory};
use std::collections::{BTreeMap, BTreeSet};

/// Messages looked at for O4, repeats included. Deliveries may overlap as often
/// as a pipeline restarts; beyond this O4 is undecidable.
pub const DELIVERED_MAX: usize = 20_000_000;

/// In the order by position: the message was delivered behind a later one.
/// Sequences have 24 bits, so that the highest bit is free.
const BEHIND: u32 = 1 << 31;

/// Ranges of offsets by partition, ascending and disjoint.
type Ranges = BTreeMap<u32, Vec<(i64, i64)>>;

/// Whether there is anything to decide on; an error names what is missing.
pub(crate) fn seen(history: &TrialHistory) -> Result<(), &'static str> {
    let located = history
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome == Outcome::Ok)
        .all(|attempt| attempt.position.is_some());
    if history.deliveries.is_empty() || !located {
        return Err("deliveries with positions");
    }
    Ok(())
}

/// Messages whose position was delivered more than once to the same process;
/// sequences ascending.
pub(crate) fn redelivered(history: &TrialHistory) -> Vec<u32> {
    within(history, &repeated_ranges(history))
}

/// Messages that a delivery jumped over: it began past their position, which
/// had not been delivered to that process before. Sequences ascending.
///
/// An incarnation may begin further on where all before went to another one. A
/// position that was skipped stays skipped, whenever it is delivered after all.
pub(crate) fn skipped(history: &TrialHistory) -> Vec<u32> {
    let mut readers: BTreeMap<(&str, u32), Reader> = BTreeMap::new();
    let mut gaps = Ranges::new();
    for delivery in of_the_feed(history) {
        let reader = readers
            .entry((&delivery.process, delivery.partition))
            .or_default();
        let jumped = reader.begins(delivery.first);
        if !jumped.is_empty() {
            gaps.entry(delivery.partition).or_default().extend(jumped);
        }
        reader.reads(delivery.first, delivery.last);
    }
    for ranges in gaps.values_mut() {
        *ranges = merged(std::mem::take(ranges));
    }
    within(history, &gaps)
}

/// Messages delivered to a process after a later one of the same key; sequences
/// ascending. `order` is scratch space, one entry for each attempt.
pub(crate) fn behind(history: &TrialHistory, order: &mut [u32]) -> Result<Vec<u32>, String> {
    let attempts = &history.attempts;
    let place = |index: u32| attempts[(index & !BEHIND) as usize].position;
    by_position(history, order);
    // Messages without a position stand last.
    let located = order.partition_point(|index| place(*index).is_some());
    let order = &mut order[..located];
    let processes: BTreeSet<&str> = of_the_feed(history)
        .map(|delivery| delivery.process.as_str())
        .collect();
    let mut looked_at = 0_usize;
    for process in processes {
        // One more than the latest sequence of each key; 0 before the first.
        let mut latest = vec![0_u32; history.keys.len()];
        let own = of_the_feed(history).filter(|delivery| delivery.process == process);
        for delivery in own {
            let at = |offset| Some((delivery.partition, offset));
            let from = order.partition_point(|index| place(*index) < at(delivery.first));
            let to = order.partition_point(|index| place(*index) <= at(delivery.last));
            looked_at += to.saturating_sub(from);
            if looked_at > DELIVERED_MAX {
                return Err(format!("fewer than {DELIVERED_MAX} deliveries"));
            }
            for index in &mut order[from..to] {
                let sequence = *index & !BEHIND;
                let known = &mut latest[attempts[sequence as usize].key as usize];
                if *known > sequence + 1 {
                    *index |= BEHIND;
                }
                *known = (*known).max(sequence + 1);
            }
        }
    }
    let mut behind: Vec<u32> = order
        .iter()
        .filter(|index| **index & BEHIND != 0)
        .map(|index| index & !BEHIND)
        .collect();
    behind.sort_unstable();
    Ok(behind)
}

/// Fills `order` with the sequences of all attempts by partition and offset;
/// those without a position last.
pub(crate) fn by_position(history: &TrialHistory, order: &mut [u32]) {
    for (index, sequence) in order.iter_mut().zip(0_u32..) {
        *index = sequence;
    }
    order.sort_unstable_by_key(|index| {
        let position = history.attempts[*index as usize].position;
        (position.is_none(), position)
    });
}

/// How far a logical consumer has come in one partition.
#[derive(Default)]
struct Reader {
    /// What was delivered: first offset to last.
    read: BTreeMap<i64, i64>,
    /// Everything below was looked at for gaps.
    checked: Option<i64>,
}

impl Reader {
    /// The ranges below `first` that were never delivered and are not known as
    /// gaps yet.
    fn begins(&mut self, first: i64) -> Vec<(i64, i64)> {
        let mut from = self.checked.unwrap_or(i64::MIN);
        if first <= from {
            return Vec::new();
        }
        self.checked = Some(first);
        let mut gaps = Vec::new();
        let before = self.read.range(..=from).next_back();
        if let Some((_, last)) = before {
            from = from.max(last.saturating_add(1));
        }
        if from >= first {
            return gaps;
        }
        for (start, last) in self.read.range(from..first) {
            if from < *start {
                gaps.push((from, start - 1));
            }
            from = last.saturating_add(1);
        }
        if from < first {
            gaps.push((from, first - 1));
        }
        gaps
    }

    fn reads(&mut self, first: i64, last: i64) {
        let (mut first, mut last) = (first, last);
        // Ranges that touch become one, so that their number stays small.
        while let Some((start, end)) = self.read.range(..=last.saturating_add(1)).next_back() {
            let (start, end) = (*start, *end);
            if end.saturating_add(1) < first {
                break;
            }
            self.read.remove(&start);
            (first, last) = (first.min(start), last.max(end));
        }
        self.read.insert(first, last);
    }
}

fn of_the_feed(history: &TrialHistory) -> impl Iterator<Item = &DeliveryRecord> {
    history.deliveries.iter().filter(|delivery| {
        delivery.target == history.feed_target && delivery.first <= delivery.last
    })
}

/// Messages that stand within `ranges`.
fn within(history: &TrialHistory, ranges: &Ranges) -> Vec<u32> {
    let inside = |partition: u32, offset: i64| {
        ranges.get(&partition).is_some_and(|ranges| {
            let after = ranges.partition_point(|(first, _)| *first <= offset);
            ranges[..after]
                .last()
                .is_some_and(|(_, last)| offset <= *last)
        })
    };
    history
        .attempts
        .iter()
        .filter(|attempt| {
            attempt
                .position
                .is_some_and(|(p, offset)| inside(p, offset))
        })
        .map(|attempt| attempt.seq)
        .collect()
}

/// Ranges of offsets of the fed log that some process was handed more than
/// once.
fn repeated_ranges(history: &TrialHistory) -> Ranges {
    let mut handed: BTreeMap<(&str, u32), Vec<(i64, i64)>> = BTreeMap::new();
    for delivery in of_the_feed(history) {
        handed
            .entry((&delivery.process, delivery.partition))
            .or_default()
            .push((delivery.first, delivery.last));
    }
    let mut repeated = Ranges::new();
    for ((_, partition), mut ranges) in handed {
        ranges.sort_unstable();
        let mut covered_to = i64::MIN;
        for (first, last) in ranges {
            if first <= covered_to {
                repeated
                    .entry(partition)
                    .or_default()
                    .push((first, last.min(covered_to)));
            }
            covered_to = covered_to.max(last);
        }
    }
    for ranges in repeated.values_mut() {
        *ranges = merged(std::mem::take(ranges));
    }
    repeated
}

fn merged(mut ranges: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    ranges.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match out.last_mut() {
            Some(open) if first <= open.1 => open.1 = open.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}
