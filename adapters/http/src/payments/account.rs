//! One account: its charges, and the keys that it keeps.

use super::answer::Answer;
use super::charging::{Charge, Charging, name_of};
use super::json;
use super::script::Script;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Charges of one account, the ones that are being made included; and keys.
pub(super) const CHARGES_MAX: usize = 100_000;
/// Customers that an account may refuse.
const REFUSED_MAX: usize = 1_000;
/// Charges of one page.
const PAGE_MAX: usize = 1_000;
const PAGE_DEFAULT: usize = 100;

/// Whether an account keeps idempotency keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keys {
    /// The field is ignored, as by any service that does not know it.
    None,
    /// Kept with the charge, in the same step.
    #[default]
    Store,
}

/// What an account is opened with.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    #[serde(default)]
    pub keys: Keys,
    /// Customers whose charges are declined: 402, and no charge.
    #[serde(default)]
    pub refuse: BTreeSet<String>,
}

impl Settings {
    /// Reads a body; the error says what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let read: Self = json::object(body)?;
        match read.refuse.len() <= REFUSED_MAX {
            true => Ok(read),
            false => Err(format!("refuse has more than {REFUSED_MAX} customers")),
        }
    }
}

/// What is kept under a key.
struct Kept {
    /// The fingerprint: what was asked for.
    asked: Arc<Charging>,
    /// The answer; none while the first request is being worked on.
    answer: Option<Answer>,
}

/// Work that was begun, and is done by [`Account::finish`].
#[derive(Debug)]
pub(super) struct Task {
    kind: TaskKind,
    /// How long it takes.
    pub slow_ms: u64,
    /// An error that hides the answer.
    hidden_by: Option<u16>,
}

#[derive(Debug)]
enum TaskKind {
    /// Nothing is done, and an error says so.
    Fail(u16),
    /// A kept answer is given again.
    Replay(Answer),
    Charge {
        asked: Arc<Charging>,
        key: Option<Arc<str>>,
    },
}

/// What happens to a request at once.
#[derive(Debug)]
pub(super) enum Begun {
    Answered(Answer),
    Working(Task),
}

pub(super) struct Account {
    name: String,
    pub settings: Settings,
    pub script: Script,
    charges: Vec<Arc<Charge>>,
    keys: BTreeMap<Arc<str>, Kept>,
    /// Tasks that have begun and not finished.
    working: usize,
    /// Charges among them.
    charging: usize,
}

impl Account {
    pub fn new(name: &str, settings: Settings) -> Self {
        Self {
            name: name.into(),
            settings,
            script: Script::default(),
            charges: Vec::new(),
            keys: BTreeMap::new(),
            working: 0,
            charging: 0,
        }
    }

    /// Begins a charge. `key` is what the request's field says.
    ///
    /// What can be told from the keys alone is told at once (draft, 2.6 and 2.7):
    /// another body under a key is 422, a key whose first request is still being
    /// worked on is 409. Otherwise the key is taken here, so that of two requests
    /// with one key only one gets past.
    pub fn begin(&mut self, body: &[u8], key: Result<Option<String>, &'static str>) -> Begun {
        let asked = match Charging::parse(body) {
            Ok(asked) => Arc::new(asked),
            Err(why) => return Begun::Answered(Answer::problem(400, &why)),
        };
        let key = match (self.settings.keys, key) {
            (Keys::None, _) => None,
            (Keys::Store, Ok(key)) => key,
            (Keys::Store, Err(why)) => return Begun::Answered(Answer::problem(400, why)),
        };
        let planned = self.script.next();
        let kind = match planned.fail {
            Some(status) => TaskKind::Fail(status),
            None => match self.decide(asked, key) {
                Ok(kind) => kind,
                Err(answer) => return Begun::Answered(answer),
            },
        };
        self.working += 1;
        self.charging += usize::from(matches!(kind, TaskKind::Charge { .. }));
        Begun::Working(Task {
            kind,
            slow_ms: planned.slow_ms,
            hidden_by: planned.fail_after_apply,
        })
    }

