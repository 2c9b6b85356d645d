//! Times to live (<https://redis.io/docs/latest/commands/expire/>). They count by the
//! key's own clock.

use super::is;
use super::state::{Call, Outcome, Store};
use crate::store::number::required;
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::Reply;
use bytes::Bytes;

pub(in crate::store) fn expire(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    set(store, call, args, (1000, false), "expire")
}

pub(in crate::store) fn pexpire(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    set(store, call, args, (1, false), "pexpire")
}

pub(in crate::store) fn expireat(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    set(store, call, args, (1000, true), "expireat")
}

pub(in crate::store) fn pexpireat(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    set(store, call, args, (1, true), "pexpireat")
}

/// `NX`, `XX`, `GT` and `LT`, in this order.
fn conditions(args: &[Bytes]) -> Result<[bool; 4], Refusal> {
    let mut given = [false; 4];
    for option in &args[3..] {
        let known = ["NX", "XX", "GT", "LT"]
            .iter()
            .position(|word| is(option, word));
        let error = || Refusal::err(format!("Unsupported option {}", shown(option)));
        given[known.ok_or_else(error)?] = true;
    }
    let [if_none, if_some, if_greater, if_less] = given;
    if if_none && (if_some || if_greater || if_less) {
        return Err(Refusal::of(
            "ERR NX and XX, GT or LT options at the same time are not compatible",
        ));
    }
    if if_greater && if_less {
        return Err(Refusal::of(
            "ERR GT and LT options at the same time are not compatible",
        ));
    }
    Ok(given)
}

fn set(
    store: &mut Store,
    call: Call,
    args: &[Bytes],
    (unit_ms, is_absolute): (i64, bool),
    name: &str,
) -> Outcome {
    let key = &args[1];
    let [if_none, if_some, if_greater, if_less] = conditions(args)?;
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let error = || Refusal::expire_time(name);
    let ms = required(&args[2])?.checked_mul(unit_ms).ok_or_else(error)?;
    let base = match is_absolute {
        true => 0,
        false => i64::try_from(time_ms).unwrap_or(i64::MAX),
    };
    // Before all time is in the past, and means to delete the key.
    let at_ms = ms.checked_add(base).ok_or_else(error)?;
    let at_ms = u64::try_from(at_ms).unwrap_or(0);
    if !store.space(call).exists(key, call.now_ms) {
        return Ok(Reply::Integer(0));
    }
    let old_ms = store.space(call).expires_ms(key);
    let is_refused = (if_none && old_ms.is_some())
        || (if_some && old_ms.is_none())
        // No expiry is later than any.
        || (if_greater && old_ms.is_none_or(|old_ms| at_ms <= old_ms))
        || (if_less && old_ms.is_some_and(|old_ms| at_ms >= old_ms));
    if is_refused {
        return Ok(Reply::Integer(0));
    }
    if at_ms <= time_ms {
        store.space(call).remove(key);
    } else {
        store.space(call).expire(key, Some(at_ms));
        store.space(call).touch(key);
    }
    Ok(Reply::Integer(1))
}

/// -2 without the key, -1 without an expiry.
fn left(store: &mut Store, call: Call, key: &[u8], show: impl Fn(u64, u64) -> u64) -> Reply {
    if !store.space(call).exists(key, call.now_ms) {
        return Reply::Integer(-2);
    }
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    match store.space(call).expires_ms(key) {
        Some(at_ms) => Reply::number(show(at_ms, time_ms)),
        None => Reply::Integer(-1),
    }
}

pub(in crate::store) fn ttl(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let rounded = |at_ms: u64, time_ms| (at_ms.saturating_sub(time_ms) + 500) / 1000;
    Ok(left(store, call, &args[1], rounded))
}

pub(in crate::store) fn pttl(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    Ok(left(store, call, &args[1], u64::saturating_sub))
}

pub(in crate::store) fn expiretime(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    Ok(left(store, call, &args[1], |at_ms, _| (at_ms + 500) / 1000))
}

pub(in crate::store) fn pexpiretime(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    Ok(left(store, call, &args[1], |at_ms, _| at_ms))
}

pub(in crate::store) fn persist(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let key = &args[1];
    let is_there = store.space(call).exists(key, call.now_ms);
    if !is_there || store.space(call).expires_ms(key).is_none() {
        return Ok(Reply::Integer(0));
    }
    store.space(call).expire(key, None);
    store.space(call).touch(key);
    Ok(Reply::Integer(1))
}
