//! Hashes (<https://redis.io/docs/latest/develop/data-types/hashes/>).

use super::state::{Call, Outcome, Store};
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use crate::store::value::Hash;
use bytes::Bytes;

fn put(store: &mut Store, call: Call, args: &[Bytes], name: &str) -> Result<usize, Refusal> {
    if !args.len().is_multiple_of(2) {
        return Err(Refusal::arity(name));
    }
    let key = &args[1];
    let hash = store.space(call).write_or_new::<Hash>(key, call.now_ms)?;
    let kept = Bytes::copy_from_slice;
    let pairs = args[2..].chunks_exact(2);
    let new = pairs.filter(|pair| hash.set(kept(&pair[0]), kept(&pair[1])));
    let new = new.count();
    store.space(call).touch(key);
    Ok(new)
}

pub(in crate::store) fn hset(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    put(store, call, args, "hset").map(Reply::count)
}

pub(in crate::store) fn hmset(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    put(store, call, args, "hmset").map(|_| Reply::OK)
}

pub(in crate::store) fn hget(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let hash = store.space(call).read::<Hash>(&args[1], call.now_ms)?;
    let value = hash.and_then(|hash| hash.get(&args[2]));
    Ok(Reply::or_null(value.cloned()))
}

pub(in crate::store) fn hmget(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let hash = store.space(call).read::<Hash>(&args[1], call.now_ms)?;
    let each = args[2..].iter().map(|field| {
        let value = hash.and_then(|hash| hash.get(field));
        Reply::or_null(value.cloned())
    });
    Ok(Reply::Array(each.collect()))
}

pub(in crate::store) fn hgetall(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let hash = store.space(call).read::<Hash>(&args[1], call.now_ms)?;
    let pairs = hash.map(Hash::in_order).unwrap_or_default();
    let pairs = pairs
        .into_iter()
        .map(|(field, value)| (Reply::Bulk(field.clone()), Reply::Bulk(value.clone())));
    Ok(Reply::Map(pairs.collect()))
}

pub(in crate::store) fn hdel(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let key = &args[1];
    let Some(hash) = store.space(call).write::<Hash>(key, call.now_ms)? else {
        return Ok(Reply::Integer(0));
    };
    let removed = args[2..].iter().filter(|field| hash.remove(field)).count();
    if removed > 0 {
        store.space(call).touch(key);
    }
    Ok(Reply::count(removed))
}

pub(in crate::store) fn hlen(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let hash = store.space(call).read::<Hash>(&args[1], call.now_ms)?;
    Ok(Reply::count(hash.map_or(0, Hash::len)))
}

pub(in crate::store) fn hexists(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let hash = store.space(call).read::<Hash>(&args[1], call.now_ms)?;
    let value = hash.and_then(|hash| hash.get(&args[2]));
    Ok(Reply::Integer(value.is_some().into()))
}
