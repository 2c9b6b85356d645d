//! A server that is killed, stopped, paused and started again.

use crate::running::*;
use exactly_model::Outcome;
use std::time::{Duration, Instant};

#[tokio::test]
async fn sigterm_keeps_what_it_had_and_sigkill_does_not() {
    let Some(running) = local().await else { return };
    let scope = open(&running.instance).await;
    let control = running.control();
    assert_eq!(control.nodes(), [1]);
    assert_eq!(control.at("127.0.0.1", running.port()), Some(1));
    assert_eq!(control.at("127.0.0.1", running.port() ^ 1), None);
    assert_eq!(
        outcomes(&feed(&scope, "orders", 0..3).await),
        [Outcome::Ok; 3]
    );
    control.stop(1).await;
    // The connection that was kept is seen to be cut.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begun = Instant::now();
    let fed = feed(&scope, "orders", 3..6).await;
    assert_eq!(
        outcomes(&fed),
        [Outcome::Fail; 3],
        "nothing was there to send it to"
    );
    assert!(
        fed.iter()
            .all(|fed| fed.error.is_some() && fed.position.is_none())
    );
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "nobody waits for it"
    );
    control.start(1).await.unwrap();
    control.healed().await.unwrap();
    assert_eq!(sequences(&observe(&scope, "orders").await), [0, 1, 2]);
    assert_eq!(left(&scope).await.items, 3, "its group is there too");

    // What was fed since is gone, and is not said to be trimmed.
    assert_eq!(
        outcomes(&feed(&scope, "orders", 6..8).await),
        [Outcome::Ok; 2]
    );
    assert_eq!(observe(&scope, "orders").await.len(), 5);
    control.kill(1).await;
    control.start(1).await.unwrap();
    control.healed().await.unwrap();
    assert_eq!(sequences(&observe(&scope, "orders").await), [0, 1, 2]);
    feed(&scope, "orders", 8..9).await;
    assert!(left(&scope).await.put_aside.is_empty());
    running.instance.stop().await;
}

#[tokio::test]
async fn a_server_that_had_saved_nothing_comes_back_empty() {
    let Some(running) = local().await else { return };
    let scope = open(&running.instance).await;
    feed(&scope, "orders", 0..3).await;
    running.control().kill(1).await;
    running.control().start(1).await.unwrap();
    assert_eq!(observe(&scope, "orders").await, []);
    let left = left(&scope).await;
    assert_eq!((left.items, left.put_aside.len()), (0, 0));
    assert!(
        left.detail.contains("stream.orders is not there any more"),
        "{}",
        left.detail
    );
    running.instance.stop().await;
}

#[tokio::test]
async fn whom_a_paused_server_does_not_answer_does_not_know() {
    let Some(running) = local().await else { return };
    let scope = open(&running.instance).await;
    let control = running.control();
    feed(&scope, "orders", 0..1).await;
    control.pause(1).await;
    let begun = Instant::now();
    let fed = feed(&scope, "orders", 1..2).await;
    assert_eq!(outcomes(&fed), [Outcome::Unknown], "it was sent");
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_millis(900) && waited < Duration::from_secs(3),
        "{waited:?}"
    );
    control.resume(1).await;
    control.healed().await.unwrap();
    let late = Instant::now() + Duration::from_secs(5);
    while observe(&scope, "orders").await.len() < 2 {
        assert!(Instant::now() < late, "a server does what it has read");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A connection that was cut is made anew, and nothing is lost by it.
    let mut user = running.client().await;
    let _: i64 = user
        .run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
        .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(outcomes(&feed(&scope, "orders", 2..3).await), [Outcome::Ok]);
    // Twice is as good as once, and a node that is not there is nobody's.
    control.start(1).await.unwrap();
    control.kill(2).await;
    control.stop(2).await;
    control.healed().await.unwrap();
    running.instance.stop().await;
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_is_cut_off_within_a_test() {
    let Some(running) = local().await else { return };
    let mut user = running.client().await;
    let limit: (String, String) = user
        .run(&["CONFIG", "GET", "client-output-buffer-limit"])
        .await;
    assert!(limit.1.contains("pubsub 1048576 1048576 0"), "{}", limit.1);
    let save: (String, String) = user.run(&["CONFIG", "GET", "save"]).await;
    assert_eq!(save.1, "3600 1");
    running.instance.stop().await;
}
