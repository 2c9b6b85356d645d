//! `XGROUP` and `XACK` (<https://redis.io/docs/latest/commands/xgroup-create/>).

use super::is;
use super::state::{Call, Outcome, Store};
use crate::store::number::required;
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::Reply;
use crate::store::stream::{Group, Id, Stream};
use bytes::Bytes;

const NO_KEY: Refusal = Refusal::of(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to \
     use the MKSTREAM option to create an empty stream automatically.",
);

/// That there is no such group.
pub(super) fn no_group(key: &[u8], group: &[u8]) -> Refusal {
    let (key, group) = (shown(key), shown(group));
    let text = format!("No such consumer group '{group}' for key name '{key}'");
    Refusal::coded("NOGROUP", text)
}

/// The group and the time of its key, where both are there.
fn group<'a>(
    store: &'a mut Store,
    call: Call,
    args: &[Bytes],
) -> Result<(&'a mut Group, u64), Refusal> {
    let (key, name) = (&args[2], &args[3]);
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let stream = store.space(call).write::<Stream>(key, call.now_ms)?;
    let stream = stream.ok_or(NO_KEY)?;
    let group = stream.groups.get_mut(name);
    Ok((group.ok_or_else(|| no_group(key, name))?, time_ms))
}

/// The options of `CREATE` and `SETID`: whether to make the stream, and the counter.
fn options(args: &[Bytes], is_create: bool) -> Result<(bool, Option<u64>), Refusal> {
    let (mut makes_stream, mut entries_read) = (false, None);
    let mut at = 5;
    while at < args.len() {
        if is_create && is(&args[at], "MKSTREAM") {
            makes_stream = true;
            at += 1;
        } else if is(&args[at], "ENTRIESREAD") && at + 1 < args.len() {
            let given = required(&args[at + 1])?;
            if given < -1 {
                let error = "ERR value for ENTRIESREAD must be positive or -1";
                return Err(Refusal::of(error));
            }
            entries_read = u64::try_from(given).ok();
            at += 2;
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    Ok((makes_stream, entries_read))
}

pub(in crate::store) fn create(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (makes_stream, entries_read) = options(args, true)?;
    let (key, name) = (&args[2], &args[3]);
    let found = store.space(call).read::<Stream>(key, call.now_ms)?;
    let is_there = found.is_some();
    if !is_there && !makes_stream {
        return Err(NO_KEY);
    }
    let id = match &*args[4] {
        b"$" => found.map(|stream| stream.last_id).unwrap_or_default(),
        id => Id::strict(id)?,
    };
    let stream = store.space(call).write_or_new::<Stream>(key, call.now_ms)?;
    if stream.groups.contains_key(name) {
        return Err(Refusal::of("BUSYGROUP Consumer Group name already exists"));
    }
    let group = Group::new(id, entries_read);
    stream.groups.insert(Bytes::copy_from_slice(name), group);
    if !is_there {
        store.space(call).touch(key);
    }
    Ok(Reply::OK)
}

pub(in crate::store) fn setid(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (_, entries_read) = options(args, false)?;
    group(store, call, args)?;
    let last_id = store.space(call).read::<Stream>(&args[2], call.now_ms)?;
    let last_id = last_id.map(|stream| stream.last_id).unwrap_or_default();
    let id = match &*args[4] {
        b"$" => last_id,
        id => Id::strict(id)?,
    };
    let (group, _) = group(store, call, args)?;
    group.last_id = id;
    group.entries_read = entries_read;
    Ok(Reply::OK)
}

pub(in crate::store) fn destroy(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (key, name) = (&args[2], &args[3]);
    let stream = store.space(call).write::<Stream>(key, call.now_ms)?;
    let removed = stream.ok_or(NO_KEY)?.groups.remove(name).is_some();
    if removed {
        store.space(call).touch(key);
    }
    Ok(Reply::Integer(removed.into()))
}

pub(in crate::store) fn createconsumer(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (group, time_ms) = group(store, call, args)?;
    // One that is there already is left as it is.
    let is_new = !group.consumers.contains_key(&args[4]);
    if is_new {
        group.see(&args[4], time_ms);
    }
    Ok(Reply::Integer(is_new.into()))
}

pub(in crate::store) fn delconsumer(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (group, _) = group(store, call, args)?;
    let pending = group.remove(&args[4]).unwrap_or(0);
    Ok(Reply::count(pending))
}

pub(in crate::store) fn xack(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let stream = store.space(call).write::<Stream>(&args[1], call.now_ms)?;
    let group = stream.and_then(|stream| stream.groups.get_mut(&args[2]));
    let Some(group) = group else {
        return Ok(Reply::Integer(0));
    };
    let ids = args[3..].iter().map(|id| Id::strict(id));
    let ids: Vec<Id> = ids.collect::<Result<_, _>>()?;
    let acknowledged = ids.into_iter().filter_map(|id| group.take(id));
    Ok(Reply::count(acknowledged.count()))
}
