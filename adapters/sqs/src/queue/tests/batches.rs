//! Batches.

use super::scene::*;
use crate::queue::*;

fn batch(queue: &str, entries: Vec<SendEntry>) -> Operation {
    let queue = queue.to_string();
    Operation::SendMessageBatch(Batch { queue, entries })
}

fn with_id(id: &str, message: SendEntry) -> SendEntry {
    SendEntry {
        id: id.into(),
        ..message
    }
}

#[test]
fn a_batch_that_is_none_is_refused_whole() {
    let mut scene = Scene::standard(&[]);
    let named = |id: &str| with_id(id, entry("", "", "a"));
    let long = "i".repeat(81);
    let eleven = (0..11).map(|number| named(&number.to_string())).collect();
    let half = entry("", "", &"x".repeat(600_000));
    let table = [
        (vec![], Code::EmptyBatchRequest),
        (eleven, Code::TooManyEntriesInBatchRequest),
        (vec![named("a"), named("a")], Code::BatchEntryIdsNotDistinct),
        (vec![named("")], Code::InvalidBatchEntryId),
        (vec![named("a b")], Code::InvalidBatchEntryId),
        (vec![named(&long)], Code::InvalidBatchEntryId),
        (
            vec![with_id("a", half.clone()), with_id("b", half)],
            Code::BatchRequestTooLong,
        ),
    ];
    for (entries, code) in table {
        assert_eq!(scene.refused(batch("q", entries.clone())), code);
        let handles: Vec<HandleEntry> = entries
            .iter()
            .map(|entry| HandleEntry {
                id: entry.id.clone(),
                ..HandleEntry::default()
            })
            .collect();
        if code != Code::BatchRequestTooLong {
            let asked = || Batch {
                queue: "q".into(),
                entries: handles.clone(),
            };
            assert_eq!(scene.refused(Operation::DeleteMessageBatch(asked())), code);
            assert_eq!(
                scene.refused(Operation::ChangeMessageVisibilityBatch(asked())),
                code
            );
        }
    }
    assert!(scene.log("q").is_empty());
}

#[test]
fn entries_are_sent_in_order_and_fail_on_their_own() {
    let mut scene = Scene::fifo(&[]);
    let entries = vec![
        with_id("a", entry("g", "1", "one")),
        with_id("b", entry("", "2", "two")),
        with_id("c", entry("g", "3", "three")),
        with_id("d", entry("g", "1", "one again")),
    ];
    let Ok(Answer::SentBatch(outcomes)) = scene.apply(batch("q.fifo", entries)) else {
        panic!("refused");
    };
    let ids: Vec<&str> = outcomes.done.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["a", "c", "d"]);
    assert_eq!(outcomes.done[0].1.message_id, outcomes.done[2].1.message_id);
    let (id, refusal) = &outcomes.refused[0];
    assert_eq!((id.as_str(), refusal.code), ("b", Code::MissingParameter));
    assert_eq!(scene.bodies("q.fifo"), ["one", "three"]);
}

#[test]
fn handles_are_deleted_and_changed_each_on_its_own() {
    let mut scene = Scene::standard(&[]);
    scene.post("a");
    scene.post("b");
    let handles = scene.receive("q");
    let handle = |id: &str, handle: &str, seconds| HandleEntry {
        id: id.into(),
        receipt_handle: handle.into(),
        visibility_timeout: seconds,
    };
    let entries = vec![
        handle("a", &handles[0].receipt_handle, Some(0)),
        handle("x", "garbage", Some(0)),
        handle("b", &handles[1].receipt_handle, Some(43_201)),
    ];
    let asked = Batch {
        queue: "q".into(),
        entries: entries.clone(),
    };
    let Ok(Answer::ChangedBatch(changed)) =
        scene.apply(Operation::ChangeMessageVisibilityBatch(asked))
    else {
        panic!("refused");
    };
    assert_eq!((changed.done.len(), changed.refused.len()), (1, 2));
    let asked = Batch {
        queue: "q".into(),
        entries,
    };
    let Ok(Answer::DeletedBatch(deleted)) = scene.apply(Operation::DeleteMessageBatch(asked))
    else {
        panic!("refused");
    };
    assert_eq!(deleted.done.len(), 2);
    assert_eq!(deleted.refused[0].1.code, Code::ReceiptHandleIsInvalid);
    assert_eq!(scene.became("q"), ["deleted", "deleted"]);
}
