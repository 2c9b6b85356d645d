//! Effects, as the server shows them: entries of a stream, values under keys.

use super::content;
use super::link::Link;
use super::reply;
use super::streams::{self, KEYS_MAX, PAGE};
use super::trouble::Trouble;
use exactly_adapter::Seen;
use redis::cmd;

/// What a reader gets, one by one: an effect, or the words for what is none.
pub(crate) type Each<'a> = &'a mut (dyn FnMut(Result<Seen, String>) + Send);

/// Reads all entries of the stream `key`. Their positions are their places among all
/// that it was ever given, where it counts them, so that trimming moves none.
pub(crate) async fn stream(link: &Link, key: &str, each: Each<'_>) -> Result<(), Trouble> {
    let Some(facts) = streams::facts(link, key).await? else {
        return Ok(());
    };
    let mut position = facts.gone().unwrap_or_default();
    let mut after = None;
    loop {
        let page = streams::page(link, key, after, PAGE).await?;
        for entry in &page {
            let seen = content::of_entry(entry, i64::try_from(position).unwrap_or(i64::MAX));
            each(seen.ok_or_else(|| format!("entry {} of {key} carries no message id", entry.id)));
            position += 1;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

/// How many entries the stream `key` has.
pub(crate) async fn length(link: &Link, key: &str) -> Result<u64, Trouble> {
    let length = link.look(cmd("XLEN").arg(key)).await?;
    reply::number(length).ok_or_else(|| reply::strange("a number"))
}

/// Kinds of values, and how they are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    List,
    Set,
    SortedSet,
    Hash,
    Stream,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::Text,
            "list" => Self::List,
            "set" => Self::Set,
            "zset" => Self::SortedSet,
            "hash" => Self::Hash,
            "stream" => Self::Stream,
            _ => return None,
        })
    }

    /// The command that counts what is in it; a text is one.
    const fn length(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::List => Some("LLEN"),
            Self::Set => Some("SCARD"),
            Self::SortedSet => Some("ZCARD"),
            Self::Hash => Some("HLEN"),
            Self::Stream => Some("XLEN"),
        }
    }
}

/// Reads what is under all keys that match `pattern`: each member of a list or a set,
/// each field of a hash, each entry of a stream, and each text is one effect.
pub(crate) async fn values(link: &Link, pattern: &str, each: Each<'_>) -> Result<(), Trouble> {
    for key in streams::keys(link, pattern).await? {
        match kind(link, &key).await? {
            None => {}
            Some(Kind::Stream) => stream(link, &key, &mut *each).await?,
            Some(kind) => {
                for (name, value) in members(link, &key, kind).await? {
                    let seen = content::of_value(&value, &name, None);
                    each(seen.ok_or_else(|| format!("what {key} holds carries no message id")));
                }
            }
        }
    }
    Ok(())
}

/// How many that are.
pub(crate) async fn count(link: &Link, pattern: &str) -> Result<u64, Trouble> {
    let mut all = 0;
    for key in streams::keys(link, pattern).await? {
        let Some(kind) = kind(link, &key).await? else {
            continue;
        };
        all += match kind.length() {
            None => 1,
            Some(command) => {
                let length = link.look(cmd(command).arg(&key)).await?;
                reply::number(length).ok_or_else(|| reply::strange("a number"))?
            }
        };
    }
    Ok(all)
}

/// `None` for a key that is gone (it had a time to live), or that holds what has no ids.
async fn kind(link: &Link, key: &str) -> Result<Option<Kind>, Trouble> {
    let answer = link.look(cmd("TYPE").arg(key)).await?;
    Ok(reply::text(answer).as_deref().and_then(Kind::of))
}

/// What each stands under, and itself.
type Member = (Vec<u8>, Vec<u8>);

async fn members(link: &Link, key: &str, kind: Kind) -> Result<Vec<Member>, Trouble> {
    let name = key.as_bytes().to_vec();
    match kind {
        Kind::Text => {
            let value = link.look(cmd("GET").arg(key)).await?;
            Ok(reply::bytes(value)
                .map(|value| (name, value))
                .into_iter()
                .collect())
        }
        Kind::List => listed(link, key).await,
        Kind::Set => scanned(link, "SSCAN", key, 1).await,
        Kind::SortedSet => scanned(link, "ZSCAN", key, 2).await,
        Kind::Hash => scanned(link, "HSCAN", key, 2).await,
        Kind::Stream => Ok(Vec::new()),
    }
}

async fn listed(link: &Link, key: &str) -> Result<Vec<Member>, Trouble> {
    let mut all: Vec<Member> = Vec::new();
    loop {
        let (from, to) = (all.len(), all.len() + PAGE - 1);
        let page = link.look(cmd("LRANGE").arg(key).arg(from).arg(to)).await?;
        let page = reply::list(page)?;
        let last = page.len() < PAGE || all.len() > KEYS_MAX;
        all.extend(
            page.into_iter()
                .filter_map(reply::bytes)
                .map(|value| (Vec::new(), value)),
        );
        if last {
            return Ok(all);
        }
    }
}

/// What `command` tells of `key`, in the order of its bytes: members alone, or names
/// with what they stand for. A scan may tell one twice, and names are told once here.
async fn scanned(
    link: &Link,
    command: &str,
    key: &str,
    parts: usize,
) -> Result<Vec<Member>, Trouble> {
    let mut all = std::collections::BTreeMap::new();
    let mut cursor = "0".to_string();
    loop {
        let mut scan = cmd(command);
        scan.arg(key).arg(&cursor).arg("COUNT").arg(PAGE);
        let (next, page) = streams::cursored(link.look(&scan).await?)?;
        let page: Vec<Vec<u8>> = page.into_iter().filter_map(reply::bytes).collect();
        for part in page.chunks_exact(parts) {
            if let [name, rest @ ..] = part {
                all.insert(name.clone(), rest.first().cloned().unwrap_or_default());
            }
        }
        if next == "0" || all.len() > KEYS_MAX {
            return Ok(all.into_iter().collect());
        }
        cursor = next;
    }
}
