//! What is fed in.

use super::command::{Ground, no_limit};
use super::queues;
use super::redis::{self, Named};
use super::systems::{self, System};
use crate::config::error::{Key, Wrong, meant, quoted};
use crate::config::file;
use crate::config::templates::{OF_MESSAGES, check_message};
use crate::config::values::Kind;
use exactly_model::{Feed, IdForm, PositionQuery, SystemPlace};
use std::collections::BTreeSet;
use std::time::Duration;

/// Messages of one trial at most.
const MESSAGES_MAX: u32 = 1_000_000;
/// Sends in flight at most.
const CONCURRENCY_MAX: u32 = 1000;
/// Keys at most.
const KEYS_MAX: u32 = 10_000;
/// How long a feed may go on.
const FEED_MAX: Duration = Duration::from_secs(30);
/// What is sent, where nothing is said.
const PAYLOAD: &str = r#"{"id":"{id}","key":"{key}","seq":{seq},"checksum":"{checksum}"}"#;

pub(super) fn of(
    given: &file::Feed,
    systems: &[System],
    ground: &Ground<'_>,
) -> Result<(Feed, Option<PositionQuery>), Wrong> {
    let key = Key::of("feed");
    for (name, value, most) in [
        ("messages", given.messages, MESSAGES_MAX),
        ("concurrency", given.concurrency, CONCURRENCY_MAX),
        ("keys", given.keys, KEYS_MAX),
    ] {
        if !(1..=most).contains(&value) {
            return Err(Wrong::at(
                &key.name(name),
                format!("is {value}: 1 to {most}"),
            ));
        }
    }
    let by = match &given.command {
        None => {
            no_limit(&key, given.within)?;
            None
        }
        Some(command) => Some(ground.script(&key.name("command"), command, given.within)?),
    };
    let (system, to) = match target(&key, given, systems)? {
        Some((system, to)) => (system.used.name.clone(), to),
        None => (String::new(), String::new()),
    };
    let payload = payload(&key, given)?;
    let positions = positions(&key, given, systems)?;
    let feed = Feed {
        system,
        to,
        messages: given.messages,
        concurrency: given.concurrency,
        id: IdForm::from(given.id),
        keys: given.keys,
        payload,
        before_start: given.before_start,
        every_ms: every(&key, given)?,
        pad_bytes: 0,
        by,
        dropped_keys: dropped(&key, given)?,
    };
    Ok((feed, positions))
}

/// How long between two messages, where they are fed one by one.
fn every(key: &Key, given: &file::Feed) -> Result<Option<u64>, Wrong> {
    let Some(every) = given.every else {
        return Ok(None);
    };
    let all = every.duration() * given.messages;
    if all > FEED_MAX {
        let what = format!(
            "makes {} messages take {} s: {} s at most",
            given.messages,
            all.as_secs(),
            FEED_MAX.as_secs()
        );
        return Err(Wrong::at(&key.name("every"), what));
    }
    Ok(Some(every.millis()))
}

/// The system that is fed and what of it; none where a command feeds and does not
/// say.
fn target<'a>(
    key: &Key,
    given: &file::Feed,
    systems: &'a [System],
) -> Result<Option<(&'a System, String)>, Wrong> {
    let file::Feed {
        system,
        to,
        sql,
        command,
        ..
    } = given;
    match (system, to, sql, command) {
        (None, None, None, Some(_)) => Ok(None),
        (Some(name), Some(to), None, _) => {
            let system = systems::named(systems, &key.name("system"), name)?;
            let at = key.name("to");
            let to = match system.kind {
                Kind::Postgres => {
                    let what = "postgres has no topics: feed it with `sql`";
                    return Err(Wrong::at(&at, what));
                }
                Kind::Kafka => {
                    systems::topic(system, &at, to)?;
                    to
                }
                Kind::Sqs => queues::named(system, &at, to)?,
                Kind::Http => {
                    path(key, given, system, to)?;
                    to
                }
                Kind::Redis => {
                    stream_or_channel(key, given, system, to)?;
                    to
                }
                Kind::Smtp => {
                    let what = "a mail server is written to by the pipeline: feed another system";
                    return Err(Wrong::at(&key.name("system"), what));
                }
            };
            Ok(Some((system, to.into())))
        }
        (Some(name), None, Some(sql), None) => {
            let system = systems::named(systems, &key.name("system"), name)?;
            let key = key.name("sql");
            if system.kind != Kind::Postgres {
                let what = format!("{} takes no SQL: feed it with `to`", system.used.kind);
                return Err(Wrong::at(&key, what));
            }
            check_statement(sql).map_err(|what| Wrong::at(&key, what))?;
            Ok(Some((system, sql.clone())))
        }
        _ => Err(Wrong::at(
            key,
            "says not clearly who feeds: give `system` and `to` (a topic, a queue, a stream, a channel, a path), \
             `system` and `sql` (a statement), or `command` (with `system` and `to` where it feeds \
             a topic or a queue)",
        )),
    }
}

