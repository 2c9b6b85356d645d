//! What is left to do in a stream: entries that no group was given yet, and entries
//! that were given to a consumer and not acknowledged.

use super::link::Link;
use super::reply::EntryId;
use super::streams::{self, Facts, Group};
use super::trouble::Trouble;
use exactly_adapter::PutAside;
use exactly_model::MessageId;
use std::collections::{BTreeSet, VecDeque};

/// Entries that one look counts one by one. What is more is counted as so many: it is
/// not at rest, and that is all that is asked.
const COUNTED_MAX: usize = 1000;
/// Pending entries that are looked at for whether they are still there.
const PENDING_MAX: usize = 100_000;
/// Entries that are remembered of a stream: of one that was fed more, the oldest are
/// not told when they are trimmed.
const REMEMBERED_MAX: usize = 200_000;

/// What a stream was fed, in its order.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    entries: VecDeque<(EntryId, MessageId)>,
    /// How many of them there ever were.
    pub count: i64,
}

impl Fed {
    pub fn add(&mut self, entry: EntryId, message: MessageId) {
        if self.entries.len() == REMEMBERED_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back((entry, message));
        self.count += 1;
    }

    /// Those that the stream was given and has no more. A server that came back without
    /// what it had has not trimmed it: it counts what it did.
    fn gone(&self, facts: &Facts) -> Vec<(EntryId, MessageId)> {
        let before = match facts.first {
            Some(first) => self.entries.partition_point(|(entry, _)| *entry < first),
            None => self
                .entries
                .partition_point(|(entry, _)| *entry <= facts.last),
        };
        let most = facts.gone().and_then(|gone| usize::try_from(gone).ok());
        let skipped = before.saturating_sub(most.unwrap_or(before));
        self.entries.range(skipped..before).copied().collect()
    }
}

/// What is left in one stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rest {
    pub undelivered: u64,
    pub pending: u64,
    /// Whether the stream is there.
    pub is_there: bool,
    pub put_aside: Vec<PutAside>,
}

impl Rest {
    pub fn items(&self) -> u64 {
        self.undelivered + self.pending
    }

    /// `2 entries of stream.orders not delivered, 1 pending`.
    pub fn words(&self, stream: &str) -> Option<String> {
        let entries = |n: u64| match n {
            1 => "1 entry".to_string(),
            n => format!("{n} entries"),
        };
        match (self.undelivered, self.pending) {
            (0, 0) => None,
            (0, pending) => Some(format!("{} of stream.{stream} pending", entries(pending))),
            (new, 0) => Some(format!("{} of stream.{stream} not delivered", entries(new))),
            (new, pending) => Some(format!(
                "{} of stream.{stream} not delivered, {pending} pending",
                entries(new)
            )),
        }
    }
}

/// A stream to look at.
pub(crate) struct Stream<'a> {
    /// Logical name.
    pub name: &'a str,
    /// Physical name.
    pub key: &'a str,
    /// The trial's own group.
    pub group: &'a str,
    pub max_len: Option<u64>,
    /// What it was fed; `None` where the harness did not feed it.
    pub fed: Option<&'a Fed>,
    /// Whether an entry was handed to a client of the pipeline.
    pub was_handed: &'a (dyn Fn(EntryId) -> bool + Sync),
    /// Whether a client asked for it again, and it was not there any more.
    pub came_back_empty: &'a (dyn Fn(EntryId) -> bool + Sync),
}

impl Stream<'_> {
    pub async fn rest(&self, link: &Link) -> Result<Rest, Trouble> {
        let Some(facts) = streams::facts(link, self.key).await? else {
            return Ok(Rest::default());
        };
        let mut rest = Rest {
            is_there: true,
            ..Rest::default()
        };
        let mut unacknowledged = BTreeSet::new();
        for group in self.groups(link).await? {
            rest.undelivered += undelivered(link, self.key, &facts, &group).await?;
            let gone = gone_pending(link, self.key, &facts, &group).await?;
            // Nobody can be given what is not there any more.
            rest.pending += group.pending.saturating_sub(gone.len() as u64);
            unacknowledged.extend(gone);
        }
        rest.put_aside = self.put_aside(&facts, &unacknowledged);
        Ok(rest)
    }

    /// The groups that are somebody's. That of the trial is there from the beginning:
    /// of a stream that is only written to, or read by groups of the pipeline's own, it
    /// waits for nobody.
    async fn groups(&self, link: &Link) -> Result<Vec<Group>, Trouble> {
        let mut groups = streams::groups(link, self.key).await?;
        let is_fed = self.fed.is_some_and(|fed| fed.count > 0);
        let others = groups.iter().any(|group| group.name != self.group);
        if others || !is_fed {
            groups.retain(|group| group.name != self.group || group.is_used());
        }
        Ok(groups)
    }

    fn put_aside(&self, facts: &Facts, unacknowledged: &BTreeSet<EntryId>) -> Vec<PutAside> {
        let gone = self.fed.map(|fed| fed.gone(facts)).unwrap_or_default();
        let limit = match self.max_len {
            Some(most) => format!(" (MAXLEN = {most})"),
            None => String::new(),
        };
        let aside = |(entry, id): (EntryId, MessageId)| {
            let lost_in_hand = unacknowledged.contains(&entry) || (self.came_back_empty)(entry);
            let how = match ((self.was_handed)(entry), lost_in_hand) {
                (false, _) => "unread",
                (true, true) => "unacknowledged",
                (true, false) => return None,
            };
            let how = format!("trimmed from stream.{} {how}{limit}", self.name);
            Some(PutAside { id, how })
        };
        gone.into_iter().filter_map(aside).collect()
    }
}

