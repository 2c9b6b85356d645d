//! When is a trial at rest?
//!
//! Silence is not the test. A trial is at rest when every system says that
//! nothing is left to do, no fault is being applied, no process is at work, and
//! for a quiet window no sink, position or exchange has moved. The window starts
//! anew with each move, up to a hard limit.

use crate::EngineError;
use crate::trial::Trial;
use exactly_adapter::{Left, ObserveError};
use exactly_model::{Class, Event, Position, PositionRecord, PutAsideRecord, Settle, SettleHow};
use std::time::Duration;

/// Between two looks, while things move.
const LOOK_EVERY: Duration = Duration::from_millis(4);
/// The longer nothing has moved (a lease has to run out), the less often is looked:
/// after so much of that time, and this at most. Each look asks every system.
const LOOK_PART: u32 = 8;
const LOOK_EVERY_MAX: Duration = Duration::from_millis(40);
/// The quiet window after an outage, at least: a replica that has just come back
/// may show less than there is for a while.
const QUIET_OUTAGE: Duration = Duration::from_secs(2);
/// The same, at most: a client that doubles its waits sleeps about as long as
/// the outage lasted, within its own limit. One with a higher limit than this is
/// out of bounds, unless an acknowledged message is missing: then it is waited for.
const QUIET_OUTAGE_MAX: Duration = Duration::from_millis(2_500);
/// A process that is always at work (a busy poll, a compiler of hot code) is at rest
/// when nothing has moved for so many quiet windows, and for this time at least.
const BUSY_WINDOWS: u32 = 8;
const BUSY_MIN: Duration = Duration::from_secs(2);
/// A trial is not stuck before this many leases have run out: one may follow
/// another.
const STUCK_LEASES: u32 = 3;
/// A batch is given at least so long for each message before the limit.
const LIMIT_PER_MESSAGE: Duration = Duration::from_millis(5);

/// What must not move.
#[derive(Clone, PartialEq, Eq, Default)]
struct Look {
    left: Vec<(String, Left)>,
    /// Positions in what is fed that the pipeline keeps itself.
    kept: Option<Vec<Position>>,
    counts: Vec<u64>,
    activity: u64,
}

impl Look {
    fn items(&self) -> u64 {
        self.left.iter().map(|(_, left)| left.items).sum()
    }

    fn detail(&self) -> String {
        let details: Vec<&str> = self
            .left
            .iter()
            .filter(|(_, left)| left.items > 0)
            .map(|(_, left)| left.detail.as_str())
            .collect();
        if details.is_empty() {
            "nothing left to do".into()
        } else {
            details.join("; ")
        }
    }
}

/// How long things may stand still.
struct Patience {
    quiet: Duration,
    stuck: Duration,
    end: Duration,
}

impl Patience {
    fn of(trial: &Trial<'_>, quiet: Duration) -> Self {
        let limits = &trial.stage.pipeline.limits;
        let lease = trial.director.lease().unwrap_or_default();
        Self {
            quiet,
            stuck: Duration::from_millis(limits.stuck_ms).max(lease * STUCK_LEASES),
            end: Duration::from_millis(limits.trial_ms).max(LIMIT_PER_MESSAGE * trial.messages),
        }
    }

    /// The quiet window as things are now.
    fn quiet(&self, trial: &Trial<'_>) -> Duration {
        let disturbances = trial.alive().map(|alive| alive.life.disturbance());
        let outage = trial.director.outage_lasted();
        let outage = outage.map(|lasted| lasted.clamp(QUIET_OUTAGE, QUIET_OUTAGE_MAX));
        disturbances.chain(outage).fold(self.quiet, Duration::max)
    }
}

/// Waits until the trial is at rest, is stuck, or has reached its limit.
pub(crate) async fn settle(trial: &mut Trial<'_>) -> Result<Settle, EngineError> {
    let quiet = Duration::from_millis(trial.stage.pipeline.limits.quiet_ms);
    settle_for(trial, quiet).await
}

