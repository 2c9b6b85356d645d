//! What a receive takes, tells and refuses.

use super::scene::*;
use crate::queue::*;

#[test]
fn numbers_outside_their_range_are_refused() {
    let mut scene = Scene::standard(&[]);
    let asked = || ask("q");
    let table = [
        ReceiveMessage {
            max_number_of_messages: Some(0),
            ..asked()
        },
        ReceiveMessage {
            max_number_of_messages: Some(11),
            ..asked()
        },
        ReceiveMessage {
            visibility_timeout: Some(-1),
            ..asked()
        },
        ReceiveMessage {
            visibility_timeout: Some(43_201),
            ..asked()
        },
        ReceiveMessage {
            wait_time_seconds: Some(-1),
            ..asked()
        },
        ReceiveMessage {
            wait_time_seconds: Some(21),
            ..asked()
        },
        ReceiveMessage {
            receive_request_attempt_id: Some("r".into()),
            ..asked()
        },
    ];
    for asked in table {
        let code = scene.refused(Operation::ReceiveMessage(asked.clone()));
        assert_eq!(code, Code::InvalidParameterValue, "{asked:?}");
    }
    let asked = ReceiveMessage {
        attribute_names: vec!["Nothing".into()],
        ..asked()
    };
    let code = scene.refused(Operation::ReceiveMessage(asked));
    assert_eq!(code, Code::InvalidAttributeName);
}

#[test]
fn one_message_unless_more_are_asked_for() {
    let mut scene = Scene::standard(&[]);
    for body in ["a", "b", "c"] {
        scene.post(body);
    }
    let asked = |most| ReceiveMessage {
        max_number_of_messages: most,
        ..ask("q")
    };
    assert_eq!(scene.try_receive(asked(None)).expect("some").len(), 1);
    assert_eq!(scene.try_receive(asked(Some(10))).expect("some").len(), 2);
}

#[test]
fn a_receive_has_its_own_timeout() {
    let mut scene = Scene::standard(&[]);
    scene.post("a");
    let asked = ReceiveMessage {
        visibility_timeout: Some(2),
        ..ask("q")
    };
    scene.try_receive(asked).expect("some");
    scene.wait(1_999);
    assert!(scene.receive("q").is_empty());
    scene.wait(1);
    let at_once = ReceiveMessage {
        visibility_timeout: Some(0),
        ..ask("q")
    };
    assert_eq!(
        scene.try_receive(at_once).expect("some").len(),
        1,
        "once per receive"
    );
    assert_eq!(scene.bodies("q"), ["a"]);
}

#[test]
fn system_attributes_are_told_where_asked_for() {
    let mut scene = Scene::fifo(&[]);
    let sent = scene.send("g", "d", "a");
    scene.wait(5);
    scene.receive("q.fifo");
    scene.wait(30_000);
    let told = scene.receive("q.fifo").remove(0);
    let first_ms = (START_MS + 5).to_string();
    let sequence = text(&sent.sequence.expect("a sequence number"));
    let table = [
        ("ApproximateReceiveCount", "2"),
        ("SentTimestamp", &START_MS.to_string()),
        ("ApproximateFirstReceiveTimestamp", &first_ms),
        ("MessageGroupId", "g"),
        ("MessageDeduplicationId", "d"),
        ("SequenceNumber", &sequence),
    ];
    for (name, value) in table {
        assert_eq!(told.system[name], value, "{name}");
    }
    assert!(told.system.contains_key("SenderId"));
    scene.wait(30_000);
    let asked = ReceiveMessage {
        attribute_names: vec![],
        message_system_attribute_names: vec!["SentTimestamp".into()],
        ..ask("q.fifo")
    };
    let told = scene.try_receive(asked).expect("some").remove(0);
    assert_eq!(told.system.keys().collect::<Vec<_>>(), [&"SentTimestamp"]);
}

