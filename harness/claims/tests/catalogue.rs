//! The catalogue is well formed: what its types cannot say.

use exactly_claims::{
    Source, SwapError, Variant, catalogue, catalogue_with, program_by_id, programs,
};
use exactly_model::{Code, Fault, FaultKind, Guarantee, Need, Phase, Selector, SinkKind};
use std::collections::BTreeSet;

/// Operations and targets that the adapters give to what the programs do.
const KNOWN: [(&str, &str, &str); 14] = [
    ("postgres", "INSERT", "orders"),
    ("postgres", "COMMIT", ""),
    ("kafka", "OffsetCommit", "topic.orders"),
    ("kafka", "Produce", "topic.out"),
    ("kafka", "EndTxn commit", ""),
    ("sqs", "SendMessage", "queue.out"),
    ("sqs", "SendMessageBatch", "queue.out"),
    ("sqs", "DeleteMessage", "queue.orders"),
    ("http", "POST", "/charges"),
    ("redis", "message", "channel.orders"),
    ("redis", "message", "channel.hints"),
    ("redis", "SUBSCRIBE", "channel.orders"),
    ("redis", "XACK", "stream.orders"),
    ("smtp", "message", ""),
];

fn is_kebab(id: &str) -> bool {
    !id.is_empty()
        && id
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let mut seen = BTreeSet::new();
    for claim in catalogue() {
        assert!(is_kebab(claim.id), "{}", claim.id);
        assert!(!claim.variants.is_empty(), "{}", claim.id);
        for variant in &claim.variants {
            assert!(is_kebab(variant.id), "{}", variant.id);
            assert!(seen.insert(format!("{}/{}", claim.id, variant.id)));
        }
    }
    let mut seen = BTreeSet::new();
    for program in programs() {
        assert!(is_kebab(program.id), "{}", program.id);
        assert!(seen.insert(program.id), "{} is there twice", program.id);
    }
    for bad in ["", "-", "a-", "Ab", "a_b", "a--b", "a b"] {
        assert!(!is_kebab(bad), "{bad:?}");
    }
}

#[test]
fn every_program_resolves_and_is_used() {
    let claims = catalogue();
    let mut used: Vec<&str> = Vec::new();
    for variant in claims.iter().flat_map(|claim| &claim.variants) {
        assert_eq!(program_by_id(variant.pipeline.id), Some(variant.pipeline));
        assert_eq!(variant.summary, variant.pipeline.summary);
        assert!(!variant.summary.contains('\n') && variant.summary.len() <= 80);
        used.push(variant.pipeline.id);
    }
    used.sort_unstable();
    used.dedup();
    let mut all: Vec<&str> = programs().iter().map(|program| program.id).collect();
    all.sort_unstable();
    assert_eq!(used, all);
    assert_eq!(program_by_id("effect-then-ack"), None);
}

#[test]
fn the_sentence_forbids_what_is_predicted_of_the_foils() {
    for claim in catalogue() {
        assert!(!claim.forbidden.is_empty(), "{}", claim.id);
        for variant in &claim.variants {
            let predicts = |codes: [Code; 2]| {
                let mut codes = codes.iter();
                codes.any(|code| variant.predicted.contains(code))
            };
            let (lost, doubled) = (
                predicts([Code::L1, Code::D6]) || predicts([Code::L7, Code::L7]),
                predicts([Code::D3, Code::D4]),
            );
            assert_eq!(
                Guarantee::measured(lost, doubled),
                variant.expected,
                "{}: the codes and the guarantee disagree",
                variant.id
            );
            let refuted = variant
                .predicted
                .iter()
                .any(|code| claim.forbidden.contains(code));
            // Where order is a part of the sentence, a foil may break that alone; and who
            // is stuck has neither lost nor doubled anything yet.
            let alone = [Code::O1, Code::V1];
            let broken_alone = alone.iter().any(|code| variant.predicted.contains(code));
            assert_eq!(
                refuted,
                variant.expected != claim.asserted || broken_alone,
                "{}: foils are refuted and cures are not",
                variant.id
            );
        }
    }
}

fn check_selector(selector: &Selector, messages: u32) {
    let target = selector.target.as_deref().unwrap_or_default();
    let label = (
        selector.system.as_str(),
        selector.operation.as_str(),
        target,
    );
    assert!(KNOWN.contains(&label), "{selector}: nobody does this");
    // Who subscribes asks for no message in particular.
    let is_about_all = selector.operation == "SUBSCRIBE";
    assert!(
        is_about_all || selector.covers.is_some_and(|sequence| sequence < messages),
        "{selector}: there are {messages} messages"
    );
}

