//! The errors that Redis may legally give.
//!
//! * Before: `LOADING` where a command is refused while the data set is read after a
//!   start; `BUSY` for the commands of Pub/Sub, which are answered then all the same
//!   (their flag `loading` in the documentation's command table), and are refused while
//!   a script runs past its limit. Both are given before a command is looked at
//!   (`processCommand` in `server.c`): it was not applied, and may be sent again.
//! * After: none. Redis runs a command to its end and answers with what came of it.

use super::command::command;
use exactly_adapter::Faultable;
use exactly_model::Class;

const LOADING: &str = "LOADING Redis is loading the dataset in memory";
const BUSY: &str = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or \
                    SHUTDOWN NOSAVE.";

/// What may happen to every exchange of `operation` on `target`.
pub(crate) fn faultable(operation: &str, target: &str) -> Faultable {
    let _ = target;
    let asked = !matches!(operation, "message" | "pmessage" | "smessage");
    Faultable {
        error_before: error_before(operation).is_some(),
        error_after: false,
        // Each command is applied whole or not at all.
        parts: false,
        // Whoever sends again does so on a connection of its own; the kernel may still
        // hold the first. What was sent within a transaction belongs to its connection. An
        // XACK that comes late has nothing left to do, and a take only hands what it takes
        // to the dead.
        overtakes: asked && command(operation).0 == Class::Effect && operation != "EXEC",
    }
}

/// The error in the place of `operation`'s reply, without its application.
///
/// There is none for EXEC: the server would still hold the transaction, and queue what
/// comes next.
pub(super) fn error_before(operation: &str) -> Option<&'static str> {
    match operation {
        "EXEC" | "message" | "pmessage" | "smessage" => None,
        "PUBLISH" | "SPUBLISH" => Some(BUSY),
        _ if subscribes(operation) => Some(BUSY),
        _ if command(operation).0 == Class::Control => None,
        _ => Some(LOADING),
    }
}

fn subscribes(operation: &str) -> bool {
    matches!(operation, "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::judge;
    use exactly_model::Outcome;

    #[test]
    fn what_is_refused_is_not_applied() {
        for operation in ["PUBLISH", "XADD", "XACK", "XREADGROUP", "SUBSCRIBE", "SET"] {
            let error = error_before(operation).unwrap();
            assert_eq!(judge(operation, error).outcome, Outcome::Fail);
            let faultable = faultable(operation, "key.a");
            assert!(faultable.error_before && !faultable.error_after && !faultable.parts);
        }
        for operation in ["EXEC", "message", "pmessage", "PING", "UNSUBSCRIBE"] {
            assert_eq!(error_before(operation), None, "{operation}");
        }
        assert!(faultable("XADD", "").overtakes);
        assert_eq!(faultable("message", "channel.a"), Faultable::default());
        assert_eq!(faultable("EXEC", ""), Faultable::default());
    }
}
