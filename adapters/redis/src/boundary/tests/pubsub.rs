//! Channels: confirmations, messages, and what else is pushed.

use super::wire::*;
use exactly_model::{Class, Outcome, Position};

const HELLO3: &str = "%1|$5|proto|:3|";

/// A subscriber of one version; pushes come as arrays or as pushes.
fn subscriber(kind: char) -> Wire {
    let mut wire = Wire::new();
    if kind == '>' {
        wire.turn("HELLO 3", HELLO3);
    }
    wire.client(&ask("SUBSCRIBE x7t12.news x7t12.b"));
    let before = wire.outcomes().len();
    wire.server(&frame(kind, "subscribe x7t12.news 1"));
    assert_eq!(wire.outcomes().len(), before, "one confirmation of two");
    wire.server(&frame(kind, "subscribe x7t12.b 2"));
    assert_eq!(wire.outcomes().len(), before + 1);
    wire
}

#[test]
fn a_message_is_an_exchange_that_the_system_opens() {
    for kind in ['*', '>'] {
        let mut wire = subscriber(kind);
        // The third was fed to another channel of the trial.
        for (sequence, channel) in [(1, "channel.news"), (2, "channel.news"), (3, "channel.b")] {
            let position = Position {
                target: channel.into(),
                partition: 0,
                offset: i64::from(sequence) + 3,
            };
            wire.shared.fed(id(sequence), position);
        }
        wire.server(&frame(kind, "message x7t12.news x7-12-1"));
        wire.server(&frame(kind, "pmessage x7t12.n* x7t12.news x7-12-2"));
        wire.server(&frame(kind, "smessage x7t12.news x7-12-3"));
        let shown: Vec<_> = wire.seen.pushed.iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                "Take message channel.news [1]",
                "Take pmessage channel.n* [2]",
                "Take smessage channel.news [3]",
            ]
        );
        assert!(wire.seen.pushed.iter().all(|head| !head.expects_reply));
        let offsets: Vec<_> = wire.seen.delivered.iter().map(|d| d.first).collect();
        assert_eq!(offsets, [4, 5]);
        // No key is used twice.
        let heads = wire.seen.heads.iter().chain(&wire.seen.pushed);
        let mut keys: Vec<u64> = heads.map(|head| head.key).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}

#[test]
fn unsubscribing_from_all_ends_with_the_last_confirmation() {
    for kind in ['*', '>'] {
        let mut wire = subscriber(kind);
        wire.client(&ask("PSUBSCRIBE x7t12.n*"));
        wire.server(&frame(kind, "psubscribe x7t12.n* 3"));
        wire.client(&ask("SUBSCRIBE x7t12.c"));
        wire.server(&frame(kind, "subscribe x7t12.c 4"));
        wire.client(&ask("UNSUBSCRIBE"));
        let before = wire.outcomes().len();
        wire.server(&frame(kind, "unsubscribe x7t12.news 3"));
        wire.server(&frame(kind, "message x7t12.b x7-12-1"));
        wire.server(&frame(kind, "unsubscribe x7t12.b 2"));
        assert_eq!(wire.outcomes().len(), before);
        wire.server(&frame(kind, "unsubscribe x7t12.c 1"));
        assert_eq!(wire.outcomes().len(), before + 1);
        wire.client(&ask("UNSUBSCRIBE"));
        wire.server(&frame(kind, "unsubscribe nil 1"));
        assert_eq!(wire.outcomes().len(), before + 2);
        wire.client(&ask("PUNSUBSCRIBE"));
        wire.server(&frame(kind, "punsubscribe x7t12.n* 0"));
        assert_eq!(wire.outcomes().len(), before + 3);
    }
}

#[test]
fn after_the_last_subscription_an_array_is_a_reply_again() {
    let mut wire = subscriber('*');
    wire.client(&ask("UNSUBSCRIBE x7t12.news x7t12.b"));
    wire.server(
        &[
            frame('*', "unsubscribe x7t12.news 1"),
            frame('*', "unsubscribe x7t12.b 0"),
        ]
        .concat(),
    );
    wire.turn("LRANGE x7t12.a 0 -1", "*3|$7|message|$1|a|$1|b|");
    assert_eq!(wire.seen.pushed, []);
}

#[test]
fn in_resp3_replies_and_pushes_interleave() {
    let mut wire = subscriber('>');
    wire.client(&[ask("GET x7t12.a"), ask("LRANGE x7t12.b 0 -1")].concat());
    let frames = [
        frame('>', "message x7t12.news x7-12-1"),
        raw("$1|v|"),
        frame('>', "invalidate x"),
        b"|1\r\n+ttl\r\n:3\r\n".to_vec(),
        frame('*', "message x7t12.news x7-12-9"),
        frame('>', "message x7t12.news x7-12-2"),
    ];
    assert_eq!(wire.server(&frames.concat()), 5);
    assert_eq!(wire.seen.pushed.len(), 2);
    assert_eq!(wire.outcomes().len(), 4);
}

#[test]
fn a_refused_subscription_and_pings_are_plain_replies() {
    let mut wire = Wire::new();
    let (_, reply) = wire.turn("SUBSCRIBE x7t12.news", "-NOPERM no|");
    assert_eq!(reply.outcome, Outcome::Fail);
    let mut wire = subscriber('*');
    wire.turn("PING", "*2|$4|pong|$0||");
    wire.turn("GET x7t12.a", "-ERR Can't execute 'get' in this context|");
    wire.turn("RESET", "+RESET|");
    wire.turn("LRANGE x7t12.a 0 -1", "*3|$7|message|$1|a|$1|b|");
    assert_eq!(wire.seen.pushed, []);
}

#[test]
fn half_a_push_waits_and_a_torn_one_is_an_error() {
    let mut wire = subscriber('>');
    let push = frame('>', "message x7t12.news x7-12-1");
    for end in 1..push.len() {
        assert_eq!(wire.server(&push[end - 1..end]), 0);
    }
    assert_eq!(wire.server(&push[push.len() - 1..]), 1);
    for torn in ["message x7t12.news", "subscribe x7t12.news", "pmessage a b"] {
        let mut wire = subscriber('>');
        let error = wire.read(exactly_adapter::Direction::ToClient, &frame('>', torn));
        assert!(error.unwrap_err().what.contains("torn"), "{torn}");
    }
}

#[test]
fn the_number_of_receivers_is_kept() {
    let mut wire = Wire::new();
    let (head, reply) = wire.turn("PUBLISH x7t12.news x7-12-1", ":0|");
    assert_eq!((head.class, reply.outcome), (Class::Effect, Outcome::Ok));
    wire.turn("PUBLISH x7t12.news x7-12-2", ":3|");
    wire.turn("PUBLISH x7t12.news x7-12-2", ":0|");
    assert_eq!(wire.shared.receivers(id(1)), Some(0));
    assert_eq!(wire.shared.receivers(id(2)), Some(3));
    assert_eq!(wire.shared.receivers(id(3)), None);
}
