//! Queues, and a service over HTTP.

use crate::support::{QUEUES, Row, load, row};
use exactly_model::{Queue, SinkKind};

const OF_CHARGES: &str = "system = \"pay\"\ncharges = true";
const OF_QUEUE: &str = "system = \"q\"\nqueue = \"accepted\"";
const FED: &str = "system = \"q\"\nto = \"orders.fifo\"";
const DEAD: &str = "{ name = \"dead.fifo\" }";
const MAILS: &str = "{ name = \"mails\" }";

pub fn rows() -> Vec<Row> {
    let rows = [
        queues(),
        dead_letters(),
        services(),
        fed(),
        read(),
        faults(),
    ]
    .concat();
    rows.into_iter().map(Row::of_queues).collect()
}

fn queues() -> Vec<Row> {
    vec![
        row(
            "two queues of one name",
            (MAILS, "{ name = \"orders\" }"),
            "{ name = \"orders\" }",
            "systems.q.setup.queues[3].name",
            &["\"orders\" is there twice"],
        ),
        row(
            "a queue whose name SQS would not take",
            (MAILS, "{ name = \"mails/1\" }"),
            "mails/1",
            "systems.q.setup.queues[3].name",
            &["\"mails/1\" is no name"],
        ),
        row(
            "a queue that is nothing but FIFO",
            (MAILS, "{ name = \".fifo\" }"),
            "{ name = \".fifo\" }",
            "systems.q.setup.queues[3].name",
            &["is no name"],
        ),
        row(
            "a queue that is only a string",
            (MAILS, "\"mails\""),
            "    \"mails\"",
            "systems.q.setup.queues[3]",
            &["string \"mails\"", "a table"],
        ),
        row(
            "a FIFO queue that is said to be none",
            (DEAD, "{ name = \"dead.fifo\", fifo = false }"),
            "fifo = false",
            "systems.q.setup.queues[1].fifo",
            &["the name ends in .fifo", "leave one of them out"],
        ),
        row(
            "deduplication of a standard queue",
            (MAILS, "{ name = \"mails\", content_based_dedup = true }"),
            "\"mails\"",
            "systems.q.setup.queues[3].content_based_dedup",
            &["belongs to a FIFO queue", "\"mails.fifo\""],
        ),
        row(
            "a scope of no deduplication",
            (MAILS, "{ name = \"mails\", dedup_scope = \"queue\" }"),
            "\"mails\"",
            "systems.q.setup.queues[3].dedup_scope",
            &["belongs to a FIFO queue"],
        ),
        row(
            "an unknown scope of deduplication",
            ("\"message-group\"", "\"messageGroup\""),
            "messageGroup",
            "systems.q.setup.queues[2].dedup_scope",
            &["did you mean \"message-group\"?"],
        ),
        row(
            "a part of a second that nothing is hidden for",
            (
                "visibility_timeout = \"2s\"",
                "visibility_timeout = \"1500ms\"",
            ),
            "1500ms",
            "systems.q.setup.queues[0].visibility_timeout",
            &["whole seconds", "\"2s\""],
        ),
        row(
            "more than SQS hides a message for",
            (
                "visibility_timeout = \"2s\"",
                "visibility_timeout = \"13h\"",
            ),
            "13h",
            "systems.q.setup.queues[0].visibility_timeout",
            &["12 hours at most"],
        ),
        row(
            "a key of a queue that is misspelt",
            ("visibility_timeout", "visibilty_timeout"),
            "visibilty",
            "systems.q.setup.queues[0].visibilty_timeout",
            &["unknown key", "did you mean \"visibility_timeout\"?"],
        ),
    ]
}

fn dead_letters() -> Vec<Row> {
    vec![
        row(
            "receives that lead nowhere",
            (", dead_letter_queue = \"dead\"", ""),
            "max_receives",
            "systems.q.setup.queues[0].max_receives",
            &["name the `dead_letter_queue` too"],
        ),
        row(
            "dead letters after no number of receives",
            ("max_receives = 3, ", ""),
            "dead_letter_queue",
            "systems.q.setup.queues[0].dead_letter_queue",
            &["`max_receives`"],
        ),
        row(
            "no receives",
            ("max_receives = 3", "max_receives = 0"),
            "max_receives = 0",
            "systems.q.setup.queues[0].max_receives",
            &["is 0: 1 to 1000"],
        ),
        row(
            "a queue for dead letters that is not there",
            (
                "dead_letter_queue = \"dead\"",
                "dead_letter_queue = \"daed\"",
            ),
            "daed",
            "systems.q.setup.queues[0].dead_letter_queue",
            &["no queue is called \"daed\"", "did you mean \"dead\"?"],
        ),
        row(
            "a queue for its own dead letters",
            (
                "dead_letter_queue = \"dead\"",
                "dead_letter_queue = \"orders\"",
            ),
            "dead_letter_queue",
            "systems.q.setup.queues[0].dead_letter_queue",
            &["is the queue itself"],
        ),
        row(
            "a standard queue for the dead letters of a FIFO one",
            (
                "dead_letter_queue = \"dead\"",
                "dead_letter_queue = \"mails\"",
            ),
            "dead_letter_queue",
            "systems.q.setup.queues[0].dead_letter_queue",
            &["has to be FIFO"],
        ),
        row(
            "dead letters of dead letters",
            (
                DEAD,
                "{ name = \"dead.fifo\", max_receives = 2, dead_letter_queue = \"accepted\" }",
            ),
            "dead_letter_queue = \"dead\"",
            "systems.q.setup.queues[0].dead_letter_queue",
            &["\"dead\" has a dead-letter queue itself"],
        ),
    ]
}

