//! `XADD`, `XLEN`, `XRANGE`, `XREVRANGE`, `XDEL` and `XTRIM`
//! (<https://redis.io/docs/latest/commands/xadd/>).

use super::read::entry;
use super::state::{Call, Outcome, Store};
use super::{arg, is};
use crate::store::number::required;
use crate::store::refusal::Refusal;
use crate::store::reply::Reply;
use crate::store::stream::{Fields, Id, Stream, Trim, Trimming};
use bytes::{Bytes, BytesMut};

/// 100 nodes: what an approximate trim without `LIMIT` removes at most.
const LIMIT_OF_APPROXIMATE: u64 = 10_000;
const ID_ZERO: Refusal = Refusal::of("ERR The ID specified in XADD must be greater than 0-0");
const ID_SMALL: Refusal =
    Refusal::of("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const EXHAUSTED: Refusal =
    Refusal::of("ERR The stream has exhausted the last possible ID, unable to add more items");

/// Options before the id of `XADD`, all options of `XTRIM`.
#[derive(Debug, Default)]
struct Options {
    trimming: Option<Trimming>,
    makes_no_stream: bool,
    /// Where the first argument that is no option stands.
    end: usize,
}

/// The id that `XADD` was asked for.
enum Asked {
    Any,
    AnySeq(u64),
    Explicit(Id),
}

pub(in crate::store) fn xadd(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let options = options(args, true)?;
    let id = args
        .get(options.end)
        .ok_or_else(|| Refusal::arity("xadd"))?;
    let asked = asked(id)?;
    let fields = &args[options.end + 1..];
    if fields.is_empty() || !fields.len().is_multiple_of(2) {
        return Err(Refusal::arity("xadd"));
    }
    if matches!(asked, Asked::Explicit(Id::MIN)) {
        return Err(ID_ZERO);
    }
    let key = &args[1];
    let is_there = store
        .space(call)
        .read::<Stream>(key, call.now_ms)?
        .is_some();
    if !is_there && options.makes_no_stream {
        return Ok(Reply::Null);
    }
    let time_ms = store.space(call).time_ms(key, call.now_ms);
    let fields = kept(fields);
    let stream = store.space(call).write_or_new::<Stream>(key, call.now_ms)?;
    let added = chosen(stream, asked, time_ms).and_then(|id| stream.add(id, fields).map(|()| id));
    let id = match added {
        Ok(id) => id,
        Err(refusal) => {
            if !is_there {
                store.space(call).remove(key);
            }
            return Err(refusal);
        }
    };
    if let Some(trimming) = options.trimming {
        stream.trim(trimming);
    }
    store.space(call).touch(key);
    Ok(Reply::Bulk(id.to_bytes()))
}

fn asked(text: &[u8]) -> Result<Asked, Refusal> {
    if text == b"*" {
        return Ok(Asked::Any);
    }
    match Id::any_seq(text) {
        Some(ms) => ms.map(Asked::AnySeq),
        None => Id::strict(text).map(Asked::Explicit),
    }
}

fn chosen(stream: &Stream, asked: Asked, time_ms: u64) -> Result<Id, Refusal> {
    if stream.last_id == Id::MAX {
        return Err(EXHAUSTED);
    }
    let last = stream.last_id;
    match asked {
        Asked::Explicit(id) => Ok(id),
        Asked::Any => stream.next_id(time_ms).ok_or(EXHAUSTED),
        Asked::AnySeq(ms) if ms == last.ms => match last.seq.checked_add(1) {
            Some(seq) => Ok(Id { ms, seq }),
            None => Err(ID_SMALL),
        },
        Asked::AnySeq(ms) => Ok(Id { ms, seq: 0 }),
    }
}

/// Fields in memory of their own: they are kept for long, and are not to keep the
/// request that they came in.
fn kept(fields: &[Bytes]) -> Fields {
    let mut all = BytesMut::with_capacity(fields.iter().map(Bytes::len).sum());
    fields.iter().for_each(|field| all.extend_from_slice(field));
    let mut all = all.freeze();
    let each = fields.iter().map(|field| all.split_to(field.len()));
    each.collect()
}

fn options(args: &[Bytes], is_add: bool) -> Result<Options, Refusal> {
    let mut options = Options::default();
    let mut limit: Option<u64> = None;
    let mut at = 2;
    while at < args.len() {
        let option = &args[at];
        let left = args.len() - at - 1;
        if is_add && &**option == b"*" {
            break;
        } else if (is(option, "MAXLEN") || is(option, "MINID")) && left >= 1 {
            let (trimming, length) = trimming(args, at, options.trimming)?;
            options.trimming = Some(trimming);
            at += length;
        } else if is(option, "LIMIT") && left >= 1 {
            let error = Refusal::of("ERR The LIMIT argument must be >= 0.");
            let given = required(&args[at + 1])?;
            limit = Some(u64::try_from(given).map_err(|_| error)?);
            at += 2;
        } else if is_add && is(option, "NOMKSTREAM") {
            options.makes_no_stream = true;
            at += 1;
        } else if is_add {
            break;
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    options.end = at;
    if limit.is_some_and(|limit| limit > 0) && options.trimming.is_none() {
        return Err(Refusal::of(
            "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
        ));
    }
    if !is_add && options.trimming.is_none() {
        return Err(Refusal::of(
            "ERR syntax error, XTRIM must be called with a trimming strategy",
        ));
    }
    if let Some(trimming) = &mut options.trimming {
        match limit {
            Some(_) if !trimming.is_approximate => {
                return Err(Refusal::of(
                    "ERR syntax error, LIMIT cannot be used without the special ~ option",
                ));
            }
            Some(limit) => trimming.limit = limit,
            None if trimming.is_approximate => trimming.limit = LIMIT_OF_APPROXIMATE,
            None => {}
        }
    }
    Ok(options)
}

/// `MAXLEN` or `MINID` at a place, and how many arguments that is.
fn trimming(
    args: &[Bytes],
    at: usize,
    before: Option<Trimming>,
) -> Result<(Trimming, usize), Refusal> {
    if before.is_some() {
        return Err(Refusal::of(
            "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
        ));
    }
    let has_more = args.len() - at > 2;
    let operator = &*args[at + 1];
    let is_approximate = has_more && operator == b"~";
    let is_operator = is_approximate || (has_more && operator == b"=");
    let value = arg(args, at + 1 + usize::from(is_operator))?;
    let trim = if is(&args[at], "MAXLEN") {
        let error = Refusal::of("ERR The MAXLEN argument must be >= 0.");
        let max = required(value)?;
        Trim::MaxLen(u64::try_from(max).map_err(|_| error)?)
    } else {
        Trim::MinId(Id::strict(value)?)
    };
    let trimming = Trimming {
        trim,
        is_approximate,
        limit: 0,
    };
    Ok((trimming, 2 + usize::from(is_operator)))
}

pub(in crate::store) fn xtrim(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let options = options(args, false)?;
    let key = &args[1];
    let stream = store.space(call).write::<Stream>(key, call.now_ms)?;
    let (Some(stream), Some(trimming)) = (stream, options.trimming) else {
        return Ok(Reply::Integer(0));
    };
    let removed = stream.trim(trimming);
    if removed > 0 {
        store.space(call).touch(key);
    }
    Ok(Reply::number(removed))
}

pub(in crate::store) fn xlen(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let stream = store.space(call).read::<Stream>(&args[1], call.now_ms)?;
    Ok(Reply::count(stream.map_or(0, Stream::len)))
}

pub(in crate::store) fn xrange(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    range(store, call, args, false)
}

pub(in crate::store) fn xrevrange(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    range(store, call, args, true)
}

fn range(store: &mut Store, call: Call, args: &[Bytes], is_reversed: bool) -> Outcome {
    let (start, end) = match is_reversed {
        true => (&args[3], &args[2]),
        false => (&args[2], &args[3]),
    };
    let (start, end) = (Id::range_start(start)?, Id::range_end(end)?);
    let mut count = None;
    let mut at = 4;
    while at < args.len() {
        if !is(&args[at], "COUNT") || at + 1 >= args.len() {
            return Err(Refusal::SYNTAX);
        }
        count = Some(usize::try_from(required(&args[at + 1])?).unwrap_or(0));
        at += 2;
    }
    let Some(stream) = store.space(call).read::<Stream>(&args[1], call.now_ms)? else {
        return Ok(Reply::Array(Vec::new()));
    };
    if count == Some(0) {
        return Ok(Reply::NullArray);
    }
    let count = count.unwrap_or(usize::MAX);
    let found = stream.range(start..=end);
    let one = |(id, fields)| entry(id, fields);
    Ok(Reply::Array(match is_reversed {
        true => found.rev().take(count).map(one).collect(),
        false => found.take(count).map(one).collect(),
    }))
}

pub(in crate::store) fn xdel(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let key = &args[1];
    let is_there = store.space(call).read::<Stream>(key, call.now_ms)?;
    if is_there.is_none() {
        return Ok(Reply::Integer(0));
    }
    let ids = args[2..].iter().map(|id| Id::strict(id));
    let ids: Vec<Id> = ids.collect::<Result<_, _>>()?;
    let Some(stream) = store.space(call).write::<Stream>(key, call.now_ms)? else {
        return Ok(Reply::Integer(0));
    };
    let deleted = ids.into_iter().filter(|id| stream.delete(*id)).count();
    if deleted > 0 {
        store.space(call).touch(key);
    }
    Ok(Reply::count(deleted))
}
