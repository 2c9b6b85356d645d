//! What a Mailpit has taken, by its API (v1).

use super::get::get;
use super::show;
use crate::mailbox::{Payload, Shown};
use crate::pattern::Pattern;
use crate::reading::Reading;
use exactly_adapter::{Seen, TrialNames};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use tokio::sync::Mutex;

/// Mails asked for at once.
const PAGE: usize = 500;
/// Mails that are remembered.
const MAILS_MAX: usize = 250_000;

/// Mailpit could not be read, or not be believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailpitError {
    #[error("{0}")]
    Unavailable(String),
    /// What it lists is less than what it took.
    #[error("Mailpit has dropped mails that it took in this run")]
    Dropped,
    #[error("Mailpit holds more than {MAILS_MAX} mails")]
    TooMany,
}

impl MailpitError {
    /// What to do next, where the Mailpit is there and not to be relied on.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unavailable(_) => None,
            Self::Dropped => Some("start it with --max 0, and let nobody delete its mails"),
            Self::TooMany => Some("empty it, or start another one"),
        }
    }
}

/// A Mailpit that is read.
#[derive(Debug)]
pub(crate) struct Mailpit {
    authority: String,
    base: String,
    read: Mutex<Read>,
}

/// What was read of it.
#[derive(Debug, Default)]
struct Read {
    /// Total and newest mail when it was last read whole.
    last: Option<(u64, Option<String>)>,
    /// Mails that there were before the run, and those of the run.
    before: BTreeSet<String>,
    known: BTreeSet<String>,
    mails: Vec<Shown>,
}

#[derive(Deserialize)]
struct Listed {
    total: u64,
    messages: Vec<Summary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    from: Option<Named>,
    #[serde(default)]
    to: Option<Vec<Named>>,
    #[serde(default)]
    cc: Option<Vec<Named>>,
    /// Also whom the headers do not name.
    #[serde(default)]
    bcc: Option<Vec<Named>>,
    subject: String,
    size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WebUi {
    #[serde(default)]
    duplicates_ignored: bool,
}

impl Mailpit {
    pub fn new((authority, base): (String, String)) -> Self {
        Self {
            authority,
            base,
            read: Mutex::default(),
        }
    }

    /// Sees that it is one and shows all that it takes, and remembers what is there
    /// already. `Ok(false)`: it throws mails away whose Message-ID it knows.
    pub async fn begin(&self) -> Result<bool, MailpitError> {
        let settings: WebUi = self.json("/api/v1/webui").await?;
        let (_, all) = self.list().await?;
        let mut read = self.read.lock().await;
        read.before = all.into_iter().map(|mail| mail.id).collect();
        Ok(!settings.duplicates_ignored)
    }

    /// Hands every message in every mail of the trial to `each`.
    pub async fn read(
        &self,
        names: TrialNames,
        recipient: Option<&Pattern>,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), MailpitError> {
        let mut read = self.read.lock().await;
        self.catch_up(&mut read).await?;
        for mail in read.mails.iter().filter(|mail| is_to(mail, recipient)) {
            show(mail, names, each);
        }
        Ok(())
    }

    /// How many mails of the trial there are.
    pub async fn count(
        &self,
        names: TrialNames,
        recipient: Option<&Pattern>,
    ) -> Result<u64, MailpitError> {
        let mut read = self.read.lock().await;
        self.catch_up(&mut read).await?;
        let mails = read.mails.iter().filter(|mail| is_to(mail, recipient));
        let of_trial = mails.filter(|mail| {
            let mut any = false;
            show(mail, names, &mut |_| any = true);
            any
        });
        Ok(of_trial.count() as u64)
    }

    /// Reads what has come since. One small question where nothing has.
    async fn catch_up(&self, read: &mut Read) -> Result<(), MailpitError> {
        let newest = self.page(0, 1).await?;
        let mark = (newest.total, newest.messages.first().map(|m| m.id.clone()));
        if read.last.as_ref() == Some(&mark) {
            return Ok(());
        }
        let (mut total, mut all) = self.list().await?;
        if !read.all_among(&all) {
            // A mail that is dropped moves the others between two pages: only what is
            // missing twice is missing.
            (total, all) = self.list().await?;
            if !read.all_among(&all) {
                return Err(MailpitError::Dropped);
            }
        }
        let is_whole = all.len() as u64 >= total;
        // The newest is listed first.
        for mail in all.into_iter().rev() {
            if read.before.contains(&mail.id) || read.known.contains(&mail.id) {
                continue;
            }
            if read.mails.len() >= MAILS_MAX {
                return Err(MailpitError::TooMany);
            }
            let path = format!("/api/v1/message/{}/raw", mail.id);
            let content = self.get(&path).await?;
            let number = read.mails.len() + 1;
            read.known.insert(mail.id.clone());
            read.mails.push(shown(mail, number as u64, &content));
        }
        read.last = is_whole.then_some(mark);
        Ok(())
    }

    /// All mails, each once.
    async fn list(&self) -> Result<(u64, Vec<Summary>), MailpitError> {
        let mut ids = BTreeSet::new();
        let (mut total, mut all) = (0, Vec::new());
        for start in (0..=MAILS_MAX).step_by(PAGE) {
            let page = self.page(start, PAGE).await?;
            if start == 0 {
                total = page.total;
            }
            let is_last = page.messages.len() < PAGE;
            let new = page.messages.into_iter();
            all.extend(new.filter(|mail| ids.insert(mail.id.clone())));
            if is_last {
                return Ok((total, all));
            }
        }
        Err(MailpitError::TooMany)
    }

    async fn page(&self, start: usize, limit: usize) -> Result<Listed, MailpitError> {
        let path = format!("/api/v1/messages?start={start}&limit={limit}");
        self.json(&path).await
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, MailpitError> {
        let body = self.get(path).await?;
        serde_json::from_slice(&body).map_err(|error| {
            MailpitError::Unavailable(format!("{path} is none of Mailpit's: {error}"))
        })
    }

    async fn get(&self, path: &str) -> Result<bytes::Bytes, MailpitError> {
        let whole = format!("{}{path}", self.base);
        let got = get(&self.authority, &whole).await;
        got.map_err(|why| MailpitError::Unavailable(format!("{}: {why}", self.authority)))
    }
}

impl Read {
    /// Whether every mail of the run is among `all`.
    fn all_among(&self, all: &[Summary]) -> bool {
        let there = all.iter().filter(|mail| self.known.contains(&mail.id));
        there.count() == self.known.len()
    }
}

fn is_to(mail: &Shown, recipient: Option<&Pattern>) -> bool {
    recipient.is_none_or(|pattern| mail.recipients.iter().any(|one| pattern.fits(one)))
}

fn shown(mail: Summary, number: u64, content: &[u8]) -> Shown {
    let lists = [mail.to, mail.cc, mail.bcc];
    let recipients = lists.into_iter().flatten().flatten();
    let recipients: Vec<String> = recipients.map(|one| one.address).collect();
    let from = mail.from.map(|one| one.address).unwrap_or_default();
    let envelope = std::iter::once(&from).chain(&recipients);
    let reading = Reading::of(content, envelope.map(String::as_str));
    Shown {
        number,
        message_id: reading.message_id,
        subject: Some(mail.subject),
        to: reading.to,
        size: mail.size,
        ids: reading.ids.iter().map(|id| id.to_text()).collect(),
        payload: reading.carried.map(|carried| Payload {
            id: carried.id.to_text(),
            seq: carried.key_seq,
            checksum: carried.checksum,
        }),
        from,
        recipients,
    }
}
