//! Sequences of commands by chance, on few keys, so that they meet.

use super::pair::Pair;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const CASES: u32 = 48;

fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("s"), 1 => Just("t"), 1 => Just("k")].prop_map(String::from)
}

fn id() -> impl Strategy<Value = String> {
    (0..9u8, 0..3u8).prop_map(|(ms, seq)| format!("{ms}-{seq}"))
}

fn bound() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("-".to_string()),
        Just("+".to_string()),
        id(),
        id().prop_map(|id| format!("({id}")),
    ]
}

fn command() -> impl Strategy<Value = String> {
    let word = || prop_oneof![Just("a"), Just("b"), Just("7"), Just("-3")];
    let group = || prop_oneof![Just("g"), Just("h")];
    let consumer = || prop_oneof![Just("c"), Just("d")];
    prop_oneof![
        6 => (key(), 0..30u8).prop_map(|(k, ms)| format!("XADD {k} {ms}-* f v")),
        2 => (key(), id()).prop_map(|(k, id)| format!("XADD {k} {id} f v")),
        2 => (key(), id()).prop_map(|(k, id)| format!("XDEL {k} {id}")),
        1 => (key(), 0..5u8).prop_map(|(k, n)| format!("XTRIM {k} MAXLEN {n}")),
        1 => (key(), id()).prop_map(|(k, id)| format!("XTRIM {k} MINID {id}")),
        2 => (key(), bound(), bound()).prop_map(|(k, a, b)| format!("XRANGE {k} {a} {b}")),
        1 => (key(), bound(), bound()).prop_map(|(k, a, b)| format!("XREVRANGE {k} {a} {b} COUNT 2")),
        3 => (key(), group(), id()).prop_map(|(k, g, id)| format!("XGROUP CREATE {k} {g} {id} MKSTREAM")),
        1 => (key(), group(), id()).prop_map(|(k, g, id)| format!("XGROUP SETID {k} {g} {id}")),
        1 => (key(), group(), consumer()).prop_map(|(k, g, c)| format!("XGROUP DELCONSUMER {k} {g} {c}")),
        6 => (key(), group(), consumer(), 1..4u8)
            .prop_map(|(k, g, c, n)| format!("XREADGROUP GROUP {g} {c} COUNT {n} STREAMS {k} >")),
        3 => (key(), group(), consumer())
            .prop_map(|(k, g, c)| format!("XREADGROUP GROUP {g} {c} STREAMS {k} 0")),
        1 => (key(), id()).prop_map(|(k, id)| format!("XREAD STREAMS {k} {id}")),
        2 => (key(), group(), id()).prop_map(|(k, g, id)| format!("XACK {k} {g} {id}")),
        2 => (key(), group(), consumer(), id())
            .prop_map(|(k, g, c, id)| format!("XCLAIM {k} {g} {c} 0 {id} FORCE")),
        2 => (key(), group(), consumer(), 1..3u8)
            .prop_map(|(k, g, c, n)| format!("XAUTOCLAIM {k} {g} {c} 0 0 COUNT {n}")),
        2 => (key(), group()).prop_map(|(k, g)| format!("XPENDING {k} {g}")),
        2 => key().prop_map(|k| format!("XINFO GROUPS {k}")),
        2 => key().prop_map(|k| format!("XINFO STREAM {k}")),
        1 => key().prop_map(|k| format!("DEL {k}")),
        2 => (key(), word()).prop_map(|(k, w)| format!("SET {k} {w}")),
        2 => (key(), word()).prop_map(|(k, w)| format!("INCRBY {k} {w}")),
        1 => (key(), word()).prop_map(|(k, w)| format!("RPUSH {k} {w}")),
        1 => key().prop_map(|k| format!("LPOP {k} 2")),
        1 => (key(), word(), word()).prop_map(|(k, f, w)| format!("HSET {k} {f} {w}")),
        1 => (key(), word()).prop_map(|(k, f)| format!("HINCRBY {k} {f} 2")),
        1 => key().prop_map(|k| format!("HGETALL {k}")),
        1 => (key(), word()).prop_map(|(k, w)| format!("SADD {k} {w}")),
        1 => key().prop_map(|k| format!("SMEMBERS {k}")),
        1 => key().prop_map(|k| format!("TYPE {k}")),
        1 => Just("KEYS *".to_string()),
    ]
}

#[test]
fn sequences_by_chance_are_answered_as_redis_does() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let config = Config {
        cases: CASES,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = proptest::collection::vec(command(), 1..60);
    let pair = std::cell::RefCell::new(&mut pair);
    TestRunner::new(config)
        .run(&sequences, |commands| {
            let mut pair = pair.borrow_mut();
            pair.fresh();
            for command in &commands {
                pair.line(command);
            }
            Ok(())
        })
        .expect("both answer the same");
}
