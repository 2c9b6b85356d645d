//! <https://redis.io/docs/latest/commands/expire/>, and clocks that are moved.

use super::scene::{START_MS, Scene};
use crate::store::Limits;

#[test]
fn a_key_is_gone_when_its_time_is_over_and_not_before() {
    let mut scene = Scene::new();
    scene.own("SET k v PX 100");
    scene.pass(100);
    assert_eq!(scene.own("GET k"), "$1 v");
    scene.pass(1);
    assert_eq!(scene.own("DBSIZE"), ":1", "nobody has looked at it");
    assert_eq!(scene.own("GET k"), "$-1");
    assert_eq!(scene.own("DBSIZE"), ":0");
}

#[test]
fn the_active_cycle_removes_what_nobody_looks_at() {
    let mut scene = Scene::new();
    scene.own("SET k v PX 100");
    scene.own("SET l v");
    scene.pass(101);
    scene.store.cycle(scene.now_ms);
    assert_eq!(scene.own("DBSIZE"), ":1");
    assert!(scene.own("INFO stats").contains("expired_keys:1"));
}

#[test]
fn a_clock_that_is_moved_is_that_of_keys_with_the_prefix_made_before_or_after() {
    let mut scene = Scene::new();
    scene.own("SET x7-k v EX 300");
    scene.own("SET x8-k v EX 300");
    assert_eq!(scene.own("EXACTLY CLOCK x7-"), ":0");
    assert_eq!(scene.own("EXACTLY CLOCK x7- 300001"), ":300001");
    assert_eq!(scene.own("EXACTLY CLOCK x7-"), ":300001");
    assert_eq!(scene.own("EXACTLY CLOCK x8-"), ":0");
    assert_eq!(scene.own("GET x7-k"), "$-1");
    assert_eq!(scene.own("GET x8-k"), "$1 v");
    scene.own("SET x7-l v EX 300");
    assert_eq!(scene.own("TTL x7-l"), ":300");
    scene.own("EXACTLY CLOCK x7- 299000");
    assert_eq!(scene.own("PTTL x7-l"), ":1000");
    // An empty prefix is all keys, and what was moved before adds up.
    assert_eq!(scene.own("EXACTLY CLOCK  500"), ":500");
    assert_eq!(scene.own("PTTL x7-l"), ":500");
}

#[test]
fn active_expiry_and_volatile_ttl_go_by_the_moved_clock() {
    let mut scene = Scene::new();
    scene.own("SET a v EX 1000");
    scene.own("SET b v EX 10");
    scene.own("EXACTLY CLOCK a 1000001");
    scene.store.cycle(scene.now_ms);
    assert_eq!(scene.own("KEYS *"), "*1 $1 b");
}

#[test]
fn ids_and_idle_times_of_a_stream_go_by_its_clock() {
    let mut scene = Scene::new();
    let id = format!("{}-0", START_MS + 60_000);
    scene.own("EXACTLY CLOCK s 60000");
    assert_eq!(scene.own("XADD s * f v"), format!("${} {id}", id.len()));
    scene.own("XGROUP CREATE s g 0");
    scene.own("XREADGROUP GROUP g c STREAMS s >");
    assert_eq!(scene.own("XAUTOCLAIM s g d 30000 0"), "*3 $3 0-0 *0 *0");
    scene.own("EXACTLY CLOCK s 30000");
    let claimed = scene.own("XAUTOCLAIM s g d 30000 0 JUSTID");
    assert!(claimed.contains(&id), "{claimed}");
}

#[test]
fn a_clock_is_moved_by_ten_years_at_most_and_there_are_so_many() {
    let mut scene = Scene::with(Limits {
        clocks: 1,
        ..Limits::default()
    });
    assert!(
        scene
            .own("EXACTLY CLOCK a 315576000001")
            .starts_with("-ERR")
    );
    assert_eq!(scene.own("EXACTLY CLOCK a 315576000000"), ":315576000000");
    assert!(scene.own("EXACTLY CLOCK b 1").starts_with("-ERR"));
    assert!(scene.own("EXACTLY CLOCK a -1").starts_with("-ERR"));
}

#[test]
fn a_watched_key_that_expires_breaks_the_transaction() {
    let mut scene = Scene::new();
    scene.own("SET k v PX 10");
    scene.own("WATCH k");
    scene.pass(11);
    scene.store.cycle(scene.now_ms);
    scene.own("MULTI");
    scene.own("SET l v");
    assert_eq!(scene.own("EXEC"), "*-1");
    assert_eq!(scene.own("GET l"), "$-1");
}

#[test]
fn a_scan_meets_each_key_once_that_is_there_all_the_while() {
    let mut scene = Scene::new();
    for n in 0..40 {
        scene.own(&format!("SET key{n} v"));
    }
    let (mut cursor, mut met) = ("0".to_string(), Vec::new());
    for round in 0..100 {
        scene.own(&format!("SET new{round} v"));
        scene.own(&format!("DEL new{}", round / 2));
        let reply = scene.own(&format!("SCAN {cursor} MATCH key* COUNT 3"));
        let words: Vec<&str> = reply.split(' ').collect();
        cursor = words[2].to_string();
        met.extend(
            words
                .iter()
                .filter(|word| word.starts_with("key"))
                .map(|key| key.to_string()),
        );
        if met.len() >= 40 {
            break;
        }
    }
    met.sort();
    met.dedup();
    assert_eq!(met.len(), 40);
}
