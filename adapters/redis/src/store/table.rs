//! Which commands there are.

use super::commands::{
    claim, config, connection, expiry, groups, hashes, info, keys, lists, numbers, pending, read,
    sets, streams, strings, xinfo,
};
use super::refusal::{Refusal, shown};
use super::state::{Call, Outcome, Store};
use super::{pubsub, transaction};
use bytes::Bytes;
use std::collections::BTreeMap;

type Run = fn(&mut Store, Call, &[Bytes]) -> Outcome;

/// A command, or a subcommand with its command's name before it: `xgroup|create`.
#[derive(Debug)]
pub(super) struct Command {
    pub name: &'static str,
    /// With the name; negative: at least so many.
    pub arity: i64,
    pub flags: Flags,
    /// Where the first key stands, the last one, and how far apart they are.
    pub keys: (i64, i64, i64),
    pub run: Run,
}

/// What is true of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Flags(u8);

impl Flags {
    const NONE: Self = Self(0);
    /// It changes something.
    pub const WRITES: Self = Self(1);
    /// It may need more memory: refused where there is none.
    pub const GROWS: Self = Self(2 | 1);
    /// RESP2 takes it from a subscriber.
    pub const SUBSCRIBED: Self = Self(4);
    /// It is done at once between `MULTI` and `EXEC`.
    pub const NOW: Self = Self(8);

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// As `COMMAND` says them.
    pub fn names(self) -> Vec<&'static str> {
        let write = if self.has(Self::WRITES) {
            "write"
        } else {
            "readonly"
        };
        let grows = self.has(Self::GROWS).then_some("denyoom");
        [write].into_iter().chain(grows).collect()
    }
}

const R: Flags = Flags::NONE;
const W: Flags = Flags::WRITES;
const G: Flags = Flags::GROWS;
const S: Flags = Flags::SUBSCRIBED;
const N: Flags = Flags::NOW;
const NO_KEY: (i64, i64, i64) = (0, 0, 0);
const KEY: (i64, i64, i64) = (1, 1, 1);
const KEYS: (i64, i64, i64) = (1, -1, 1);
const SUBKEY: (i64, i64, i64) = (2, 2, 1);

const fn row(
    name: &'static str,
    arity: i64,
    flags: Flags,
    keys: (i64, i64, i64),
    run: Run,
) -> Command {
    Command {
        name,
        arity,
        flags,
        keys,
        run,
    }
}

/// A command that only has subcommands. `Table::find` never hands one out with any.
const fn container(name: &'static str) -> Command {
    row(name, -2, R, NO_KEY, |_, _, _| Err(Refusal::SYNTAX))
}

