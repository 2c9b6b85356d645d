//! Random operations on a FIFO queue with a dead-letter queue, against what must
//! hold whatever happens.

use super::scene::*;
use crate::queue::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Send { group: u8, dedup: u8 },
    Receive { most: i64, visibility_s: i64 },
    Delete { held: usize },
    Change { held: usize, seconds: i64 },
    Wait { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, 0..20_u8).prop_map(|(group, dedup)| Step::Send { group, dedup }),
        4 => (1..=4_i64, 0..40_i64)
            .prop_map(|(most, visibility_s)| Step::Receive { most, visibility_s }),
        2 => any::<prop::sample::Index>().prop_map(|held| Step::Delete { held: held.index(64) }),
        1 => (0..64_usize, 0..40_i64).prop_map(|(held, seconds)| Step::Change { held, seconds }),
        2 => prop_oneof![0..20_000_u64, 100_000..400_000_u64].prop_map(|ms| Step::Wait { ms }),
    ]
}

/// What the test knows by itself.
#[derive(Default)]
struct Known {
    /// When a deduplication id was accepted last, and as which message.
    accepted: BTreeMap<u8, (u64, String)>,
    /// Handles, with the message, its group, and until when it is invisible.
    held: Vec<(String, String, u8, u64)>,
    deleted: BTreeSet<String>,
    /// First deliveries of each group, by sequence number.
    delivered: BTreeMap<u8, Vec<String>>,
    seen: BTreeSet<String>,
}

impl Known {
    fn is_blocked(&self, group: u8, now_ms: u64) -> bool {
        let in_flight = self.held.iter().filter(|(_, message, _, until_ms)| {
            *until_ms > now_ms && !self.deleted.contains(message)
        });
        in_flight.into_iter().any(|(_, _, held, _)| *held == group)
    }

    fn send(&mut self, scene: &mut Scene, group: u8, dedup: u8) {
        let sent = scene.send(&group.to_string(), &dedup.to_string(), "a");
        let id = text(&sent.message_id);
        match self.accepted.get(&dedup) {
            Some((at_ms, first)) if at_ms + DEDUPLICATION_WINDOW_MS > scene.now_ms => {
                assert_eq!(&id, first, "no duplicate within the window");
            }
            other => {
                assert!(other.is_none_or(|(_, first)| *first != id));
                self.accepted.insert(dedup, (scene.now_ms, id));
            }
        }
    }

    fn receive(&mut self, scene: &mut Scene, most: i64, visibility_s: i64) {
        let asked = ReceiveMessage {
            max_number_of_messages: Some(most),
            visibility_timeout: Some(visibility_s),
            ..ask("q.fifo")
        };
        let messages = scene.try_receive(asked).expect("received");
        let group_of = |message: &Received| {
            message.system["MessageGroupId"]
                .parse::<u8>()
                .expect("a group")
        };
        for message in &messages {
            let group = group_of(message);
            assert!(
                !self.is_blocked(group, scene.now_ms),
                "a blocked group delivers nothing"
            );
            let id = text(&message.message_id);
            assert!(
                !self.deleted.contains(&id),
                "what is deleted is not delivered"
            );
            if self.seen.insert(id) {
                let sequence = message.system["SequenceNumber"].clone();
                self.delivered.entry(group).or_default().push(sequence);
            }
        }
        let until_ms = scene.now_ms + visibility_s as u64 * 1_000;
        for message in messages {
            let id = text(&message.message_id);
            self.held.retain(|(_, held, _, _)| *held != id);
            let group = group_of(&message);
            self.held
                .push((message.receipt_handle, id, group, until_ms));
        }
    }

    fn delete(&mut self, scene: &mut Scene, held: usize) {
        let Some((handle, id, _, until_ms)) = self.held.get(held).cloned() else {
            return;
        };
        if self.deleted.contains(&id) {
            return;
        }
        let in_flight = until_ms > scene.now_ms;
        let log = scene.log("dead.fifo");
        let is_dead = log.iter().any(|entry| *entry.message_id == *id);
        let outcome = scene.delete("q.fifo", &handle);
        assert_eq!(
            outcome.is_ok(),
            in_flight || is_dead,
            "only in flight, or gone"
        );
        if in_flight {
            self.deleted.insert(id);
        }
    }

    fn change(&mut self, scene: &mut Scene, held: usize, seconds: i64) {
        let now_ms = scene.now_ms;
        let Some((handle, id, _, until_ms)) = self.held.get_mut(held) else {
            return;
        };
        let outcome = scene.change("q.fifo", handle, seconds);
        assert_eq!(
            outcome.is_ok(),
            *until_ms > now_ms && !self.deleted.contains(id)
        );
        if outcome.is_ok() {
            *until_ms = now_ms + seconds as u64 * 1_000;
        }
    }

    fn finish(&self, scene: &mut Scene) {
        for (group, sequences) in &self.delivered {
            assert!(
                sequences.is_sorted_by(|one, next| one < next),
                "order of group {group}"
            );
        }
        let mut dead = BTreeSet::new();
        for entry in scene.log("dead.fifo") {
            assert!(dead.insert(text(&entry.message_id)), "dead once");
        }
        for entry in scene.log("q.fifo") {
            let id = text(&entry.message_id);
            let is_deleted = self.deleted.contains(&id);
            assert_eq!(
                entry.became == Became::Deleted,
                is_deleted,
                "nothing is lost"
            );
            assert_eq!(entry.became == Became::DeadLettered, dead.contains(&id));
            let is_there = matches!(entry.became, Became::There | Became::InFlight);
            assert!(is_there || is_deleted || dead.contains(&id), "{entry:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(steps in prop::collection::vec(step(), 1..120)) {
        let mut scene = Scene::new();
        scene.create("dead.fifo", &[]);
        let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":3}}"#, arn("dead.fifo"));
        scene.create("q.fifo", &[("RedrivePolicy", &policy), ("MessageRetentionPeriod", "1209600")]);
        let mut known = Known::default();
        for step in steps {
            match step {
                Step::Send { group, dedup } => known.send(&mut scene, group, dedup),
                Step::Receive { most, visibility_s } => known.receive(&mut scene, most, visibility_s),
                Step::Delete { held } => known.delete(&mut scene, held),
                Step::Change { held, seconds } => known.change(&mut scene, held, seconds),
                Step::Wait { ms } => scene.wait(ms),
            }
        }
        known.finish(&mut scene);
    }

    #[test]
    fn a_standard_queue_loses_nothing(steps in prop::collection::vec(step(), 1..120)) {
        let mut scene = Scene::standard(&[]);
        let (mut held, mut deleted) = (Vec::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Send { .. } => { scene.post("a"); }
                Step::Receive { .. } => {
                    let messages = scene.receive("q");
                    assert!(messages.iter().all(|message| !deleted.contains(&text(&message.message_id))));
                    held.extend(messages);
                }
                Step::Delete { held: index } => {
                    let Some(message) = held.get(index) else { continue };
                    let id = text(&message.message_id);
                    let latest = held.iter().rev().find(|other| other.message_id == message.message_id);
                    let is_latest = latest.is_some_and(|latest| latest.receipt_handle == message.receipt_handle);
                    scene.delete("q", &message.receipt_handle).expect("accepted");
                    if is_latest {
                        deleted.insert(id);
                    }
                }
                Step::Change { .. } => {}
                Step::Wait { ms } => scene.wait(ms.min(60_000)),
            }
        }
        for entry in scene.log("q") {
            let is_deleted = deleted.contains(&text(&entry.message_id));
            prop_assert_eq!(entry.became == Became::Deleted, is_deleted);
        }
    }
}
