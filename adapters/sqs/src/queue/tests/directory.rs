//! Queues as such.

use super::scene::*;
use crate::queue::*;

fn of(queue: &str) -> OfQueue {
    OfQueue {
        queue: queue.into(),
    }
}

#[test]
fn creating_again_with_the_same_attributes_is_a_success() {
    let mut scene = Scene::standard(&[("VisibilityTimeout", "7")]);
    scene.create("q", &[("VisibilityTimeout", "7")]);
    scene.create("q", &[]);
    let refusal = scene
        .try_create("q", &[("VisibilityTimeout", "8")])
        .expect_err("other");
    assert_eq!(refusal.code, Code::QueueNameExists);
}

#[test]
fn names_and_types_belong_together() {
    let mut scene = Scene::new();
    let mut create = |name: &str, fifo: Option<&str>| {
        let fifo = fifo.map(|fifo| ("FifoQueue".to_string(), fifo.to_string()));
        scene.apply(Operation::CreateQueue(CreateQueue {
            queue_name: name.into(),
            attributes: fifo.into_iter().collect(),
            ..CreateQueue::default()
        }))
    };
    for (name, fifo) in [
        ("a.fifo", None),
        ("a.fifo", Some("false")),
        ("a", Some("true")),
    ] {
        let refusal = create(name, fifo).expect_err(name);
        assert_eq!(refusal.code, Code::InvalidParameterValue);
    }
    create("a.fifo", Some("true")).expect("a FIFO queue");
    create("a", Some("false")).expect("a standard queue");
}

#[test]
fn the_name_of_a_deleted_queue_is_taken_for_60_s() {
    let mut scene = Scene::standard(&[]);
    scene
        .apply(Operation::DeleteQueue(of("q")))
        .expect("deleted");
    assert_eq!(
        scene.refused(Operation::DeleteQueue(of("q"))),
        Code::QueueDoesNotExist
    );
    scene.wait(59_999);
    let refusal = scene.try_create("q", &[]).expect_err("too soon");
    assert_eq!(refusal.code, Code::QueueDeletedRecently);
    scene.wait(1);
    scene.create("q", &[]);
}

#[test]
fn a_purge_deletes_everything_and_is_allowed_every_60_s() {
    let mut scene = Scene::standard(&[]);
    scene.post("a");
    scene.post("b");
    scene.receive("q");
    scene.post("c");
    scene.apply(Operation::PurgeQueue(of("q"))).expect("purged");
    assert_eq!(scene.became("q"), ["purged"; 3]);
    scene.wait(59_999);
    assert_eq!(
        scene.refused(Operation::PurgeQueue(of("q"))),
        Code::PurgeQueueInProgress
    );
    scene.wait(1);
    scene.apply(Operation::PurgeQueue(of("q"))).expect("purged");
}

#[test]
fn attributes_are_told_by_name() {
    let mut scene = Scene::fifo(&[("DelaySeconds", "1")]);
    scene.wait(2_000);
    scene.send("g", "1", "a");
    scene.wait(1_000);
    scene.send("h", "2", "b");
    scene.receive("q.fifo");
    let table = [
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "false"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
        ("MaximumMessageSize", "1048576"),
        ("MessageRetentionPeriod", "345600"),
        ("VisibilityTimeout", "30"),
        ("ApproximateNumberOfMessages", "0"),
        ("ApproximateNumberOfMessagesNotVisible", "1"),
        ("ApproximateNumberOfMessagesDelayed", "1"),
        ("QueueArn", "arn:aws:sqs:us-east-1:000000000000:q.fifo"),
        ("CreatedTimestamp", "1000000000"),
        ("LastModifiedTimestamp", "1000000000"),
        ("RedrivePolicy", ""),
    ];
    for (name, value) in table {
        assert_eq!(scene.attribute("q.fifo", name), value, "{name}");
    }
    scene
        .set("q.fifo", &[("VisibilityTimeout", "1")])
        .expect("set");
    assert_eq!(
        scene.attribute("q.fifo", "LastModifiedTimestamp"),
        "1000000003"
    );
    let asked = GetQueueAttributes {
        queue: "q.fifo".into(),
        attribute_names: vec!["Nothing".into()],
    };
    let code = scene.refused(Operation::GetQueueAttributes(asked));
    assert_eq!(code, Code::InvalidAttributeName);
    let refusal = scene
        .set("q.fifo", &[("QueueArn", "x")])
        .expect_err("told only");
    assert_eq!(refusal.code, Code::InvalidAttributeName);
}

