//! Reading the sinks.

use super::{Finished, Stage, Trial};
use crate::EngineError;
use crate::director::{OBSERVED_MAX, Observed};
use crate::settle;
use exactly_adapter::{ObserveError, Scope, Seen};
use exactly_model::{AuditRecord, Class, EffectRecord, Event, Observer, Settle, SettleHow};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// A sink that misses an acknowledged message must stay quiet for so long before
/// the processes are stopped.
const SUSPICION: Duration = Duration::from_millis(400);

/// Runs are numbered from 1.
const NO_RUN: u32 = 0;

/// Looks at a sink that does not answer after an outage of our own making, and
/// the time between two of them.
const LOOKS_MAX: u32 = 10;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What an audit saw, small enough to be kept until the final sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Number of the audit.
    pub audit: u32,
    /// Effects.
    pub effects: u64,
    digest: u64,
}

impl Trial<'_> {
    /// Has every sink watched, before anything can reach it.
    pub(super) async fn watch_sinks(&self) -> Result<(), EngineError> {
        for observer in self.observers().iter().filter(|o| o.by.is_none()) {
            let scope = self.scopes.get(&observer.system);
            if let Some(observing) = scope.and_then(|scope| scope.observing()) {
                observing.watch(observer).await?;
            }
        }
        Ok(())
    }

    /// Reads every sink. Where an acknowledged message has no effect, waits on,
    /// stops the processes by their own signal, and reads again: only then may a
    /// loss be called.
    pub(crate) async fn audit(
        &mut self,
        settled: Settle,
    ) -> Result<(Settle, BTreeMap<String, Snapshot>), EngineError> {
        let mut settled = settled;
        let mut seen = self.observe_all().await?;
        if settled.how == SettleHow::Quiescent && self.misses_any(&seen) {
            settled = settle::settle_for(self, SUSPICION).await?;
        }
        if self.misses_any(&seen) {
            self.stop_gracefully().await;
            seen = self.observe_all().await?;
        } else {
            for slot in &self.slots {
                slot.kill();
            }
        }
        self.note_bypass(&seen);
        let mut snapshots = BTreeMap::new();
        for (observer, effects) in seen {
            let snapshot = Snapshot {
                audit: 1,
                effects: effects.len() as u64,
                digest: digest(&effects),
            };
            record_audit(self.stage, self.number, &observer, snapshot, effects, false);
            snapshots.insert(observer, snapshot);
        }
        Ok((settled, snapshots))
    }

    /// Effects that no exchange made: the pipeline has another way to the sink, and
    /// its crashes are not the ones we listed.
    fn note_bypass(&self, seen: &[(String, Vec<Seen>)]) {
        let observed = self.director.observed();
        for observer in self.observers() {
            // A command or a file shows effects of whatever system.
            let of_system = |o: &&Observed| {
                let is_its_system = observer.by.is_some() || o.point.system == observer.system;
                is_its_system && o.class == Class::Effect
            };
            let with = match &observer.by {
                Some(_) => "any system",
                None => &observer.system,
            };
            let visible: BTreeSet<u32> = observed
                .iter()
                .filter(of_system)
                .flat_map(|o| o.point.ids.iter().copied())
                .collect();
            let none = !observed.iter().any(|o| of_system(&o));
            let around = seen
                .iter()
                .filter(|(name, _)| *name == observer.name)
                .flat_map(|(_, effects)| effects)
                .filter(|effect| effect.id.trial() == self.number)
                .any(|e| none || (!visible.is_empty() && !visible.contains(&e.id.sequence())));
            // What is not remembered any more cannot be missed.
            if around && observed.len() < OBSERVED_MAX {
                self.director.bypass(&format!(
                    "{} shows effects that no exchange with {with} made: the pipeline goes around \
                     the boundary; hand it the address that the placeholders name",
                    observer.name
                ));
            }
        }
    }

    async fn observe_all(&self) -> Result<Vec<(String, Vec<Seen>)>, EngineError> {
        let mut all = Vec::new();
        for observer in self.observers() {
            all.push((
                observer.name.clone(),
                self.observe_patiently(observer).await?,
            ));
        }
        Ok(all)
    }

    async fn observe_patiently(&self, observer: &Observer) -> Result<Vec<Seen>, EngineError> {
        if observer.by.is_some() {
            return self.observe_until_still(observer).await;
        }
        let mut looks = 1;
        loop {
            match observe(self.stage, self.number, &self.scopes, observer).await {
                Err(EngineError::Observe(ObserveError::Unavailable { .. }))
                    if looks < LOOKS_MAX && self.director.outage_lasted().is_some() =>
                {
                    looks += 1;
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                seen => return seen,
            }
        }
    }

    /// Nobody counts beforehand what a command or a file shows: it has come to rest
    /// when two looks show the same.
    async fn observe_until_still(&self, observer: &Observer) -> Result<Vec<Seen>, EngineError> {
        let quiet = Duration::from_millis(self.stage.pipeline.limits.quiet_ms);
        let look = async || observe(self.stage, self.number, &self.scopes, observer).await;
        let mut seen = look().await?;
        for _ in 0..LOOKS_MAX {
            tokio::time::sleep(quiet).await;
            let again = look().await?;
            let still = digest(&again) == digest(&seen) && again.len() == seen.len();
            seen = again;
            if still {
                return Ok(seen);
            }
        }
        Err(EngineError::Observe(ObserveError::Config {
            observer: observer.name.clone(),
            why: format!("it shows something else at each of {LOOKS_MAX} looks"),
            hint: "let it show each effect once, in any order, and nothing that changes".into(),
        }))
    }

    fn misses_any(&self, seen: &[(String, Vec<Seen>)]) -> bool {
        self.observers().iter().any(|observer| {
            let mut there: BTreeMap<u32, u32> = BTreeMap::new();
            let of_observer = seen.iter().filter(|(name, _)| *name == observer.name);
            for effect in of_observer.flat_map(|(_, effects)| effects) {
                if effect.id.trial() == self.number {
                    *there.entry(effect.id.sequence()).or_default() += 1;
                }
            }
            let declared = observer.effects_per_message;
            self.acknowledged
                .iter()
                .any(|seq| there.get(seq).copied().unwrap_or(0) < declared)
        })
    }
}