fn check_fault(fault: &Fault, messages: u32) {
    assert!(fault.kind.phases().contains(&fault.phase), "{fault}");
    assert_eq!(fault.until.is_some(), fault.kind == FaultKind::Hold);
    // The harness's own, at rest: it is about no message.
    if fault.kind != FaultKind::Replay {
        check_selector(&fault.point, messages);
    }
    if let Some(until) = &fault.until {
        check_selector(until, messages);
    }
}

#[test]
fn every_cell_has_witnesses_that_can_fire() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let cell = variant.cell(&claim);
            assert_eq!(cell.id(), format!("{}/{}", claim.id, variant.id));
            // What is wrong without a fault needs none to show it.
            assert_eq!(
                cell.witnesses.is_empty(),
                variant.needs_no_fault,
                "{}",
                variant.id
            );
            // Only what is large, or too much for a stream, is many.
            let many = variant.pad_bytes > 0 || variant.max_len.is_some();
            assert_eq!(many, variant.messages_min > 6, "{}", variant.id);
            for schedule in &cell.witnesses {
                assert!(!schedule.faults.is_empty());
                for fault in &schedule.faults {
                    check_fault(fault, variant.messages_min);
                }
                // A schedule of holds alone breaks nothing.
                assert!(schedule.faults.iter().any(|f| f.kind != FaultKind::Hold));
            }
        }
    }
}

#[test]
fn what_loses_by_a_committed_position_is_witnessed_by_a_directed_hold() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let directed = variant.witnesses.iter().any(|schedule| {
                matches!(schedule.faults.as_slice(), [hold, kill]
                    if hold.kind == FaultKind::Hold
                        && kill.kind == FaultKind::Kill
                        && kill.phase == Phase::After
                        && hold.until.as_ref() == Some(&kill.point))
            });
            assert_eq!(directed, variant.predicted.contains(&Code::L4));
        }
    }
}

#[test]
fn what_acks_ahead_is_watched_for_longer() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let quiet_ms = variant.pipeline_spec(6, "x").limits.quiet_ms;
            let usual_ms = exactly_model::Limits::default().quiet_ms;
            assert_eq!(
                quiet_ms > usual_ms,
                variant.pipeline.acks_ahead,
                "{}",
                variant.id
            );
            // An L4 is a position ahead of its effect.
            if variant.predicted.contains(&Code::L4) {
                assert!(variant.pipeline.acks_ahead, "{}", variant.id);
            }
        }
    }
}

/// Whether `placeholder` is one that the adapters fill in, given these systems
/// and topics.
fn is_offered(placeholder: &str, systems: &[&str], topics: &[&str], queues: &[&str]) -> bool {
    let inner = placeholder
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let Some((system, name)) = inner.and_then(|inner| inner.split_once('.')) else {
        return false;
    };
    let offered = match (system, name.strip_prefix("topic.")) {
        ("kafka", Some(topic)) => topics.contains(&topic),
        ("kafka", None) => {
            ["address", "group", "transactional_id", "session_timeout_ms"].contains(&name)
        }
        ("postgres" | "http", _) => name == "url",
        ("redis", _) => match name.split_once('.') {
            Some((kind, name)) => [
                ("stream", "orders"),
                ("channel", "orders"),
                ("channel", "hints"),
            ]
            .contains(&(kind, name)),
            None => ["url", "group", "prefix"].contains(&name),
        },
        ("smtp", _) => ["host", "port"].contains(&name),
        ("sqs", _) => match name.strip_prefix("queue_url.") {
            Some(queue) => queues.contains(&queue),
            None => ["url", "region", "access_key_id", "secret_access_key"].contains(&name),
        },
        _ => false,
    };
    offered && systems.contains(&system)
}

#[test]
fn placeholders_of_systems_and_topics_that_are_not_there_are_noticed() {
    let offered = |text| is_offered(text, &["kafka"], &["orders"], &[]);
    assert!(offered("{kafka.address}") && offered("{kafka.topic.orders}"));
    for text in [
        "{kafka.topic.out}",
        "{postgres.url}",
        "{kafka.port}",
        "kafka.address",
        "{kafka}",
    ] {
        assert!(!offered(text), "{text}");
    }
}