/// The same with another quiet window.
pub(crate) async fn settle_for(
    trial: &mut Trial<'_>,
    quiet: Duration,
) -> Result<Settle, EngineError> {
    let (how, detail, last) = come_to_rest(trial, quiet).await?;
    record_positions(trial, &last);
    record_put_aside(trial, &last);
    Ok(Settle {
        how,
        // A pipeline whose restarts are used up has work left that no system
        // counts.
        backlog: if how == SettleHow::Stuck {
            last.items().max(1)
        } else {
            last.items()
        },
        waited_ms: u64::try_from(trial.elapsed().as_millis()).unwrap_or(u64::MAX),
        detail,
    })
}

async fn come_to_rest(
    trial: &mut Trial<'_>,
    quiet: Duration,
) -> Result<(SettleHow, String, Look), EngineError> {
    let patience = Patience::of(trial, quiet);
    let mut last = Look::default();
    let mut moved_at = trial.elapsed();
    // A process that runs may be about to do something; but threads of clients
    // wake up all the time, and no look of a long window finds all of them asleep.
    let mut ran_at = moved_at;
    // Starting a node again takes as long as the machine makes it, and a window that
    // is waited for as long as it is; both have limits of their own and do not count
    // towards the trial's.
    let (mut away, mut looked_at) = (Duration::ZERO, moved_at);
    loop {
        trial.director.mending_failed()?;
        match trial.revive().await? {
            Err(why) => return Ok((SettleHow::Stuck, why, last)),
            Ok(true) => moved_at = trial.elapsed(),
            Ok(false) => {}
        }
        trial.feed_due().await?;
        let striking = trial.director.is_striking();
        let (look, unseen) = look_or_wait(trial, &last).await?;
        let now = trial.elapsed();
        if trial.director.is_outage() || trial.director.is_waiting() {
            away += now - looked_at;
        }
        looked_at = now;
        let end = patience.end + away;
        let at_work = trial.is_at_work();
        let fed = trial.next_due().is_none();
        let at_rest = unseen.is_none() && look.items() == 0 && !at_work && fed;
        // What is away is waited for, and only then is anybody stuck.
        // Nor is anybody stuck who is only starting (a JVM on a busy machine).
        let starting = !at_rest && trial.is_starting();
        if look != last || striking || starting || !fed || trial.director.is_outage() {
            (moved_at, ran_at) = (now, now);
        } else if at_rest && trial.is_running() {
            ran_at = now;
        }
        last = look;
        let quiet_for = now - moved_at;
        let quiet = patience.quiet(trial);
        let idle = now - ran_at >= patience.quiet;
        let busy_at_nothing = quiet_for >= (quiet * BUSY_WINDOWS).max(BUSY_MIN);
        if at_rest && quiet_for >= quiet && (idle || busy_at_nothing) {
            if !trial.director.is_late_due() {
                return Ok((SettleHow::Quiescent, last.detail(), last));
            }
            trial.director.release_late();
            moved_at = now;
        }
        let stuck = !at_rest && unseen.is_none() && quiet_for >= patience.stuck;
        if let Some(error) = unseen.filter(|_| now >= end) {
            return Err(error.into());
        }
        if stuck {
            let waits = if at_work {
                "an exchange has no answer; "
            } else {
                ""
            };
            let detail = format!("{waits}{}", last.detail());
            return Ok((SettleHow::Stuck, detail, last));
        }
        if now >= end {
            return Ok((SettleHow::Limit, last.detail(), last));
        }
        let until_next = (quiet_for / LOOK_PART).clamp(LOOK_EVERY, LOOK_EVERY_MAX);
        let until_due = trial.next_due().unwrap_or(until_next);
        trial.next_exit(until_next.min(until_due)).await;
    }
}

