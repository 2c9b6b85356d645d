//! `XREAD` and `XREADGROUP`
//! (<https://redis.io/docs/latest/commands/xreadgroup/>).

use super::state::{Call, Outcome, Store};
use super::{arg, is};
use crate::store::number::{integer, required};
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::Reply;
use crate::store::stream::{Fields, Id, Stream};
use crate::store::waiting::{From, Reader, Reading};
use bytes::Bytes;

const NO_GROUP: Refusal = Refusal::of("ERR Missing GROUP option for XREADGROUP");
const NEW_IN_GROUP: Refusal = Refusal::of(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of \
     this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would \
     just return an empty result set.",
);
const NEW_WITHOUT_GROUP: Refusal = Refusal::of(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> \
     <consumer> option.",
);
const UNBALANCED: Refusal = Refusal::of(
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
);

pub(in crate::store) fn xread(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    read(store, call, args, false)
}

pub(in crate::store) fn xreadgroup(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    read(store, call, args, true)
}

fn read(store: &mut Store, call: Call, args: &[Bytes], is_group: bool) -> Outcome {
    let (mut reading, names) = options(args, is_group)?;
    reading.db = call.db;
    let half = names.len() / 2;
    for (key, from) in names[..half].iter().zip(&names[half..]) {
        let from = begin(store, call, &reading, key, from)?;
        reading.streams.push((Bytes::copy_from_slice(key), from));
    }
    let mut found = Vec::new();
    for (key, from) in &reading.streams {
        let time_ms = store.space(call).time_ms(key, call.now_ms);
        let Some(stream) = store.space(call).write::<Stream>(key, call.now_ms)? else {
            continue;
        };
        let last_id = stream.last().map(|(id, _)| id);
        let is_served = match (&reading.reader, from) {
            // The history of a consumer is answered although there may be none.
            (Some(_), From::After(_)) => true,
            (Some(reader), From::New) => {
                let group = stream.groups.get(&reader.group);
                group.is_some_and(|group| last_id > Some(group.last_id))
            }
            (None, From::After(id)) => last_id > Some(*id),
            (None, From::New) => false,
        };
        if is_served {
            let entries = entries(stream, &reading, *from, time_ms);
            found.push((Reply::Bulk(key.clone()), entries));
        }
    }
    if !found.is_empty() {
        return Ok(Reply::Streams(found));
    }
    if reading.block_ms.is_none() || call.is_in_exec {
        return Ok(Reply::NullArray);
    }
    store.wait(call, reading);
    Ok(Reply::Nothing)
}

/// The options, and the names and ids behind `STREAMS`.
fn options(args: &[Bytes], is_group: bool) -> Result<(Reading, &[Bytes]), Refusal> {
    let mut reading = Reading {
        db: 0,
        streams: Vec::new(),
        count: None,
        reader: None,
        block_ms: None,
        until_ms: None,
    };
    let mut reader: Option<(Bytes, Bytes)> = None;
    let mut is_acknowledged = true;
    let mut at = 1;
    let names = loop {
        let option = arg(args, at)?;
        let left = args.len() - at - 1;
        if is(option, "BLOCK") && left >= 1 {
            reading.block_ms = Some(timeout(&args[at + 1])?);
            at += 2;
        } else if is(option, "COUNT") && left >= 1 {
            let count = required(&args[at + 1])?;
            // Zero and less: all of them.
            let count = usize::try_from(count).unwrap_or(0);
            reading.count = Some(count).filter(|count| *count > 0);
            at += 2;
        } else if is(option, "STREAMS") && left >= 1 {
            let names = &args[at + 1..];
            if !names.len().is_multiple_of(2) {
                return Err(UNBALANCED);
            }
            break names;
        } else if is(option, "GROUP") && left >= 2 {
            only_in_group(is_group, "GROUP")?;
            let owned = |at: usize| Bytes::copy_from_slice(&args[at]);
            reader = Some((owned(at + 1), owned(at + 2)));
            at += 3;
        } else if is(option, "NOACK") {
            only_in_group(is_group, "NOACK")?;
            is_acknowledged = false;
            at += 1;
        } else {
            return Err(Refusal::SYNTAX);
        }
    };
    if is_group && reader.is_none() {
        return Err(NO_GROUP);
    }
    reading.reader = reader.map(|(group, consumer)| Reader {
        group,
        consumer,
        is_acknowledged,
    });
    Ok((reading, names))
}