#[test]
fn a_process_is_told_what_its_program_reads() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let spec = variant.pipeline_spec(6, "x");
            let mut told: Vec<&str> = spec.processes[0].env.keys().map(String::as_str).collect();
            let mut reads = match variant.pipeline.source {
                Source::Kafka => vec!["BROKERS", "TOPIC", "GROUP", "SESSION_TIMEOUT_MS"],
                Source::Sqs => vec![
                    "AWS_ENDPOINT_URL",
                    "AWS_REGION",
                    "AWS_ACCESS_KEY_ID",
                    "AWS_SECRET_ACCESS_KEY",
                    "QUEUE_URL",
                ],
                Source::Stream => vec!["REDIS_URL", "STREAM", "STREAM_GROUP"],
                Source::Channel => vec!["REDIS_URL", "CHANNEL"],
                Source::Table => vec!["DATABASE_URL"],
            };
            reads.extend(variant.pipeline.reads);
            told.sort_unstable();
            reads.sort_unstable();
            assert_eq!(told, reads, "{}", variant.id);
        }
    }
}

#[test]
fn a_system_is_there_if_the_code_or_a_sink_uses_it() {
    let claims = catalogue();
    let systems = |variant: &Variant| -> Vec<String> {
        let spec = variant.pipeline_spec(6, "x");
        spec.systems.into_iter().map(|system| system.name).collect()
    };
    let eos = &claims[1];
    let records_only = eos.variant("read-committed").unwrap();
    assert_eq!(systems(records_only), ["kafka"]);
    let rows = eos.variant("row-before-commit").unwrap();
    assert_eq!(systems(rows), ["kafka", "postgres"]);
    // Code that writes rows brings its database along, whoever looks.
    let swapped = Variant {
        pipeline: rows.pipeline,
        ..records_only.clone()
    };
    assert_eq!(systems(&swapped), ["kafka", "postgres"]);
    let topics = swapped.pipeline_spec(6, "x").systems[0].setup.topics.len();
    assert_eq!(topics, 3, "the ledger is still looked at");
}

#[test]
fn sinks_are_predicted_one_by_one() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let cell = variant.cell(&claim);
            let sinks: BTreeSet<&str> = cell.observers.iter().map(|o| o.name.as_str()).collect();
            assert_eq!(sinks.len(), variant.sinks.len(), "{}", variant.id);
            for sink in &variant.sinks {
                assert_eq!(cell.expected_at(&sink.observer.name), sink.expected);
            }
            // What differs from the cell's own is named, and nothing else.
            for (sink, expected) in &cell.expected_at {
                assert!(sinks.contains(sink.as_str()) && *expected != cell.expected);
            }
            for unit in &cell.units {
                assert!(unit.len() > 1, "{}: one sink alone is no unit", variant.id);
                assert!(unit.iter().all(|sink| sinks.contains(sink.as_str())));
            }
        }
    }
}

#[test]
fn what_is_needed_of_a_place_is_said() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let cell = variant.cell(&claim);
            let uses = |operation: &str| {
                let faults = cell.witnesses.iter().flat_map(|schedule| &schedule.faults);
                let mut points = faults.map(|fault| fault.point.operation.as_str());
                points.any(|of| of.starts_with(operation))
            };
            let transactional = cell.needs.contains(&Need::Transactions);
            assert!(transactional || !uses("EndTxn"), "{}", variant.id);
            let replaced = cell
                .witnesses
                .iter()
                .flat_map(|schedule| &schedule.faults)
                .any(|fault| fault.kind == FaultKind::SecondOwner);
            for need in [Need::Leases, Need::Members] {
                assert_eq!(cell.needs.contains(&need), replaced, "{}", variant.id);
            }
            let env = &variant.pipeline_spec(6, "x").processes[0].env;
            assert_eq!(transactional, env.contains_key("TRANSACTIONAL_ID"));
        }
    }
}

#[test]
fn positions_are_committed_to_kafka_or_read_from_the_database() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let spec = variant.pipeline_spec(6, "x");
            let source = &spec.systems[0];
            assert_eq!(source.name, variant.pipeline.source.system());
            // Who keeps his own position is in no group that could take it away.
            if variant.pipeline.source == Source::Kafka {
                assert_eq!(spec.positions.is_some(), source.lease_ms.is_none());
            }
            if let Some(positions) = &spec.positions {
                assert!(spec.systems.iter().any(|s| s.name == positions.system));
                for column in ["partition", "next"] {
                    assert!(positions.query.contains(column), "{column}");
                }
            }
        }
    }
}

