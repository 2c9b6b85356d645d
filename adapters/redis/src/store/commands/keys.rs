//! Keys, whatever they hold (<https://redis.io/docs/latest/commands/scan/>).

use super::state::{Call, Outcome, Store};
use super::{arg, is};
use crate::store::glob;
use crate::store::number::required;
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use bytes::Bytes;

/// What `SCAN` looks at without `COUNT`.
const SCANNED: usize = 10;
const CURSOR: Refusal = Refusal::of("ERR invalid cursor");

pub(in crate::store) fn del(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let mut removed = 0;
    for key in &args[1..] {
        let is_there = store.space(call).exists(key, call.now_ms);
        removed += usize::from(is_there && store.space(call).remove(key));
    }
    Ok(Reply::count(removed))
}

pub(in crate::store) fn exists(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let keys = args[1..].iter();
    let there = keys.filter(|key| store.space(call).exists(key, call.now_ms));
    Ok(Reply::count(there.count()))
}

pub(in crate::store) fn kind(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let value = store.space(call).get(&args[1], call.now_ms);
    Ok(Reply::Status(value.map_or("none", |value| value.kind())))
}

pub(in crate::store) fn keys(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let space = store.space(call);
    let matching = space
        .keys()
        .filter(|key| glob::matches(&args[1], key) && !space.is_expired(key, call.now_ms));
    Ok(Reply::bulks(matching.cloned()))
}

pub(in crate::store) fn scan(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let cursor = std::str::from_utf8(&args[1]).ok();
    let cursor: u64 = cursor.and_then(|text| text.parse().ok()).ok_or(CURSOR)?;
    let (mut count, mut pattern, mut kind) = (SCANNED, None, None);
    let mut at = 2;
    while let Some(option) = args.get(at) {
        let value = arg(args, at + 1)?;
        at += 2;
        if is(option, "COUNT") {
            let given = usize::try_from(required(value)?).unwrap_or(0);
            count = Some(given)
                .filter(|count| *count > 0)
                .ok_or(Refusal::SYNTAX)?;
        } else if is(option, "MATCH") {
            pattern = Some(value);
        } else if is(option, "TYPE") {
            kind = Some(value);
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    let (mut keys, next) = store.space(call).scan(cursor, count);
    keys.retain(|key| {
        let is_matching = pattern.is_none_or(|pattern| glob::matches(pattern, key));
        let value = store.space(call).get(key, call.now_ms);
        let is_of = |value: &str| kind.is_none_or(|kind| is(kind, value));
        is_matching && value.is_some_and(|value| is_of(value.kind()))
    });
    Ok(Reply::Array(vec![
        Reply::bulk(next.to_string()),
        Reply::bulks(keys),
    ]))
}

pub(in crate::store) fn dbsize(store: &mut Store, call: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::count(store.space(call).len()))
}

fn flush_option(args: &[Bytes]) -> Result<(), Refusal> {
    match args.get(1) {
        None => Ok(()),
        Some(how) if args.len() == 2 && (is(how, "ASYNC") || is(how, "SYNC")) => Ok(()),
        Some(_) => Err(Refusal::SYNTAX),
    }
}

pub(in crate::store) fn flushdb(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    flush_option(args)?;
    store.space(call).clear();
    Ok(Reply::OK)
}

pub(in crate::store) fn flushall(store: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    flush_option(args)?;
    store.spaces.iter_mut().for_each(|space| space.clear());
    Ok(Reply::OK)
}
