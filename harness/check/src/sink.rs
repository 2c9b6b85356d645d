//! One sink of one trial: which effects belong to which attempt.

use crate::commits::Commits;
use crate::judge::{Rest, lacking};
use crate::order;
use crate::primary::Findings;
use crate::words::count;
use exactly_model::{
    Attempt, Code, Effect, MessageId, Outcome, SinkAudit, Tally, TrialHistory, Undecidable, View,
};

/// Whether an effect with this id at this sink belongs to another trial.
pub(crate) type Foreign<'a> = dyn Fn(&str, MessageId) -> bool + 'a;

/// One pass over a sink.
pub(crate) struct SinkPass<'a> {
    pub(crate) history: &'a TrialHistory,
    pub(crate) sink: &'a SinkAudit,
    pub(crate) rest: Rest,
    pub(crate) foreign: &'a Foreign<'a>,
}

/// What the effects alone say.
#[derive(Default)]
struct Seen {
    effects: u64,
    phantoms: u64,
    phantom: Option<MessageId>,
    corrupted: Vec<u32>,
    /// Effects that carry none of key, key sequence and checksum.
    without_content: u64,
    /// Effects that carry no position.
    without_position: u64,
}

/// What attempts and effects say together.
#[derive(Default)]
struct Joined {
    missing: Vec<u32>,
    doubled: Vec<u32>,
    beyond: u64,
    recovered: Vec<u32>,
    misreported: Vec<u32>,
}