#[test]
fn message_attributes_are_told_by_name_prefix_or_all() {
    let table: [(&[&str], &[&str]); 6] = [
        (&[], &[]),
        (&["a.x"], &["a.x"]),
        (&["a.*"], &["a.x", "a.y"]),
        (&["All"], &["a.x", "a.y", "b"]),
        (&[".*"], &["a.x", "a.y", "b"]),
        (&["b", "nothing"], &["b"]),
    ];
    for (asked, expect) in table {
        let mut scene = Scene::standard(&[]);
        let mut message = entry("", "", "body");
        for name in ["a.x", "a.y", "b"] {
            let input = AttributeInput {
                data_type: Some("String".into()),
                string_value: Some("v".into()),
                binary_value: None,
            };
            message.message_attributes.insert(name.into(), input);
        }
        scene.try_send("q", message).expect("sent");
        let names = asked.iter().map(|name| name.to_string()).collect();
        let asked = ReceiveMessage {
            message_attribute_names: names,
            ..ask("q")
        };
        let told = scene.try_receive(asked).expect("some").remove(0);
        assert_eq!(told.attributes.keys().collect::<Vec<_>>(), expect);
        assert_eq!(told.md5_of_attributes().is_some(), !expect.is_empty());
    }
}

fn attempt(id: &str) -> ReceiveMessage {
    ReceiveMessage {
        receive_request_attempt_id: Some(id.into()),
        ..ask("q.fifo")
    }
}

#[test]
fn the_same_attempt_gives_the_same_messages_and_handles_and_starts_their_time_again() {
    let mut scene = Scene::fifo(&[]);
    scene.send("g", "1", "a");
    scene.send("g", "2", "b");
    let first = scene.try_receive(attempt("r")).expect("some");
    scene.wait(20_000);
    let again = scene.try_receive(attempt("r")).expect("some");
    assert_eq!(first, again);
    assert_eq!(first.len(), 2);
    assert!(scene.try_receive(attempt("s")).expect("none").is_empty());
    scene.wait(20_000);
    scene
        .delete("q.fifo", &first[0].receipt_handle)
        .expect("still in flight");
}

#[test]
fn an_attempt_is_not_repeated_once_a_message_was_touched_or_ran_out() {
    let touch: [fn(&mut Scene, &str); 3] = [
        |scene, handle| scene.delete("q.fifo", handle).expect("deleted"),
        |scene, handle| scene.change("q.fifo", handle, 60).expect("changed"),
        |scene, _| scene.wait(30_000),
    ];
    for touch in touch {
        let mut scene = Scene::fifo(&[]);
        scene.send("g", "1", "a");
        scene.send("g", "2", "b");
        let first = scene.try_receive(attempt("r")).expect("some");
        touch(&mut scene, &first[0].receipt_handle);
        assert_ne!(scene.try_receive(attempt("r")).expect("new"), first);
    }
}

#[test]
fn an_attempt_is_repeated_for_five_minutes() {
    let mut scene = Scene::fifo(&[("VisibilityTimeout", "3600")]);
    scene.send("g", "1", "a");
    let first = scene.try_receive(attempt("r")).expect("some");
    scene.wait(299_999);
    assert_eq!(scene.try_receive(attempt("r")).expect("the same"), first);
    scene.wait(1);
    assert!(scene.try_receive(attempt("r")).expect("none").is_empty());
}

#[test]
fn too_many_in_flight_is_an_error_on_standard_and_nothing_on_fifo() {
    let limits = Limits {
        in_flight: 3,
        ..Limits::default()
    };
    let mut scene = Scene::with(limits);
    scene.create("q", &[]);
    scene.create("q.fifo", &[]);
    for number in ["1", "2", "3", "4"] {
        scene.post(number);
        scene.send(number, number, number);
    }
    assert_eq!(scene.receive("q").len(), 3);
    assert_eq!(scene.receive("q.fifo").len(), 3);
    assert_eq!(
        scene.refused(Operation::ReceiveMessage(ask("q"))),
        Code::OverLimit
    );
    let long = ReceiveMessage {
        wait_time_seconds: Some(1),
        ..ask("q")
    };
    assert!(scene.try_receive(long).expect("no error").is_empty());
    assert!(scene.receive("q.fifo").is_empty());
    assert_eq!(Limits::default().in_flight, 120_000);
}

#[test]
fn retention_takes_messages_in_flight_too_and_unblocks_their_group() {
    let mut scene = Scene::fifo(&[("MessageRetentionPeriod", "60")]);
    scene.send("g", "1", "a");
    scene.wait(40_000);
    scene.receive("q.fifo");
    scene.send("g", "2", "b");
    scene.wait(19_999);
    assert!(scene.receive("q.fifo").is_empty());
    scene.wait(1);
    assert_eq!(scene.bodies("q.fifo"), ["b"]);
    assert_eq!(scene.became("q.fifo"), ["expired", "in flight"]);
}
