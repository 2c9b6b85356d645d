//! Redeliveries: positions handed to the same logical consumer again.

use exactly_model::{Outcome, TrialHistory};
use std::collections::BTreeMap;

/// Messages whose position was delivered more than once to the same process,
/// over all its incarnations; sequences ascending. An error names what is
/// missing to tell.
///
/// A delivery is what left the system towards an incarnation: what it had
/// fetched ahead and never looked at before it died counts too.
pub(crate) fn redelivered(history: &TrialHistory) -> Result<Vec<u32>, &'static str> {
    let located = history
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome == Outcome::Ok)
        .all(|attempt| attempt.position.is_some());
    if history.deliveries.is_empty() || !located {
        return Err("deliveries with positions");
    }
    let repeated = repeated_ranges(history);
    let again = |partition: u32, offset: i64| {
        repeated.get(&partition).is_some_and(|ranges| {
            let after = ranges.partition_point(|(first, _)| *first <= offset);
            ranges[..after]
                .last()
                .is_some_and(|(_, last)| offset <= *last)
        })
    };
    Ok(history
        .attempts
        .iter()
        .filter(|attempt| attempt.position.is_some_and(|(p, offset)| again(p, offset)))
        .map(|attempt| attempt.seq)
        .collect())
}

/// Ranges of offsets of the fed log that some process was handed more than
/// once: by partition, ascending and disjoint.
fn repeated_ranges(history: &TrialHistory) -> BTreeMap<u32, Vec<(i64, i64)>> {
    let mut handed: BTreeMap<(&str, u32), Vec<(i64, i64)>> = BTreeMap::new();
    for delivery in &history.deliveries {
        if delivery.target == history.feed_target && delivery.first <= delivery.last {
            handed
                .entry((&delivery.process, delivery.partition))
                .or_default()
                .push((delivery.first, delivery.last));
        }
    }
    let mut repeated: BTreeMap<u32, Vec<(i64, i64)>> = BTreeMap::new();
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