fn only_in_group(is_group: bool, option: &str) -> Result<(), Refusal> {
    match is_group {
        true => Ok(()),
        false => Err(Refusal::err(format!(
            "The {option} option is only supported by XREADGROUP. You called XREAD instead."
        ))),
    }
}

fn timeout(text: &[u8]) -> Result<u64, Refusal> {
    let error = Refusal::of("ERR timeout is not an integer or out of range");
    let timeout = integer(text).ok_or(error)?;
    u64::try_from(timeout).map_err(|_| Refusal::of("ERR timeout is negative"))
}

fn begin(
    store: &mut Store,
    call: Call,
    reading: &Reading,
    key: &Bytes,
    from: &[u8],
) -> Result<From, Refusal> {
    let stream = store.space(call).read::<Stream>(key, call.now_ms)?;
    if let Some(reader) = &reading.reader
        && !stream.is_some_and(|stream| stream.groups.contains_key(&reader.group))
    {
        return Err(Refusal::coded(
            "NOGROUP",
            format!(
                "No such key '{}' or consumer group '{}' in XREADGROUP with GROUP option",
                shown(key),
                shown(&reader.group)
            ),
        ));
    }
    match (from, reading.reader.is_some()) {
        (b"$", true) => Err(NEW_IN_GROUP),
        (b"$", false) => Ok(From::After(
            stream.map(|stream| stream.last_id).unwrap_or_default(),
        )),
        (b">", true) => Ok(From::New),
        (b">", false) => Err(NEW_WITHOUT_GROUP),
        (id, _) => Id::strict(id).map(From::After),
    }
}

/// One entry: its id, its fields.
pub(in crate::store) fn entry(id: Id, fields: &Fields) -> Reply {
    let fields = Reply::bulks(fields.iter().cloned());
    Reply::Array(vec![Reply::Bulk(id.to_bytes()), fields])
}

/// The entries of one stream for a reader, who is a member of a group that is there,
/// or of none. `time_ms` is the key's.
pub(in crate::store) fn entries(
    stream: &mut Stream,
    reading: &Reading,
    from: From,
    time_ms: u64,
) -> Reply {
    let count = reading.count.unwrap_or(usize::MAX);
    let Some(reader) = &reading.reader else {
        let id = match from {
            From::After(id) => id,
            From::New => Id::MAX,
        };
        let found = stream.after(id).take(count);
        return Reply::Array(found.map(|(id, fields)| entry(id, fields)).collect());
    };
    if let Some(group) = stream.groups.get_mut(&reader.group) {
        group.see(&reader.consumer, time_ms);
    }
    match from {
        From::New => new(stream, reader, count, time_ms),
        From::After(id) => history(stream, reader, id, count, time_ms),
    }
}

/// What no member of the group has got yet.
fn new(stream: &mut Stream, reader: &Reader, count: usize, time_ms: u64) -> Reply {
    let Some(mut group) = stream.groups.remove(&reader.group) else {
        return Reply::Array(Vec::new());
    };
    let mut replies = Vec::new();
    for (id, fields) in stream.after(group.last_id).take(count) {
        group.entries_read = stream.counted(&group, id);
        group.last_id = id;
        if reader.is_acknowledged {
            group.hand(id, &reader.consumer, time_ms, 1);
        }
        replies.push(entry(id, fields));
    }
    stream.groups.insert(reader.group.clone(), group);
    Reply::Array(replies)
}

/// What is pending at a consumer, delivered once more; fields are null where the
/// entry is not in the stream any more.
fn history(stream: &mut Stream, reader: &Reader, id: Id, count: usize, time_ms: u64) -> Reply {
    let Some(mut group) = stream.groups.remove(&reader.group) else {
        return Reply::Array(Vec::new());
    };
    let pending = group.consumers.get(&reader.consumer).into_iter();
    let from = id.next().unwrap_or(Id::MAX);
    let ids: Vec<Id> = pending
        .flat_map(|consumer| consumer.pending.range(from..))
        .take(count)
        .copied()
        .collect();
    let replies = ids.into_iter().map(|id| match stream.get(id) {
        Some(fields) => {
            if let Some(pending) = group.pending.get_mut(&id) {
                pending.delivered_ms = time_ms;
                pending.deliveries += 1;
            }
            entry(id, fields)
        }
        None => Reply::Array(vec![Reply::Bulk(id.to_bytes()), Reply::NullArray]),
    });
    let replies = Reply::Array(replies.collect());
    stream.groups.insert(reader.group.clone(), group);
    replies
}