static COMMANDS: &[Command] = &[
    row("append", 3, G, KEY, strings::append),
    row("auth", -2, N, NO_KEY, connection::auth),
    container("client"),
    row("client|getname", 2, R, NO_KEY, connection::client_getname),
    row("client|id", 2, R, NO_KEY, connection::client_id),
    row("client|info", 2, R, NO_KEY, connection::client_info),
    row("client|kill", -3, R, NO_KEY, connection::client_kill),
    row("client|list", -2, R, NO_KEY, connection::client_list),
    row("client|no-evict", 3, R, NO_KEY, connection::client_no_evict),
    row("client|setinfo", 4, R, NO_KEY, connection::client_setinfo),
    row("client|setname", 3, R, NO_KEY, connection::client_setname),
    row("command", -1, R, NO_KEY, config::command),
    row("command|count", 2, R, NO_KEY, config::command_count),
    row("command|docs", -2, R, NO_KEY, config::command_docs),
    row("command|info", -2, R, NO_KEY, config::command_info),
    container("config"),
    row("config|get", -3, R, NO_KEY, config::get),
    row("config|resetstat", 2, R, NO_KEY, config::resetstat),
    row("config|set", -4, R, NO_KEY, config::set),
    row("dbsize", 1, R, NO_KEY, keys::dbsize),
    row("decr", 2, G, KEY, numbers::decr),
    row("decrby", 3, G, KEY, numbers::decrby),
    row("del", -2, W, KEYS, keys::del),
    row("discard", 1, N, NO_KEY, transaction::discard),
    row("echo", 2, R, NO_KEY, connection::echo),
    container("exactly"),
    row("exactly|clock", -3, R, NO_KEY, config::clock),
    row("exec", 1, N, NO_KEY, transaction::exec),
    row("exists", -2, R, KEYS, keys::exists),
    row("expire", -3, W, KEY, expiry::expire),
    row("expireat", -3, W, KEY, expiry::expireat),
    row("expiretime", 2, R, KEY, expiry::expiretime),
    row("flushall", -1, W, NO_KEY, keys::flushall),
    row("flushdb", -1, W, NO_KEY, keys::flushdb),
    row("get", 2, R, KEY, strings::get),
    row("getdel", 2, W, KEY, strings::getdel),
    row("getset", 3, G, KEY, strings::getset),
    row("hdel", -3, W, KEY, hashes::hdel),
    row("hello", -1, R, NO_KEY, connection::hello),
    row("hexists", 3, R, KEY, hashes::hexists),
    row("hget", 3, R, KEY, hashes::hget),
    row("hgetall", 2, R, KEY, hashes::hgetall),
    row("hincrby", 4, G, KEY, numbers::hincrby),
    row("hlen", 2, R, KEY, hashes::hlen),
    row("hmget", -3, R, KEY, hashes::hmget),
    row("hmset", -4, G, KEY, hashes::hmset),
    row("hset", -4, G, KEY, hashes::hset),
    row("incr", 2, G, KEY, numbers::incr),
    row("incrby", 3, G, KEY, numbers::incrby),
    row("info", -1, R, NO_KEY, info::info),
    row("keys", 2, R, NO_KEY, keys::keys),
    row("llen", 2, R, KEY, lists::llen),
    row("lpop", -2, W, KEY, lists::lpop),
    row("lpush", -3, G, KEY, lists::lpush),
    row("lrange", 4, R, KEY, lists::lrange),
    row("mget", -2, R, KEYS, strings::mget),
    row("mset", -3, G, (1, -1, 2), strings::mset),
    row("multi", 1, N, NO_KEY, transaction::multi),
    row("persist", 2, W, KEY, expiry::persist),
    row("pexpire", -3, W, KEY, expiry::pexpire),
    row("pexpireat", -3, W, KEY, expiry::pexpireat),
    row("pexpiretime", 2, R, KEY, expiry::pexpiretime),
    row("ping", -1, S, NO_KEY, connection::ping),
    row("psetex", 4, G, KEY, strings::psetex),
    row("psubscribe", -2, S, NO_KEY, pubsub::psubscribe),
    row("pttl", 2, R, KEY, expiry::pttl),
    row("publish", 3, R, NO_KEY, pubsub::publish),
    container("pubsub"),
    row("pubsub|channels", -2, R, NO_KEY, pubsub::channels),
    row("pubsub|numpat", 2, R, NO_KEY, pubsub::numpat),
    row("pubsub|numsub", -2, R, NO_KEY, pubsub::numsub),
    row("punsubscribe", -1, S, NO_KEY, pubsub::punsubscribe),
    row("quit", -1, S.and(N), NO_KEY, connection::quit),
    row("reset", 1, S.and(N), NO_KEY, connection::reset),
    row("rpop", -2, W, KEY, lists::rpop),
    row("rpush", -3, G, KEY, lists::rpush),
    row("sadd", -3, G, KEY, sets::sadd),
    row("scan", -2, R, NO_KEY, keys::scan),
    row("scard", 2, R, KEY, sets::scard),
    row("select", 2, R, NO_KEY, connection::select),
    row("set", -3, G, KEY, strings::set),
    row("setex", 4, G, KEY, strings::setex),
    row("setnx", 3, G, KEY, strings::setnx),
    row("sismember", 3, R, KEY, sets::sismember),
    row("smembers", 2, R, KEY, sets::smembers),
    row("srem", -3, W, KEY, sets::srem),
    row("strlen", 2, R, KEY, strings::strlen),
    row("subscribe", -2, S, NO_KEY, pubsub::subscribe),
    row("time", 1, R, NO_KEY, connection::time),
    row("ttl", 2, R, KEY, expiry::ttl),
    row("type", 2, R, KEY, keys::kind),
    row("unlink", -2, W, KEYS, keys::del),
    row("unsubscribe", -1, S, NO_KEY, pubsub::unsubscribe),
    row("unwatch", 1, R, NO_KEY, transaction::unwatch),
    row("watch", -2, N, KEYS, transaction::watch),
    row("xack", -4, W, KEY, groups::xack),
    row("xadd", -5, G, KEY, streams::xadd),
    row("xautoclaim", -6, W, KEY, claim::xautoclaim),
    row("xclaim", -6, W, KEY, claim::xclaim),
    row("xdel", -3, W, KEY, streams::xdel),
    container("xgroup"),
    row("xgroup|create", -5, G, SUBKEY, groups::create),
    row(
        "xgroup|createconsumer",
        5,
        G,
        SUBKEY,
        groups::createconsumer,
    ),
    row("xgroup|delconsumer", 5, W, SUBKEY, groups::delconsumer),
    row("xgroup|destroy", 4, W, SUBKEY, groups::destroy),
    row("xgroup|setid", -5, W, SUBKEY, groups::setid),
    container("xinfo"),
    row("xinfo|consumers", 4, R, SUBKEY, xinfo::consumers),
    row("xinfo|groups", 3, R, SUBKEY, xinfo::groups),
    row("xinfo|stream", -3, R, SUBKEY, xinfo::stream),
    row("xlen", 2, R, KEY, streams::xlen),
    row("xpending", -3, R, KEY, pending::xpending),
    row("xrange", -4, R, KEY, streams::xrange),
    row("xread", -4, R, NO_KEY, read::xread),
    row("xreadgroup", -7, W, NO_KEY, read::xreadgroup),
    row("xrevrange", -4, R, KEY, streams::xrevrange),
    row("xtrim", -4, W, KEY, streams::xtrim),
];

