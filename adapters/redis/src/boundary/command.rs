//! Which command does what, and where its keys stand (Redis documentation, Commands).
//!
//! What is not in the table counts as an effect: a module's command, or one of a Redis
//! that is newer than this.

use exactly_model::Class;

/// Where a command's keys or channels stand, counted from the word behind its name (and
/// behind its second word, where it has one).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keys {
    None,
    /// The first word.
    One,
    /// The first two.
    Two,
    /// The second word.
    Second,
    /// All of them.
    All,
    /// All but the last one, which is a timeout.
    ButLast,
    /// Every second one: a key, a value.
    Pairs,
    /// After a number that stands at this place.
    Counted(usize),
    /// The first word, a stream.
    Stream,
    /// The first half of what follows the word STREAMS.
    Streams,
    /// The first word, a channel.
    Channel,
    /// All of them are channels or patterns.
    Channels,
}

/// Commands whose second word says what they do.
pub(super) fn has_second_word(name: &str) -> bool {
    matches!(
        name,
        "ACL"
            | "CLIENT"
            | "CLUSTER"
            | "COMMAND"
            | "CONFIG"
            | "DEBUG"
            | "FUNCTION"
            | "LATENCY"
            | "MEMORY"
            | "MODULE"
            | "OBJECT"
            | "PUBSUB"
            | "SCRIPT"
            | "SENTINEL"
            | "SLOWLOG"
            | "XGROUP"
            | "XINFO"
    )
}

/// Class and keys of an operation, in upper case.
pub(super) fn command(operation: &str) -> (Class, Keys) {
    streams_and_channels(operation)
        .or_else(|| taking(operation))
        .or_else(|| reading(operation))
        .or_else(|| control(operation))
        .unwrap_or_else(|| (Class::Effect, effect(operation)))
}

fn streams_and_channels(operation: &str) -> Option<(Class, Keys)> {
    use Class::{Ack, Control, Effect, Read, Take};
    Some(match operation {
        "PUBLISH" | "SPUBLISH" => (Effect, Keys::Channel),
        "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" => (Take, Keys::Channels),
        "UNSUBSCRIBE" | "PUNSUBSCRIBE" | "SUNSUBSCRIBE" => (Control, Keys::Channels),
        "XADD" | "XDEL" | "XTRIM" | "XSETID" => (Effect, Keys::Stream),
        "XACK" => (Ack, Keys::Stream),
        // It acknowledges and deletes (Redis 8.2): the delete is what a sink shows.
        "XACKDEL" | "XDELEX" => (Effect, Keys::Stream),
        "XREADGROUP" => (Take, Keys::Streams),
        "XCLAIM" | "XAUTOCLAIM" => (Take, Keys::Stream),
        "XREAD" => (Read, Keys::Streams),
        "XLEN" | "XRANGE" | "XREVRANGE" | "XPENDING" | "XINFO STREAM" | "XINFO GROUPS"
        | "XINFO CONSUMERS" => (Read, Keys::Stream),
        "XGROUP CREATE" | "XGROUP CREATECONSUMER" => (Control, Keys::Stream),
        // Pending entries go with the consumer or the group.
        "XGROUP DELCONSUMER" | "XGROUP DESTROY" | "XGROUP SETID" => (Effect, Keys::Stream),
        _ => return None,
    })
}

/// Reads that take what they read away.
fn taking(operation: &str) -> Option<(Class, Keys)> {
    let keys = match operation {
        "LPOP" | "RPOP" | "SPOP" | "ZPOPMIN" | "ZPOPMAX" => Keys::One,
        "LMOVE" | "BLMOVE" | "RPOPLPUSH" | "BRPOPLPUSH" => Keys::Two,
        "BLPOP" | "BRPOP" | "BZPOPMIN" | "BZPOPMAX" => Keys::ButLast,
        "LMPOP" | "ZMPOP" => Keys::Counted(0),
        "BLMPOP" | "BZMPOP" => Keys::Counted(1),
        _ => return None,
    };
    Some((Class::Take, keys))
}