fn services() -> Vec<Row> {
    vec![
        row(
            "queues of a service",
            (
                "setup = { idempotency_keys = true }",
                "setup = { queues = [{ name = \"x\" }] }",
            ),
            "{ name = \"x\" }",
            "systems.pay.setup.queues",
            &["belongs to a system of kind \"sqs\"", "this is http"],
        ),
        row(
            "idempotency keys of queues",
            (
                "[systems.q.setup]",
                "[systems.q.setup]\nidempotency_keys = false",
            ),
            "idempotency_keys = false",
            "systems.q.setup.idempotency_keys",
            &["belongs to a system of kind \"http\""],
        ),
        row(
            "topics of queues",
            (
                "[systems.q.setup]",
                "[systems.q.setup]\ntopics = [{ name = \"x\" }]",
            ),
            "topics",
            "systems.q.setup.topics",
            &["belongs to a system of kind \"kafka\"", "this is sqs"],
        ),
        row(
            "idempotency keys by a number",
            ("idempotency_keys = true", "idempotency_keys = 1"),
            "idempotency_keys = 1",
            "systems.pay.setup.idempotency_keys",
            &["boolean"],
        ),
        row(
            "a service from what is installed",
            ("kind = \"http\"", "kind = \"http\"\nplace = \"local\""),
            "place = ",
            "systems.pay.place",
            &["no place \"local\"", "http://host:port"],
        ),
        row(
            "a service with a password in its address",
            (
                "kind = \"http\"",
                "kind = \"http\"\nplace = { at = \"http://u:hunter2@h:1\" }",
            ),
            "place = ",
            "systems.pay.place",
            &["is no URL of a service"],
        ),
        row(
            "queues at an address that is no URL",
            (
                "kind = \"sqs\"",
                "kind = \"sqs\"\nplace = { at = \"h:9324\" }",
            ),
            "place = ",
            "systems.q.place",
            &["\"h:9324\" is no endpoint", "AWS_ENDPOINT_URL_SQS"],
        ),
        row(
            "queues that nobody is told of",
            (
                "AWS_ENDPOINT_URL_SQS = \"{q.url}\"\nQUEUE_URL = \"{q.queue_url.orders}\"\n",
                "QUEUE = \"{q.queue.orders}\"\n",
            ),
            "[systems.q]",
            "systems.q",
            &["no process is told where it is", "{q.url}"],
        ),
        row(
            "a queue that no placeholder is called after",
            ("{q.queue_url.orders}", "{q.queue_url.oders}"),
            "oders",
            "process[0].env.QUEUE_URL",
            &["did you mean \"q.queue_url.orders\"?"],
        ),
    ]
}

fn fed() -> Vec<Row> {
    vec![
        row(
            "a queue to be fed that is not there",
            (FED, "system = \"q\"\nto = \"order.fifo\""),
            "order.fifo",
            "feed.to",
            &[
                "no queue is called \"order.fifo\"",
                "did you mean \"orders\"?",
            ],
        ),
        row(
            "a standard queue that is fed as a FIFO one",
            (FED, "system = \"q\"\nto = \"mails.fifo\""),
            "mails.fifo",
            "feed.to",
            &[
                "no queue is called \"mails.fifo\"",
                "did you mean \"mails\"?",
            ],
        ),
        row(
            "a service that is fed at no path",
            (FED, "system = \"pay\"\nto = \"charges\""),
            "to = ",
            "feed.to",
            &["is no path", "\"/orders\""],
        ),
        row(
            "a path that the payments service does not take",
            (FED, "system = \"pay\"\nto = \"/orders\""),
            "to = ",
            "feed.to",
            &["\"/charges\" only"],
        ),
        row(
            "charges that say nothing of what is charged",
            (FED, "system = \"pay\"\nto = \"/charges\""),
            "[feed]",
            "feed",
            &["has no `payload`", "\"amount\":100"],
        ),
        row(
            "a statement for a queue",
            (FED, "system = \"q\"\nsql = \"insert into t values ({id})\""),
            "insert",
            "feed.sql",
            &["sqs takes no SQL", "`to`"],
        ),
    ]
}

