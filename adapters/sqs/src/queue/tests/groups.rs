//! Order and exclusion of message groups.

use super::scene::*;
use crate::queue::*;

#[test]
fn a_group_is_handed_out_in_order_and_as_much_of_it_as_there_is() {
    let mut scene = Scene::fifo(&[]);
    for (group, body) in [("g", "a1"), ("h", "b1"), ("g", "a2"), ("h", "b2")] {
        scene.send(group, body, body);
    }
    assert_eq!(scene.bodies("q.fifo"), ["a1", "a2", "b1", "b2"]);
}

#[test]
fn a_group_is_blocked_while_one_of_its_messages_is_in_flight() {
    let mut scene = Scene::fifo(&[]);
    scene.send("g", "1", "a1");
    scene.send("g", "2", "a2");
    let one = ReceiveMessage {
        max_number_of_messages: Some(1),
        ..ask("q.fifo")
    };
    let first = scene.try_receive(one).expect("a1").remove(0);
    scene.send("g", "3", "a3");
    scene.send("h", "4", "b1");
    assert_eq!(scene.bodies("q.fifo"), ["b1"], "g is blocked");
    scene
        .delete("q.fifo", &first.receipt_handle)
        .expect("deleted");
    assert_eq!(scene.bodies("q.fifo"), ["a2", "a3"]);
}

#[test]
fn a_group_is_blocked_until_all_of_a_receive_is_done() {
    let mut scene = Scene::fifo(&[]);
    for body in ["a1", "a2", "a3"] {
        scene.send("g", body, body);
    }
    let handles: Vec<String> = scene
        .receive("q.fifo")
        .into_iter()
        .map(|message| message.receipt_handle)
        .collect();
    scene.send("g", "a4", "a4");
    scene.delete("q.fifo", &handles[1]).expect("deleted");
    scene.change("q.fifo", &handles[0], 0).expect("visible");
    assert!(scene.receive("q.fifo").is_empty(), "a3 is in flight");
    scene.change("q.fifo", &handles[2], 0).expect("visible");
    assert_eq!(scene.bodies("q.fifo"), ["a1", "a3", "a4"]);
}

#[test]
fn a_group_comes_back_in_order_when_its_time_runs_out() {
    let mut scene = Scene::fifo(&[("VisibilityTimeout", "10")]);
    scene.send("g", "1", "a1");
    scene.send("g", "2", "a2");
    assert_eq!(scene.bodies("q.fifo"), ["a1", "a2"]);
    scene.wait(9_999);
    assert!(scene.receive("q.fifo").is_empty());
    scene.wait(1);
    assert_eq!(scene.bodies("q.fifo"), ["a1", "a2"]);
}

#[test]
fn a_fifo_queue_delays_as_the_queue_says_and_keeps_its_order() {
    let mut scene = Scene::fifo(&[("DelaySeconds", "5")]);
    let delayed = SendEntry {
        delay_seconds: Some(1),
        ..entry("g", "0", "a0")
    };
    let refusal = scene.try_send("q.fifo", delayed).expect_err("refused");
    assert_eq!(refusal.code, Code::InvalidParameterValue);
    scene.send("g", "1", "a1");
    assert_eq!(
        scene.attribute("q.fifo", "ApproximateNumberOfMessagesDelayed"),
        "1"
    );
    scene.wait(4_999);
    scene.send("g", "2", "a2");
    assert!(scene.receive("q.fifo").is_empty());
    scene.wait(1);
    assert_eq!(scene.bodies("q.fifo"), ["a1"]);
}

#[test]
fn a_changed_delay_holds_for_what_is_there_on_fifo_only() {
    let mut scene = Scene::fifo(&[("DelaySeconds", "5")]);
    scene.create("q", &[("DelaySeconds", "5")]);
    scene.send("g", "1", "a1");
    scene.post("b1");
    for queue in ["q.fifo", "q"] {
        scene.set(queue, &[("DelaySeconds", "0")]).expect("set");
    }
    assert_eq!(scene.bodies("q.fifo"), ["a1"]);
    assert!(scene.receive("q").is_empty());
}

#[test]
fn a_delay_of_a_message_holds_on_a_standard_queue() {
    let mut scene = Scene::standard(&[]);
    let delayed = |seconds| SendEntry {
        delay_seconds: Some(seconds),
        ..entry("", "", "a")
    };
    scene.try_send("q", delayed(3)).expect("sent");
    for beyond in [-1, 901] {
        let refusal = scene.try_send("q", delayed(beyond)).expect_err("refused");
        assert_eq!(refusal.code, Code::InvalidParameterValue);
    }
    scene.wait(2_999);
    assert!(scene.receive("q").is_empty());
    assert_eq!(scene.sqs.next_change_ms("q"), Some(START_MS + 3_000));
    scene.wait(1);
    assert_eq!(scene.bodies("q"), ["a"]);
}