async fn observe(
    stage: &Stage,
    trial: u32,
    scopes: &BTreeMap<String, Arc<dyn Scope>>,
    observer: &Observer,
) -> Result<Vec<Seen>, EngineError> {
    if let Some(reader) = &observer.by {
        let mut effects = stage.read_outside(trial, scopes, observer, reader).await?;
        refuse_unfed(observer, &effects)?;
        // Such a sink may well keep what other trials and runs have left in it. Each
        // trial reads its own, and the sweep reads it once more: what one trial saw
        // of another one would count again.
        let run = stage.recorder.run().number;
        effects.retain(|effect| effect.id.run() == run && effect.id.trial() == trial);
        return Ok(effects);
    }
    let no_such = |what: &str| EngineError::Config {
        what: format!(
            "observer {}: system {} {what}",
            observer.name, observer.system
        ),
        hint: "observe a system of the pipeline that shows effects".into(),
    };
    let scope = scopes
        .get(&observer.system)
        .ok_or_else(|| no_such("is not there"))?;
    let observing = scope
        .observing()
        .ok_or_else(|| no_such("cannot be observed"))?;
    let mut effects = Vec::new();
    observing
        .observe(observer, &mut |seen| effects.push(seen))
        .await?;
    refuse_unfed(observer, &effects)?;
    Ok(effects)
}

/// A small number, such as a serial, reads as an id of the run that there never is.
fn refuse_unfed(observer: &Observer, effects: &[Seen]) -> Result<(), ObserveError> {
    let Some(effect) = effects.iter().find(|effect| effect.id.run() == NO_RUN) else {
        return Ok(());
    };
    Err(ObserveError::Config {
        observer: observer.name.clone(),
        why: format!(
            "id `{}` is no message id: it did not survive the pipeline",
            effect.id.to_i64()
        ),
        hint: "show the id that the message came with, not a number that the sink gave it".into(),
    })
}

fn digest(effects: &[Seen]) -> u64 {
    // A sum, because sinks answer in no particular order.
    effects.iter().fold(0, |sum: u64, effect| {
        let mut hasher = DefaultHasher::new();
        effect.hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    })
}

fn record_audit(
    stage: &Stage,
    trial: u32,
    observer: &str,
    snapshot: Snapshot,
    effects: Vec<Seen>,
    sweep: bool,
) {
    for seen in effects {
        let Seen {
            id,
            key,
            key_seq,
            partition,
            position,
            unit,
            checksum,
            view,
        } = seen;
        stage.recorder.record(
            trial,
            Event::Effect(EffectRecord {
                observer: observer.into(),
                audit: snapshot.audit,
                id,
                key,
                key_seq,
                partition,
                position,
                unit,
                checksum,
                view,
            }),
        );
    }
    stage.recorder.record(
        trial,
        Event::Audit(AuditRecord {
            observer: observer.into(),
            audit: snapshot.audit,
            effects: snapshot.effects,
            sweep,
        }),
    );
}

impl Stage {
    /// The final sweep of one trial: reads every sink once more and records what
    /// has changed since. A duplicate that shows up late is charged to its own
    /// trial.
    pub async fn sweep(&self, finished: &Finished) -> Result<(), EngineError> {
        for observer in &self.pipeline.observers {
            let effects = observe(self, finished.number, &finished.scopes, observer).await?;
            let before = finished.snapshots.get(&observer.name);
            let now = Snapshot {
                audit: before.map_or(1, |b| b.audit + 1),
                effects: effects.len() as u64,
                digest: digest(&effects),
            };
            let unchanged =
                before.is_some_and(|b| b.digest == now.digest && b.effects == now.effects);
            let effects = if unchanged { Vec::new() } else { effects };
            record_audit(self, finished.number, &observer.name, now, effects, true);
        }
        Ok(())
    }
}
