//! Sets (<https://redis.io/docs/latest/develop/data-types/sets/>).

use super::state::{Call, Outcome, Store};
use crate::store::reply::Reply;
use crate::store::value::Set;
use bytes::Bytes;

pub(in crate::store) fn sadd(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let key = &args[1];
    let set = store.space(call).write_or_new::<Set>(key, call.now_ms)?;
    let members = args[2..]
        .iter()
        .map(|member| Bytes::copy_from_slice(member));
    let new = members.filter(|member| set.0.set(member.clone(), Bytes::new()));
    let new = new.count();
    if new > 0 {
        store.space(call).touch(key);
    }
    Ok(Reply::count(new))
}

pub(in crate::store) fn srem(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let key = &args[1];
    let Some(set) = store.space(call).write::<Set>(key, call.now_ms)? else {
        return Ok(Reply::Integer(0));
    };
    let members = args[2..].iter();
    let removed = members.filter(|member| set.0.remove(member)).count();
    if removed > 0 {
        store.space(call).touch(key);
    }
    Ok(Reply::count(removed))
}

pub(in crate::store) fn smembers(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let set = store.space(call).read::<Set>(&args[1], call.now_ms)?;
    let members = set.map(|set| set.0.in_order()).unwrap_or_default();
    let members = members
        .into_iter()
        .map(|(member, _)| Reply::Bulk(member.clone()));
    Ok(Reply::Set(members.collect()))
}

pub(in crate::store) fn sismember(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let set = store.space(call).read::<Set>(&args[1], call.now_ms)?;
    let is_in = set.is_some_and(|set| set.0.get(&args[2]).is_some());
    Ok(Reply::Integer(is_in.into()))
}

pub(in crate::store) fn scard(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let set = store.space(call).read::<Set>(&args[1], call.now_ms)?;
    Ok(Reply::count(set.map_or(0, |set| set.0.len())))
}