#[test]
fn the_specification_is_complete() {
    for claim in catalogue() {
        for variant in &claim.variants {
            let spec = variant.pipeline_spec(6, "/bin/exactly");
            for placeholder in ["{id}", "{key}", "{seq}", "{checksum}"] {
                assert!(spec.feed.payload.contains(placeholder), "{placeholder}");
            }
            assert_eq!(spec.feed.messages, 6);
            // What keeps nothing for whoever is away is fed while the pipeline runs.
            let kept = variant.pipeline.source != Source::Channel && variant.max_len.is_none();
            assert_eq!(spec.feed.before_start, kept, "{}", variant.id);
            assert_eq!(spec.feed.every_ms.is_none(), kept, "{}", variant.id);
            assert_eq!(spec.feed.concurrency, 1);
            let padded = spec.feed.payload.contains("{pad}");
            assert_eq!(padded, variant.pad_bytes > 0, "{}", variant.id);
            assert_eq!(
                spec.processes[0].command,
                ["/bin/exactly", "pipeline", variant.pipeline.id]
            );
            for kind in FaultKind::ALL {
                let planned = match variant.kinds {
                    Some(kinds) => kinds.contains(&kind),
                    None => true,
                };
                let planned = planned && !kind.is_directed();
                assert_eq!(spec.kinds.contains(&kind), planned, "{kind}");
            }
            assert_eq!(spec.observers, variant.cell(&claim).observers);

            let systems: Vec<&str> = spec.systems.iter().map(|s| s.name.as_str()).collect();
            let topics: Vec<&str> = spec
                .systems
                .iter()
                .flat_map(|system| &system.setup.topics)
                .map(|topic| topic.name.as_str())
                .collect();
            let queues = spec.systems.iter().flat_map(|system| &system.setup.queues);
            let queues: Vec<&str> = queues.map(|queue| queue.name.as_str()).collect();
            for value in spec.processes[0].env.values() {
                // A pattern of channels: what all names of the trial begin with, and more.
                let value = value.strip_suffix("ord*").unwrap_or(value);
                assert!(is_offered(value, &systems, &topics, &queues), "{value}");
            }
            for observer in &spec.observers {
                assert!(systems.contains(&observer.system.as_str()));
                match observer.kind {
                    SinkKind::Record => assert!(topics.contains(&observer.query.as_str())),
                    SinkKind::Row => {
                        for column in ["id", "key", "seq", "checksum", "position"] {
                            assert!(observer.query.contains(column), "{column}");
                        }
                    }
                    SinkKind::Message => assert!(queues.contains(&observer.query.as_str())),
                    SinkKind::Charge => assert_eq!(observer.query, "charges"),
                    SinkKind::Mail => assert_eq!(observer.query, "mails"),
                    SinkKind::Other => panic!("the catalogue reads systems: {}", observer.name),
                }
            }
            for timer in &spec.timers {
                let (system, _) = timer.split_once(' ').expect("<system> <operation>");
                assert!(systems.contains(&system), "{timer}");
            }
        }
    }
}

#[test]
fn swapping_moves_the_code_and_nothing_else() {
    let before = catalogue();
    let after = catalogue_with(&[
        ("effect-then-ack", "kafka-inbox-then-ack"),
        ("ack-after-process/inbox-then-ack", "kafka-effect-then-ack"),
    ])
    .unwrap();
    for (was, is) in before[0].variants.iter().zip(&after[0].variants) {
        assert_eq!(
            (was.id, was.expected, &was.witnesses),
            (is.id, is.expected, &is.witnesses)
        );
        let expected = match was.id {
            "effect-then-ack" => "kafka-inbox-then-ack",
            "inbox-then-ack" => "kafka-effect-then-ack",
            _ => was.pipeline.id,
        };
        assert_eq!(is.pipeline.id, expected);
        assert_eq!(is.summary, is.pipeline.summary);
        let command = &is.pipeline_spec(6, "x").processes[0].command;
        assert_eq!(command[2], expected);
    }
}

#[test]
fn a_swap_that_names_nothing_says_what_there_is() {
    let error = catalogue_with(&[("no-such", "kafka-inbox-then-ack")]).unwrap_err();
    assert!(matches!(error, SwapError::UnknownVariant { found: 0, .. }));
    assert!(error.to_string().contains("ack-after-process/batch-commit"));
    let error = catalogue_with(&[("batch-commit", "no-such")]).unwrap_err();
    assert!(error.to_string().contains("kafka-batch-commit"));
}
