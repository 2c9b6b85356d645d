//! <https://redis.io/docs/latest/develop/interact/pubsub/>

use super::scene::Scene;
use crate::store::Limits;

#[test]
fn publish_says_to_how_many_it_went_and_nothing_is_kept() {
    let mut scene = Scene::new();
    assert_eq!(scene.own("PUBLISH c m"), ":0");
    let other = scene.connect();
    assert_eq!(scene.says(other, "SUBSCRIBE c"), "*3 $9 subscribe $1 c :1");
    assert_eq!(scene.own("PUBLISH c n"), ":1");
    assert_eq!(scene.waiting(other), "*3 $7 message $1 c $1 n");
}

#[test]
fn a_client_with_channel_and_a_pattern_counts_twice_and_gets_it_twice() {
    let mut scene = Scene::new();
    let other = scene.connect();
    scene.says(other, "SUBSCRIBE news.art");
    scene.says(other, "PSUBSCRIBE news.*");
    assert_eq!(scene.own("PUBLISH news.art m"), ":2");
    assert_eq!(
        scene.waiting(other),
        "*3 $7 message $8 news.art $1 m *4 $8 pmessage $6 news.* $8 news.art $1 m"
    );
}

#[test]
fn who_is_gone_counts_no_more() {
    let mut scene = Scene::new();
    let other = scene.connect();
    scene.says(other, "SUBSCRIBE c");
    scene.says(other, "PSUBSCRIBE *");
    scene.store.disconnect(other);
    assert_eq!(scene.own("PUBLISH c m"), ":0");
    assert_eq!(scene.own("PUBSUB CHANNELS"), "*0");
    assert_eq!(scene.own("PUBSUB NUMPAT"), ":0");
}

#[test]
fn each_client_gets_it_in_its_own_protocol() {
    let mut scene = Scene::new();
    let (two, three) = (scene.connect(), scene.connect());
    scene.says(three, "HELLO 3");
    scene.says(two, "SUBSCRIBE c");
    assert_eq!(scene.says(three, "SUBSCRIBE c"), ">3 $9 subscribe $1 c :1");
    assert_eq!(scene.own("PUBLISH c m"), ":2");
    assert!(scene.waiting(two).starts_with("*3 $7 message"));
    assert!(scene.waiting(three).starts_with(">3 $7 message"));
}

/// <https://redis.io/docs/latest/develop/reference/clients/#output-buffer-limits>
#[test]
fn a_subscriber_past_the_hard_limit_is_hung_up_on() {
    let mut scene = Scene::new();
    let set = "CONFIG SET client-output-buffer-limit";
    // One argument with blanks: not by `own`, which splits at them.
    let args = set.split(' ').chain(["pubsub 1000 0 0"]);
    let args: Vec<_> = args
        .map(|arg| bytes::Bytes::copy_from_slice(arg.as_bytes()))
        .collect();
    scene.store.apply(scene.own, &args, scene.now_ms);
    assert_eq!(scene.waiting(scene.own), "+OK");
    let other = scene.connect();
    scene.says(other, "SUBSCRIBE c");
    let publish = format!("PUBLISH c {}", "m".repeat(470));
    assert_eq!(scene.own(&publish), ":1");
    assert!(!scene.store.is_cut(other));
    // That one is still counted, and is lost with the first.
    assert_eq!(scene.own(&publish), ":1");
    assert!(scene.store.is_cut(other));
    assert_eq!(scene.own(&publish), ":0");
    assert_eq!(scene.waiting(other), "");
}

#[test]
fn a_subscriber_past_the_soft_limit_is_hung_up_on_after_its_seconds() {
    let mut scene = Scene::new();
    scene.store.settings.pubsub.soft_bytes = 100;
    scene.store.settings.pubsub.soft_seconds = 2;
    let other = scene.connect();
    scene.says(other, "SUBSCRIBE c");
    let publish = format!("PUBLISH c {}", "m".repeat(200));
    scene.own(&publish);
    scene.pass(2999);
    scene.store.cycle(scene.now_ms);
    assert!(!scene.store.is_cut(other));
    // Who reads in between begins anew.
    scene.waiting(other);
    scene.store.cycle(scene.now_ms);
    scene.own("PUBLISH c m");
    scene.waiting(other);
    scene.own(&publish);
    scene.pass(2999);
    scene.store.cycle(scene.now_ms);
    assert!(!scene.store.is_cut(other));
    scene.pass(1);
    scene.store.cycle(scene.now_ms);
    assert!(scene.store.is_cut(other));
}

#[test]
fn subscriptions_are_bounded() {
    let mut scene = Scene::with(Limits {
        subscriptions: 2,
        ..Limits::default()
    });
    let other = scene.connect();
    scene.says(other, "SUBSCRIBE a b");
    assert!(scene.says(other, "PSUBSCRIBE c").starts_with("-ERR"));
    scene.says(other, "UNSUBSCRIBE a");
    assert_eq!(
        scene.says(other, "PSUBSCRIBE c"),
        "*3 $10 psubscribe $1 c :2"
    );
}
