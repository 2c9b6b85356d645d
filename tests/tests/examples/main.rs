//! The examples, judged: `wrong` shows what its README predicts, `right` holds.
//! Each language's own tools and libraries are needed (`examples/install.sh`
//! gets the libraries); a language without them is named as not run.
//! `EXACTLY_TEST_EXAMPLES=python-orders,go-orders` makes that a failure for these.
//! Two of them run on a real broker too, where `KAFKA_HOME` has one.

mod example;

use exactly_model::FaultKind;
use example::{Example, Place};

/// Every language on the embedded broker, two of them on a real one.
const EXAMPLES: &[Example] = &[
    Example {
        name: "python-orders",
        built: ".venv/bin/python3",
        operations: ORDERS,
        kinds: EVERY,
        emulated: KAFKA,
        real: true,
    },
    Example {
        name: "node-orders",
        built: "node_modules/kafkajs",
        operations: ORDERS,
        kinds: EVERY,
        emulated: KAFKA,
        real: false,
    },
    Example {
        name: "java-orders",
        built: "right/target/classes",
        operations: ORDERS,
        kinds: EVERY,
        emulated: KAFKA,
        real: false,
    },
    Example {
        name: "java-transfers",
        built: "right/target/classes",
        operations: &["k Produce", "k TxnOffsetCommit", "k EndTxn commit"],
        kinds: EVERY,
        emulated: KAFKA,
        real: false,
    },
    Example {
        name: "java-kafka-smtp",
        built: "right/target/classes",
        operations: &["pg INSERT", "pg COMMIT", "k OffsetCommit", "mail message"],
        kinds: OF_REPLIES,
        emulated: KAFKA,
        real: false,
    },
    Example {
        name: "go-orders",
        built: "right/worker",
        operations: ORDERS,
        kinds: EVERY,
        emulated: KAFKA,
        real: true,
    },
    Example {
        name: "node-sqs-http",
        built: "node_modules/@aws-sdk/client-sqs",
        operations: &["pay POST /charges", "q DeleteMessage"],
        kinds: EVERY,
        emulated: &["http", "sqs"],
        real: false,
    },
];

/// What stands for Kafka.
const KAFKA: &[&str] = &["kafka"];

/// What applies to every exchange of a client that waits, and dies.
const EVERY: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::KillDeliverLate,
    FaultKind::Terminate,
    FaultKind::DropRequest,
    FaultKind::DropReply,
    FaultKind::DelayReply,
    FaultKind::Freeze,
];

/// What an example asks for that is not tried with every kind.
const OF_REPLIES: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::KillDeliverLate,
    FaultKind::DropRequest,
    FaultKind::DropReply,
    FaultKind::DelayReply,
];

/// What every kind of fault that applies has to strike in `right`.
const ORDERS: &[&str] = &["pg INSERT", "pg COMMIT", "k OffsetCommit"];

fn example(name: &str) -> &'static Example {
    EXAMPLES
        .iter()
        .find(|example| example.name == name)
        .unwrap()
}

macro_rules! examples {
    ($($test:ident: $name:literal;)*) => {
        $(mod $test {
            use super::*;

            #[test]
            fn wrong_is_found_out() {
                example($name).wrong(Place::Embedded);
            }

            #[test]
            fn right_holds() {
                example($name).right(Place::Embedded);
            }

            #[test]
            fn on_a_real_broker_it_is_the_same() {
                if example($name).real {
                    example($name).wrong(Place::Real);
                    example($name).right(Place::Real);
                }
            }
        })*

        /// No example is forgotten here.
        #[test]
        fn every_example_is_tested() {
            let tested = [$($name),*];
            let mut found = example::folders();
            found.retain(|name| !tested.contains(&name.as_str()));
            assert_eq!(found, example::TESTED_ELSEWHERE);
            assert_eq!(tested.len(), EXAMPLES.len());
        }
    };
}

examples! {
    python_orders: "python-orders";
    node_orders: "node-orders";
    java_orders: "java-orders";
    java_transfers: "java-transfers";
    java_kafka_smtp: "java-kafka-smtp";
    go_orders: "go-orders";
    node_sqs_http: "node-sqs-http";
}