fn reading(operation: &str) -> Option<(Class, Keys)> {
    let keys = match operation {
        "GET"
        | "STRLEN"
        | "GETRANGE"
        | "SUBSTR"
        | "GETBIT"
        | "BITCOUNT"
        | "BITPOS"
        | "BITFIELD_RO"
        | "LCS"
        | "TTL"
        | "PTTL"
        | "EXPIRETIME"
        | "PEXPIRETIME"
        | "TYPE"
        | "DUMP"
        | "HGET"
        | "HMGET"
        | "HGETALL"
        | "HKEYS"
        | "HVALS"
        | "HLEN"
        | "HEXISTS"
        | "HSTRLEN"
        | "HSCAN"
        | "HRANDFIELD"
        | "LLEN"
        | "LRANGE"
        | "LINDEX"
        | "LPOS"
        | "SCARD"
        | "SISMEMBER"
        | "SMISMEMBER"
        | "SMEMBERS"
        | "SRANDMEMBER"
        | "SSCAN"
        | "ZCARD"
        | "ZCOUNT"
        | "ZLEXCOUNT"
        | "ZRANGE"
        | "ZRANGEBYSCORE"
        | "ZRANGEBYLEX"
        | "ZREVRANGE"
        | "ZREVRANGEBYSCORE"
        | "ZREVRANGEBYLEX"
        | "ZRANK"
        | "ZREVRANK"
        | "ZSCORE"
        | "ZMSCORE"
        | "ZSCAN"
        | "ZRANDMEMBER"
        | "GEOPOS"
        | "GEODIST"
        | "GEOHASH"
        | "GEOSEARCH"
        | "GEORADIUS_RO"
        | "GEORADIUSBYMEMBER_RO"
        | "SORT_RO"
        | "OBJECT ENCODING"
        | "OBJECT FREQ"
        | "OBJECT IDLETIME"
        | "OBJECT REFCOUNT"
        | "MEMORY USAGE" => Keys::One,
        "MGET" | "EXISTS" | "TOUCH" | "SDIFF" | "SINTER" | "SUNION" | "PFCOUNT" => Keys::All,
        "SINTERCARD" | "ZDIFF" | "ZINTER" | "ZUNION" | "ZINTERCARD" => Keys::Counted(0),
        "EVAL_RO" | "EVALSHA_RO" | "FCALL_RO" => Keys::Counted(1),
        "KEYS" | "SCAN" | "DBSIZE" | "RANDOMKEY" | "LASTSAVE" => Keys::None,
        "PUBSUB CHANNELS"
        | "PUBSUB NUMSUB"
        | "PUBSUB NUMPAT"
        | "PUBSUB SHARDCHANNELS"
        | "PUBSUB SHARDNUMSUB" => Keys::None,
        _ => return None,
    };
    Some((Class::Read, keys))
}

fn control(operation: &str) -> Option<(Class, Keys)> {
    let (first, second) = operation.split_once(' ').unwrap_or((operation, ""));
    let is_control = match first {
        "HELLO" | "AUTH" | "PING" | "ECHO" | "SELECT" | "MULTI" | "DISCARD" | "WATCH"
        | "UNWATCH" | "QUIT" | "RESET" | "INFO" | "TIME" | "ROLE" | "WAIT" | "WAITAOF"
        | "READONLY" | "READWRITE" | "ASKING" | "LOLWUT" => true,
        "CLIENT" | "COMMAND" | "LATENCY" | "SLOWLOG" | "MEMORY" => true,
        "CLUSTER" | "SENTINEL" => names_addresses(operation) || second.starts_with("KEY"),
        "CONFIG" => second == "GET" || second == "RESETSTAT",
        "SCRIPT" => matches!(second, "LOAD" | "EXISTS" | "SHOW" | "DEBUG"),
        "FUNCTION" => matches!(second, "LIST" | "STATS" | "DUMP"),
        "ACL" => matches!(
            second,
            "WHOAMI" | "LIST" | "USERS" | "GETUSER" | "CAT" | "LOG"
        ),
        _ => second == "HELP",
    };
    is_control.then_some((Class::Control, Keys::None))
}

/// Whether its answer names further addresses: what a client dials there goes past the
/// boundary.
pub(super) fn names_addresses(operation: &str) -> bool {
    matches!(
        operation,
        "CLUSTER SLOTS"
            | "CLUSTER SHARDS"
            | "CLUSTER NODES"
            | "SENTINEL GET-MASTER-ADDR-BY-NAME"
            | "SENTINEL REPLICAS"
            | "SENTINEL SENTINELS"
    )
}

/// Keys of what changes something.
fn effect(operation: &str) -> Keys {
    match operation {
        "DEL" | "UNLINK" | "PFMERGE" | "SDIFFSTORE" | "SINTERSTORE" | "SUNIONSTORE" => Keys::All,
        "MSET" | "MSETNX" => Keys::Pairs,
        "RENAME" | "RENAMENX" | "COPY" | "SMOVE" | "ZRANGESTORE" | "GEOSEARCHSTORE" => Keys::Two,
        "BITOP" => Keys::Second,
        // The source stands beside them; what changes is the first.
        "ZDIFFSTORE" | "ZINTERSTORE" | "ZUNIONSTORE" => Keys::One,
        "EVAL" | "EVALSHA" | "FCALL" => Keys::Counted(1),
        "FLUSHALL" | "FLUSHDB" | "SWAPDB" | "SAVE" | "BGSAVE" | "BGREWRITEAOF" | "SHUTDOWN"
        | "FAILOVER" | "REPLICAOF" | "SLAVEOF" | "MIGRATE" => Keys::None,
        _ if operation.contains(' ') => Keys::None,
        _ => Keys::One,
    }
}

/// Why a command turns the connection into something that is no exchange of requests and
/// replies any more.
pub(super) fn unreadable(operation: &str) -> Option<&'static str> {
    match operation {
        "MONITOR" => Some("a stream of all that the server does follows, not replies"),
        "SYNC" | "PSYNC" | "REPLCONF" => Some("replication follows, not replies"),
        "SCRIPT DEBUG" => Some("the debugger's own protocol may follow"),
        _ => None,
    }
}