#[test]
fn queues_are_listed_by_prefix_and_page() {
    let mut scene = Scene::new();
    for name in ["b1", "a3", "a1", "a2"] {
        scene.create(name, &[]);
    }
    let mut list = |prefix: Option<&str>, most, token: Option<String>| {
        let answer = scene.apply(Operation::ListQueues(ListQueues {
            queue_name_prefix: prefix.map(String::from),
            max_results: most,
            next_token: token,
        }));
        match answer {
            Ok(Answer::Queues { names, next_token }) => Ok((names, next_token)),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => Err(refusal.code),
        }
    };
    let (names, token) = list(Some("a"), Some(2), None).expect("a page");
    assert_eq!(names, ["a1", "a2"]);
    let (names, token) = list(Some("a"), Some(2), token).expect("a page");
    assert_eq!((names, token), (vec!["a3".to_string()], None));
    assert_eq!(list(None, None, None).expect("all").0.len(), 4);
    assert_eq!(list(None, Some(0), None), Err(Code::InvalidParameterValue));
    assert_eq!(
        list(None, Some(1), Some("?".into())),
        Err(Code::InvalidParameterValue)
    );
}

#[test]
fn tags_are_set_told_and_taken_away() {
    let mut scene = Scene::standard(&[]);
    let tags = pairs(&[("a", "1"), ("b", "2")]);
    scene
        .apply(Operation::TagQueue(TagQueue {
            queue: "q".into(),
            tags,
        }))
        .expect("tagged");
    let tag_keys = vec!["a".to_string()];
    scene
        .apply(Operation::UntagQueue(UntagQueue {
            queue: "q".into(),
            tag_keys,
        }))
        .expect("untagged");
    let told = scene.apply(Operation::ListQueueTags(of("q")));
    assert_eq!(told, Ok(Answer::Tags(pairs(&[("b", "2")]))));
}

#[test]
fn what_does_not_exist_is_refused_by_every_operation() {
    let mut scene = Scene::new();
    let gone = || "gone".to_string();
    let operations = [
        Operation::DeleteQueue(of("gone")),
        Operation::PurgeQueue(of("gone")),
        Operation::ListQueueTags(of("gone")),
        Operation::GetQueueUrl(GetQueueUrl { queue_name: gone() }),
        Operation::GetQueueAttributes(GetQueueAttributes {
            queue: gone(),
            ..Default::default()
        }),
        Operation::SetQueueAttributes(SetQueueAttributes {
            queue: gone(),
            ..Default::default()
        }),
        Operation::ReceiveMessage(ask("gone")),
        Operation::SendMessage(SendMessage {
            queue: gone(),
            entry: entry("", "", "a"),
        }),
        Operation::SendMessageBatch(Batch {
            queue: gone(),
            entries: vec![],
        }),
        Operation::DeleteMessageBatch(Batch {
            queue: gone(),
            entries: vec![],
        }),
        Operation::ListDeadLetterSourceQueues(ListSources {
            queue: gone(),
            ..Default::default()
        }),
    ];
    for operation in operations {
        assert_eq!(
            scene.refused(operation.clone()),
            Code::QueueDoesNotExist,
            "{operation:?}"
        );
    }
    assert!(scene.sqs.log("gone", START_MS).is_err());
}
