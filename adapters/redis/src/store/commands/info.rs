//! `INFO` (<https://redis.io/docs/latest/commands/info/>): what clients look at.

use super::connection::REDIS_VERSION;
use super::is;
use super::state::{Call, Outcome, Store};
use crate::store::reply::Reply;
use bytes::Bytes;
use std::fmt::Write;

const SECTIONS: [&str; 7] = [
    "server",
    "clients",
    "memory",
    "persistence",
    "stats",
    "replication",
    "keyspace",
];

pub(in crate::store) fn info(store: &mut Store, call: Call, args: &[Bytes]) -> Outcome {
    let asked = &args[1..];
    let is_all = |arg: &Bytes| is(arg, "default") || is(arg, "all") || is(arg, "everything");
    let is_whole = asked.is_empty() || asked.iter().any(is_all);
    let wanted = SECTIONS
        .iter()
        .filter(|name| is_whole || asked.iter().any(|arg| is(arg, name)));
    let mut text = String::new();
    for name in wanted {
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        let (head, tail) = name.split_at(1);
        let _ = write!(text, "# {}{tail}\r\n", head.to_ascii_uppercase());
        for (field, value) in section(store, call, name) {
            let _ = write!(text, "{field}:{value}\r\n");
        }
    }
    Ok(Reply::Text(text))
}

fn section(store: &Store, call: Call, name: &str) -> Vec<(String, String)> {
    let pairs = |pairs: &[(&str, &dyn ToString)]| {
        let owned = pairs.iter();
        owned
            .map(|(field, value)| (field.to_string(), value.to_string()))
            .collect()
    };
    let started_ms = store.started_ms.unwrap_or(call.now_ms);
    let up = call.now_ms.saturating_sub(started_ms) / 1000;
    match name {
        "server" => pairs(&[
            ("redis_version", &REDIS_VERSION),
            ("redis_mode", &"standalone"),
            ("exactly_version", &env!("CARGO_PKG_VERSION")),
            ("process_id", &std::process::id()),
            ("server_time_usec", &(call.now_ms * 1000)),
            ("uptime_in_seconds", &up),
            ("uptime_in_days", &(up / 86_400)),
        ]),
        "clients" => pairs(&[
            ("connected_clients", &store.clients.len()),
            ("maxclients", &store.limits.clients),
            ("blocked_clients", &store.waiting_clients()),
        ]),
        "memory" => pairs(&[
            ("used_memory", &store.used_memory()),
            ("maxmemory", &store.settings.maxmemory),
            ("maxmemory_policy", &store.settings.policy.name()),
        ]),
        "persistence" => pairs(&[("loading", &0), ("async_loading", &0), ("aof_enabled", &0)]),
        "stats" => pairs(&[
            ("total_connections_received", &store.connections),
            ("total_commands_processed", &store.commands),
            ("expired_keys", &expired(store)),
            ("evicted_keys", &store.evicted),
            ("pubsub_channels", &store.subscriptions.channels()),
            ("pubsub_patterns", &store.subscriptions.patterns()),
        ]),
        "replication" => pairs(&[("role", &"master"), ("connected_slaves", &0)]),
        _ => keyspaces(store),
    }
}

fn expired(store: &Store) -> u64 {
    store.spaces.iter().map(|space| space.expired).sum()
}

fn keyspaces(store: &Store) -> Vec<(String, String)> {
    let filled = store
        .spaces
        .iter()
        .enumerate()
        .filter(|(_, space)| space.len() > 0);
    let lines = filled.map(|(db, space)| {
        let (keys, expires) = (space.len(), space.with_expiry());
        let value = format!("keys={keys},expires={expires},avg_ttl=0");
        (format!("db{db}"), value)
    });
    lines.collect()
}
