//! Strings (<https://redis.io/docs/latest/commands/set/>).

use super::state::{Call, Outcome, Store};
use super::{arg, is};
use crate::store::number::required;
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use crate::store::value::{Text, Value};
use bytes::Bytes;

/// When a `SET` takes place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Condition {
    Always,
    IfAbsent,
    IfPresent,
}

#[derive(Debug)]
struct Setting {
    condition: Condition,
    answers_old: bool,
    keeps_expiry: bool,
    /// In the key's time.
    expires_ms: Option<u64>,
}

/// Sets a value in memory of its own: it is not to keep the request that it came in.
fn put(store: &mut Store, call: Call, key: &Bytes, value: &[u8]) {
    let text = Text(Bytes::copy_from_slice(value));
    store.space(call).set(key, Value::Text(text));
    store.space(call).touch(key);
}

/// When a time to live ends, in the key's time. `unit_ms` is 1 or 1000.
pub(super) fn deadline(
    text: &[u8],
    unit_ms: i64,
    is_absolute: bool,
    time_ms: u64,
    command: &str,
) -> Result<u64, Refusal> {
    let error = || Refusal::expire_time(command);
    let given = required(text)?;
    if given <= 0 {
        return Err(error());
    }
    let ms = given.checked_mul(unit_ms).ok_or_else(error)?;
    let base = match is_absolute {
        true => 0,
        false => i64::try_from(time_ms).unwrap_or(i64::MAX),
    };
    let at_ms = ms.checked_add(base).ok_or_else(error)?;
    u64::try_from(at_ms).map_err(|_| error())
}

fn setting(args: &[Bytes], time_ms: u64) -> Result<Setting, Refusal> {
    let mut setting = Setting {
        condition: Condition::Always,
        answers_old: false,
        keeps_expiry: false,
        expires_ms: None,
    };
    let mut unit: Option<&Bytes> = None;
    let mut time = None;
    let mut at = 3;
    while let Some(option) = args.get(at) {
        at += 1;
        let condition = setting.condition;
        if is(option, "NX") && condition != Condition::IfPresent {
            setting.condition = Condition::IfAbsent;
        } else if is(option, "XX") && condition != Condition::IfAbsent {
            setting.condition = Condition::IfPresent;
        } else if is(option, "GET") {
            setting.answers_old = true;
        } else if is(option, "KEEPTTL") && unit.is_none() {
            setting.keeps_expiry = true;
        } else if ["EX", "PX", "EXAT", "PXAT"]
            .iter()
            .any(|word| is(option, word))
            && !setting.keeps_expiry
            && unit.is_none_or(|unit| unit.eq_ignore_ascii_case(option))
        {
            unit = Some(option);
            time = Some(arg(args, at)?);
            at += 1;
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    if let (Some(unit), Some(time)) = (unit, time) {
        let is_absolute = is(unit, "EXAT") || is(unit, "PXAT");
        let unit_ms = if is(unit, "EX") || is(unit, "EXAT") {
            1000
        } else {
            1
        };
        let at_ms = deadline(time, unit_ms, is_absolute, time_ms, "set")?;
        setting.expires_ms = Some(at_ms);
    }
    Ok(setting)
}

pub(in crate::store) fn set(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (key, value) = (&args[1], &args[2]);
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let setting = setting(args, time_ms)?;
    let old = match setting.answers_old {
        true => {
            let old = store.space(call).read::<Text>(key, call.now_ms)?;
            Some(Reply::or_null(old.map(|text| text.0.clone())))
        }
        false => None,
    };
    let is_there = store.space(call).exists(key, call.now_ms);
    let is_set = match setting.condition {
        Condition::Always => true,
        Condition::IfAbsent => !is_there,
        Condition::IfPresent => is_there,
    };
    if !is_set {
        return Ok(old.unwrap_or(Reply::Null));
    }
    let kept_ms = store.space(call).expires_ms(key);
    put(store, call, key, value);
    let expires_ms = match setting.keeps_expiry {
        true => kept_ms,
        false => setting.expires_ms,
    };
    store.space(call).expire(key, expires_ms);
    Ok(old.unwrap_or(Reply::OK))
}

pub(in crate::store) fn setnx(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    if store.space(call).exists(&args[1], call.now_ms) {
        return Ok(Reply::Integer(0));
    }
    put(store, call, &args[1], &args[2]);
    Ok(Reply::Integer(1))
}

pub(in crate::store) fn setex(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    until(store, call, args, 1000, "setex")
}

pub(in crate::store) fn psetex(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    until(store, call, args, 1, "psetex")
}

fn until(store: &mut Store, call: Call, args: &[Bytes], unit_ms: i64, name: &str) -> Outcome {
    let time_ms = store.space(call).time_ms(&args[1], call.now_ms);
    let at_ms = deadline(&args[2], unit_ms, false, time_ms, name)?;
    put(store, call, &args[1], &args[3]);
    store.space(call).expire(&args[1], Some(at_ms));
    Ok(Reply::OK)
}

pub(in crate::store) fn get(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let text = store.space(call).read::<Text>(&args[1], call.now_ms)?;
    Ok(Reply::or_null(text.map(|text| text.0.clone())))
}

pub(in crate::store) fn getdel(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let reply = get(store, call, args)?;
    store.space(call).remove(&args[1]);
    Ok(reply)
}

pub(in crate::store) fn getset(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let reply = get(store, call, args)?;
    put(store, call, &args[1], &args[2]);
    Ok(reply)
}

pub(in crate::store) fn strlen(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let text = store.space(call).read::<Text>(&args[1], call.now_ms)?;
    Ok(Reply::count(text.map_or(0, |text| text.0.len())))
}

/// Keys of other types are as if they were not there.
pub(in crate::store) fn mget(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let each = args[1..].iter().map(|key| {
        let text = store.space(call).read::<Text>(key, call.now_ms);
        Reply::or_null(text.ok().flatten().map(|text| text.0.clone()))
    });
    Ok(Reply::Array(each.collect()))
}

pub(in crate::store) fn mset(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(Refusal::arity("mset"));
    }
    for pair in args[1..].chunks_exact(2) {
        put(store, call, &pair[0], &pair[1]);
    }
    Ok(Reply::OK)
}

/// The expiry of the key stays.
pub(in crate::store) fn append(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let text = store
        .space(call)
        .write_or_new::<Text>(&args[1], call.now_ms)?;
    text.0 = [&*text.0, &*args[2]].concat().into();
    let length = text.0.len();
    store.space(call).touch(&args[1]);
    Ok(Reply::count(length))
}
