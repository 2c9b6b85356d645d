//! What is fed, and what is seen of it.

use crate::running::*;
use exactly_adapter::{ObserveError, TrialNames};
use exactly_model::{Need, Outcome};
use futures::StreamExt as _;
use redis::aio::PubSub;
use std::time::{Duration, Instant};

crate::running::everywhere! {
    a_stream_shows_what_was_fed_in_its_order,
    more_than_a_page_is_read_and_trimming_moves_no_position,
    a_channel_says_how_many_it_gave_the_message_to,
    keys_of_every_kind_are_observed,
}

async fn a_stream_shows_what_was_fed_in_its_order(running: Running) {
    let scope = open(&running.instance).await;
    assert_eq!(count(&scope, "orders").await, 0);
    let fed = feed(&scope, "stream.orders", 0..6).await;
    assert_eq!(outcomes(&fed), [Outcome::Ok; 6]);
    let places: Vec<_> = fed
        .iter()
        .map(|fed| fed.position.clone().unwrap())
        .collect();
    assert!(
        places
            .iter()
            .all(|p| p.target == "stream.orders" && p.partition == 0)
    );
    let offsets: Vec<i64> = places.iter().map(|p| p.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3, 4, 5]);
    assert!(fed.iter().all(|fed| fed.receivers.is_none()));

    let seen = observe(&scope, "stream.orders").await;
    assert_eq!(sequences(&seen), [0, 1, 2, 3, 4, 5]);
    assert_eq!(seen[5].key.as_deref(), Some("k1"));
    assert_eq!((seen[5].key_seq, seen[5].position), (Some(2), Some(5)));
    assert!(seen[5].checksum.is_some());
    // The next slice goes on where this one ended.
    let fed = feed(&scope, "orders", 6..7).await;
    assert_eq!(fed[0].position.as_ref().unwrap().offset, 6);
    running.instance.stop().await;
}

async fn more_than_a_page_is_read_and_trimming_moves_no_position(running: Running) {
    let scope = open(&running.instance).await;
    feed(&scope, "orders", 0..1203).await;
    let seen = observe(&scope, "orders").await;
    assert_eq!(sequences(&seen), (0..1203).collect::<Vec<_>>());
    let mut user = running.client().await;
    let key = name(&scope, "stream.orders");
    let _: i64 = user.run(&["XTRIM", &key, "MAXLEN", "=", "3"]).await;
    let seen = observe(&scope, "orders").await;
    let positions: Vec<_> = seen.iter().map(|seen| seen.position.unwrap()).collect();
    assert_eq!(positions, [1200, 1201, 1202]);
    running.instance.stop().await;
}

