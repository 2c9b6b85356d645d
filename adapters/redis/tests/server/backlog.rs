//! What is left to do.

use crate::running::*;
use redis::Value;

crate::running::everywhere! {
    what_was_fed_is_left_until_it_is_acknowledged,
    a_stream_that_is_only_written_to_waits_for_nobody,
    what_is_trimmed_before_it_was_read_is_put_aside,
}

const READ: [&str; 5] = ["XREADGROUP", "GROUP", "", "c1", "COUNT"];

/// Reads `count` entries of `stream` as the consumer c1.
async fn read(user: &mut User, group: &str, stream: &str, count: &str) {
    let mut words = READ.to_vec();
    words[2] = group;
    words.extend([count, "STREAMS", stream, ">"]);
    let got: Value = user.run(&words).await;
    assert_ne!(got, Value::Nil, "there is something to read");
}

async fn what_was_fed_is_left_until_it_is_acknowledged(running: Running) {
    let scope = open(&running.instance).await;
    assert_eq!(left(&scope).await.items, 0);
    feed(&scope, "orders", 0..3).await;
    let all = left(&scope).await;
    assert_eq!(
        (all.items, all.detail.as_str()),
        (3, "3 entries of stream.orders not delivered")
    );
    let mut user = running.client().await;
    let (key, group) = (name(&scope, "stream.orders"), name(&scope, "group"));
    read(&mut user, &group, &key, "1").await;
    let some = left(&scope).await;
    let words = "2 entries of stream.orders not delivered, 1 pending";
    assert_eq!((some.items, some.detail.as_str()), (3, words));
    read(&mut user, &group, &key, "9").await;
    let pending = left(&scope).await;
    assert_eq!(pending.detail, "3 entries of stream.orders pending");
    let ids: Vec<(String, Value)> = user.run(&["XRANGE", &key, "-", "+"]).await;
    let mut ack = vec!["XACK", &key, &group];
    ack.extend(ids.iter().map(|(id, _)| id.as_str()));
    let _: i64 = user.run(&ack).await;
    let none = left(&scope).await;
    assert_eq!((none.items, none.detail.as_str()), (0, ""));
    assert!(none.put_aside.is_empty() && none.committed.is_empty());
    running.instance.stop().await;
}

async fn a_stream_that_is_only_written_to_waits_for_nobody(running: Running) {
    let scope = open(&running.instance).await;
    let mut user = running.client().await;
    let (key, group) = (name(&scope, "stream.out"), name(&scope, "group"));
    let _: String = user.run(&["XADD", &key, "*", "id", &id(1).to_text()]).await;
    assert_eq!(left(&scope).await.items, 0);
    assert_eq!(sequences(&observe(&scope, "out").await), [1]);
    // Once somebody consumes it, what is there is to be consumed.
    let _: String = user.run(&["XADD", &key, "*", "id", &id(2).to_text()]).await;
    read(&mut user, &group, &key, "1").await;
    assert_eq!(left(&scope).await.items, 2);
    // A group of the pipeline's own counts in the place of the trial's.
    feed(&scope, "orders", 0..2).await;
    let orders = name(&scope, "stream.orders");
    let own = format!("{}own", name(&scope, "prefix"));
    let _: () = user.run(&["XGROUP", "CREATE", &orders, &own, "0"]).await;
    read(&mut user, &own, &orders, "2").await;
    assert_eq!(left(&scope).await.items, 2 + 2);
    running.instance.stop().await;
}

async fn what_is_trimmed_before_it_was_read_is_put_aside(running: Running) {
    let scope = open(&running.instance).await;
    feed(&scope, "short", 0..4).await;
    assert!(left(&scope).await.put_aside.is_empty());
    feed(&scope, "short", 4..7).await;
    let after = left(&scope).await;
    assert_eq!(after.items, 4, "{}", after.detail);
    let aside: Vec<_> = after.put_aside.iter().map(|a| a.id.sequence()).collect();
    assert_eq!(aside, [0, 1, 2]);
    assert_eq!(
        after.put_aside[0].how,
        "trimmed from stream.short unread (MAXLEN = 4)"
    );
    // Pending entries that are trimmed are nothing that anybody can be given.
    let mut user = running.client().await;
    let (key, group) = (name(&scope, "stream.short"), name(&scope, "group"));
    read(&mut user, &group, &key, "2").await;
    assert_eq!(left(&scope).await.items, 4);
    feed(&scope, "short", 7..8).await;
    let after = left(&scope).await;
    assert_eq!(
        after.detail,
        "3 entries of stream.short not delivered, 1 pending"
    );
    let _: i64 = user.run(&["XTRIM", &key, "MAXLEN", "=", "0"]).await;
    let after = left(&scope).await;
    assert_eq!(
        (after.items, after.put_aside.len()),
        (0, 8),
        "{}",
        after.detail
    );
    running.instance.stop().await;
}
