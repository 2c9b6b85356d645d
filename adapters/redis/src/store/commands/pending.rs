//! `XPENDING` (<https://redis.io/docs/latest/commands/xpending/>).

use super::is;
use super::state::{Call, Outcome, Store};
use crate::store::number::required;
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::Reply;
use crate::store::stream::{Group, Id, Pending, Stream};
use bytes::Bytes;

/// The extended form: which entries, and how many of them.
struct Filter {
    idle_ms_min: u64,
    ids: (Id, Id),
    count: usize,
    consumer: Option<Bytes>,
}

/// That there is no such key, or no such group.
pub(super) fn no_key_or_group(key: &[u8], group: &[u8]) -> Refusal {
    let (key, group) = (shown(key), shown(group));
    let text = format!("No such key '{key}' or consumer group '{group}'");
    Refusal::coded("NOGROUP", text)
}

pub(in crate::store) fn xpending(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let filter = match args.len() {
        3 => None,
        6..=9 => Some(filter(args)?),
        _ => return Err(Refusal::SYNTAX),
    };
    let (key, name) = (&args[1], &args[2]);
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let stream = store.space(call).read::<Stream>(key, call.now_ms)?;
    let group = stream.and_then(|stream| stream.groups.get(name));
    let group = group.ok_or_else(|| no_key_or_group(key, name))?;
    Ok(match filter {
        None => summary(group),
        Some(filter) => extended(group, &filter, time_ms),
    })
}

fn filter(args: &[Bytes]) -> Result<Filter, Refusal> {
    let (mut at, mut idle_ms_min) = (3, 0);
    if is(&args[3], "IDLE") {
        idle_ms_min = u64::try_from(required(&args[4])?).unwrap_or(0);
        at = 5;
        if args.len() < 8 {
            return Err(Refusal::SYNTAX);
        }
    }
    let count = usize::try_from(required(&args[at + 2])?).unwrap_or(0);
    Ok(Filter {
        idle_ms_min,
        ids: (Id::range_start(&args[at])?, Id::range_end(&args[at + 1])?),
        count,
        consumer: args.get(at + 3).cloned(),
    })
}

fn summary(group: &Group) -> Reply {
    let ids = (
        group.pending.first_key_value(),
        group.pending.last_key_value(),
    );
    let (Some((first, _)), Some((last, _))) = ids else {
        let nulls = [Reply::Null, Reply::Null, Reply::NullArray];
        return Reply::Array([vec![Reply::Integer(0)], nulls.into()].concat());
    };
    let busy = group
        .consumers
        .iter()
        .filter(|(_, consumer)| !consumer.pending.is_empty());
    let busy = busy.map(|(name, consumer)| {
        let count = consumer.pending.len().to_string();
        Reply::Array(vec![Reply::Bulk(name.clone()), Reply::bulk(count)])
    });
    Reply::Array(vec![
        Reply::count(group.pending.len()),
        Reply::Bulk(first.to_bytes()),
        Reply::Bulk(last.to_bytes()),
        Reply::Array(busy.collect()),
    ])
}

fn extended(group: &Group, filter: &Filter, time_ms: u64) -> Reply {
    let (start, end) = filter.ids;
    if start > end {
        return Reply::Array(Vec::new());
    }
    let shown = |(id, pending): (&Id, &Pending)| {
        let idle_ms = time_ms.saturating_sub(pending.delivered_ms);
        Reply::Array(vec![
            Reply::Bulk(id.to_bytes()),
            Reply::Bulk(pending.consumer.clone()),
            Reply::number(idle_ms),
            Reply::number(pending.deliveries),
        ])
    };
    let found = group.pending.range(start..=end).filter(|(_, pending)| {
        let is_of = filter
            .consumer
            .as_ref()
            .is_none_or(|name| *name == pending.consumer);
        is_of && time_ms.saturating_sub(pending.delivered_ms) >= filter.idle_ms_min
    });
    Reply::Array(found.take(filter.count).map(shown).collect())
}
