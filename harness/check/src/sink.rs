//! One sink of one trial: which effects belong to which attempt.

use crate::commits::Commits;
use crate::judge::{Rest, lacking};
use crate::makers::Makers;
use crate::order::{self, Unordered};
use crate::primary::Findings;
use crate::windows;
use crate::words::count;
use exactly_model::{
    Attempt, Code, Effect, MessageId, Outcome, SinkAudit, SinkKind, Tally, TrialHistory,
    Undecidable,
};

/// Whether an effect with this id at this sink belongs to another trial.
pub(crate) type Foreign<'a> = dyn Fn(&str, MessageId) -> bool + 'a;

/// One pass over a sink.
pub(crate) struct SinkPass<'a> {
    pub(crate) history: &'a TrialHistory,
    pub(crate) sink: &'a SinkAudit,
    /// The system that it belongs to, where that is known.
    pub(crate) system: Option<&'a str>,
    pub(crate) rest: Rest,
    pub(crate) foreign: &'a Foreign<'a>,
    /// Messages of which the sink has nothing, though another sink that shares
    /// their step has all; ascending.
    pub(crate) absent: Vec<u32>,
    /// Whether a sink that shares their step belongs to another system.
    pub(crate) spans_systems: bool,
}

/// What the passes over the sinks of a trial share.
pub(crate) struct Desk<'a> {
    /// The one buffer: an entry for each attempt, and some more for the places
    /// of small logs. What it holds between passes does not matter.
    pub(crate) state: Vec<u32>,
    pub(crate) commits: Commits<'a>,
    pub(crate) makers: Makers<'a>,
    pub(crate) findings: Findings,
    pub(crate) undecidable: Vec<Undecidable>,
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

/// The sequence of an effect of this trial; `None` for any other.
pub(crate) fn own(history: &TrialHistory, effect: &Effect) -> Option<u32> {
    let id = effect.id;
    let sequence = id.sequence();
    (id.run() == history.run
        && id.trial() == history.trial
        && (sequence as usize) < history.attempts.len())
    .then_some(sequence)
}

