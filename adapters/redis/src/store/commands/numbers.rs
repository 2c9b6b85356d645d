//! Strings that are numbers.

use super::state::{Call, Outcome, Store};
use crate::store::number::{integer, required};
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use crate::store::value::{Hash, Text};
use bytes::Bytes;

const OVERFLOW: Refusal = Refusal::of("ERR increment or decrement would overflow");

pub(in crate::store) fn incr(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    add(store, call, &args[1], 1)
}

pub(in crate::store) fn decr(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    add(store, call, &args[1], -1)
}

pub(in crate::store) fn incrby(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    add(store, call, &args[1], required(&args[2])?)
}

pub(in crate::store) fn decrby(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let by = required(&args[2])?.checked_neg();
    let error = Refusal::of("ERR decrement would overflow");
    add(store, call, &args[1], by.ok_or(error)?)
}

/// The expiry of the key stays.
fn add(store: &mut Store, call: Call, key: &Bytes, by: i64) -> Outcome {
    let text = store.space(call).read::<Text>(key, call.now_ms)?;
    let number = match text {
        Some(text) => required(&text.0)?,
        None => 0,
    };
    let sum = number.checked_add(by).ok_or(OVERFLOW)?;
    let text = store.space(call).write_or_new::<Text>(key, call.now_ms)?;
    text.0 = sum.to_string().into();
    store.space(call).touch(key);
    Ok(Reply::Integer(sum))
}

pub(in crate::store) fn hincrby(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let by = required(&args[3])?;
    let hash = store.space(call).read::<Hash>(&args[1], call.now_ms)?;
    let error = Refusal::of("ERR hash value is not an integer");
    let number = match hash.and_then(|hash| hash.get(&args[2])) {
        Some(text) => integer(text).ok_or(error)?,
        None => 0,
    };
    let sum = number.checked_add(by).ok_or(OVERFLOW)?;
    let hash = store
        .space(call)
        .write_or_new::<Hash>(&args[1], call.now_ms)?;
    hash.set(Bytes::copy_from_slice(&args[2]), sum.to_string().into());
    store.space(call).touch(&args[1]);
    Ok(Reply::Integer(sum))
}