fn read() -> Vec<Row> {
    vec![
        row(
            "a queue that is not there to be read",
            (OF_QUEUE, "system = \"q\"\nqueue = \"acepted\""),
            "acepted",
            "observe[1].queue",
            &["did you mean \"accepted\"?"],
        ),
        row(
            "a queue of a service",
            (OF_QUEUE, "system = \"pay\"\nqueue = \"accepted\""),
            "queue = \"accepted\"",
            "observe[1].queue",
            &["belongs to a system of kind \"sqs\", and pay is http"],
        ),
        row(
            "charges of a queue",
            (OF_CHARGES, "system = \"q\"\ncharges = true"),
            "charges = true",
            "observe[0].charges",
            &["belongs to a system of kind \"http\", and q is sqs"],
        ),
        row(
            "charges of no system",
            (OF_CHARGES, "charges = true"),
            "[[observe]]\nname = \"charges\"",
            "observe[0]",
            &["has a `charges` and no `system`", "system = \"pay\""],
        ),
        row(
            "charges that are not read",
            (OF_CHARGES, "system = \"pay\"\ncharges = false"),
            "charges = false",
            "observe[0].charges",
            &["is false", "leave it out"],
        ),
        row(
            "charges of a service of one's own",
            (
                "setup = { idempotency_keys = true }",
                "place = { at = \"http://h:1\" }",
            ),
            "charges = true",
            "observe[0].charges",
            &["embedded payments service", "`command`"],
        ),
        row(
            "a queue and charges",
            (
                OF_QUEUE,
                "system = \"q\"\nqueue = \"accepted\"\ncharges = true",
            ),
            "[[observe]]\nname = \"sent\"",
            "observe[1]",
            &["says not clearly what is read", "`charges`"],
        ),
    ]
}

fn faults() -> Vec<Row> {
    vec![
        row(
            "a kind of fault that needs a moment, beside one that needs a window",
            (
                "kinds = [\"kill\", \"expire-horizon\", \"replay\"]",
                "kinds = [\"expire-horizon\", \"hold\"]",
            ),
            "\"hold\"",
            "faults.kinds[1]",
            &["can't be planned"],
        ),
        row(
            "a replay of nothing",
            (", max_receives = 3, dead_letter_queue = \"dead\"", ""),
            "\"replay\"",
            "faults.kinds[2]",
            &["replay applies nowhere", "`dead_letter_queue`"],
        ),
    ]
}

#[test]
fn queues_and_charges_are_what_the_adapters_take() {
    let check = load("queues", QUEUES).unwrap();
    let pipeline = &check.selected.pipeline;
    let queues: Vec<&Queue> = pipeline
        .systems
        .iter()
        .flat_map(|system| &system.setup.queues)
        .collect();
    let orders = Queue {
        name: "orders".into(),
        fifo: true,
        visibility_s: 2,
        max_receives: Some(3),
        dead_letters: Some("dead".into()),
        ..Queue::default()
    };
    assert_eq!(*queues[0], orders);
    let accepted = Queue {
        name: "accepted".into(),
        fifo: true,
        content_based: true,
        dedup_per_group: true,
        visibility_s: 30,
        ..Queue::default()
    };
    assert_eq!(*queues[2], accepted);
    assert!(!queues[3].fifo);
    assert_eq!(pipeline.feed.to, "orders");
    assert_eq!(pipeline.gives_up(), Some(("q", 3)));
    let sinks = pipeline.observers.iter();
    let sinks: Vec<_> = sinks.map(|sink| (sink.kind, sink.query.as_str())).collect();
    assert_eq!(
        sinks,
        [
            (SinkKind::Charge, "charges"),
            (SinkKind::Message, "accepted")
        ]
    );
    let pay = pipeline.systems.iter().find(|system| system.name == "pay");
    assert!(pay.unwrap().setup.idempotency_keys);
}

#[test]
fn a_lease_that_outlives_no_visibility_is_said() {
    let check = load(
        "short",
        &QUEUES.replace("lease = \"30s\"", "lease = \"5s\""),
    )
    .unwrap();
    let notes = check.notes();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("visibility timeout of dead (30 s)"),
        "{notes:?}"
    );
}

#[test]
fn the_kinds_that_are_asked_for_by_name_are_in_no_plan_otherwise() {
    let all = "kinds = [\"kill\", \"expire-horizon\", \"replay\"]\n";
    let kinds = |text: &str| load("kinds", text).unwrap().selected.pipeline.kinds;
    assert_eq!(kinds(QUEUES).len(), 3);
    let usual = kinds(&QUEUES.replace(all, ""));
    assert!(usual.len() > 10, "{usual:?}");
    assert!(usual.iter().all(|kind| !kind.is_directed()), "{usual:?}");
}
