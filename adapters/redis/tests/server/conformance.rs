//! What the harness relies on, asked of this system.

use crate::running::*;
use exactly_adapter::conformance::{Answer, Subject, examine};
use exactly_redis::RedisSystem;

crate::running::everywhere! {
    the_rules_are_kept,
}

async fn the_rules_are_kept(running: Running) {
    let subject = Subject {
        adapter: &RedisSystem,
        instance: running.instance.clone(),
        setup: setup(),
        to: "stream.orders".into(),
        payload: r#"{"id":"{id}","key":"{key}","n":{seq},"sum":"{checksum}"}"#.into(),
        observer: observer("stream.orders"),
        run: 9,
    };
    let lines = examine(&subject).await.expect("it can be examined");
    let broken = lines
        .iter()
        .filter(|line| matches!(line.answer, Answer::Broken(_)));
    let broken: Vec<String> = broken.map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let held = lines
        .iter()
        .filter(|line| line.answer == Answer::Holds)
        .count();
    assert!(held >= 10, "{lines:?}");
    running.instance.stop().await;
}
