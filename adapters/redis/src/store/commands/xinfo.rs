//! `XINFO` (<https://redis.io/docs/latest/commands/xinfo-stream/>).

use super::groups::no_group;
use super::read::entry;
use super::state::{Call, Outcome, Store};
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use crate::store::stream::{Fields, Id, Stream};
use bytes::Bytes;

fn found<'a>(store: &'a mut Store, call: Call, key: &[u8]) -> Result<&'a Stream, Refusal> {
    let stream = store.space(call).read::<Stream>(key, call.now_ms)?;
    stream.ok_or(Refusal::NO_SUCH_KEY)
}

pub(in crate::store) fn stream(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let stream = found(store, call, &args[2])?;
    if args.len() > 3 {
        return Err(match super::is(&args[3], "FULL") {
            true => Refusal::of("ERR the embedded server has no XINFO STREAM FULL"),
            false => Refusal::SYNTAX,
        });
    }
    let id = |id: Id| Reply::Bulk(id.to_bytes());
    let edge = |found: Option<(Id, &Fields)>| match found {
        Some((id, fields)) => entry(id, fields),
        None => Reply::Null,
    };
    let nodes = stream.nodes();
    Ok(Reply::Map(vec![
        (Reply::word("length"), Reply::count(stream.len())),
        (Reply::word("radix-tree-keys"), Reply::count(nodes)),
        (Reply::word("radix-tree-nodes"), Reply::count(nodes + 1)),
        (Reply::word("last-generated-id"), id(stream.last_id)),
        (Reply::word("max-deleted-entry-id"), id(stream.max_deleted)),
        (Reply::word("entries-added"), Reply::number(stream.added)),
        (
            Reply::word("recorded-first-entry-id"),
            id(stream.first_id()),
        ),
        (Reply::word("groups"), Reply::count(stream.groups.len())),
        (Reply::word("first-entry"), edge(stream.first())),
        (Reply::word("last-entry"), edge(stream.last())),
    ]))
}

pub(in crate::store) fn groups(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let stream = found(store, call, &args[2])?;
    let each = stream.groups.iter().map(|(name, group)| {
        let entries_read = group.entries_read.map_or(Reply::Null, Reply::number);
        let lag = stream.lag(group).map_or(Reply::Null, Reply::Integer);
        Reply::Map(vec![
            (Reply::word("name"), Reply::Bulk(name.clone())),
            (
                Reply::word("consumers"),
                Reply::count(group.consumers.len()),
            ),
            (Reply::word("pending"), Reply::count(group.pending.len())),
            (
                Reply::word("last-delivered-id"),
                Reply::Bulk(group.last_id.to_bytes()),
            ),
            (Reply::word("entries-read"), entries_read),
            (Reply::word("lag"), lag),
        ])
    });
    Ok(Reply::Array(each.collect()))
}

pub(in crate::store) fn consumers(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (key, name) = (&args[2], &args[3]);
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let group = found(store, call, key)?.groups.get(name);
    let group = group.ok_or_else(|| no_group(key, name))?;
    let each = group.consumers.iter().map(|(name, consumer)| {
        let idle_ms = time_ms.saturating_sub(consumer.seen_ms);
        Reply::Map(vec![
            (Reply::word("name"), Reply::Bulk(name.clone())),
            (Reply::word("pending"), Reply::count(consumer.pending.len())),
            (Reply::word("idle"), Reply::number(idle_ms)),
        ])
    });
    Ok(Reply::Array(each.collect()))
}