    fn decide(&mut self, asked: Arc<Charging>, key: Option<String>) -> Result<TaskKind, Answer> {
        if let Some(kept) = key.as_deref().and_then(|key| self.keys.get(key)) {
            return match &kept.answer {
                _ if kept.asked != asked => Err(Answer::problem(
                    422,
                    "this Idempotency-Key was used for another request body",
                )),
                None => Err(Answer::problem(
                    409,
                    "the first request with this Idempotency-Key is still being worked on",
                )
                .retry_after_s(1)),
                Some(answer) => Ok(TaskKind::Replay(answer.clone().again())),
            };
        }
        if self.charges.len() + self.charging >= CHARGES_MAX || self.keys.len() >= CHARGES_MAX {
            return Err(Answer::problem(
                503,
                "this account is full: it takes 100000 charges and as many keys",
            ));
        }
        let key = key.map(Arc::<str>::from);
        if let Some(key) = &key {
            let kept = Kept {
                asked: Arc::clone(&asked),
                answer: None,
            };
            self.keys.insert(Arc::clone(key), kept);
        }
        Ok(TaskKind::Charge { asked, key })
    }

    /// Does what was begun. The charge and what its key keeps are one step.
    pub fn finish(&mut self, task: Task, now_ms: u64) -> Answer {
        self.working -= 1;
        let answer = match task.kind {
            TaskKind::Fail(status) => {
                return Answer::problem(status, "failed by the account's script, nothing was done");
            }
            TaskKind::Replay(answer) => answer,
            TaskKind::Charge { asked, key } => self.charge(asked, key, now_ms),
        };
        match task.hidden_by {
            Some(status) => Answer::problem(status, "failed by the account's script"),
            None => answer,
        }
    }

    fn charge(&mut self, asked: Arc<Charging>, key: Option<Arc<str>>, now_ms: u64) -> Answer {
        self.charging -= 1;
        let answer = match self.settings.refuse.contains(&asked.customer) {
            // An answer like any other: it is kept, and a retry gets it again.
            true => Answer::problem(402, "charges to this customer are declined"),
            false => {
                let charge = Charge {
                    number: self.charges.len() as u64 + 1,
                    asked,
                    key: key.clone(),
                    time_ms: now_ms,
                };
                let location = format!("/{}/charges/{}", self.name, charge.name());
                let answer = Answer::json(201, &charge.receipt()).at(location);
                self.charges.push(Arc::new(charge));
                answer
            }
        };
        if let Some(kept) = key.and_then(|key| self.keys.get_mut(&key)) {
            kept.answer = Some(answer.clone());
        }
        answer
    }

    /// One charge by its number.
    pub fn get(&self, number: u64) -> Option<&Charge> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.charges.get(at).map(Arc::as_ref)
    }

    /// A page of charges, in the order of commits, after the one with the number
    /// `after`.
    pub fn page(&self, after: u64, limit: Option<usize>) -> Answer {
        let limit = limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
        let start =
            usize::try_from(after).map_or(self.charges.len(), |at| at.min(self.charges.len()));
        let end = (start + limit).min(self.charges.len());
        let charges: Vec<_> = self.charges[start..end].iter().map(|c| c.shown()).collect();
        let next = match end < self.charges.len() {
            true => Value::from(format!(
                "/{}/charges?after={}&limit={limit}",
                self.name,
                name_of(end as u64)
            )),
            false => Value::Null,
        };
        Answer::json(
            200,
            &serde_json::json!({ "charges": charges, "next": next }),
        )
    }

    /// All charges there are, in the order of commits.
    pub fn audit(&self) -> Vec<Arc<Charge>> {
        self.charges.clone()
    }

    /// How much there is, and how much is being worked on.
    pub fn state(&self) -> Answer {
        let state = serde_json::json!({
            "charges": self.charges.len(), "working": self.working, "keys": self.keys.len(),
        });
        Answer::json(200, &state)
    }
}
