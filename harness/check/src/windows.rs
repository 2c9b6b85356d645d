//! What a system's own windows and queues have to do with a loss or a duplicate:
//! D4, D5, D6 and L7. Each names the cause of what L1 or D3 shows.

use exactly_model::{Class, Effect, ExchangeRecord, Outcome, TrialHistory};
use std::collections::{BTreeMap, BTreeSet};

/// Of `doubled`, the messages whose attempts at `system` lie on both sides of its
/// dedup window.
pub(crate) fn beyond_horizon(
    history: &TrialHistory,
    system: Option<&str>,
    doubled: &[u32],
) -> Vec<u32> {
    let of_system = |name: &str| system.is_none_or(|system| system == name);
    let horizons = history.horizons.iter();
    let moments: Vec<u64> = horizons
        .filter(|(_, horizon)| of_system(&horizon.system))
        .map(|(at_ns, _)| *at_ns)
        .collect();
    if moments.is_empty() {
        return Vec::new();
    }
    let tried = |seq: u32, when: &dyn Fn(u64) -> bool| {
        effects_of(history, system, seq)
            .any(|exchange| exchange.sent_ns.is_some() && when(exchange.request_ns))
    };
    let both_sides = |seq: &&u32| {
        moments
            .iter()
            .any(|at| tried(**seq, &|ns| ns < *at) && tried(**seq, &|ns| ns > *at))
    };
    doubled.iter().filter(both_sides).copied().collect()
}

/// Of `missing`, the messages that `system` accepted and took for another one.
pub(crate) fn swallowed(history: &TrialHistory, system: Option<&str>, missing: &[u32]) -> Vec<u32> {
    let taken_for_another = |seq: &&u32| {
        effects_of(history, system, **seq).any(|exchange| {
            exchange.outcome == Outcome::Ok
                && !exchange.duplicate_of.is_empty()
                && !exchange.duplicate_of.contains(seq)
        })
    };
    let of_missing = missing.iter().filter(taken_for_another);
    of_missing.copied().collect()
}

/// Of `missing`, the messages that a system gave up.
pub(crate) fn given_up(history: &TrialHistory, missing: &[u32]) -> Vec<u32> {
    if history.put_aside.is_empty() {
        return Vec::new();
    }
    let own = history
        .put_aside
        .iter()
        .map(|aside| aside.id)
        .filter(|id| id.run() == history.run && id.trial() == history.trial);
    let own: BTreeSet<u32> = own.map(|id| id.sequence()).collect();
    let of_missing = missing.iter().filter(|seq| own.contains(seq));
    of_missing.copied().collect()
}

/// Of `doubled`, the messages whose effects do not agree on their content.
pub(crate) fn divergent<'a>(
    effects: impl Iterator<Item = (u32, &'a Effect)>,
    doubled: &[u32],
) -> Vec<u32> {
    let mut first: BTreeMap<u32, &Effect> = BTreeMap::new();
    let mut divergent = BTreeSet::new();
    if doubled.is_empty() {
        return Vec::new();
    }
    for (seq, effect) in effects {
        if doubled.binary_search(&seq).is_err() {
            continue;
        }
        let before = *first.entry(seq).or_insert(effect);
        if disagree(before, effect) {
            divergent.insert(seq);
        }
    }
    divergent.into_iter().collect()
}

/// What only one of them carries says nothing.
fn disagree(one: &Effect, other: &Effect) -> bool {
    fn differ(one: Option<u32>, other: Option<u32>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    differ(one.key, other.key)
        || differ(one.key_seq, other.key_seq)
        || differ(one.checksum, other.checksum)
}

/// ` (the deduplication window, 300 s)`.
pub(crate) fn passed(history: &TrialHistory) -> String {
    history
        .horizons
        .first()
        .map_or(String::new(), |(_, horizon)| {
            format!(" ({}, {} s)", horizon.what, horizon.seconds)
        })
}

/// ` (received 3 times, now in orders-dlq)`.
pub(crate) fn how(history: &TrialHistory) -> String {
    let first = history.put_aside.first();
    first.map_or(String::new(), |aside| format!(" ({})", aside.how))
}

fn effects_of<'a>(
    history: &'a TrialHistory,
    system: Option<&'a str>,
    seq: u32,
) -> impl Iterator<Item = &'a ExchangeRecord> {
    history.exchanges.iter().filter(move |exchange| {
        exchange.class == Class::Effect
            && system.is_none_or(|system| exchange.point.system == system)
            && exchange.point.ids.contains(&seq)
    })
}
