//! `XCLAIM` and `XAUTOCLAIM` (<https://redis.io/docs/latest/commands/xclaim/>,
//! <https://redis.io/docs/latest/commands/xautoclaim/>).

use super::is;
use super::pending::no_key_or_group;
use super::read::entry;
use super::state::{Call, Outcome, Store};
use crate::store::number::integer;
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::Reply;
use crate::store::stream::{Fields, Group, Id, Stream};
use bytes::Bytes;

/// What `XAUTOCLAIM` takes without `COUNT`.
const COUNT: usize = 100;
/// It looks at so many times what it takes.
const LOOKED_AT_FOR_EACH: usize = 10;

/// How entries are claimed.
#[derive(Debug, Default)]
struct Claim {
    consumer: Bytes,
    idle_ms_min: u64,
    delivered_ms: u64,
    deliveries: Option<u64>,
    is_forced: bool,
    only_ids: bool,
    last_id: Option<Id>,
}

pub(in crate::store) fn xclaim(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let (key, name) = (&args[1], &args[2]);
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let stream = store.space(call).write::<Stream>(key, call.now_ms)?;
    let stream = stream.filter(|stream| stream.groups.contains_key(name));
    let stream = stream.ok_or_else(|| no_key_or_group(key, name))?;
    let (ids, claim) = claim(args, time_ms)?;
    let Some(mut group) = stream.groups.remove(name) else {
        return Err(no_key_or_group(key, name));
    };
    group.last_id = group.last_id.max(claim.last_id.unwrap_or_default());
    let mut replies = Vec::new();
    for id in ids {
        let Some(fields) = stream.get(id) else {
            // What is not in the stream any more goes from the pending entries.
            group.take(id);
            continue;
        };
        replies.extend(claimed(&mut group, id, fields, &claim, time_ms));
    }
    stream.groups.insert(name.clone(), group);
    Ok(Reply::Array(replies))
}

fn claim(args: &[Bytes], time_ms: u64) -> Result<(Vec<Id>, Claim), Refusal> {
    let number = |text: &[u8], what: &str| {
        let error = || Refusal::err(format!("Invalid {what} argument for XCLAIM"));
        integer(text).ok_or_else(error)
    };
    let idle_ms_min = number(&args[4], "min-idle-time")?;
    let mut claim = Claim {
        consumer: args[3].clone(),
        idle_ms_min: u64::try_from(idle_ms_min).unwrap_or(0),
        ..Claim::default()
    };
    let ids: Vec<Id> = args[5..]
        .iter()
        .map_while(|id| Id::strict(id).ok())
        .collect();
    let signed_ms = i64::try_from(time_ms).unwrap_or(i64::MAX);
    let mut delivered_ms = None;
    let mut at = 5 + ids.len();
    while let Some(option) = args.get(at) {
        let next = args.get(at + 1);
        at += 1;
        match next {
            _ if is(option, "FORCE") => claim.is_forced = true,
            _ if is(option, "JUSTID") => claim.only_ids = true,
            Some(next) => {
                at += 1;
                if is(option, "IDLE") {
                    let idle_ms = number(next, "IDLE option")?;
                    delivered_ms = Some(signed_ms.saturating_sub(idle_ms));
                } else if is(option, "TIME") {
                    delivered_ms = Some(number(next, "TIME option")?);
                } else if is(option, "RETRYCOUNT") {
                    let count = number(next, "RETRYCOUNT option")?;
                    claim.deliveries = u64::try_from(count).ok();
                } else if is(option, "LASTID") {
                    claim.last_id = Some(Id::strict(next)?);
                } else {
                    return Err(unrecognized(option));
                }
            }
            None => return Err(unrecognized(option)),
        }
    }
    // What lies in the future, or before all time, is now.
    let delivered_ms = delivered_ms.and_then(|at_ms| u64::try_from(at_ms).ok());
    claim.delivered_ms = delivered_ms
        .filter(|at_ms| *at_ms <= time_ms)
        .unwrap_or(time_ms);
    Ok((ids, claim))
}

