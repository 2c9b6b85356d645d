//! <https://redis.io/docs/latest/develop/data-types/streams/>

use super::scene::Scene;

#[test]
fn a_wait_ends_with_an_entry_or_with_its_time() {
    let mut scene = Scene::new();
    let other = scene.connect();
    assert_eq!(scene.says(other, "XREAD BLOCK 100 STREAMS s $"), "");
    assert_eq!(
        scene.store.is_waiting(other),
        Some(Some(scene.now_ms + 100))
    );
    scene.own("XADD s 1-1 f v");
    assert_eq!(scene.waiting(other), "*1 *2 $1 s *1 *2 $3 1-1 *2 $1 f $1 v");
    assert_eq!(scene.store.is_waiting(other), None);
    scene.says(other, "XREAD BLOCK 100 STREAMS s $");
    scene.pass(99);
    scene.store.time_out(other, scene.now_ms);
    assert_eq!(scene.waiting(other), "");
    scene.pass(1);
    scene.store.time_out(other, scene.now_ms);
    assert_eq!(scene.waiting(other), "*-1");
}

#[test]
fn a_client_that_went_while_it_waited_takes_no_entry() {
    let mut scene = Scene::new();
    scene.own("XGROUP CREATE s g $ MKSTREAM");
    let (one, two) = (scene.connect(), scene.connect());
    scene.says(one, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
    scene.says(two, "XREADGROUP GROUP g d BLOCK 0 STREAMS s >");
    scene.store.disconnect(one);
    scene.own("XADD s 1-1 f v");
    assert!(scene.waiting(two).contains("1-1"));
    assert_eq!(
        scene.own("XPENDING s g"),
        "*4 :1 $3 1-1 $3 1-1 *1 *2 $1 d $1 1"
    );
}

#[test]
fn an_entry_that_was_trimmed_stays_pending_without_its_fields() {
    let mut scene = Scene::new();
    scene.own("XADD s 1-1 f v");
    scene.own("XGROUP CREATE s g 0");
    scene.own("XREADGROUP GROUP g c STREAMS s >");
    scene.own("XADD s MAXLEN 1 2-1 f v");
    let history = scene.own("XREADGROUP GROUP g c STREAMS s 0");
    assert_eq!(history, "*1 *2 $1 s *1 *2 $3 1-1 *-1");
    // It is told when it is claimed, and goes.
    assert_eq!(scene.own("XAUTOCLAIM s g d 0 0"), "*3 $3 0-0 *0 *1 $3 1-1");
    assert_eq!(scene.own("XPENDING s g"), "*4 :0 $-1 $-1 *-1");
}

#[test]
fn an_approximate_trim_removes_whole_nodes_only() {
    let mut scene = Scene::new();
    for n in 1..=250 {
        scene.own(&format!("XADD s {n}-0 f v"));
    }
    assert_eq!(scene.own("XTRIM s MAXLEN ~ 151"), ":0");
    assert_eq!(scene.own("XTRIM s MAXLEN ~ 150"), ":100");
    assert_eq!(scene.own("XTRIM s MAXLEN ~ 1 LIMIT 99"), ":0");
    assert_eq!(scene.own("XTRIM s MAXLEN = 149"), ":1");
}

#[test]
fn what_a_group_has_still_to_read_is_told_where_it_can_be() {
    let mut scene = Scene::new();
    for n in 1..=3 {
        scene.own(&format!("XADD s {n}-0 f v"));
    }
    scene.own("XGROUP CREATE s g 0");
    scene.own("XREADGROUP GROUP g c COUNT 1 STREAMS s >");
    assert!(
        scene
            .own("XINFO GROUPS s")
            .ends_with("$12 entries-read :1 $3 lag :2")
    );
    scene.own("XDEL s 2-0");
    assert!(scene.own("XINFO GROUPS s").ends_with("$3 lag $-1"));
}

#[test]
fn waits_within_a_transaction_are_none() {
    let mut scene = Scene::new();
    scene.own("MULTI");
    scene.own("XREAD BLOCK 0 STREAMS s $");
    assert_eq!(scene.own("EXEC"), "*1 *-1");
}
