//! A sink that is a log: what the positions of its records say.

use crate::judge::Rest;
use crate::places::{Place, Places, place};
use crate::primary::Findings;
use crate::sink::{Desk, SinkPass};
use crate::words::count;
use exactly_model::{Code, Effect, MessageId, SinkAudit, View};
use std::collections::BTreeMap;

/// Positions of doubled messages compared for D1, and positions with two values
/// looked at for I1. What is beyond is not compared.
pub const POSITIONS_MAX: usize = 1_000_000;

/// What the positions say.
#[derive(Default)]
struct Positions {
    /// Effects at positions that no reader of committed data sees.
    aborted: Aborted,
    /// Own messages at a position that held another value, ascending.
    conflicting: Vec<u32>,
    /// Whether a position held two values of which none is an own message's.
    strange: bool,
}

/// Effects of aborted transactions.
#[derive(Default)]
struct Aborted {
    effects: u64,
    /// Own messages that have one, ascending.
    ids: Vec<u32>,
}

impl SinkPass<'_> {
    /// G2, D1 and I1 at a sink that is a log. Answers how many effects of aborted
    /// units its reader sees.
    pub(crate) fn positions(&self, doubled: &[u32], desk: &mut Desk<'_>) -> u64 {
        let (sink, own) = (&self.sink.observer, |effect: &Effect| self.own(effect));
        match appended_again(self.sink, own, doubled) {
            Ok(ids) => desk.findings.ids(Code::D1, sink, ids, |n, first| {
                format!(
                    "{} appended more than once, {first} first",
                    count(n, "message")
                )
            }),
            Err(missing) => desk.undecidable.push(self.lacking(Code::D1, missing)),
        }
        let reads_all = self.sink.view == View::ReadUncommitted;
        let elsewhere = |effect: &Effect| self.elsewhere(effect);
        let positions = match positions(self.sink, own, elsewhere, &mut desk.state) {
            Ok(positions) => positions,
            Err(missing) => {
                desk.undecidable.push(self.lacking(Code::I1, missing));
                if reads_all {
                    desk.undecidable.push(self.lacking(Code::G2, missing));
                }
                return 0;
            }
        };
        self.conflicts(&positions, desk);
        let undecided = match shows_both_views(self.sink) {
            _ if self.rest != Rest::Quiescent => Err("proven quiescence"),
            shown => shown,
        };
        match undecided {
            _ if !reads_all => 0,
            Ok(()) => self.aborted(positions, &mut desk.findings),
            Err(missing) => {
                desk.undecidable.push(self.lacking(Code::G2, missing));
                0
            }
        }
    }

    fn conflicts(&self, positions: &Positions, desk: &mut Desk<'_>) {
        let sink = &self.sink.observer;
        if positions.strange {
            let detail = "a position of the log holds two values".to_owned();
            desk.findings.bare(Code::I1, sink, 1, detail);
        } else if positions.conflicting.is_empty() && self.rest != Rest::Quiescent {
            desk.undecidable
                .push(self.lacking(Code::I1, "proven quiescence"));
        }
        let ids = positions.conflicting.clone();
        desk.findings.ids(Code::I1, sink, ids, |n, first| {
            format!(
                "{} at a position that holds another value as well, {first} first",
                count(n, "message")
            )
        });
    }

    fn aborted(&self, positions: Positions, findings: &mut Findings) -> u64 {
        let (sink, aborted) = (&self.sink.observer, positions.aborted);
        let effects = aborted.effects;
        if effects > 0 && aborted.ids.is_empty() {
            let detail = format!("{} of aborted transactions", count(effects, "effect"));
            findings.bare(Code::G2, sink, effects, detail);
        }
        findings.ids(Code::G2, sink, aborted.ids, |n, first| {
            format!(
                "{} of aborted transactions, of {}, {first} first",
                count(effects, "effect"),
                count(n, "message")
            )
        });
        effects
    }
}

/// Whether the audit can tell aborted from committed; an error names what is
/// missing.
fn shows_both_views(sink: &SinkAudit) -> Result<(), &'static str> {
    let seen = |view: View| sink.effects.iter().any(|effect| effect.view == view);
    if seen(View::ReadUncommitted) && !seen(View::ReadCommitted) {
        // Everything aborted, or never looked: nobody can tell.
        return Err("both views of the log");
    }
    Ok(())
}

