use super::super::*;
use crate::Error;
use exactly_model::Code;
use std::time::Duration;

fn pipeline() -> Pipeline {
    Pipeline::new("orders")
        .kafka("k", |k| k.topic("orders"))
        .postgres("pg", |pg| pg.sql("create table orders (id text)"))
        .process(
            Process::command(["sh", "-c", "true"])
                .env("BROKERS", "{k.address}")
                .env("DATABASE_URL", "{pg.url}"),
        )
        .feed("k", "orders")
        .observe_rows("orders", "pg", "select id from orders")
}

/// Why it is not run, without running it.
fn refused(pipeline: Pipeline) -> String {
    let error = pipeline
        .check(exactly_model::Guarantee::ExactlyOnce)
        .unwrap_err();
    let is_refusal = matches!(error, CheckError::Asked(_) | CheckError::Config(_));
    assert!(is_refusal, "{error:?}");
    let message = message::not_run("orders", &error);
    // Lines are broken anywhere.
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_put_together_is_a_configuration() {
    let config = pipeline().messages(3).allow(Code::D2, "legal").config;
    let check = config.check(std::path::Path::new("."), &|_| None);
    // No guarantee is asserted yet; everything else is there.
    let error = check.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("expect: says nothing of \"orders\""),
        "{error}"
    );
    let with = |mut config: crate::config::Config| {
        config.expect.all.guarantee = Some(exactly_model::Guarantee::ExactlyOnce);
        config.check(std::path::Path::new("."), &|_| None).unwrap()
    };
    let check = with(config);
    assert_eq!(check.selected.id(), "check/orders");
    assert_eq!(check.selected.pipeline.feed.messages, 3);
    assert_eq!(check.selected.pipeline.processes[0].name, "sh");
    assert_eq!(check.selected.cell.allowed[0].code, Code::D2);
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    for (pipeline, part) in [
        (pipeline().kafka("k", |k| k), "two systems are called \"k\""),
        (pipeline().feed("k", "order"), "did you mean \"orders\"?"),
        (
            pipeline().observe_rows("two", "pgs", "select 1"),
            "did you mean \"pg\"?",
        ),
        (pipeline().allow(Code::D3, " "), "say why it is no harm"),
        (
            pipeline().process(Process::cargo_bin("no-such-binary")),
            "there is no binary \"no-such-binary\"",
        ),
        (
            pipeline().process(Process::command(["sh"]).env("X", "{k.adress}")),
            "did you mean \"k.address\"?",
        ),
    ] {
        let message = refused(pipeline);
        assert!(
            message.contains("the check of \"orders\" is not put together right"),
            "{message}"
        );
        assert!(message.contains(part), "no {part:?} in {message}");
    }
}

#[test]
fn queues_and_charges_are_put_together_in_the_same_way() {
    let charges = || {
        Pipeline::new("charges")
            .sqs("q", |q| {
                q.queue_with("orders.fifo", |orders| {
                    orders
                        .visibility_timeout(Duration::from_secs(2))
                        .dead_letters("dead.fifo", 3)
                })
                .queue_with("dead.fifo", |dead| {
                    dead.content_based_dedup().dedup_per_group()
                })
                .queue("sent")
                .client_timeout(Duration::from_secs(2))
            })
            .http("pay", |pay| pay.keeps_idempotency_keys())
            .process(
                Process::command(["sh", "-c", "true"])
                    .env("QUEUE_URL", "{q.queue_url.orders}")
                    .env("PAYMENTS_URL", "{pay.url}"),
            )
            .feed("q", "orders.fifo")
            .observe_charges("charges", "pay")
            .observe_queue("sent", "q", "sent")
    };
    let mut config = charges().config;
    config.expect.all.guarantee = Some(exactly_model::Guarantee::ExactlyOnce);
    let check = config.check(std::path::Path::new("."), &|_| None).unwrap();
    let pipeline = check.selected.pipeline;
    assert_eq!(pipeline.gives_up(), Some(("q", 3)));
    let systems = &pipeline.systems;
    let pay = systems.iter().find(|system| system.kind == "http").unwrap();
    assert!(pay.setup.idempotency_keys);
    let queues = &systems
        .iter()
        .find(|system| system.kind == "sqs")
        .unwrap()
        .setup
        .queues;
    assert_eq!(queues[0].visibility_s, 2);
    assert!(queues[1].fifo && queues[1].content_based && queues[1].dedup_per_group);
    assert!(!queues[2].fifo);
    let sinks: Vec<_> = pipeline
        .observers
        .iter()
        .map(|o| o.query.as_str())
        .collect();
    assert_eq!(sinks, ["charges", "sent"]);
    let message = refused(charges().feed("q", "order.fifo"));
    assert!(message.contains("did you mean \"orders\"?"), "{message}");
}

#[test]
fn a_test_of_the_same_module_is_found_by_its_last_name() {
    let process = Process::this_test("worker").into_config().unwrap();
    assert_eq!(process.name, "worker");
    assert_eq!(
        process.env["EXACTLY_PIPELINE"],
        "api::tests::put_together::worker"
    );
    assert!(
        process
            .command
            .iter()
            .any(|part| part == "api::tests::put_together::worker")
    );
    let process = Process::this_test("other::worker").into_config().unwrap();
    assert_eq!(process.env["EXACTLY_PIPELINE"], "other::worker");
}

#[test]
fn no_test_is_a_pipeline_by_itself() {
    assert!(!is_pipeline());
    as_pipeline(|| panic!("it must not run"));
}

#[test]
fn an_error_says_that_nothing_is_decided() {
    let error = CheckError::Run {
        error: Error::Harness("x".into()),
        recorded: String::new(),
    };
    let message = message::not_run("orders", &error);
    assert!(
        message.contains("did not come to its end, so that nothing is decided"),
        "{message}"
    );
}

#[test]
fn processes_carry_what_they_are_given() {
    let process = Process::command(["python3", "worker.py"])
        .named("w")
        .arg("-v")
        .instances(2)
        .ready_when_it_prints("started")
        .ready_within(Duration::from_secs(3))
        .restarts(7, Duration::from_millis(10));
    let process = process.into_config().unwrap();
    assert_eq!(process.command, ["python3", "worker.py", "-v"]);
    assert_eq!((process.name.as_str(), process.instances), ("w", 2));
    assert_eq!(process.ready.log.as_deref(), Some("started"));
    assert_eq!(process.restart.max, 7);
}
