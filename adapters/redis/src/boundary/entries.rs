//! Entries of streams in replies.

use super::Corner;
use super::waiting::Said;
use crate::resp::{Frame, Reader, Token};
use exactly_adapter::{Delivered, find_ids};
use exactly_model::{MessageId, Position};

/// XREADGROUP: null, or for each stream its name and its entries: an array of pairs in
/// RESP2, a map in RESP3.
pub(super) fn read_group(frame: Frame<'_>, corner: Corner<'_>, said: &mut Said) {
    let mut reader = frame.past_attributes();
    let first = reader.value();
    let (streams, paired) = match first {
        Some(Token::Array(streams)) => (streams, true),
        Some(Token::Map(streams)) => (streams, false),
        _ => (0, false),
    };
    let mut handed_out = 0;
    for _ in 0..streams {
        if paired && reader.array() != Some(2) {
            break;
        }
        let Some(stream) = reader.text() else {
            break;
        };
        handed_out += entries(&mut reader, stream, corner, said);
    }
    said.idle = handed_out == 0;
}

/// XAUTOCLAIM: where to go on, the entries, and those that are deleted.
pub(super) fn auto_claimed(frame: Frame<'_>, stream: &[u8], corner: Corner<'_>, said: &mut Said) {
    let mut reader = frame.past_attributes();
    let _ = reader.array();
    reader.skip(1);
    said.idle = entries(&mut reader, stream, corner, said) == 0;
}

/// XCLAIM: the entries.
pub(super) fn claimed(frame: Frame<'_>, stream: &[u8], corner: Corner<'_>, said: &mut Said) {
    let mut reader = frame.past_attributes();
    said.idle = entries(&mut reader, stream, corner, said) == 0;
}

/// An array of entries, or of their ids alone (JUSTID). Answers how many there were.
fn entries(reader: &mut Reader<'_>, stream: &[u8], corner: Corner<'_>, said: &mut Said) -> usize {
    let entries = reader.array().unwrap_or(0);
    let target = corner.names.stream_target(stream);
    for _ in 0..entries {
        match reader.value() {
            Some(Token::Array(2)) => {
                let Some(entry) = reader.text() else {
                    return entries;
                };
                let fields = reader.raw();
                if is_null(fields) {
                    corner.shared.came_back_empty(stream, entry);
                    continue;
                }
                let ids = ids_in(fields);
                corner.shared.hands_out(stream, entry, &ids);
                said.delivers.extend(delivered(&ids, &target, corner));
            }
            Some(Token::Bulk(entry)) => corner.shared.hands_out(stream, entry, &[]),
            // Before Redis 7 an entry that is deleted and still pending is null.
            _ => {}
        }
    }
    entries
}

/// Null in either version of the protocol: what is left of a pending entry that was
/// trimmed or deleted.
fn is_null(raw: &[u8]) -> bool {
    matches!(raw, b"$-1\r\n" | b"*-1\r\n" | b"_\r\n")
}

/// Where the messages were fed, as far as that is known. Another stream or channel of
/// the trial may carry the same messages.
pub(super) fn delivered(ids: &[MessageId], target: &str, corner: Corner<'_>) -> Vec<Delivered> {
    let positions = ids.iter().filter_map(|id| corner.shared.position(*id));
    let here = positions.filter(|position| position.target == target);
    let one = |position: Position| Delivered {
        target: position.target,
        partition: position.partition,
        first: position.offset,
        last: position.offset,
    };
    here.map(one).collect()
}

pub(super) fn ids_in(bytes: &[u8]) -> Vec<MessageId> {
    let mut ids = Vec::new();
    find_ids(bytes, &mut ids);
    ids.sort_unstable();
    ids.dedup();
    ids
}