/// Entries after the last one that the group delivered. Its `lag` is not asked: it is
/// nil after a deletion, and counts what was trimmed (redis.io, XINFO GROUPS).
async fn undelivered(link: &Link, key: &str, facts: &Facts, group: &Group) -> Result<u64, Trouble> {
    if facts.length == 0 || group.delivered >= facts.last {
        return Ok(0);
    }
    let page = streams::page(link, key, Some(group.delivered), COUNTED_MAX).await?;
    Ok(page.len() as u64)
}

/// Pending entries of the group that are older than all that the stream has.
async fn gone_pending(
    link: &Link,
    key: &str,
    facts: &Facts,
    group: &Group,
) -> Result<Vec<EntryId>, Trouble> {
    let is_gone = |entry: &EntryId| facts.first.is_none_or(|first| *entry < first);
    let mut count = COUNTED_MAX.min(usize::try_from(group.pending).unwrap_or(COUNTED_MAX));
    if count == 0 {
        return Ok(Vec::new());
    }
    // They come in order: the oldest tells whether there is anything to look for.
    let oldest = streams::pending(link, key, &group.name, 1).await?;
    if !oldest.first().is_some_and(is_gone) {
        return Ok(Vec::new());
    }
    loop {
        let mut pending = streams::pending(link, key, &group.name, count).await?;
        let all = pending.len() < count || count >= PENDING_MAX;
        let gone = pending.partition_point(is_gone);
        if all || gone < pending.len() {
            pending.truncate(gone);
            return Ok(pending);
        }
        count = (count * 10).min(PENDING_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> EntryId {
        EntryId::parse(&format!("{ms}-0")).unwrap()
    }

    fn fed(count: u32) -> Fed {
        let mut fed = Fed::default();
        for n in 0..count {
            fed.add(at(u64::from(n) + 1), MessageId::new(7, 3, n).unwrap());
        }
        fed
    }

    fn facts(length: u64, first: Option<u64>, last: u64, added: Option<u64>) -> Facts {
        Facts {
            length,
            first: first.map(at),
            last: at(last),
            added,
        }
    }

    fn sequences(gone: &[(EntryId, MessageId)]) -> Vec<u32> {
        gone.iter().map(|(_, id)| id.sequence()).collect()
    }

    #[test]
    fn what_was_trimmed_is_told_and_what_was_lost_with_the_server_is_not() {
        let fed = fed(6);
        // All there; two trimmed; the same of an older server, which does not count.
        assert!(fed.gone(&facts(6, Some(1), 6, Some(6))).is_empty());
        assert_eq!(sequences(&fed.gone(&facts(4, Some(3), 6, Some(6)))), [0, 1]);
        assert_eq!(sequences(&fed.gone(&facts(4, Some(3), 6, None))), [0, 1]);
        // All trimmed.
        assert_eq!(fed.gone(&facts(0, None, 6, Some(6))).len(), 6);
        // The server came back with nothing, and was given two more.
        assert!(fed.gone(&facts(2, Some(7), 8, Some(2))).is_empty());
        // The same, and then one of those was trimmed: not more than one is.
        assert_eq!(fed.gone(&facts(1, Some(8), 8, Some(2))).len(), 1);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_are_kept() {
        let mut fed = Fed::default();
        let last = u32::try_from(REMEMBERED_MAX).unwrap() + 5;
        for n in 0..last {
            fed.add(at(u64::from(n) + 1), MessageId::new(7, 3, n).unwrap());
        }
        assert_eq!(fed.entries.len(), REMEMBERED_MAX);
        assert_eq!(fed.entries[0].1.sequence(), 5);
        assert_eq!(fed.count, i64::from(last));
    }

    #[test]
    fn it_is_said_in_words() {
        let words = |undelivered, pending| {
            let rest = Rest {
                undelivered,
                pending,
                ..Rest::default()
            };
            rest.words("orders")
        };
        assert_eq!(words(0, 0), None);
        let said = "2 entries of stream.orders not delivered, 1 pending";
        assert_eq!(words(2, 1).as_deref(), Some(said));
        assert_eq!(
            words(1, 0).as_deref(),
            Some("1 entry of stream.orders not delivered")
        );
        assert_eq!(
            words(0, 3).as_deref(),
            Some("3 entries of stream.orders pending")
        );
    }
}
