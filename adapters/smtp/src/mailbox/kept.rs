//! The mails that were taken.

use super::limits::Limits;
use crate::pattern::Pattern;
use crate::reading::Reading;
use exactly_adapter::TrialNames;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A mail that has come whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Draft {
    pub from: String,
    pub recipients: Vec<String>,
    /// Its content, without dot-stuffing.
    pub content: Vec<u8>,
}

/// There is no room for another mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Full;

/// A mail as the audit shows it, and its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mail {
    pub shown: Shown,
    /// Trials that it belongs to, by the ids it carries.
    trials: BTreeSet<(u32, u32)>,
    pub content: Vec<u8>,
}

/// A line of the audit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// Order at the sink, from 1.
    pub number: u64,
    pub from: String,
    pub recipients: Vec<String>,
    pub message_id: Option<String>,
    pub subject: Option<String>,
    pub to: Option<String>,
    /// Octets of the content.
    pub size: u64,
    /// Messages that it carries, in the text rendering.
    pub ids: Vec<String>,
    /// What the payload in it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
}

/// Per-key sequence and checksum of a message in a payload.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub id: String,
    pub seq: Option<u32>,
    pub checksum: Option<u32>,
}

impl Mail {
    /// Reads what has come. Outside of any lock: a mail of 25 MiB takes its time.
    pub fn of(draft: Draft) -> Self {
        let envelope = std::iter::once(&draft.from).chain(&draft.recipients);
        let reading = Reading::of(&draft.content, envelope.map(String::as_str));
        let payload = reading.carried.map(|carried| Payload {
            id: carried.id.to_text(),
            seq: carried.key_seq,
            checksum: carried.checksum,
        });
        Self {
            trials: reading
                .ids
                .iter()
                .map(|id| (id.run(), id.trial()))
                .collect(),
            shown: Shown {
                number: 0,
                from: draft.from,
                recipients: draft.recipients,
                message_id: reading.message_id,
                subject: reading.subject,
                to: reading.to,
                size: draft.content.len() as u64,
                ids: reading.ids.iter().map(|id| id.to_text()).collect(),
                payload,
            },
            content: draft.content,
        }
    }

    /// What it takes of the room there is: also what was made of it.
    fn octets(&self) -> u64 {
        let words = self.shown.recipients.iter().chain(&self.shown.ids);
        let words: usize = words.map(|word| word.len() + size_of::<String>()).sum();
        self.shown.size + (words + size_of::<Self>()) as u64
    }
}

/// Which mails are asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    /// Those of a trial; all without it.
    pub trial: Option<TrialNames>,
    /// Those to a recipient that this fits; all without it.
    pub recipient: Option<Pattern>,
}

impl Asked {
    fn fits(&self, mail: &Mail) -> bool {
        let recipient = self.recipient.as_ref();
        recipient.is_none_or(|pattern| mail.shown.recipients.iter().any(|one| pattern.fits(one)))
    }
}

/// All mails.
#[derive(Debug)]
pub(crate) struct Mailbox {
    limits: Arc<Limits>,
    mails: BTreeMap<u64, Arc<Mail>>,
    trials: HashMap<(u32, u32), BTreeSet<u64>>,
    last: u64,
    octets: u64,
}

impl Mailbox {
    pub fn new(limits: Arc<Limits>) -> Self {
        Self {
            limits,
            mails: BTreeMap::new(),
            trials: HashMap::new(),
            last: 0,
            octets: 0,
        }
    }

    /// Keeps a mail: from now on it is shown. Answers its number.
    pub fn keep(&mut self, mut mail: Mail) -> Result<u64, Full> {
        let octets = self.octets + mail.octets();
        if self.mails.len() >= self.limits.mails || octets > self.limits.octets {
            return Err(Full);
        }
        self.octets = octets;
        self.last += 1;
        mail.shown.number = self.last;
        for trial in &mail.trials {
            self.trials.entry(*trial).or_default().insert(self.last);
        }
        self.mails.insert(self.last, Arc::new(mail));
        Ok(self.last)
    }

    /// Numbers of the mails asked for, from `from` on.
    fn numbers<'a>(&'a self, asked: &Asked, from: u64) -> Box<dyn Iterator<Item = u64> + 'a> {
        match asked.trial {
            None => Box::new(self.mails.range(from..).map(|(number, _)| *number)),
            Some(names) => {
                let of_trial = self.trials.get(&(names.run, names.trial));
                Box::new(
                    of_trial
                        .into_iter()
                        .flat_map(move |all| all.range(from..))
                        .copied(),
                )
            }
        }
    }

    /// The mails asked for, from number `from` on, `max` of them at most; and the
    /// number from which on there are more.
    pub fn list(&self, asked: &Asked, from: u64, max: usize) -> (Vec<Arc<Mail>>, Option<u64>) {
        let found = self
            .numbers(asked, from)
            .filter_map(|number| self.mails.get(&number));
        let mut found = found.filter(|mail| asked.fits(mail)).cloned();
        let page: Vec<_> = found.by_ref().take(max).collect();
        (page, found.next().map(|mail| mail.shown.number))
    }

    /// How many mails there are of those asked for.
    pub fn count(&self, asked: &Asked) -> u64 {
        match (&asked.recipient, asked.trial) {
            (None, None) => self.mails.len() as u64,
            (None, Some(names)) => {
                let of_trial = self.trials.get(&(names.run, names.trial));
                of_trial.map_or(0, |all| all.len() as u64)
            }
            (Some(_), _) => {
                let found = self
                    .numbers(asked, 0)
                    .filter_map(|number| self.mails.get(&number));
                found.filter(|mail| asked.fits(mail)).count() as u64
            }
        }
    }

    pub fn get(&self, number: u64) -> Option<Arc<Mail>> {
        self.mails.get(&number).cloned()
    }

    /// Forgets the mails that are of this trial and of no other one. Answers how many.
    pub fn forget(&mut self, names: TrialNames) -> u64 {
        let trial = (names.run, names.trial);
        let numbers = self.trials.remove(&trial).unwrap_or_default();
        let mut gone = 0;
        for number in numbers {
            let shared = self.mails.get(&number).is_none_or(|mail| {
                let mut others = mail.trials.iter().filter(|other| **other != trial);
                others.any(|other| self.trials.contains_key(other))
            });
            if shared {
                continue;
            }
            if let Some(mail) = self.mails.remove(&number) {
                self.octets -= mail.octets();
                gone += 1;
            }
        }
        gone
    }
}
