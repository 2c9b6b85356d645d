//! Sending: one message at a time, so that the order is that of the sends.

use super::content::{KEY, PAYLOAD};
use super::link::Link;
use super::reply::{self, EntryId};
use super::trouble::Trouble;
use crate::outcome;
use exactly_adapter::{Fed, Outgoing};
use exactly_model::Outcome;
use redis::{Value, cmd};
use std::time::Duration;

/// How long one message may take: a system that is down is fed all the same, and each
/// message has its outcome.
const WITHIN: Duration = Duration::from_secs(1);

/// Publishes. Redis says to how many it gave the message, `own` of which are the
/// harness itself: 0 is an answer as good as any.
pub(crate) async fn publish(link: &Link, channel: &str, own: u64, message: &Outgoing) -> Fed {
    let mut command = cmd("PUBLISH");
    command.arg(channel).arg(&message.payload);
    let answered = link.ask(&command, WITHIN).await.and_then(|value| {
        let receivers = reply::number(value);
        receivers.ok_or_else(|| reply::strange("a number of receivers"))
    });
    match answered {
        Ok(receivers) => Fed {
            receivers: Some(receivers.saturating_sub(own)),
            ..fed()
        },
        Err(error) => failed(&error),
    }
}

/// Adds to a stream, and trims it to `max_len`. Answers the entry's id too.
pub(crate) async fn add(
    link: &Link,
    key: &str,
    max_len: Option<u64>,
    message: &Outgoing,
) -> (Fed, Option<EntryId>) {
    let mut command = cmd("XADD");
    command.arg(key);
    if let Some(most) = max_len {
        command.arg("MAXLEN").arg("=").arg(most);
    }
    command.arg("*").arg(PAYLOAD).arg(&message.payload);
    command.arg(KEY).arg(&message.key);
    let answered = link.ask(&command, WITHIN).await.and_then(|value: Value| {
        let id = reply::entry_id(value);
        id.ok_or_else(|| reply::strange("an entry's id"))
    });
    match answered {
        Ok(id) => (fed(), Some(id)),
        Err(error) => (failed(&error), None),
    }
}

fn fed() -> Fed {
    Fed {
        outcome: Outcome::Ok,
        position: None,
        error: None,
        receivers: None,
    }
}

fn failed(error: &Trouble) -> Fed {
    Fed {
        outcome: outcome::judge(error).outcome,
        error: Some(error.to_string()),
        ..fed()
    }
}