fn unrecognized(option: &[u8]) -> Refusal {
    Refusal::err(format!("Unrecognized XCLAIM option '{}'", shown(option)))
}

/// Puts an entry into the claimer's hands, unless it was delivered too lately.
fn claimed(
    group: &mut Group,
    id: Id,
    fields: &Fields,
    claim: &Claim,
    time_ms: u64,
) -> Option<Reply> {
    let before = match group.pending.get(&id) {
        Some(pending) => {
            let idle_ms = time_ms.saturating_sub(pending.delivered_ms);
            if idle_ms < claim.idle_ms_min {
                return None;
            }
            pending.deliveries
        }
        None if claim.is_forced => 1,
        None => return None,
    };
    let deliveries = match claim.deliveries {
        Some(deliveries) => deliveries,
        None => before + u64::from(!claim.only_ids),
    };
    group.see(&claim.consumer, time_ms);
    group.hand(id, &claim.consumer, claim.delivered_ms, deliveries);
    Some(match claim.only_ids {
        true => Reply::Bulk(id.to_bytes()),
        false => entry(id, fields),
    })
}

pub(in crate::store) fn xautoclaim(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let error = Refusal::of("ERR Invalid min-idle-time argument for XAUTOCLAIM");
    let idle_ms_min = integer(&args[4]).ok_or(error)?;
    let start = Id::range_start(&args[5])?;
    let (count, only_ids) = automatic(args)?;
    let (key, name) = (&args[1], &args[2]);
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let stream = store.space(call).write::<Stream>(key, call.now_ms)?;
    let no_group = || no_key_or_group(key, name);
    let stream = stream.ok_or_else(no_group)?;
    let mut group = stream.groups.remove(name).ok_or_else(no_group)?;
    let claim = Claim {
        consumer: args[3].clone(),
        idle_ms_min: u64::try_from(idle_ms_min).unwrap_or(0),
        delivered_ms: time_ms,
        only_ids,
        ..Claim::default()
    };
    let looked_at = count.saturating_mul(LOOKED_AT_FOR_EACH);
    let ids: Vec<Id> = group
        .pending
        .range(start..)
        .take(looked_at)
        .map(|(id, _)| *id)
        .collect();
    let (mut taken, mut gone, mut last) = (Vec::new(), Vec::new(), None);
    for id in ids {
        if taken.len() + gone.len() == count {
            break;
        }
        last = Some(id);
        match stream.get(id) {
            Some(fields) => taken.extend(claimed(&mut group, id, fields, &claim, time_ms)),
            None => {
                group.take(id);
                gone.push(Reply::Bulk(id.to_bytes()));
            }
        }
    }
    let from = last.map_or(Some(start), Id::next);
    let next = from.and_then(|from| group.pending.range(from..).next());
    let next = next.map(|(id, _)| *id).unwrap_or_default();
    stream.groups.insert(name.clone(), group);
    Ok(Reply::Array(vec![
        Reply::Bulk(next.to_bytes()),
        Reply::Array(taken),
        Reply::Array(gone),
    ]))
}

/// The options of `XAUTOCLAIM`: how many, and whether only ids are answered.
fn automatic(args: &[Bytes]) -> Result<(usize, bool), Refusal> {
    let (mut count, mut only_ids) = (COUNT, false);
    let mut at = 6;
    while at < args.len() {
        if is(&args[at], "COUNT") && at + 1 < args.len() {
            let given = integer(&args[at + 1]).and_then(|count| usize::try_from(count).ok());
            let error = Refusal::of("ERR COUNT must be > 0");
            count = given.filter(|count| *count > 0).ok_or(error)?;
            at += 2;
        } else if is(&args[at], "JUSTID") {
            only_ids = true;
            at += 1;
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    Ok((count, only_ids))
}