impl SinkPass<'_> {
    /// Fills `tally` and adds what is found. `state` has one `u32` for each
    /// attempt; what it holds on entry does not matter.
    pub(crate) fn run(
        &self,
        state: &mut [u32],
        commits: &mut Commits<'_>,
        tally: &mut Tally,
        findings: &mut Findings,
        undecidable: &mut Vec<Undecidable>,
    ) {
        let seen = self.count_effects(state);
        let joined = self.join(state);
        tally.effects = seen.effects;
        tally.phantom = seen.phantoms;
        tally.corrupted = seen.corrupted.len() as u64;
        tally.duplicated = joined.beyond;
        tally.recovered = joined.recovered.len() as u64;
        if self.rest == Rest::Quiescent {
            tally.lost = joined.missing.len() as u64;
        }
        self.explain(&joined, state, commits, findings, undecidable);
        self.missing_proof(&seen, &joined, undecidable);
        // From here on `state` holds first effects instead of counts.
        tally.reordered = self.order(&seen, state, findings, undecidable);
        self.report(seen, joined, findings);
    }

    /// The sequence of an effect of this trial; `None` for any other.
    fn own(&self, effect: &Effect) -> Option<u32> {
        let id = effect.id;
        let sequence = id.sequence();
        (id.run() == self.history.run
            && id.trial() == self.history.trial
            && (sequence as usize) < self.history.attempts.len())
        .then_some(sequence)
    }

    /// Whether another trial of this run answers for the effect.
    fn elsewhere(&self, effect: &Effect) -> bool {
        effect.id.run() == self.history.run
            && effect.id.trial() != self.history.trial
            && (self.foreign)(&self.sink.observer, effect.id)
    }

    fn count_effects(&self, counts: &mut [u32]) -> Seen {
        counts.fill(0);
        let mut seen = Seen::default();
        for effect in self.committed() {
            let Some(sequence) = self.own(effect) else {
                if !self.elsewhere(effect) {
                    seen.effects += 1;
                    seen.phantoms += 1;
                    seen.phantom.get_or_insert(effect.id);
                }
                continue;
            };
            seen.effects += 1;
            seen.without_position += u64::from(effect.position.is_none());
            let index = sequence as usize;
            counts[index] = counts[index].saturating_add(1);
            match same_content(effect, &self.history.attempts[index]) {
                Some(true) => {}
                Some(false) => seen.corrupted.push(sequence),
                None => seen.without_content += 1,
            }
        }
        seen.corrupted.sort_unstable();
        seen.corrupted.dedup();
        seen
    }

    fn committed(&self) -> impl Iterator<Item = &Effect> {
        self.sink
            .effects
            .iter()
            .filter(|effect| effect.view == View::ReadCommitted)
    }

    fn join(&self, counts: &[u32]) -> Joined {
        let declared = self.sink.effects_per_message;
        let mut joined = Joined::default();
        for (attempt, &effects) in self.history.attempts.iter().zip(counts) {
            if effects > declared {
                joined.doubled.push(attempt.seq);
                joined.beyond += u64::from(effects - declared);
            }
            match attempt.outcome {
                // One effect of a declared two is missing as well: what is not
                // there was acknowledged.
                Outcome::Ok if effects < declared => joined.missing.push(attempt.seq),
                Outcome::Fail if effects > 0 => joined.misreported.push(attempt.seq),
                Outcome::Unknown if effects > 0 => joined.recovered.push(attempt.seq),
                _ => {}
            }
        }
        joined
    }

    /// L4 and T3: why something is missing or double, where the recorded
    /// positions tell.
    fn explain(
        &self,
        joined: &Joined,
        counts: &[u32],
        commits: &mut Commits<'_>,
        findings: &mut Findings,
        undecidable: &mut Vec<Undecidable>,
    ) {
        let sink = &self.sink.observer;
        let ahead: Vec<u32> = joined
            .missing
            .iter()
            .copied()
            .filter(|&seq| commits.past(seq))
            .collect();
        let mut split: Vec<u32> = joined
            .doubled
            .iter()
            .copied()
            .filter(|&seq| commits.effect_without_position(seq, counts[seq as usize]))
            .collect();
        if self.rest == Rest::Quiescent {
            split.extend(&ahead);
            split.sort_unstable();
        } else {
            split.clear();
        }
        if !joined.missing.is_empty() && !commits.known() {
            undecidable.push(lacking(Code::L4, "committed positions"));
            undecidable.push(lacking(Code::T3, "committed positions"));
        }
        findings.ids(Code::L4, sink, ahead, |n, first| {
            format!(
                "the committed position is past {} without effect, {first} first",
                count(n, "message")
            )
        });
        findings.ids(Code::T3, sink, split, |n, first| {
            format!(
                "effect and position of {} were not one step, {first} first",
                count(n, "message")
            )
        });
    }

    /// Without proven rest a late effect may still come: what was found
    /// stands, what was not found is not ruled out.
    fn missing_proof(&self, seen: &Seen, joined: &Joined, undecidable: &mut Vec<Undecidable>) {
        if self.rest != Rest::Quiescent {
            let open = [
                (Code::L1, !joined.missing.is_empty()),
                (Code::D3, joined.doubled.is_empty()),
                (Code::G1, seen.phantoms == 0),
                (Code::I2, seen.corrupted.is_empty()),
                (Code::X1, joined.misreported.is_empty()),
            ];
            for (code, open) in open {
                if open {
                    undecidable.push(lacking(code, "proven quiescence"));
                }
            }
        }
        if seen.without_content > 0 && seen.corrupted.is_empty() {
            undecidable.push(lacking(
                Code::I2,
                format!(
                    "key, sequence or checksum of the effects in '{}'",
                    self.sink.observer
                ),
            ));
        }
    }

    fn order(
        &self,
        seen: &Seen,
        state: &mut [u32],
        findings: &mut Findings,
        undecidable: &mut Vec<Undecidable>,
    ) -> u64 {
        let observer = &self.sink.observer;
        if seen.without_position > 0 {
            undecidable.push(lacking(
                Code::O1,
                format!("positions of the effects in '{observer}'"),
            ));
            return 0;
        }
        if self.history.feed_concurrency > 1 {
            undecidable.push(lacking(
                Code::O1,
                "sends one after the other (several were in flight)",
            ));
            return 0;
        }
        if self.sink.effects.len() >= order::NONE as usize {
            undecidable.push(lacking(Code::O1, "a number for each effect (too many)"));
            return 0;
        }
        let own = |effect: &Effect| {
            (effect.view == View::ReadCommitted)
                .then(|| self.own(effect))
                .flatten()
        };
        let reordered = order::reordered(self.history, self.sink, own, state);
        let ids = reordered.len() as u64;
        findings.ids(Code::O1, observer, reordered, |n, first| {
            format!(
                "{} after a later one of the same key, {first} first",
                count(n, "first effect")
            )
        });
        ids
    }

    fn report(&self, seen: Seen, joined: Joined, findings: &mut Findings) {
        let sink = &self.sink.observer;
        let code = if self.rest == Rest::Quiescent {
            Code::L1
        } else {
            Code::L3
        };
        findings.ids(code, sink, joined.missing, |n, first| {
            format!(
                "{} without effect, {first} first",
                count(n, "acknowledged message")
            )
        });
        let beyond = joined.beyond;
        findings.ids(Code::D3, sink, joined.doubled, |n, first| {
            format!(
                "{} beyond the declared for {}, {first} first",
                count(beyond, "effect"),
                count(n, "message")
            )
        });
        findings.ids(Code::X1, sink, joined.misreported, |n, first| {
            format!(
                "{} reported as failed and yet in effect, {first} first",
                count(n, "attempt")
            )
        });
        findings.ids(Code::I2, sink, seen.corrupted, |n, first| {
            format!(
                "{} with another key, sequence or checksum than was sent, {first} first",
                count(n, "message")
            )
        });
        findings.ids(Code::G4, sink, joined.recovered, |n, first| {
            format!(
                "{} of unknown outcome did happen, {first} first",
                count(n, "attempt")
            )
        });
        if let Some(id) = seen.phantom {
            findings.bare(
                Code::G1,
                sink,
                seen.phantoms,
                format!(
                    "{} of messages never sent, {id} first",
                    count(seen.phantoms, "effect")
                ),
            );
        }
    }
}

/// Whether what the effect carries agrees with what was sent; `None` when it
/// carries nothing to compare.
fn same_content(effect: &Effect, attempt: &Attempt) -> Option<bool> {
    let key = effect.key.map(|key| key == attempt.key);
    let key_seq = effect.key_seq.map(|seq| seq == attempt.key_seq);
    let checksum = effect.checksum.map(|sum| sum == attempt.checksum);
    if key.is_none() && key_seq.is_none() && checksum.is_none() {
        return None;
    }
    Some(
        [key, key_seq, checksum]
            .into_iter()
            .flatten()
            .all(|same| same),
    )
}