/// What there is to see now. What could not be seen because of an outage of our
/// own making is no error yet: then it is the last look, and why.
async fn look_or_wait(
    trial: &Trial<'_>,
    last: &Look,
) -> Result<(Look, Option<ObserveError>), EngineError> {
    if trial.director.is_outage() {
        let error = ObserveError::Unavailable {
            observer: "settling".into(),
            system: "a system with broken nodes",
            why: "they were not mended before the trial's limit".into(),
        };
        return Ok((last.clone(), Some(error)));
    }
    match look(trial).await {
        Ok(look) => Ok((look, None)),
        Err(EngineError::Observe(error @ ObserveError::Unavailable { .. }))
            if trial.director.outage_lasted().is_some() =>
        {
            Ok((last.clone(), Some(error)))
        }
        Err(error) => Err(error),
    }
}

async fn look(trial: &Trial<'_>) -> Result<Look, EngineError> {
    let dead = trial.dead_ports();
    let mut look = Look {
        activity: trial.director.activity(),
        kept: kept(trial).await?,
        ..Look::default()
    };
    let feed = &trial.stage.pipeline.feed;
    for (name, scope) in &trial.scopes {
        if let Some(backlog) = scope.backlog() {
            let kept = look.kept.as_deref().filter(|_| *name == feed.system);
            let left = backlog.left(&dead, kept).await?;
            look.left.push((name.clone(), left));
        }
    }
    // While there is a backlog the sinks' counts decide nothing.
    if look.items() == 0 {
        for observer in trial.observers().iter().filter(|o| o.by.is_none()) {
            let observing = trial
                .scopes
                .get(&observer.system)
                .and_then(|scope| scope.observing());
            if let Some(observing) = observing {
                look.counts.push(observing.count(observer).await?);
            }
        }
    }
    Ok(look)
}

/// The positions that the pipeline keeps in a system of its own, where it does.
async fn kept(trial: &Trial<'_>) -> Result<Option<Vec<Position>>, EngineError> {
    let pipeline = &trial.stage.pipeline;
    let Some(query) = &pipeline.positions else {
        return Ok(None);
    };
    let scope = trial.scopes.get(&query.system);
    let ability = scope.and_then(|scope| scope.positions());
    let ability = ability.ok_or_else(|| EngineError::Config {
        what: format!(
            "system {} keeps no positions that can be read",
            query.system
        ),
        hint: "let positions name a system of the pipeline that answers queries".into(),
    })?;
    let target = format!("topic.{}", pipeline.feed.to);
    Ok(Some(ability.positions(&query.query, &target).await?))
}

/// Writes down what the systems gave up.
fn record_put_aside(trial: &Trial<'_>, last: &Look) {
    for (system, left) in &last.left {
        for aside in &left.put_aside {
            trial.record(Event::PutAside(PutAsideRecord {
                system: system.clone(),
                id: aside.id,
                how: aside.how.clone(),
            }));
        }
    }
}

/// Writes down the committed positions, and whether the boundary saw them being
/// committed.
fn record_positions(trial: &Trial<'_>, last: &Look) {
    let observed = trial.director.observed();
    let feed = &trial.stage.pipeline.feed.system;
    for (system, left) in &last.left {
        let kept = last.kept.as_ref().filter(|_| system == feed);
        let moved = left.committed.iter().any(|position| position.offset > 0);
        let acked = observed
            .iter()
            .any(|o| o.class == Class::Ack && o.point.system == *system);
        // What the pipeline keeps itself is committed by no exchange with the feed.
        if moved && !acked && kept.is_none() {
            trial.director.bypass(&format!(
                "positions in {system} were committed by no exchange: the pipeline goes around the \
                 boundary; hand it the address that the placeholders name"
            ));
        }
        for position in kept.unwrap_or(&left.committed) {
            trial.record(Event::Position(PositionRecord {
                system: system.clone(),
                position: position.clone(),
            }));
        }
    }
}
