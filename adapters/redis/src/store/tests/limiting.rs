//! <https://redis.io/docs/latest/develop/reference/eviction/>, and our own bounds.

use super::scene::Scene;
use crate::store::Limits;

/// Room for about twelve keys of a thousand bytes.
fn full(policy: &str) -> Scene {
    let mut scene = Scene::new();
    scene.own("CONFIG SET maxmemory 953000");
    assert_eq!(
        scene.own(&format!("CONFIG SET maxmemory-policy {policy}")),
        "+OK"
    );
    scene
}

fn set(scene: &mut Scene, key: &str) -> String {
    scene.own(&format!("SET {key} {}", "v".repeat(1000)))
}

#[test]
fn without_eviction_writes_are_refused_and_reads_are_not() {
    let mut scene = full("noeviction");
    let mut refused = None;
    for n in 0..20 {
        let reply = set(&mut scene, &format!("k{n}"));
        if reply != "+OK" {
            refused = Some(reply);
            break;
        }
    }
    let error = "-OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(refused.as_deref(), Some(error));
    assert!(scene.own("GET k0").starts_with("$1000"));
    assert_eq!(scene.own("DEL k0 k1"), ":2");
    assert_eq!(set(&mut scene, "again"), "+OK");
}

#[test]
fn the_one_used_longest_ago_goes_first() {
    let mut scene = full("allkeys-lru");
    for n in 0..11 {
        assert_eq!(set(&mut scene, &format!("k{n}")), "+OK");
    }
    scene.own("GET k0");
    for n in 11..16 {
        assert_eq!(set(&mut scene, &format!("k{n}")), "+OK");
    }
    assert_eq!(scene.own("EXISTS k0"), ":1");
    assert_eq!(scene.own("EXISTS k1"), ":0");
    assert!(scene.own("INFO stats").contains("evicted_keys:"));
}

#[test]
fn by_chance_any_goes_and_there_is_always_room() {
    let mut scene = full("allkeys-random");
    for n in 0..40 {
        assert_eq!(set(&mut scene, &format!("k{n}")), "+OK");
    }
    assert_eq!(scene.own("EXISTS k39"), ":1");
}

#[test]
fn the_one_that_expires_first_goes_and_those_that_do_not_expire_stay() {
    let mut scene = full("volatile-ttl");
    for n in 0..11 {
        set(&mut scene, &format!("k{n}"));
    }
    scene.own("EXPIRE k3 1000");
    scene.own("EXPIRE k4 100");
    let mut count = 11;
    while scene.own("EXISTS k4") == ":1" {
        assert_eq!(set(&mut scene, &format!("k{count}")), "+OK");
        count += 1;
        assert!(count < 20, "nothing was evicted");
    }
    assert_eq!(scene.own("EXISTS k3"), ":1");
    while set(&mut scene, &format!("k{count}")) == "+OK" {
        count += 1;
        assert!(count < 30, "keys without an expiry were evicted");
    }
    assert_eq!(scene.own("EXISTS k3"), ":0");
    assert_eq!(scene.own("EXISTS k0"), ":1");
}

#[test]
fn what_is_weighed_is_given_back() {
    let mut scene = Scene::new();
    let before = scene.own("INFO memory");
    for line in [
        "SET a v",
        "RPUSH l a b c",
        "HSET h a 1 b 2",
        "SADD s x y",
        "XADD t 1-1 f v",
        "XGROUP CREATE t g 0",
        "XREADGROUP GROUP g c STREAMS t >",
        "XACK t g 1-1",
        "LPOP l 2",
        "HDEL h a",
        "HSET h b 333",
        "SREM s x",
        "XDEL t 1-1",
        "APPEND a xyz",
    ] {
        scene.own(line);
    }
    assert_ne!(scene.own("INFO memory"), before);
    scene.own("DEL a l h s t");
    assert_eq!(scene.own("INFO memory"), before);
}

#[test]
fn clients_keys_transactions_and_watches_are_bounded() {
    let mut scene = Scene::with(Limits {
        clients: 2,
        key_bytes: 500,
        queued_commands: 2,
        watched_keys: 1,
        ..Limits::default()
    });
    scene.connect();
    assert!(scene.store.connect("third".into(), scene.now_ms).is_err());
    scene.own("MULTI");
    scene.own("PING");
    scene.own("PING");
    assert!(scene.own("PING").starts_with("-ERR"));
    assert!(scene.own("EXEC").starts_with("-EXECABORT"));
    scene.own("WATCH a");
    assert!(scene.own("WATCH b").starts_with("-ERR"));
    set(&mut scene, "k");
    assert!(set(&mut scene, "l").starts_with("-OOM"));
}

#[test]
fn what_is_left_out_says_so() {
    let mut scene = Scene::new();
    assert!(
        scene
            .own("BLPOP l 0")
            .contains("the embedded server has no 'blpop' command")
    );
}
