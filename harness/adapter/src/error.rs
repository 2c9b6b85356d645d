//! Errors, one per operation. Each says what to do next, and each says what may
//! have happened.

use exactly_model::{Outcome, SystemPlace};

/// A system could not be started or reached.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Cannot be reached. Exit code 97.
    #[error("cannot reach {system} at {address}: {why}; {hint}")]
    Unreachable {
        /// Kind of the system.
        system: &'static str,
        /// Address, without secrets.
        address: String,
        /// The error.
        why: String,
        /// What to do next.
        hint: String,
    },
    /// The embedded server could not be got or started. Exit code 97.
    #[error("cannot start {system}: {why}; {hint}")]
    NotStarted {
        /// Kind of the system.
        system: &'static str,
        /// The error.
        why: String,
        /// What to do next.
        hint: String,
    },
    /// What the pipeline asks of the system is wrong. Exit code 96.
    #[error("{system}: {why}; {hint}")]
    Config {
        /// Kind of the system.
        system: &'static str,
        /// What is wrong.
        why: String,
        /// What to do next.
        hint: String,
    },
}

impl StartError {
    /// There is nothing to look for on this machine: servers elsewhere, or none at all.
    pub fn nothing_installed(system: &'static str, place: &SystemPlace, hint: &str) -> Self {
        Self::Config {
            system,
            why: format!("nothing is installed for the place {place}"),
            hint: hint.into(),
        }
    }
}

/// Messages could not be fed at all (single failures are outcomes, not errors).
#[derive(Debug, thiserror::Error)]
#[error("cannot feed {target}: {why}; {hint}")]
pub struct FeedError {
    /// Logical target.
    pub target: String,
    /// The error.
    pub why: String,
    /// What to do next.
    pub hint: String,
}

/// A sink could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The observer's definition is wrong: no `id` column, a NULL id, an id that
    /// did not survive the pipeline, an SQL error. Exit code 96.
    #[error("observer {observer}: {why}; {hint}")]
    Config {
        /// Observer.
        observer: String,
        /// What is wrong.
        why: String,
        /// What to do next.
        hint: String,
    },
    /// The system did not answer. Exit code 97.
    #[error("observer {observer}: cannot read {system}: {why}")]
    Unavailable {
        /// Observer.
        observer: String,
        /// Kind of the system.
        system: &'static str,
        /// The error.
        why: String,
    },
}

/// A client's error, judged by the protocol's table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// What the error says of the request.
    pub outcome: Outcome,
    /// Why, with the rule's source.
    pub because: &'static str,
}