/// Goes over the positions of a log; an error names what is missing. `own`
/// gives the sequence of an own message, `elsewhere` says whether another trial
/// answers for an effect; `bits` is scratch space.
fn positions(
    sink: &SinkAudit,
    own: impl Fn(&Effect) -> Option<u32>,
    elsewhere: impl Fn(&Effect) -> bool,
    bits: &mut [u32],
) -> Result<Positions, &'static str> {
    let mut places = Places::of(&sink.effects, bits)?;
    let mut found = Positions::default();
    conflicts(sink, &own, &mut places, &mut found);
    if sink.view == View::ReadUncommitted {
        found.aborted = aborted(sink, &own, &elsewhere, &mut places);
    }
    Ok(found)
}

/// I1: positions at which one view of one audit shows two values, and positions
/// that held another value in an earlier audit.
fn conflicts(
    sink: &SinkAudit,
    own: &impl Fn(&Effect) -> Option<u32>,
    places: &mut Places<'_>,
    found: &mut Positions,
) {
    for view in [View::ReadCommitted, View::ReadUncommitted] {
        places.clear();
        let of_view = || located(sink).filter(move |(effect, _)| effect.view == view);
        let mut again: Vec<Place> = of_view()
            .filter(|(_, place)| !places.insert(*place))
            .map(|(_, place)| place)
            .take(POSITIONS_MAX)
            .collect();
        if again.is_empty() {
            continue;
        }
        again.sort_unstable();
        again.dedup();
        let mut held: BTreeMap<Place, (MessageId, Option<u32>)> = BTreeMap::new();
        for (effect, place) in of_view().filter(|(_, p)| again.binary_search(p).is_ok()) {
            let (id, sequence) = *held.entry(place).or_insert((effect.id, own(effect)));
            if id != effect.id {
                let both = [sequence, own(effect)];
                found.strange |= both == [None, None];
                found.conflicting.extend(both.into_iter().flatten());
            }
        }
    }
    for (_, _, sequence) in &sink.changed {
        match *sequence {
            u32::MAX => found.strange = true,
            sequence => found.conflicting.push(sequence),
        }
    }
    found.conflicting.sort_unstable();
    found.conflicting.dedup();
}

/// Effects that stand in the uncommitted view alone.
fn aborted(
    sink: &SinkAudit,
    own: &impl Fn(&Effect) -> Option<u32>,
    elsewhere: &impl Fn(&Effect) -> bool,
    places: &mut Places<'_>,
) -> Aborted {
    places.clear();
    let mut aborted = Aborted::default();
    for (effect, place) in located(sink) {
        if effect.view == View::ReadCommitted {
            places.insert(place);
        }
    }
    for (effect, place) in located(sink) {
        let apart = effect.view == View::ReadUncommitted && !places.contains(place);
        if apart && !elsewhere(effect) {
            aborted.effects += 1;
            aborted.ids.extend(own(effect));
        }
    }
    aborted.ids.sort_unstable();
    aborted.ids.dedup();
    aborted
}

fn located(sink: &SinkAudit) -> impl Iterator<Item = (&Effect, Place)> {
    let effects = sink.effects.iter();
    effects.filter_map(|effect| Some((effect, place(effect)?)))
}

/// D1: which of the `doubled` messages (ascending) stand at more positions than
/// they are declared to have effects; an error names what is missing. The same
/// position twice is the observer's doing and no second append.
fn appended_again(
    sink: &SinkAudit,
    own: impl Fn(&Effect) -> Option<u32>,
    doubled: &[u32],
) -> Result<Vec<u32>, String> {
    let mut stand: Vec<(u32, Place)> = Vec::new();
    for effect in sink.effects.iter().filter(|e| e.view == sink.view) {
        let Some(sequence) = own(effect).filter(|id| doubled.binary_search(id).is_ok()) else {
            continue;
        };
        let place = place(effect).ok_or("partition and position of all effects")?;
        if stand.len() >= POSITIONS_MAX {
            return Err(format!("fewer than {POSITIONS_MAX} positions to compare"));
        }
        stand.push((sequence, place));
    }
    stand.sort_unstable();
    stand.dedup();
    let declared = sink.effects_per_message as usize;
    let runs = stand.chunk_by(|a, b| a.0 == b.0);
    Ok(runs
        .filter(|run| run.len() > declared)
        .map(|run| run[0].0)
        .collect())
}