impl SinkPass<'_> {
    /// Evidence that is missing at this sink.
    pub(crate) fn lacking(&self, code: Code, missing: impl Into<String>) -> Undecidable {
        Undecidable {
            sink: self.sink.observer.clone(),
            ..lacking(code, missing)
        }
    }

    /// Fills `tally` and adds what is found.
    pub(crate) fn run(mut self, desk: &mut Desk<'_>, tally: &mut Tally) {
        let messages = self.history.attempts.len();
        let seen = self.count_effects(&mut desk.state[..messages]);
        let joined = self.join(&desk.state[..messages]);
        tally.effects = seen.effects;
        tally.phantom = seen.phantoms;
        tally.corrupted = seen.corrupted.len() as u64;
        tally.duplicated = joined.beyond;
        tally.recovered = joined.recovered.len() as u64;
        if self.rest == Rest::Quiescent {
            tally.lost = joined.missing.len() as u64;
        }
        self.explain(&joined, desk);
        self.windows(&joined, desk);
        self.owners(desk);
        tally.torn = self.torn(desk);
        self.missing_proof(&seen, &joined, desk);
        // From here on the state holds first effects instead of counts, and then
        // the places of a log.
        tally.reordered = self.order(&seen, desk);
        self.units(desk);
        if self.sink.kind == SinkKind::Record {
            tally.aborted_seen = self.positions(&joined.doubled, desk);
        }
        self.report(seen, joined, &mut desk.findings);
    }

    pub(crate) fn own(&self, effect: &Effect) -> Option<u32> {
        own(self.history, effect)
    }

    /// Whether another trial of this run answers for the effect.
    pub(crate) fn elsewhere(&self, effect: &Effect) -> bool {
        effect.id.run() == self.history.run
            && effect.id.trial() != self.history.trial
            && (self.foreign)(&self.sink.observer, effect.id)
    }

    fn count_effects(&self, counts: &mut [u32]) -> Seen {
        counts.fill(0);
        let mut seen = Seen::default();
        for effect in self.shown() {
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
            if self.drops(&self.history.attempts[index]) {
                seen.phantoms += 1;
                seen.phantom.get_or_insert(effect.id);
            }
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

    /// Whether the pipeline drops it on purpose.
    fn drops(&self, attempt: &Attempt) -> bool {
        let dropped = &self.history.dropped_keys;
        // As a rule there are none, and a judge goes through millions.
        !dropped.is_empty() && dropped.contains(&self.history.keys[attempt.key as usize])
    }

    /// The effects that the sink's reader sees.
    fn shown(&self) -> impl Iterator<Item = &Effect> {
        let effects = self.sink.effects.iter();
        effects.filter(|effect| effect.view == self.sink.view)
    }

    fn join(&self, counts: &[u32]) -> Joined {
        let declared = self.sink.effects_per_message;
        let mut joined = Joined::default();
        for (attempt, &effects) in self.history.attempts.iter().zip(counts) {
            // Any effect of these is a phantom.
            if self.drops(attempt) {
                continue;
            }
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
    fn explain(&self, joined: &Joined, desk: &mut Desk<'_>) {
        let sink = &self.sink.observer;
        let ahead: Vec<u32> = joined
            .missing
            .iter()
            .copied()
            .filter(|&seq| desk.commits.past(seq))
            .collect();
        let mut split = Vec::new();
        if self.rest == Rest::Quiescent {
            for &seq in &joined.doubled {
                let mut makers = desk.makers.on(self.system, seq);
                makers.retain(|maker| maker.alive() && maker.made(self.sink.view));
                let effects = desk.state[seq as usize];
                if desk.commits.effect_without_position(seq, effects, &makers) {
                    split.push(seq);
                }
            }
            split.extend(&ahead);
            split.sort_unstable();
        }
        if !joined.missing.is_empty() && !desk.commits.known() {
            for code in [Code::L4, Code::T3] {
                desk.undecidable
                    .push(self.lacking(code, "committed positions"));
            }
        }
        desk.findings.ids(Code::L4, sink, ahead, |n, first| {
            format!(
                "the committed position is past {} without effect, {first} first",
                count(n, "message")
            )
        });
        desk.findings.ids(Code::T3, sink, split, |n, first| {
            format!(
                "effect and position of {} were not one step, {first} first",
                count(n, "message")
            )
        });
    }

    /// D4, D5, D6 and L7: what the systems' own windows and queues have to do with
    /// it.
    fn windows(&self, joined: &Joined, desk: &mut Desk<'_>) {
        let (history, sink) = (self.history, &self.sink.observer);
        let doubled = windows::beyond_horizon(history, self.system, &joined.doubled);
        desk.findings.ids(Code::D4, sink, doubled, |n, first| {
            format!(
                "{} made again when the system had forgotten{}, {first} first",
                count(n, "effect"),
                windows::passed(history)
            )
        });
        let shown = self
            .shown()
            .filter_map(|effect| Some((self.own(effect)?, effect)));
        let divergent = windows::divergent(shown, &joined.doubled);
        desk.findings.ids(Code::D5, sink, divergent, |n, first| {
            format!(
                "{} with effects that do not agree on the content, {first} first",
                count(n, "message")
            )
        });
        if self.rest != Rest::Quiescent {
            return;
        }
        let swallowed = windows::swallowed(history, self.system, &joined.missing);
        desk.findings.ids(Code::D6, sink, swallowed, |n, first| {
            format!(
                "{} accepted and taken for another one, {first} first",
                count(n, "message")
            )
        });
        let given_up = windows::given_up(history, &joined.missing);
        desk.findings.ids(Code::L7, sink, given_up, |n, first| {
            format!(
                "{} given up by the system without effect, {first} first{}",
                count(n, "message"),
                windows::how(history)
            )
        });
    }

    /// Without proven rest a late effect may still come: what was found
    /// stands, what was not found is not ruled out.
    fn missing_proof(&self, seen: &Seen, joined: &Joined, desk: &mut Desk<'_>) {
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
                    desk.undecidable
                        .push(self.lacking(code, "proven quiescence"));
                }
            }
        }
        if seen.without_content > 0 && seen.corrupted.is_empty() {
            desk.undecidable.push(self.lacking(
                Code::I2,
                format!(
                    "key, sequence or checksum of the effects in '{}'",
                    self.sink.observer
                ),
            ));
        }
    }

    fn order(&self, seen: &Seen, desk: &mut Desk<'_>) -> u64 {
        let observer = &self.sink.observer;
        let missing = if seen.without_position > 0 {
            format!("positions of the effects in '{observer}'")
        } else if self.history.feed_concurrency > 1 {
            "sends one after the other (several were in flight)".to_owned()
        } else if self.sink.effects.len() >= order::EFFECTS_MAX {
            "a number for each effect (too many)".to_owned()
        } else {
            String::new()
        };
        if !missing.is_empty() {
            desk.undecidable.push(self.lacking(Code::O1, missing));
            return 0;
        }
        let own = |effect: &Effect| {
            (effect.view == self.sink.view)
                .then(|| self.own(effect))
                .flatten()
        };
        let state = &mut desk.state[..self.history.attempts.len()];
        let Unordered { ids, scattered } = order::reordered(self.history, self.sink, own, state);
        if scattered {
            let missing = format!("one partition for all effects of a key in '{observer}'");
            desk.undecidable.push(self.lacking(Code::O1, missing));
        }
        let reordered = ids.len() as u64;
        desk.findings.ids(Code::O1, observer, ids, |n, first| {
            format!(
                "{} after a later one of the same key, {first} first",
                count(n, "first effect")
            )
        });
        reordered
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
                    "{} of messages never sent, or to be dropped, {id} first",
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
