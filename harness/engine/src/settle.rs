//! When is a trial at rest?
//!
//! Silence is not the test. A trial is at rest when every system says that
//! nothing is left to do, no fault is being applied, no process is at work, and
//! for a quiet window no sink, position or exchange has moved. The window starts
//! anew with each move, up to a hard limit.

use crate::EngineError;
use crate::trial::Trial;
use exactly_adapter::Left;
use exactly_model::{Class, Event, PositionRecord, Settle, SettleHow};
use std::time::Duration;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// The quiet window of a process that outlived a fault on one of its connections:
/// a retry may sleep in its memory. A backoff longer than this is out of bounds.
const QUIET_DISTURBED: Duration = Duration::from_millis(400);
/// A batch is given at least so long for each message before the limit.
const LIMIT_PER_MESSAGE: Duration = Duration::from_millis(5);

/// What must not move.
#[derive(Clone, PartialEq, Eq, Default)]
struct Look {
    left: Vec<(String, Left)>,
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
    let limits = trial.stage.pipeline.limits.clone();
    let stuck = Duration::from_millis(limits.stuck_ms);
    let messages = trial.messages;
    let end = Duration::from_millis(limits.trial_ms).max(LIMIT_PER_MESSAGE * messages);
    let mut last = Look::default();
    let mut moved_at = trial.elapsed();
    let (how, detail) = loop {
        match trial.revive().await? {
            Err(why) => break (SettleHow::Stuck, why),
            Ok(true) => moved_at = trial.elapsed(),
            Ok(false) => {}
        }
        let striking = trial.director.is_striking();
        let look = look(trial).await?;
        let now = trial.elapsed();
        let at_work = trial
            .slots
            .iter()
            .any(|slot| trial.director.is_at_work(&slot.life));
        let at_rest = look.items() == 0 && !at_work;
        let disturbed = trial.slots.iter().any(|slot| slot.life.is_disturbed());
        let quiet = if disturbed {
            quiet.max(QUIET_DISTURBED)
        } else {
            quiet
        };
        if look != last || striking || (at_rest && trial.is_running()) {
            moved_at = now;
        }
        last = look;
        let quiet_for = now - moved_at;
        if at_rest && quiet_for >= quiet && trial.director.is_late_due() {
            trial.director.release_late();
            moved_at = now;
        } else if at_rest && quiet_for >= quiet {
            break (SettleHow::Quiescent, last.detail());
        }
        if !at_rest && quiet_for >= stuck {
            let waits = if at_work {
                "an exchange has no answer; "
            } else {
                ""
            };
            break (SettleHow::Stuck, format!("{waits}{}", last.detail()));
        }
        if now >= end {
            break (SettleHow::Limit, last.detail());
        }
        trial.next_exit(LOOK_EVERY).await;
    };
    let observed = trial.director.observed();
    for (system, left) in &last.left {
        let moved = left.committed.iter().any(|position| position.offset > 0);
        let acked = observed
            .iter()
            .any(|o| o.class == Class::Ack && o.point.system == *system);
        if moved && !acked {
            trial.director.bypass(&format!(
                "positions in {system} were committed by no exchange: the pipeline goes around the \
                 boundary; hand it the address that the placeholders name"
            ));
        }
        for position in &left.committed {
            trial.record(Event::Position(PositionRecord {
                system: system.clone(),
                position: position.clone(),
            }));
        }
    }
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

async fn look(trial: &Trial<'_>) -> Result<Look, EngineError> {
    let dead = trial.dead_ports();
    let mut look = Look {
        activity: trial.director.activity(),
        ..Look::default()
    };
    for (name, scope) in &trial.scopes {
        if let Some(backlog) = scope.backlog() {
            look.left
                .push((name.clone(), backlog.left(&dead, None).await?));
        }
    }
    // While there is a backlog the sinks' counts decide nothing.
    if look.items() == 0 {
        for observer in trial.observers() {
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
