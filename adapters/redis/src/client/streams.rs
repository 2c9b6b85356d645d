//! What the harness asks of streams and keys.

use super::link::Link;
use super::reply::{self, Entry, EntryId};
use super::trouble::Trouble;
use redis::{Cmd, Value, cmd};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a look may take. A server that is paused answers later than that, and is
/// asked again by whoever waits for it.
const WITHIN: Duration = Duration::from_secs(5);
/// Entries, or members, that one request asks for.
pub(super) const PAGE: usize = 500;
/// Keys that one SCAN goes through, and that one DEL names.
const SCAN: usize = 1000;
/// Keys that are looked at: a trial with more cannot be observed.
pub(super) const KEYS_MAX: usize = 1_000_000;

impl Link {
    /// Asks within the time of a look.
    pub async fn look(&self, command: &Cmd) -> Result<Value, Trouble> {
        self.ask(command, WITHIN).await
    }
}

/// The next page of entries after `after`, all of them from the first on where it is
/// absent.
pub(crate) async fn page(
    link: &Link,
    key: &str,
    after: Option<EntryId>,
    count: usize,
) -> Result<Vec<Entry>, Trouble> {
    let from = after.map_or("-".into(), |id| format!("({id}"));
    let mut command = cmd("XRANGE");
    command.arg(key).arg(from).arg("+").arg("COUNT").arg(count);
    reply::entries(link.look(&command).await?)
}

/// What a stream says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub length: u64,
    /// Of the first entry that it still has.
    pub first: Option<EntryId>,
    /// Of the last one that it was given.
    pub last: EntryId,
    /// Entries that it was ever given, where it counts them (since 7.0).
    pub added: Option<u64>,
}

impl Facts {
    /// Entries that it had and has no more.
    pub fn gone(&self) -> Option<u64> {
        Some(self.added?.saturating_sub(self.length))
    }
}

/// `None` where there is no such stream.
pub(crate) async fn facts(link: &Link, key: &str) -> Result<Option<Facts>, Trouble> {
    let answer = link.look(cmd("XINFO").arg("STREAM").arg(key)).await;
    let mut facts = match answer {
        Ok(value) => reply::pairs(value)?,
        Err(error) if error.says_no_key() => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut number = |name: &str| reply::take(&mut facts, name).and_then(reply::number);
    let (length, added) = (number("length"), number("entries-added"));
    let last = reply::take(&mut facts, "last-generated-id").and_then(reply::entry_id);
    let first = reply::take(&mut facts, "first-entry").filter(|entry| *entry != Value::Nil);
    Ok(Some(Facts {
        length: length.ok_or_else(|| reply::strange("a stream's length"))?,
        first: first.map(reply::entry).transpose()?.map(|entry| entry.id),
        last: last.ok_or_else(|| reply::strange("a stream's last id"))?,
        added,
    }))
}

/// A consumer group of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub name: String,
    pub consumers: u64,
    /// Entries that were delivered and not acknowledged.
    pub pending: u64,
    /// The last entry that it delivered.
    pub delivered: EntryId,
}

impl Group {
    /// Whether anybody has read by it.
    pub fn is_used(&self) -> bool {
        self.consumers > 0 || self.pending > 0 || self.delivered != EntryId::ZERO
    }
}

/// The groups of a stream; none where there is no such stream.
pub(crate) async fn groups(link: &Link, key: &str) -> Result<Vec<Group>, Trouble> {
    let answer = link.look(cmd("XINFO").arg("GROUPS").arg(key)).await;
    match answer {
        Ok(value) => reply::list(value)?.into_iter().map(group).collect(),
        Err(error) if error.says_no_key() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn group(value: Value) -> Result<Group, Trouble> {
    let mut facts = reply::pairs(value)?;
    let mut take = |name: &str| reply::take(&mut facts, name);
    let name = take("name").and_then(reply::text);
    let delivered = take("last-delivered-id").and_then(reply::entry_id);
    let mut number = |name: &str| take(name).and_then(reply::number);
    Ok(Group {
        consumers: number("consumers").unwrap_or_default(),
        pending: number("pending").ok_or_else(|| reply::strange("a group's pending entries"))?,
        name: name.ok_or_else(|| reply::strange("a group's name"))?,
        delivered: delivered.ok_or_else(|| reply::strange("a group's last id"))?,
    })
}

/// The oldest `count` pending entries of a group.
pub(crate) async fn pending(
    link: &Link,
    key: &str,
    group: &str,
    count: usize,
) -> Result<Vec<EntryId>, Trouble> {
    let mut command = cmd("XPENDING");
    command.arg(key).arg(group).arg("-").arg("+").arg(count);
    let each = reply::list(link.look(&command).await?)?.into_iter();
    each.map(|one| {
        let id = reply::list(one)?.into_iter().next();
        id.and_then(reply::entry_id)
            .ok_or_else(|| reply::strange("a pending entry's id"))
    })
    .collect()
}

/// Names of all keys that match `pattern`, in their order. SCAN may tell a key twice.
pub(crate) async fn keys(link: &Link, pattern: &str) -> Result<BTreeSet<String>, Trouble> {
    let mut found = BTreeSet::new();
    let mut cursor = "0".to_string();
    loop {
        let mut command = cmd("SCAN");
        command.arg(&cursor).arg("MATCH").arg(pattern);
        command.arg("COUNT").arg(SCAN);
        let (next, page) = cursored(link.look(&command).await?)?;
        found.extend(page.into_iter().filter_map(reply::text));
        if next == "0" {
            return Ok(found);
        }
        if found.len() > KEYS_MAX {
            return Err(Trouble::Strange(format!("more than {KEYS_MAX} keys")));
        }
        cursor = next;
    }
}

/// The next cursor, and what was found on the way there.
fn cursored(value: Value) -> Result<(String, Vec<Value>), Trouble> {
    let mut parts = reply::list(value)?.into_iter();
    let cursor = parts.next().and_then(reply::text);
    let cursor = cursor.ok_or_else(|| reply::strange("a cursor"))?;
    let page = parts.next().ok_or_else(|| reply::strange("a page"))?;
    Ok((cursor, reply::list(page)?))
}

/// A pattern that matches names that begin with `prefix` and go on as `pattern` says
/// (redis.io, KEYS: `* ? [ ] ^ -` and the backslash).
pub(crate) fn glob(prefix: &str, pattern: &str) -> String {
    let mut glob = String::new();
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            glob.push('\\');
        }
        glob.push(letter);
    }
    glob + pattern
}

/// Removes all keys that begin with `prefix`.
pub(crate) async fn remove(link: &Link, prefix: &str) -> Result<(), Trouble> {
    let found: Vec<String> = keys(link, &glob(prefix, "*")).await?.into_iter().collect();
    for some in found.chunks(SCAN) {
        link.look(cmd("DEL").arg(some)).await?;
    }
    Ok(())
}
