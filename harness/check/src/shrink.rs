//! The shortest way to an anomaly: which candidate to run next.
//!
//! Pure: the search is run again over what was tried, and stops at the first
//! candidate that was not. So it needs no memory, goes on after a crash of the
//! harness, and never proposes anything twice.

use exactly_model::{Candidate, Fault, Schedule, Selector};

/// Candidates tried for one finding. Deleting faults takes at most
/// `n * (n + 1) / 2` of them for `n` faults: this is reached by schedules that a
/// person wrote.
pub const SHRINK_TRIES_MAX: usize = 200;
/// Candidates tried for fewer messages.
pub const MESSAGE_TRIES_MAX: usize = 6;

/// The next candidate, or `None` when there is nothing left to try.
///
/// First the fewest faults: one at a time is left out, from the last to the
/// first, until what is left shows the anomaly and no part with one fault less
/// does (it is 1-minimal). What a fault says beside its kind and point stays as
/// it is. Then the same at the first message instead of a later one. Then the
/// fewest messages.
pub(crate) fn next(found: &Candidate, tried: &[(Candidate, bool)]) -> Option<Candidate> {
    if tried.len() >= SHRINK_TRIES_MAX {
        return None;
    }
    let shows = |candidate: &Candidate| {
        let known = tried.iter().find(|(known, _)| known == candidate);
        known.map(|(_, shows)| *shows)
    };
    let least = match fewest_faults(found, shows) {
        Search::Try(candidate) => return Some(candidate),
        Search::Done(candidate) => candidate,
    };
    let least = match lowered(&least) {
        None => least,
        Some(lowered) => match shows(&lowered) {
            None => return Some(lowered),
            Some(true) => lowered,
            Some(false) => least,
        },
    };
    match fewest_messages(&least, shows) {
        Search::Try(candidate) => Some(candidate),
        Search::Done(_) => None,
    }
}

/// The same about the first messages, and no others fed: what goes wrong at the
/// third message often does at the first. `None` where it is about those already.
fn lowered(least: &Candidate) -> Option<Candidate> {
    let mut lowered = least.clone();
    let faults = &mut lowered.schedule.faults;
    let mut selectors: Vec<&mut Selector> = faults
        .iter_mut()
        .flat_map(|fault| [Some(&mut fault.point), fault.until.as_mut()])
        .flatten()
        .collect();
    let named = selectors.iter().flat_map(|selector| {
        let ids = selector.ids.iter().flatten();
        ids.chain(&selector.covers).copied()
    });
    let first = named.min().filter(|first| *first > 0)?;
    for selector in &mut selectors {
        for id in selector
            .ids
            .iter_mut()
            .flatten()
            .chain(&mut selector.covers)
        {
            *id -= first;
        }
    }
    lowered.messages = messages_min(&lowered.schedule);
    Some(lowered)
}

enum Search {
    /// Run this.
    Try(Candidate),
    /// This is the end of the search.
    Done(Candidate),
}

fn fewest_faults(found: &Candidate, shows: impl Fn(&Candidate) -> Option<bool>) -> Search {
    let mut least = found.clone();
    loop {
        let before = least.schedule.faults.len();
        for index in (0..before).rev() {
            let mut without = least.clone();
            without.schedule.faults.remove(index);
            match shows(&without) {
                None => return Search::Try(without),
                Some(true) => least = without,
                Some(false) => {}
            }
        }
        if least.schedule.faults.len() == before {
            return Search::Done(least);
        }
    }
}

/// The smallest batch first, then twice as many while that is not enough, then
/// halfway between what was not enough and what was.
fn fewest_messages(least: &Candidate, shows: impl Fn(&Candidate) -> Option<bool>) -> Search {
    let of = |messages: u32| Candidate {
        schedule: least.schedule.clone(),
        messages,
    };
    let smallest = messages_min(&least.schedule);
    // `low` is too few, `high` is enough.
    let (mut low, mut high) = (smallest.saturating_sub(1), least.messages);
    for _ in 0..MESSAGE_TRIES_MAX {
        if low.saturating_add(1) >= high {
            break;
        }
        let halfway = low + (high - low) / 2;
        let messages = if low < smallest {
            smallest
        } else {
            // Once something was enough, half the way to it is the shorter step.
            low.saturating_mul(2).min(halfway)
        };
        let candidate = of(messages);
        match shows(&candidate) {
            None => return Search::Try(candidate),
            Some(true) => high = messages,
            Some(false) => low = messages,
        }
    }
    Search::Done(of(high))
}

/// The smallest batch that has every message which the schedule names.
fn messages_min(schedule: &Schedule) -> u32 {
    let selectors = |fault: &Fault| [Some(fault.point.clone()), fault.until.clone()];
    let named = |selector: Selector| {
        let ids = selector.ids.unwrap_or_default().into_iter().max();
        ids.max(selector.covers)
    };
    let last = schedule
        .faults
        .iter()
        .flat_map(selectors)
        .flatten()
        .filter_map(named)
        .max();
    last.map_or(1, |id| id.saturating_add(1))
}
