//! Does the order service book each order exactly once, whatever crashes?

use exactly::{Pipeline, Process};

fn orders(name: &str, worker: Process) -> Pipeline {
    Pipeline::new(name)
        .kafka("k", |k| {
            k.topic("orders").client_timeout(rust_orders::TIMEOUT)
        })
        .postgres("pg", |pg| {
            pg.sql(include_str!("../schema.sql"))
                .client_timeout(rust_orders::TIMEOUT)
        })
        .process(
            worker
                .env("BROKERS", "{k.address}")
                .env("TOPIC", "{k.topic.orders}")
                .env("GROUP", "{k.group}")
                .env("DATABASE_URL", "{pg.url}"),
        )
        .feed("k", "orders")
        .payload(r#"{"id":"{id}","customer":"{key}","n":{seq},"sum":"{checksum}"}"#)
        .observe_rows(
            "orders",
            "pg",
            "select id, customer as key, n as seq, sum as checksum from orders",
        )
}

#[test]
fn right_books_each_order_exactly_once() {
    orders("orders-right", Process::cargo_bin("orders-right")).assert_exactly_once();
}

/// What `assert_exactly_once` says of the wrong one. In a test of your own you would
/// see this text as the failure; here it is caught, and read.
#[test]
fn wrong_books_an_order_twice_and_the_message_shows_how() {
    let wrong = orders("orders-wrong", Process::cargo_bin("orders-wrong"));
    let panic = std::panic::catch_unwind(|| wrong.assert_exactly_once());
    let panic = panic.expect_err("the wrong service is found out");
    let message = panic.downcast_ref::<String>().expect("a message");
    for part in [
        "the pipeline orders-wrong is not exactly-once",
        "Each message of orders has its effect exactly once at orders.",
        "D3 duplicate-effect",
        "1 message fed; ",
        "SIGKILL the process",
        "  0.0 ms  orders-wrong#1 starts",
        "→ pg INSERT orders {0}",
        "2 effects for message 0",
        "EXACTLY_REPLAY=orders-wrong-D3-",
        "cargo test -p rust-orders wrong_books_an_order_twice",
    ] {
        assert!(message.contains(part), "no {part:?} in\n{message}");
    }
}

/// Nothing is lost at least. The service runs as a process of this very test binary.
#[test]
fn wrong_books_each_order_at_least_once() {
    orders("orders-at-least-once", Process::this_test("worker")).assert_at_least_once();
}

#[test]
fn worker() {
    exactly::as_pipeline(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        runtime
            .block_on(rust_orders::wrong())
            .expect("the service runs for ever");
    });
}