/// Commands of Redis that people reach for and that are not here: they are told so,
/// and not that there is no such command.
const LEFT_OUT: &[&str] = &[
    "blmove",
    "blmpop",
    "blpop",
    "brpop",
    "brpoplpush",
    "eval",
    "evalsha",
    "fcall",
    "function",
    "getex",
    "lindex",
    "lmove",
    "lrem",
    "ltrim",
    "monitor",
    "object",
    "rename",
    "script",
    "spublish",
    "ssubscribe",
    "sunsubscribe",
    "wait",
    "xsetid",
    "zadd",
    "zrange",
    "zrangebyscore",
    "zrem",
];

#[derive(Debug)]
pub(super) struct Table {
    by_name: BTreeMap<&'static str, &'static Command>,
}

impl Command {
    pub fn takes(&self, args: usize) -> bool {
        let args = i64::try_from(args).unwrap_or(i64::MAX);
        match self.arity {
            arity if arity < 0 => args >= -arity,
            arity => args == arity,
        }
    }
}

impl Table {
    pub fn new() -> Self {
        let rows = COMMANDS.iter().map(|command| (command.name, command));
        Self {
            by_name: rows.collect(),
        }
    }

    /// Those that are no subcommands.
    pub fn all(&self) -> impl Iterator<Item = &'static Command> {
        COMMANDS
            .iter()
            .filter(|command| !command.name.contains('|'))
    }

    pub fn named(&self, name: &str) -> Option<&'static Command> {
        self.by_name.get(name).copied()
    }

    /// The command that these arguments, of which there is one, begin with.
    pub fn find(&self, args: &[Bytes]) -> Result<&'static Command, Refusal> {
        let name = shown(&args[0]).to_ascii_lowercase();
        let Some(command) = self.named(&name) else {
            return Err(match LEFT_OUT.contains(&name.as_str()) {
                true => Refusal::err(format!(
                    "the embedded server has no '{name}' command: run this against a real Redis \
                     (place local, or at)"
                )),
                false => unknown(args),
            });
        };
        let is_container = matches!(
            command.name,
            "client" | "command" | "config" | "exactly" | "pubsub" | "xgroup" | "xinfo"
        );
        match args.get(1) {
            Some(sub) if is_container => {
                let full = format!("{name}|{}", shown(sub).to_ascii_lowercase());
                self.named(&full).ok_or_else(|| {
                    let sub = cut(&shown(sub), 128);
                    let name = name.to_ascii_uppercase();
                    Refusal::err(format!("unknown subcommand '{sub}'. Try {name} HELP."))
                })
            }
            _ => Ok(command),
        }
    }
}

/// As `processCommand` of Redis says it: with the first arguments, up to a length.
fn unknown(args: &[Bytes]) -> Refusal {
    let mut beginning = String::new();
    for arg in &args[1..] {
        if beginning.len() >= 128 {
            break;
        }
        let left = 128 - beginning.len();
        beginning.push_str(&format!("'{}' ", cut(&shown(arg), left)));
    }
    let name = cut(&shown(&args[0]), 128);
    Refusal::err(format!(
        "unknown command '{name}', with args beginning with: {beginning}"
    ))
}

fn cut(text: &str, length: usize) -> String {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_string()
}