async fn a_channel_says_how_many_it_gave_the_message_to(running: Running) {
    let scope = open(&running.instance).await;
    let channel = name(&scope, "channel.news");
    let receivers = async || feed(&scope, "channel.news", 0..1).await[0].receivers;
    assert_eq!(receivers().await, Some(0), "Redis did what it was asked to");
    let subscriber = async || {
        let url = format!("redis://127.0.0.1:{}/0", running.port());
        let client = redis::Client::open(url).unwrap();
        let mut subscriber: PubSub = client.get_async_pubsub().await.unwrap();
        subscriber.subscribe(&channel).await.unwrap();
        subscriber
    };
    let mut first = subscriber().await;
    assert_eq!(receivers().await, Some(1));
    let _second = subscriber().await;
    assert_eq!(receivers().await, Some(2));
    // The harness is not one of them.
    let observing = scope.observing().unwrap();
    observing.watch(&observer("channel.news")).await.unwrap();
    let fed = feed(&scope, "news", 1..4).await;
    assert!(
        fed.iter()
            .all(|fed| fed.receivers == Some(2) && fed.position.is_none())
    );
    let late = Instant::now() + Duration::from_secs(5);
    while count(&scope, "channel.news").await < 3 {
        assert!(Instant::now() < late, "the watcher hears what is published");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seen = observe(&scope, "channel.news").await;
    assert_eq!(
        sequences(&seen),
        [1, 2, 3],
        "what was published before is gone"
    );
    assert_eq!(seen[2].position, Some(2));
    let got = first.on_message().next().await.unwrap();
    assert_eq!(got.get_payload::<String>().unwrap(), message(0).payload);
    assert_eq!(left(&scope).await.items, 0, "a channel keeps nothing");
    running.instance.stop().await;
}

#[tokio::test]
async fn a_watcher_that_was_cut_off_says_so() {
    let Some(running) = local().await else {
        return;
    };
    let scope = open(&running.instance).await;
    let observing = scope.observing().unwrap();
    observing.watch(&observer("channel.news")).await.unwrap();
    feed(&scope, "news", 0..1).await;
    let mut user = running.client().await;
    let killed: i64 = user.run(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    assert_eq!(killed, 1);
    let late = Instant::now() + Duration::from_secs(5);
    let error = loop {
        match observing.observe(&observer("news"), &mut |_| {}).await {
            Err(error) => break error,
            Ok(()) => assert!(Instant::now() < late),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(matches!(error, ObserveError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("cut off"), "{error}");
    running.instance.stop().await;
}

async fn keys_of_every_kind_are_observed(running: Running) {
    let scope = open(&running.instance).await;
    let mut user = running.client().await;
    let prefix = name(&scope, "prefix");
    let key = |name: &str| format!("{prefix}{name}");
    let text = |n: u32| id(n).to_text();
    let _: () = user
        .run(&["SET", &key(&format!("done:{}", text(0))), "1"])
        .await;
    let _: () = user
        .run(&["SET", &key("done:last"), &message(1).payload])
        .await;
    let _: i64 = user
        .run(&["RPUSH", &key("list"), &text(3), &text(2), &text(2)])
        .await;
    let _: i64 = user.run(&["SADD", &key("set"), &text(4), &text(5)]).await;
    let _: i64 = user
        .run(&["HSET", &key("hash"), &text(7), "paid", "b", &text(8)])
        .await;
    let shows = async |pattern: &str| {
        let mut shown = sequences(&observe(&scope, pattern).await);
        shown.sort_unstable();
        shown
    };
    assert_eq!(shows("key.done:*").await, [0, 1]);
    assert_eq!(
        shows("key.list").await,
        [2, 2, 3],
        "a list may hold one twice"
    );
    assert_eq!(shows("key.set").await, [4, 5]);
    assert_eq!(shows("key.hash").await, [7, 8]);
    assert_eq!(shows("key.nothing*").await, [0; 0]);
    let members: Vec<String> = (0..1300).map(text).collect();
    for some in members.chunks(100) {
        let mut words = vec!["RPUSH", ""];
        let many = key("many");
        words[1] = &many;
        words.extend(some.iter().map(String::as_str));
        let _: i64 = user.run(&words).await;
    }
    assert_eq!(shows("key.many").await.len(), 1300);

    let _: () = user.run(&["SET", &key("none"), "7-12-3"]).await;
    let observing = scope.observing().unwrap();
    let error = observing
        .observe(&observer("key.none"), &mut |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, ObserveError::Config { .. }), "{error}");
    assert!(
        error.to_string().contains("carries no message id"),
        "{error}"
    );
    let error = observing
        .count(&observer("stream.missing"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no stream and no channel"),
        "{error}"
    );
    let error = scope
        .feeder()
        .unwrap()
        .feed("key.a", &[message(0)], 1)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("keys cannot be fed"), "{error}");

    // Nothing of the trial is left, and nothing of another trial goes with it.
    let _: () = user.run(&["SET", "x7t1.done", "1"]).await;
    scope.close().await;
    let there: Vec<String> = user.run(&["KEYS", "*"]).await;
    assert_eq!(there, ["x7t1.done"]);
    running.instance.stop().await;
}

#[tokio::test]
async fn times_to_live_pass_in_one_trial_of_the_embedded_server_alone() {
    let running = embedded().await;
    assert_eq!(running.instance.lacks(Need::Horizon), None);
    let scope = open(&running.instance).await;
    let other = TrialNames { trial: 13, ..NAMES };
    let beside = running.instance.open(other, &setup()).await.unwrap();
    let key = |scope| format!("{}seen", name(scope, "prefix"));
    let mut user = running.client().await;
    for scope in [&scope, &beside] {
        let set: String = user.run(&["SET", &key(scope), "1", "EX", "600"]).await;
        assert_eq!(set, "OK");
    }
    let horizon = scope.horizon().expect("its clock can be moved");
    assert_eq!(horizon.waits(), None);
    let passed = horizon.expire().await.unwrap();
    assert_eq!(
        (passed.what.as_str(), passed.seconds),
        ("every TTL of the trial's keys", 3600)
    );
    let there = async |user: &mut User, scope| -> u64 { user.run(&["EXISTS", &key(scope)]).await };
    assert_eq!(there(&mut user, &scope).await, 0);
    assert_eq!(there(&mut user, &beside).await, 1);
}

/// The embedded server has no sorted sets.
#[tokio::test]
async fn members_of_a_sorted_set_are_observed() {
    let Some(running) = local().await else {
        return;
    };
    let scope = open(&running.instance).await;
    let mut user = running.client().await;
    let key = format!("{}ranks", name(&scope, "prefix"));
    let (one, two) = (id(1).to_text(), id(2).to_text());
    let _: i64 = user.run(&["ZADD", &key, "2", &one, "1", &two]).await;
    assert_eq!(sequences(&observe(&scope, "key.ranks").await), [1, 2]);
    running.instance.stop().await;
}
