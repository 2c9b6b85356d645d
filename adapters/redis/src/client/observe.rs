//! Effects, as the server shows them: entries of a stream, values under keys.

use super::content;
use super::link::Link;
use super::reply;
use super::streams::{self, KEYS_MAX, PAGE};
use super::trouble::Trouble;
use exactly_adapter::Seen;
use redis::{Value, cmd};

/// Members of a set, a sorted set or a hash that are read: they come in one reply.
const MEMBERS_MAX: u64 = 100_000;

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
        all += length_of(link, &key, kind).await?;
    }
    Ok(all)
}

async fn length_of(link: &Link, key: &str, kind: Kind) -> Result<u64, Trouble> {
    let Some(command) = kind.length() else {
        return Ok(1);
    };
    let length = link.look(cmd(command).arg(key)).await?;
    reply::number(length).ok_or_else(|| reply::strange("a number"))
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
        Kind::Set | Kind::SortedSet | Kind::Hash => whole(link, key, kind).await,
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

/// All that `command` tells of `key`, in the order of its bytes: members alone, or names
/// with what they stand for. What is too large for one reply is not asked for.
async fn whole(link: &Link, key: &str, kind: Kind) -> Result<Vec<Member>, Trouble> {
    let held = length_of(link, key, kind).await?;
    if held > MEMBERS_MAX {
        return Err(Trouble::Strange(format!(
            "{key} holds {held} members, and no more than {MEMBERS_MAX} are read at once"
        )));
    }
    let mut command = match kind {
        Kind::SortedSet => cmd("ZRANGE"),
        Kind::Hash => cmd("HGETALL"),
        _ => cmd("SMEMBERS"),
    };
    command.arg(key);
    if kind == Kind::SortedSet {
        command.arg(0).arg(-1);
    }
    let answer = link.look(&command).await?;
    let pairs = match kind {
        Kind::Hash => reply::pairs(answer)?,
        _ => {
            let members = reply::list(answer)?.into_iter();
            members.map(|member| (Value::Nil, member)).collect()
        }
    };
    let read = |(name, value)| Some((reply::bytes(name).unwrap_or_default(), reply::bytes(value)?));
    let mut all: Vec<Member> = pairs.into_iter().filter_map(read).collect();
    all.sort_unstable();
    Ok(all)
}
