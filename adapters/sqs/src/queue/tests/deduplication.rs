//! Deduplication of sends to FIFO queues.

use super::scene::*;
use crate::queue::*;

const CONTENT_BASED: Pairs<'static> = &[("ContentBasedDeduplication", "true")];

#[test]
fn a_duplicate_answers_what_the_first_answered_and_is_not_appended() {
    let mut scene = Scene::fifo(&[]);
    let first = scene.send("g", "d", "a");
    let again = scene.send("g", "d", "b");
    assert_eq!(again.message_id, first.message_id);
    assert_eq!(again.sequence, first.sequence);
    assert_ne!(
        again.md5_of_body, first.md5_of_body,
        "of the body that was sent"
    );
    assert_eq!(scene.log("q.fifo").len(), 1);
    assert_eq!(scene.bodies("q.fifo"), ["a"]);
}

#[test]
fn the_window_is_300_s_from_the_first_accepted_send() {
    let mut scene = Scene::fifo(&[]);
    let first = scene.send("g", "d", "a");
    scene.wait(299_999);
    assert_eq!(scene.send("g", "d", "a").message_id, first.message_id);
    scene.wait(1);
    assert_ne!(scene.send("g", "d", "a").message_id, first.message_id);
}

#[test]
fn the_window_holds_after_the_message_was_deleted_or_purged() {
    let mut scene = Scene::fifo(&[]);
    let first = scene.send("g", "d", "a");
    let handle = scene.receive("q.fifo")[0].receipt_handle.clone();
    scene.delete("q.fifo", &handle).expect("deleted");
    assert_eq!(scene.send("g", "d", "a").message_id, first.message_id);
    let queue = "q.fifo".to_string();
    scene
        .apply(Operation::PurgeQueue(OfQueue { queue }))
        .expect("purged");
    assert_eq!(scene.send("g", "d", "a").message_id, first.message_id);
    assert!(scene.receive("q.fifo").is_empty());
}

#[test]
fn content_based_is_the_digest_of_the_body_and_not_of_the_attributes() {
    let mut scene = Scene::fifo(CONTENT_BASED);
    let first = scene.send("g", "", "a");
    let attribute = AttributeInput {
        data_type: Some("String".into()),
        string_value: Some("v".into()),
        binary_value: None,
    };
    let mut other = entry("g", "", "a");
    other.message_attributes.insert("n".into(), attribute);
    let again = scene.try_send("q.fifo", other).expect("a duplicate");
    assert_eq!(again.message_id, first.message_id);
    assert_ne!(scene.send("g", "", "b").message_id, first.message_id);
    let told = scene.receive("q.fifo");
    assert_eq!(
        told[0].system["MessageDeduplicationId"],
        sha256_of_body("a")
    );
}

#[test]
fn an_explicit_id_wins_over_the_content() {
    let mut scene = Scene::fifo(CONTENT_BASED);
    let first = scene.send("g", "d", "a");
    assert_ne!(scene.send("g", "e", "a").message_id, first.message_id);
    assert_eq!(scene.send("g", "d", "b").message_id, first.message_id);
    // The digest of a body, given explicitly, is the id of that body.
    let by_content = scene.send("g", "", "c");
    let digest = sha256_of_body("c");
    assert_eq!(
        scene.send("g", &digest, "x").message_id,
        by_content.message_id
    );
}

#[test]
fn the_scope_is_the_queue_unless_it_is_the_group() {
    let mut scene = Scene::fifo(&[]);
    let first = scene.send("g", "d", "a");
    assert_eq!(scene.send("h", "d", "a").message_id, first.message_id);
    let mut scene = Scene::fifo(&[("DeduplicationScope", "messageGroup")]);
    let first = scene.send("g", "d", "a");
    assert_ne!(scene.send("h", "d", "a").message_id, first.message_id);
    assert_eq!(scene.send("g", "d", "a").message_id, first.message_id);
}

#[test]
fn a_fifo_queue_needs_a_group_and_an_id() {
    let mut scene = Scene::fifo(&[]);
    let mut refused = |entry| scene.try_send("q.fifo", entry).expect_err("refused");
    assert_eq!(refused(entry("", "d", "a")).code, Code::MissingParameter);
    let no_id = refused(entry("g", "", "a"));
    assert_eq!(no_id.code, Code::InvalidParameterValue);
    assert_eq!(
        no_id.message,
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    );
    let long = "x".repeat(129);
    for token in ["ä", "a b", long.as_str()] {
        assert_eq!(
            refused(entry(token, "d", "a")).code,
            Code::InvalidParameterValue
        );
        assert_eq!(
            refused(entry("g", token, "a")).code,
            Code::InvalidParameterValue
        );
    }
}

#[test]
fn a_standard_queue_takes_a_group_and_refuses_an_id() {
    let mut scene = Scene::standard(&[]);
    let refusal = scene
        .try_send("q", entry("", "d", "a"))
        .expect_err("refused");
    assert_eq!(refusal.code, Code::InvalidParameterValue);
    let sent = scene.try_send("q", entry("g", "", "a")).expect("sent");
    assert_eq!(sent.sequence, None);
    assert_eq!(scene.receive("q")[0].system["MessageGroupId"], "g");
    assert_ne!(scene.post("a").message_id, scene.post("a").message_id);
}

#[test]
fn sequence_numbers_have_20_digits_and_grow() {
    let mut scene = Scene::fifo(&[]);
    let numbers: Vec<String> = (0..20)
        .map(|number| scene.send("g", &format!("d{number}"), "a"))
        .map(|sent| text(&sent.sequence.expect("of a FIFO queue")))
        .collect();
    assert!(numbers.iter().all(|number| number.len() == 20));
    assert!(numbers.is_sorted_by(|one, next| one < next));
}

#[test]
fn a_moved_clock_ends_the_window_of_its_prefix_only() {
    let mut scene = Scene::new();
    scene.create("x1-q.fifo", &[]);
    scene.create("x2-q.fifo", &[]);
    let send = |scene: &mut Scene, queue: &str| {
        let sent = scene.try_send(queue, entry("g", "d", "a")).expect(queue);
        text(&sent.message_id)
    };
    let (one, two) = (send(&mut scene, "x1-q.fifo"), send(&mut scene, "x2-q.fifo"));
    scene.sqs.advance("x1-", 300_000).expect("moved");
    assert_ne!(send(&mut scene, "x1-q.fifo"), one);
    assert_eq!(send(&mut scene, "x2-q.fifo"), two);
    scene.sqs.advance("", 300_000).expect("moved");
    assert_ne!(send(&mut scene, "x2-q.fifo"), two);
    assert!(scene.sqs.advance("x1-", u64::MAX).is_err());
    // It holds for what is created later.
    scene.create("x1-later", &[]);
    let created = scene.attribute("x1-later", "CreatedTimestamp");
    assert_eq!(created, ((START_MS + 600_000) / 1_000).to_string());
}
