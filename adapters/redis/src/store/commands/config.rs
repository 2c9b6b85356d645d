//! `CONFIG`, `COMMAND` and the harness's own `EXACTLY`.

use super::state::{Call, Outcome, Store};
use crate::store::glob;
use crate::store::number::unsigned;
use crate::store::refusal::{Refusal, shown};
use crate::store::reply::Reply;
use crate::store::settings::Settings;
use crate::store::table::Command;
use bytes::Bytes;

/// What is not set here is answered with nothing.
pub(in crate::store) fn get(store: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    let patterns: Vec<String> = args[2..]
        .iter()
        .map(|pattern| shown(pattern).to_ascii_lowercase())
        .collect();
    let names = Settings::NAMES.iter().filter(|name| {
        let mut patterns = patterns.iter();
        patterns.any(|pattern| glob::matches(pattern.as_bytes(), name.as_bytes()))
    });
    let pairs = names.filter_map(|name| {
        let value = store.settings.get(name)?;
        Some((Reply::word(name), Reply::bulk(value)))
    });
    Ok(Reply::Map(pairs.collect()))
}

/// All or none.
pub(in crate::store) fn set(store: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    if !args.len().is_multiple_of(2) {
        return Err(Refusal::arity("config|set"));
    }
    let mut settings = store.settings.clone();
    for pair in args[2..].chunks_exact(2) {
        let name = shown(&pair[0]).to_ascii_lowercase();
        settings.set(&name, &shown(&pair[1]))?;
    }
    store.settings = settings;
    Ok(Reply::OK)
}

pub(in crate::store) fn resetstat(_: &mut Store, _: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::OK)
}

fn described(command: &Command) -> Reply {
    let flags = command.flags.names().into_iter().map(Reply::Status);
    let (first, last, step) = command.keys;
    let empty = || Reply::Array(Vec::new());
    Reply::Array(vec![
        Reply::word(command.name),
        Reply::Integer(command.arity),
        Reply::Set(flags.collect()),
        Reply::Integer(first),
        Reply::Integer(last),
        Reply::Integer(step),
        Reply::Set(Vec::new()),
        empty(),
        empty(),
        empty(),
    ])
}

pub(in crate::store) fn command(store: &mut Store, _: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::Array(store.table().all().map(described).collect()))
}

pub(in crate::store) fn command_count(store: &mut Store, _: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::count(store.table().all().count()))
}

/// There is no documentation here: clients take that for a server without any.
pub(in crate::store) fn command_docs(_: &mut Store, _: Call, _: &[Bytes]) -> Outcome {
    Ok(Reply::Map(Vec::new()))
}

pub(in crate::store) fn command_info(store: &mut Store, _: Call, args: &[Bytes]) -> Outcome {
    if args.len() == 2 {
        let all = store.table().all();
        return Ok(Reply::Array(all.map(described).collect()));
    }
    let each = args[2..].iter().map(|name| {
        let name = shown(name).to_ascii_lowercase();
        let found = store.table().named(&name);
        found.map_or(Reply::NullArray, described)
    });
    Ok(Reply::Array(each.collect()))
}

/// `EXACTLY CLOCK prefix [ms]`: moves the clocks of all keys whose names start so, and
/// answers what they are ahead.
pub(in crate::store) fn clock(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    if args.len() > 4 {
        return Err(Refusal::arity("exactly|clock"));
    }
    let prefix = &args[2];
    if let Some(by_ms) = args.get(3) {
        let by_ms = unsigned(by_ms).ok_or(Refusal::NOT_AN_INTEGER)?;
        let max = store.limits.clocks;
        for space in &mut store.spaces {
            space.advance(prefix, by_ms, max)?;
        }
    }
    Ok(Reply::number(store.space(call).ahead_ms(prefix)))
}
