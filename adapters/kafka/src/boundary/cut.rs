//! Requests cut down to a part of what they ask for.

use super::frame;
use super::splices::Splices;
use crate::wire::parts::{self, TopicAt};
use bytes::Bytes;

/// The request `frame` with the first half of its partitions (rounded up; one at
/// least stays out), under the same correlation id. `None` where it has no parts:
/// a leader appends the whole record set of a partition or none of it, and other
/// requests are one step.
pub(super) fn first_half(frame: &Bytes) -> Option<Bytes> {
    let request = frame::request(frame).ok()?;
    let (api, mut body) = request.body?;
    let flexible = body.flexible();
    let all = parts::topics(api, request.version, &mut body)?.ok()?;
    // What follows would go to the broker unread.
    if body.remaining() > 0 {
        return None;
    }
    let partitions = all.partitions();
    if partitions < 2 {
        return None;
    }
    let mut left = partitions.div_ceil(2);
    let mut splices = Splices::default();
    let kept = all.topics.iter().take_while(|topic| {
        let goes_on = left > 0;
        left = left.saturating_sub(topic.partitions.len());
        goes_on
    });
    splices.count(all.count_at.clone(), kept.count(), flexible);
    let mut left = partitions.div_ceil(2);
    for topic in &all.topics {
        match left {
            0 => splices.remove(topic.at.clone()),
            _ if left < topic.partitions.len() => cut(topic, left, flexible, &mut splices),
            _ => {}
        }
        left = left.saturating_sub(topic.partitions.len());
    }
    Some(splices.apply(frame.clone()))
}

/// Keeps the first `kept` partitions of a topic that has more.
fn cut(topic: &TopicAt, kept: usize, flexible: bool, splices: &mut Splices) {
    splices.count(topic.count_at.clone(), kept, flexible);
    if let (Some(first), Some(last)) = (topic.partitions.get(kept), topic.partitions.last()) {
        splices.remove(first.start..last.end);
    }
}