/// Refuses a channel that would have no subscriber yet.
fn stream_or_channel(
    key: &Key,
    given: &file::Feed,
    system: &System,
    to: &str,
) -> Result<(), Wrong> {
    let is_late = given.every.is_some() || !given.before_start;
    match redis::named(system, &key.name("to"), to)? {
        Named::Stream => Ok(()),
        Named::Channel if is_late => Ok(()),
        Named::Channel => Err(Wrong::at(
            &key.name("to"),
            "is a channel, which keeps nothing for whoever subscribes later: say `every = \
             \"20ms\"` (one message each, while the pipeline runs), or `before_start = false`",
        )),
    }
}

/// Refuses a path that nothing can be posted to.
fn path(key: &Key, given: &file::Feed, system: &System, to: &str) -> Result<(), Wrong> {
    let at = key.name("to");
    let sound = |b: u8| b.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&b);
    if !to.starts_with('/') || !to.bytes().all(sound) {
        let what = "is no path: write the one that each message is posted to, as in \"/orders\"";
        return Err(Wrong::at(&at, what));
    }
    if system.place != SystemPlace::Embedded {
        return Ok(());
    }
    if to != "/charges" {
        let what = "the embedded payments service takes posts at \"/charges\" only; feed a service \
                    of your own at { at = \"http://host:port\" }";
        return Err(Wrong::at(&at, what));
    }
    match given.payload {
        Some(_) => Ok(()),
        None => Err(Wrong::at(
            key,
            "has no `payload` that the payments service takes: write one such as \
             '{\"order\":\"{id}\",\"customer\":\"{key}\",\"amount\":100,\"checksum\":\"{checksum}\"}'",
        )),
    }
}

/// Refuses a statement that cannot feed.
fn check_statement(sql: &str) -> Result<(), String> {
    let known = [&OF_MESSAGES[..], &["payload"]].concat();
    check_message(sql, &known)?;
    if sql.contains('\0') {
        return Err("SQL cannot hold a NUL".into());
    }
    for name in known {
        let in_quotes = format!("'{{{name}}}'");
        if sql.contains(&in_quotes) {
            return Err(format!(
                "has {in_quotes}: write {{{name}}} without quotes, it becomes a literal by itself"
            ));
        }
    }
    match sql.contains("{id}") || sql.contains("{payload}") {
        true => Ok(()),
        false => Err("has neither {id} nor {payload}: nobody could tell the messages apart".into()),
    }
}

fn payload(key: &Key, given: &file::Feed) -> Result<String, Wrong> {
    let Some(payload) = &given.payload else {
        return Ok(PAYLOAD.into());
    };
    let key = key.name("payload");
    if given
        .sql
        .as_ref()
        .is_some_and(|sql| !sql.contains("{payload}"))
    {
        let what = "goes nowhere: put {payload} into the statement, or leave it out";
        return Err(Wrong::at(&key, what));
    }
    check_message(payload, &OF_MESSAGES).map_err(|what| Wrong::at(&key, what))?;
    if !payload.contains("{id}") {
        let what = "has no {id}: nobody could tell the messages apart";
        return Err(Wrong::at(&key, what));
    }
    Ok(payload.clone())
}

fn dropped(key: &Key, given: &file::Feed) -> Result<Vec<String>, Wrong> {
    let key = key.name("accept").name("keys_dropped");
    let dropped = &given.accept.keys_dropped;
    let known: Vec<String> = (0..given.keys).map(|n| format!("k{n}")).collect();
    for (n, name) in dropped.iter().enumerate() {
        if !known.contains(name) {
            let hint = meant(known.iter().map(String::as_str), name);
            let what = format!("no key is called {}{hint}", quoted(name));
            return Err(Wrong::at(&key.index(n), what));
        }
    }
    let distinct: BTreeSet<&String> = dropped.iter().collect();
    if !known.is_empty() && distinct.len() == known.len() {
        return Err(Wrong::at(
            &key,
            "drops every key: nothing would be left to see",
        ));
    }
    Ok(dropped.clone())
}

fn positions(
    key: &Key,
    given: &file::Feed,
    systems: &[System],
) -> Result<Option<PositionQuery>, Wrong> {
    let Some(positions) = &given.positions else {
        return Ok(None);
    };
    let key = key.name("positions");
    let system = systems::named(systems, &key.name("system"), &positions.system)?;
    if system.kind != Kind::Postgres {
        let what = format!("{} answers no queries", system.used.kind);
        return Err(Wrong::at(&key.name("system"), what));
    }
    let fed = given.system.as_ref();
    let fed = fed.and_then(|name| systems.iter().find(|system| system.used.name == *name));
    if given.to.is_none() || fed.is_some_and(|system| system.kind != Kind::Kafka) {
        let what = "belongs to a topic that is fed: only a log has positions";
        return Err(Wrong::at(&key, what));
    }
    let has = |column: &str| positions.query.contains(column);
    if !has("partition") || !has("next") {
        let what = "has to have the columns `partition` and `next`, the next offset to be read";
        return Err(Wrong::at(&key.name("query"), what));
    }
    Ok(Some(PositionQuery {
        system: positions.system.clone(),
        query: positions.query.clone(),
    }))
}
