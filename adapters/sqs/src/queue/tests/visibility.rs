//! Receipt handles: what they delete, and for how long they do.

use super::scene::*;
use crate::queue::*;

const EXPIRED: &str = "Reason: The receipt handle has expired.";

fn one(scene: &mut Scene, queue: &str) -> String {
    scene.receive(queue).remove(0).receipt_handle
}

#[test]
fn on_fifo_an_old_handle_is_refused_and_the_message_survives() {
    let mut scene = Scene::fifo(&[]);
    scene.send("g", "1", "a");
    let old = one(&mut scene, "q.fifo");
    scene.wait(30_000);
    let new = one(&mut scene, "q.fifo");
    assert_ne!(old, new);
    let refusal = scene.delete("q.fifo", &old).expect_err("refused");
    assert_eq!(refusal.code, Code::InvalidParameterValue);
    assert!(refusal.message.ends_with(EXPIRED), "{}", refusal.message);
    let refusal = scene.change("q.fifo", &old, 5).expect_err("refused");
    assert!(refusal.message.ends_with(EXPIRED));
    scene.delete("q.fifo", &new).expect("deleted");
    assert_eq!(scene.became("q.fifo"), ["deleted"]);
}

#[test]
fn on_fifo_an_expired_handle_is_refused_though_nobody_received_again() {
    let mut scene = Scene::fifo(&[]);
    scene.send("g", "1", "a");
    let handle = one(&mut scene, "q.fifo");
    scene.wait(30_000);
    let refusal = scene.delete("q.fifo", &handle).expect_err("refused");
    assert!(refusal.message.ends_with(EXPIRED));
    assert_eq!(scene.bodies("q.fifo"), ["a"]);
}

#[test]
fn on_standard_an_old_handle_is_accepted_and_deletes_nothing() {
    let mut scene = Scene::standard(&[]);
    scene.post("a");
    let old = one(&mut scene, "q");
    scene.wait(30_000);
    let new = one(&mut scene, "q");
    scene.delete("q", &old).expect("accepted");
    assert_eq!(scene.became("q"), ["in flight"]);
    scene.wait(30_000);
    scene
        .delete("q", &new)
        .expect("the latest deletes though its time ran out");
    assert_eq!(scene.became("q"), ["deleted"]);
}

#[test]
fn deleting_again_is_a_success() {
    let mut scene = Scene::fifo(&[]);
    scene.send("g", "1", "a");
    let handle = one(&mut scene, "q.fifo");
    for _ in 0..2 {
        scene.delete("q.fifo", &handle).expect("deleted");
    }
}

#[test]
fn a_handle_of_nothing_here_is_invalid() {
    let mut scene = Scene::fifo(&[]);
    scene.create("other.fifo", &[]);
    scene.send("g", "1", "a");
    let handle = one(&mut scene, "q.fifo");
    let table = [
        ("q.fifo", "garbage", Code::ReceiptHandleIsInvalid),
        ("other.fifo", handle.as_str(), Code::ReceiptHandleIsInvalid),
        ("q.fifo", "", Code::MissingParameter),
        ("gone.fifo", handle.as_str(), Code::QueueDoesNotExist),
        ("", handle.as_str(), Code::MissingParameter),
    ];
    for (queue, handle, code) in table {
        assert_eq!(scene.delete(queue, handle).expect_err(handle).code, code);
        assert_eq!(scene.change(queue, handle, 1).expect_err(handle).code, code);
    }
}

#[test]
fn a_changed_timeout_counts_from_the_change() {
    let mut scene = Scene::standard(&[]);
    scene.post("a");
    let handle = one(&mut scene, "q");
    scene.wait(29_000);
    scene.change("q", &handle, 30).expect("changed");
    scene.wait(29_999);
    assert!(scene.receive("q").is_empty());
    scene.wait(1);
    let handle = one(&mut scene, "q");
    // The next receive has the queue's timeout again.
    scene.wait(29_999);
    scene.change("q", &handle, 0).expect("changed");
    assert_eq!(scene.bodies("q"), ["a"]);
}

#[test]
fn a_timeout_is_changed_in_flight_only() {
    for queue in ["q", "q.fifo"] {
        let mut scene = Scene::fifo(&[]);
        scene.create("q", &[]);
        scene.send("g", "1", "a");
        scene.post("a");
        let handle = one(&mut scene, queue);
        scene.wait(30_000);
        let refusal = scene.change(queue, &handle, 5).expect_err("refused");
        assert_eq!(refusal.code, Code::MessageNotInflight);
        let again = one(&mut scene, queue);
        scene.delete(queue, &again).expect("deleted");
        let refusal = scene.change(queue, &again, 5).expect_err("refused");
        assert_eq!(refusal.code, Code::InvalidParameterValue);
    }
}

#[test]
fn a_message_is_invisible_for_12_hours_at_most() {
    let mut scene = Scene::standard(&[]);
    scene.post("a");
    let handle = one(&mut scene, "q");
    scene.wait(10_000);
    for seconds in [-1, 43_201, 43_191] {
        let refusal = scene.change("q", &handle, seconds).expect_err("refused");
        assert_eq!(refusal.code, Code::InvalidParameterValue, "{seconds}");
    }
    scene
        .change("q", &handle, 43_190)
        .expect("the time that is left");
    let asked = handle_of("q", &handle, None);
    let code = scene.refused(Operation::ChangeMessageVisibility(asked));
    assert_eq!(code, Code::MissingParameter);
}
