//! What both directions share: the exchanges in flight and the transaction.

use super::ids::Ids;
use super::names::Names;
use super::sql::{Moves, Statement};
use crate::sqlstate::{Severity, judge};
use exactly_adapter::{Head, Reply};
use exactly_model::{Class, Outcome};
use std::collections::VecDeque;

/// Exchanges in flight on one connection.
const IN_FLIGHT_MAX: usize = 65_536;

/// An exchange that waits for its ReadyForQuery.
#[derive(Debug)]
struct Waiting {
    /// `None` for the start-up, which is no exchange.
    key: Option<u64>,
    class: Class,
    /// Whether it commits and does not also roll back.
    commits: bool,
}

/// What an exchange that is being put together has shown so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Label and class of its strongest statement, the first one of these.
    strongest: Option<(String, String, Class)>,
    ids: Ids,
    commits: bool,
    rolls_back: bool,
    /// Whether anything was parsed, bound or described.
    pub(super) prepared: bool,
    /// Whether any of its messages was seen.
    pub(super) begun: bool,
}

impl Gathered {
    fn add(&mut self, operation: &str, target: &str, class: Class) {
        let stronger = |known: &(String, String, Class)| rank(class) > rank(known.2);
        if self.strongest.as_ref().is_none_or(stronger) {
            self.strongest = Some((operation.into(), target.into(), class));
        }
    }

    /// A FunctionCall: which function stands in it by number only.
    pub(super) fn call(&mut self, function: u32) {
        self.add("FUNCTION", &function.to_string(), Class::Effect);
    }
}

fn rank(class: Class) -> u8 {
    match class {
        Class::Effect => 3,
        Class::Ack | Class::Take => 2,
        Class::Read => 1,
        Class::Control => 0,
    }
}

/// What a reply has shown so far.
#[derive(Debug, Default)]
struct Shown {
    error: Option<ServerError>,
    committed: bool,
    rolled_back: bool,
}

/// An ErrorResponse.
#[derive(Debug)]
pub(super) struct ServerError {
    pub(super) severity: Severity,
    pub(super) code: String,
    pub(super) message: String,
}

/// State of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    waiting: VecDeque<Waiting>,
    shown: Shown,
    keys: u64,
    /// Whether a transaction is open once everything sent was executed.
    in_transaction: bool,
    transaction_ids: Ids,
    pub(super) gathered: Gathered,
    pub(super) names: Names,
}

impl Session {
    /// The StartupMessage was sent: the first ReadyForQuery belongs to it.
    pub(super) fn starts_up(&mut self) {
        self.waiting.push_back(Waiting {
            key: None,
            class: Class::Control,
            commits: false,
        });
    }

    /// Statements are executed with the ids in their parameters.
    pub(super) fn executes(&mut self, statements: &[Statement], bound: &Ids) {
        for statement in statements {
            let label = &statement.label;
            self.gathered
                .add(&label.operation, &label.target, label.class);
            self.gathered.ids.merge(bound);
            self.gathered.ids.merge(&statement.ids);
            match label.moves {
                Moves::Nothing => {}
                Moves::Begin => self.in_transaction = true,
                Moves::Commit | Moves::Rollback => {
                    self.gathered.ids.merge(&self.transaction_ids);
                    self.transaction_ids.clear();
                    self.in_transaction = false;
                    self.gathered.commits |= label.moves == Moves::Commit;
                    self.gathered.rolls_back |= label.moves == Moves::Rollback;
                }
            }
            if self.in_transaction {
                self.transaction_ids.merge(bound);
                self.transaction_ids.merge(&statement.ids);
            }
        }
    }

    /// The exchange that was gathered is complete.
    pub(super) fn opens(&mut self) -> Result<Head, String> {
        if self.waiting.len() >= IN_FLIGHT_MAX {
            return Err(format!("more than {IN_FLIGHT_MAX} exchanges in flight"));
        }
        let gathered = std::mem::take(&mut self.gathered);
        let (operation, target, class) = gathered.strongest.unwrap_or_else(|| {
            let operation = if gathered.prepared { "PREPARE" } else { "SYNC" };
            (operation.into(), String::new(), Class::Control)
        });
        self.keys += 1;
        self.waiting.push_back(Waiting {
            key: Some(self.keys),
            class,
            commits: gathered.commits && !gathered.rolls_back,
        });
        Ok(Head {
            key: self.keys,
            operation,
            target,
            class,
            ids: gathered.ids.into_vec(),
            commits: Vec::new(),
            names: Vec::new(),
            expects_reply: true,
        })
    }

    /// Whether the reply that comes next answers an effect.
    pub(super) fn answers_effect(&self) -> bool {
        self.waiting
            .front()
            .is_some_and(|waiting| waiting.class == Class::Effect)
    }

    /// A CommandComplete.
    pub(super) fn completes(&mut self, tag: &[u8]) {
        self.shown.committed |= tag == b"COMMIT" || tag == b"COMMIT PREPARED";
        self.shown.rolled_back |= tag == b"ROLLBACK";
    }

    /// An ErrorResponse. The first one of an exchange tells why it failed.
    pub(super) fn fails(&mut self, error: ServerError) {
        self.shown.error.get_or_insert(error);
    }

    /// A ReadyForQuery with its transaction status.
    pub(super) fn ready(&mut self, status: u8) -> Option<Reply> {
        let reply = self.ends();
        // With more on its way the status is out of date already.
        if self.waiting.is_empty() && !self.gathered.begun {
            self.in_transaction = status != b'I';
            if status == b'I' {
                self.transaction_ids.clear();
                self.names.end_transaction();
            }
        }
        reply
    }

    /// The exchange in front has its whole reply.
    pub(super) fn ends(&mut self) -> Option<Reply> {
        let shown = std::mem::take(&mut self.shown);
        let waiting = self.waiting.pop_front()?;
        let (outcome, error) = shown.outcome(&waiting);
        Some(Reply {
            key: waiting.key?,
            outcome,
            error,
            fenced: false,
            duplicate_of: Vec::new(),
            idle: false,
        })
    }
}

impl Shown {
    fn outcome(self, waiting: &Waiting) -> (Outcome, Option<String>) {
        if let Some(error) = self.error {
            let outcome = match waiting.class {
                // One of its statements was made permanent, a later one failed.
                Class::Effect if self.committed => Outcome::Unknown,
                Class::Effect => judge(&error.code, error.severity).outcome,
                _ => Outcome::Fail,
            };
            return (outcome, Some(format!("{} {}", error.code, error.message)));
        }
        if waiting.commits && self.rolled_back && !self.committed {
            let why = "COMMIT was answered with ROLLBACK: the transaction had failed before";
            return (Outcome::Fail, Some(why.into()));
        }
        (Outcome::Ok, None)
    }
}
