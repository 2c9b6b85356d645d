//! The service without its socket: operations in, answers out.

use super::account::{Account, Begun as AccountBegun, Settings, Task};
use super::answer::Answer;
use super::charging::{Charge, number_of};
use super::script::Script;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accounts that are open at once.
pub(super) const ACCOUNTS_MAX: usize = 10_000;

/// All accounts.
#[derive(Default)]
pub(super) struct Payments {
    accounts: BTreeMap<String, Opened>,
    /// Accounts opened so far: tells an account from one that had its name.
    opened: u64,
}

struct Opened {
    number: u64,
    account: Account,
}

/// A request that was begun and waits for [`Payments::finish`].
#[derive(Debug)]
pub(super) struct Work {
    account: String,
    opened: u64,
    task: Task,
}

impl Work {
    /// How long it takes, in milliseconds.
    pub const fn takes_ms(&self) -> u64 {
        self.task.slow_ms
    }
}

/// What happens to a request at once.
#[derive(Debug)]
pub(super) enum Begun {
    Answered(Answer),
    Working(Work),
}

impl Payments {
    /// Opens an account. The same again changes nothing; other settings are
    /// refused, since charges were made under the first.
    pub fn open(&mut self, name: &str, body: &[u8]) -> Answer {
        let settings = match Settings::parse(body) {
            Ok(settings) => settings,
            Err(why) => return Answer::problem(400, &why),
        };
        match self.accounts.get(name) {
            Some(there) if there.account.settings == settings => {
                return Answer::json(200, &json!({ "account": name }));
            }
            Some(_) => {
                return Answer::problem(
                    409,
                    "the account is there with other settings; drop it first",
                );
            }
            None => {}
        }
        if self.accounts.len() >= ACCOUNTS_MAX {
            return Answer::problem(503, "10000 accounts are open; drop one first");
        }
        self.opened += 1;
        let account = Account::new(name, settings);
        let opened = Opened {
            number: self.opened,
            account,
        };
        self.accounts.insert(name.into(), opened);
        Answer::json(201, &json!({ "account": name }))
    }

    /// Drops an account with all that it keeps.
    pub fn close(&mut self, name: &str) -> Answer {
        match self.accounts.remove(name) {
            Some(_) => Answer::json(200, &json!({ "account": name })),
            None => no_account(),
        }
    }

    /// Puts a script in the place of the one that there is.
    pub fn script(&mut self, name: &str, body: &[u8]) -> Answer {
        let Some(account) = self.account_mut(name) else {
            return no_account();
        };
        match Script::parse(body) {
            Ok(script) => {
                account.script = script;
                Answer::json(200, &json!({ "account": name }))
            }
            Err(why) => Answer::problem(400, &why),
        }
    }

    /// Begins a charge. `key` is what the `Idempotency-Key` field says, or what is
    /// wrong with it.
    pub fn begin(
        &mut self,
        name: &str,
        body: &[u8],
        key: Result<Option<String>, &'static str>,
    ) -> Begun {
        let Some(there) = self.accounts.get_mut(name) else {
            return Begun::Answered(no_account());
        };
        match there.account.begin(body, key) {
            AccountBegun::Answered(answer) => Begun::Answered(answer),
            AccountBegun::Working(task) => Begun::Working(Work {
                account: name.into(),
                opened: there.number,
                task,
            }),
        }
    }

    /// Does what was begun. Work for an account that was dropped is dropped with
    /// it, whoever has its name now.
    pub fn finish(&mut self, work: Work, now_ms: u64) -> Answer {
        match self.accounts.get_mut(&work.account) {
            Some(there) if there.number == work.opened => there.account.finish(work.task, now_ms),
            _ => no_account(),
        }
    }

    /// A page of an account's charges.
    pub fn list(&self, name: &str, query: &str) -> Answer {
        let Some(account) = self.account(name) else {
            return no_account();
        };
        let (mut after, mut limit) = (0, None);
        for (name, value) in pairs(query) {
            match name {
                "after" => match number_of(value) {
                    Some(number) => after = number,
                    None => return Answer::problem(400, "after is not the name of a charge"),
                },
                "limit" => match value.parse() {
                    Ok(n @ 1..) => limit = Some(n),
                    _ => return Answer::problem(400, "limit is not a number of charges"),
                },
                _ => {}
            }
        }
        account.page(after, limit)
    }

    /// One charge.
    pub fn get(&self, name: &str, charge: &str) -> Answer {
        let Some(account) = self.account(name) else {
            return no_account();
        };
        match number_of(charge).and_then(|number| account.get(number)) {
            Some(charge) => Answer::json(200, &charge.shown()),
            None => Answer::problem(404, "there is no such charge"),
        }
    }

    /// How much an account has, and how much is being worked on.
    pub fn state(&self, name: &str) -> Answer {
        self.account(name).map_or_else(no_account, Account::state)
    }

    /// All charges of the account that a query names.
    pub fn audit(&self, query: &str) -> Result<Vec<Arc<Charge>>, Answer> {
        let name = pairs(query).find_map(|(name, value)| (name == "account").then_some(value));
        match name.and_then(|name| self.account(name)) {
            Some(account) => Ok(account.audit()),
            None if name.is_none() => Err(Answer::problem(400, "say ?account=NAME")),
            None => Err(no_account()),
        }
    }

    fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name).map(|there| &there.account)
    }

    fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts.get_mut(name).map(|there| &mut there.account)
    }
}

/// Names and values of a query. Nothing in ours needs percent-encoding.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn no_account() -> Answer {
    Answer::problem(404, "there is no such account")
}
