//! Lists (<https://redis.io/docs/latest/develop/data-types/lists/>). Those commands
//! that wait for an element are left out.

use super::state::{Call, Outcome, Store};
use crate::store::number::{integer, required};
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use crate::store::value::List;
use bytes::Bytes;

pub(in crate::store) fn lpush(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    push(store, call, args, true)
}

pub(in crate::store) fn rpush(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    push(store, call, args, false)
}

fn push(store: &mut Store, call: Call, args: &[Bytes], is_left: bool) -> Outcome {
    let key = &args[1];
    let list = store.space(call).write_or_new::<List>(key, call.now_ms)?;
    for item in &args[2..] {
        list.push(Bytes::copy_from_slice(item), is_left);
    }
    let length = list.len();
    store.space(call).touch(key);
    Ok(Reply::count(length))
}

pub(in crate::store) fn lpop(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    pop(store, call, args, true, "lpop")
}

pub(in crate::store) fn rpop(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    pop(store, call, args, false, "rpop")
}

fn pop(store: &mut Store, call: Call, args: &[Bytes], is_left: bool, name: &str) -> Outcome {
    if args.len() > 3 {
        return Err(Refusal::arity(name));
    }
    let error = Refusal::of("ERR value is out of range, must be positive");
    let count = args.get(2).map(|text| {
        let count = integer(text).and_then(|count| usize::try_from(count).ok());
        count.ok_or(error)
    });
    let count = count.transpose()?;
    let key = &args[1];
    let Some(list) = store.space(call).write::<List>(key, call.now_ms)? else {
        return Ok(match count {
            Some(_) => Reply::NullArray,
            None => Reply::Null,
        });
    };
    let reply = match count {
        None => Reply::or_null(list.pop(is_left)),
        Some(count) => {
            let count = count.min(list.len());
            Reply::bulks((0..count).filter_map(|_| list.pop(is_left)))
        }
    };
    if count != Some(0) {
        store.space(call).touch(key);
    }
    Ok(reply)
}

pub(in crate::store) fn llen(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let list = store.space(call).read::<List>(&args[1], call.now_ms)?;
    Ok(Reply::count(list.map_or(0, List::len)))
}

pub(in crate::store) fn lrange(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (start, end) = (required(&args[2])?, required(&args[3])?);
    let Some(list) = store.space(call).read::<List>(&args[1], call.now_ms)? else {
        return Ok(Reply::Array(Vec::new()));
    };
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    // From the end where it is negative.
    let place = |at: i64| {
        if at < 0 {
            at.saturating_add(length)
        } else {
            at
        }
    };
    let start = usize::try_from(place(start)).unwrap_or(0);
    let behind = usize::try_from(place(end).saturating_add(1)).unwrap_or(0);
    let items = list.iter().skip(start).take(behind.saturating_sub(start));
    Ok(Reply::bulks(items.cloned()))
}
