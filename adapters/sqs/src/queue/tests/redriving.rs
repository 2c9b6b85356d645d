//! Dead-letter queues and the way back from them.

use super::scene::*;
use crate::queue::*;

fn policy(dead: &str, most: u32) -> String {
    format!(
        r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{most}}}"#,
        arn(dead)
    )
}

/// A FIFO queue whose messages are received twice at most.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.create("dead.fifo", &[]);
    scene.create("q.fifo", &[("RedrivePolicy", &policy("dead.fifo", 2))]);
    scene
}

/// Receives until the messages there are dead.
fn exhaust(scene: &mut Scene) {
    for _ in 0..2 {
        assert!(!scene.receive("q.fifo").is_empty());
        scene.wait(30_000);
    }
}

fn start(source: &str, destination: Option<&str>) -> Operation {
    Operation::StartMessageMoveTask(StartMove {
        source_arn: arn(source),
        destination_arn: destination.map(arn),
        max_number_of_messages_per_second: None,
    })
}

fn moves(scene: &mut Scene) -> Vec<MoveTask> {
    let asked = ListMoves {
        source_arn: arn("dead.fifo"),
        max_results: Some(10),
    };
    match scene.apply(Operation::ListMessageMoveTasks(asked)) {
        Ok(Answer::Moves(tasks)) => tasks,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_receive_that_would_be_too_many_moves_the_message_instead() {
    let mut scene = scene();
    let sent = scene.send("g", "1", "a");
    exhaust(&mut scene);
    scene.send("g", "2", "b");
    assert_eq!(scene.bodies("q.fifo"), ["b"], "the group is free at once");
    assert_eq!(
        scene.became("q.fifo"),
        ["moved to the dead-letter queue", "in flight"]
    );
    let dead = scene.receive("dead.fifo").remove(0);
    assert_eq!(
        (dead.body.as_str(), &dead.message_id),
        ("a", &sent.message_id)
    );
    assert_eq!(dead.system["MessageGroupId"], "g");
    assert_eq!(
        dead.system["MessageDeduplicationId"],
        text(&sent.message_id)
    );
    assert_eq!(dead.system["DeadLetterQueueSourceArn"], arn("q.fifo"));
    assert_eq!(scene.log("dead.fifo")[0].came, Came::DeadLettered);
}

#[test]
fn retention_goes_on_counting_on_standard_and_begins_again_on_fifo() {
    for (suffix, expect) in [("", 60_000), (".fifo", 0)] {
        let mut scene = Scene::new();
        let (queue, dead) = (format!("q{suffix}"), format!("dead{suffix}"));
        scene.create(&dead, &[]);
        scene.create(&queue, &[("RedrivePolicy", &policy(&dead, 1))]);
        let group = if suffix.is_empty() { "" } else { "g" };
        scene
            .try_send(&queue, entry(group, group, "a"))
            .expect("sent");
        scene.receive(&queue);
        scene.wait(60_000);
        // The queues may be at different times: the age is what moves along.
        scene.sqs.advance("dead", 5_000).expect("moved");
        assert!(scene.receive(&queue).is_empty());
        let sent_ms = scene.log(&dead)[0].sent_ms;
        assert_eq!(scene.now_ms + 5_000 - sent_ms, expect, "{queue}");
    }
}

#[test]
fn without_its_dead_letter_queue_a_message_stays() {
    let mut scene = scene();
    scene.send("g", "1", "a");
    exhaust(&mut scene);
    let queue = "dead.fifo".to_string();
    scene
        .apply(Operation::DeleteQueue(OfQueue { queue }))
        .expect("deleted");
    assert_eq!(scene.bodies("q.fifo"), ["a"]);
}

#[test]
fn a_dead_letter_queue_exists_and_is_of_the_same_type() {
    let mut scene = Scene::fifo(&[]);
    scene.create("q", &[]);
    let table = [("q", "q.fifo"), ("q.fifo", "q"), ("q", "gone")];
    for (queue, dead) in table {
        let refusal = scene
            .set(queue, &[("RedrivePolicy", &policy(dead, 1))])
            .expect_err(dead);
        assert_eq!(refusal.code, Code::InvalidParameterValue);
    }
    scene.create("dead", &[]);
    scene
        .set("q", &[("RedrivePolicy", &policy("dead", 1))])
        .expect("set");
    let asked = ListSources {
        queue: "dead".into(),
        ..ListSources::default()
    };
    let sources = scene.apply(Operation::ListDeadLetterSourceQueues(asked));
    let names = vec!["q".to_string()];
    assert_eq!(
        sources,
        Ok(Answer::Sources {
            names,
            next_token: None
        })
    );
}

#[test]
fn a_redriven_message_is_a_new_one_with_the_old_content() {
    let mut scene = scene();
    let sent = scene.send("g", "1", "a");
    exhaust(&mut scene);
    assert!(scene.receive("q.fifo").is_empty());
    scene.wait(1_000);
    scene.apply(start("dead.fifo", None)).expect("started");
    let back = scene.receive("q.fifo").remove(0);
    assert_eq!(back.body, "a");
    assert_ne!(back.message_id, sent.message_id);
    assert_eq!(back.system["ApproximateReceiveCount"], "1");
    assert_eq!(back.system["SentTimestamp"], scene.now_ms.to_string());
    assert_eq!(back.system["MessageGroupId"], "g");
    assert_eq!(scene.log("q.fifo")[1].came, Came::Redriven);
    assert_eq!(scene.became("dead.fifo"), ["redriven"]);
    let task = moves(&mut scene).remove(0);
    assert_eq!((task.moved, task.to_move, task.failure), (1, 1, None));
}

#[test]
fn a_move_goes_elsewhere_where_it_is_told_to() {
    let mut scene = scene();
    scene.create("else.fifo", &[]);
    scene.send("g", "1", "a");
    exhaust(&mut scene);
    assert!(scene.receive("q.fifo").is_empty());
    scene
        .apply(start("dead.fifo", Some("else.fifo")))
        .expect("started");
    assert_eq!(scene.bodies("else.fifo"), ["a"]);
}

#[test]
fn a_move_stops_at_a_message_of_unknown_source_and_leaves_what_is_in_flight() {
    let mut scene = scene();
    let direct = |id: &str| entry(id, id, id);
    scene.try_send("dead.fifo", direct("1")).expect("sent");
    scene.apply(start("dead.fifo", None)).expect("started");
    assert_eq!(
        moves(&mut scene)[0].failure,
        Some("CouldNotDetermineMessageSource")
    );
    scene.receive("dead.fifo");
    scene
        .apply(start("dead.fifo", Some("q.fifo")))
        .expect("started");
    assert_eq!(moves(&mut scene)[0].to_move, 0);
    assert_eq!(scene.became("dead.fifo"), ["in flight"]);
}

#[test]
fn moves_that_cannot_be_are_refused() {
    let mut scene = scene();
    scene.create("q", &[]);
    let table = [
        (start("gone.fifo", None), Code::ResourceNotFound),
        (start("q.fifo", None), Code::InvalidParameterValue),
        (
            start("dead.fifo", Some("gone.fifo")),
            Code::ResourceNotFound,
        ),
        (
            start("dead.fifo", Some("dead.fifo")),
            Code::InvalidParameterValue,
        ),
        (start("dead.fifo", Some("q")), Code::InvalidParameterValue),
        (
            Operation::CancelMessageMoveTask(CancelMove {
                task_handle: "h".into(),
            }),
            Code::ResourceNotFound,
        ),
    ];
    for (operation, code) in table {
        assert_eq!(scene.refused(operation.clone()), code, "{operation:?}");
    }
}
