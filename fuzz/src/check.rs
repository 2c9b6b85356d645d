//! What has to be so, whatever is said.

use crate::drive::{Drive, Event, Meaning, Seen};
use crate::mutate::Random;
use crate::{Protocol, conversation};
use bytes::Bytes;
use conversation::Said;
use exactly_adapter::{Direction, Head};
use exactly_model::{Outcome, Phase};
use std::collections::BTreeMap;

/// Conversations up to this length are also read byte by byte.
const BYTE_BY_BYTE_MAX: usize = 4 << 10;
/// Longest read of one that is cut.
const CUT_MAX: u64 = 64;

/// Asserts all of it for one input; answers its [signature](signature).
pub fn check(protocol: &Protocol, data: &[u8]) -> u32 {
    let said = conversation::read(data);
    let loose = (protocol.depends_on_time)(data);
    let (whole, passed_on) = drive(protocol, &said, loose, |bytes| bytes.len());
    cuts_make_no_difference(protocol, data, &said, &whole, loose);
    // What went out is read as the same, and goes out as it is.
    let again: Vec<Said<'_>> = passed_on.iter().map(|(dir, it)| (*dir, &it[..])).collect();
    let (again, _) = drive(protocol, &again, loose, |bytes| bytes.len());
    let mut passed = without_answers(&whole);
    for (side, out) in passed.out.iter_mut().enumerate() {
        // Half a unit at the end was not passed on by then.
        let ours = passed_on.iter().filter(|(dir, _)| *dir as usize == side);
        out.truncate(ours.map(|(_, bytes)| bytes.len()).sum());
    }
    same(&passed, &without_answers(&again), loose);
    if !loose {
        errors_and_parts_are_read(protocol, &said, Phase::After);
        errors_and_parts_are_read(protocol, &said, Phase::Before);
    }
    signature(&whole)
}

/// What was passed on after each thing said.
type PassedOn = Vec<(Direction, Vec<u8>)>;

fn drive(
    protocol: &Protocol,
    said: &[Said<'_>],
    loose: bool,
    mut cut: impl FnMut(&[u8]) -> usize,
) -> (Seen, PassedOn) {
    let mut drive = Drive::new(protocol, loose);
    let mut passed_on = Vec::new();
    for (dir, bytes) in said {
        let out = drive.seen.out.each_ref().map(Vec::len);
        let mut rest = *bytes;
        while !rest.is_empty() {
            let (read, after) = rest.split_at(cut(rest).clamp(1, rest.len()));
            drive.read(*dir, read);
            rest = after;
        }
        for dir in [*dir, other(*dir)] {
            let new = &drive.seen.out[dir as usize][out[dir as usize]..];
            passed_on.push((dir, new.to_vec()));
        }
    }
    (drive.finish(), passed_on)
}

fn other(dir: Direction) -> Direction {
    match dir {
        Direction::ToSystem => Direction::ToClient,
        Direction::ToClient => Direction::ToSystem,
    }
}

fn cuts_make_no_difference(
    protocol: &Protocol,
    data: &[u8],
    said: &[Said<'_>],
    whole: &Seen,
    loose: bool,
) {
    let mut random = Random::new(u64::from(crc32fast::hash(data)));
    let (cut, _) = drive(protocol, said, loose, |_| {
        1 + random.below(CUT_MAX) as usize
    });
    same(whole, &cut, loose);
    if data.len() <= BYTE_BY_BYTE_MAX {
        let (cut, _) = drive(protocol, said, loose, |_| 1);
        same(whole, &cut, loose);
    }
}

/// The boundary's own answers are no part of what it passes on.
fn without_answers(seen: &Seen) -> Seen {
    let mut seen = seen.clone();
    let is_answer = |event: &Event| matches!(event.meaning, Meaning::Answers(_));
    seen.events.retain(|event| !is_answer(event));
    seen
}

#[track_caller]
fn same(one: &Seen, two: &Seen, loose: bool) {
    assert_eq!(one.error, two.error, "the same error");
    if loose {
        let exchange = |event: &&Event| !matches!(event.meaning, Meaning::Answers(_));
        let (one, two) = (one.events.iter(), two.events.iter());
        let (one, two) = (one.filter(exchange), two.filter(exchange));
        assert!(
            one.map(|it| &it.meaning).eq(two.map(|it| &it.meaning)),
            "the same exchanges"
        );
        return;
    }
    for (one, two) in one.events.iter().zip(&two.events) {
        assert_eq!(one, two, "the same units");
    }
    assert_eq!(one.events.len(), two.events.len(), "as many units");
    for side in 0..2 {
        let (one, two) = (&one.out[side], &two.out[side]);
        let at = one.iter().zip(two).position(|(one, two)| one != two);
        assert_eq!(at, None, "the same bytes are passed on");
        assert_eq!(one.len(), two.len(), "as many bytes are passed on");
    }
}

/// What the boundary says in the system's name is read as a reply that is no success,
/// and a request that is cut down to a part is the same request.
fn errors_and_parts_are_read(protocol: &Protocol, said: &[Said<'_>], when: Phase) {
    let mut drive = Drive::new(protocol, false);
    let mut requests: BTreeMap<u64, (Head, Bytes)> = BTreeMap::new();
    for (dir, bytes) in said {
        for unit in drive.read(*dir, bytes) {
            if let (Direction::ToSystem, Some(head)) = (dir, unit.opens) {
                if let Some(part) = drive.decoder.part(&unit.forward) {
                    part_is_read(protocol, &head, &unit.forward, &part);
                }
                if when == Phase::Before && head.expects_reply {
                    refuse(protocol, &mut drive, &head, &unit.forward, when);
                } else {
                    requests.insert(head.key, (head, unit.forward));
                }
            }
            let answered = unit.closes.and_then(|reply| requests.remove(&reply.key));
            if let Some((head, request)) = answered {
                refuse(protocol, &mut drive, &head, &request, when);
            }
        }
    }
}

fn refuse(protocol: &Protocol, drive: &mut Drive<'_>, head: &Head, request: &[u8], when: Phase) {
    let awaited = drive.decoder.awaited();
    // The engine asks only when no other reply is awaited.
    if awaited != usize::from(when == Phase::Before) || drive.seen.error.is_some() {
        return;
    }
    let Some(error) = drive.decoder.error_reply(head.key, when) else {
        return;
    };
    assert_eq!(drive.decoder.awaited(), 0, "nothing is awaited any more");
    if !protocol.reads_alone {
        return;
    }
    let mut client = Drive::new(protocol, false);
    client.read(Direction::ToSystem, request);
    client.read(Direction::ToClient, &error.bytes);
    let closes = client.seen.events.last().map(|event| &event.meaning);
    let Some(Meaning::Closes(reply)) = closes else {
        panic!("{:?} of {head:?} is no reply: {:?}", error, client.seen);
    };
    assert_ne!(reply.outcome, Outcome::Ok, "an error is no success");
    assert_eq!(client.seen.out[1], error.bytes, "all of it is the reply");
}

fn part_is_read(protocol: &Protocol, head: &Head, request: &[u8], part: &[u8]) {
    let mut system = Drive::new(protocol, false);
    system.read(Direction::ToSystem, request);
    let whole = std::mem::take(&mut system.seen.events);
    let mut system = Drive::new(protocol, false);
    system.read(Direction::ToSystem, part);
    let [Event { meaning, .. }] = &system.seen.events[..] else {
        panic!("a part of {head:?} is no request: {:?}", system.seen);
    };
    let (Meaning::Opens(part), [Event { meaning, .. }]) = (meaning, &whole[..]) else {
        panic!("a part of {head:?} is no request");
    };
    let Meaning::Opens(whole) = meaning else {
        panic!("a request of {head:?} is none by itself");
    };
    assert_eq!(part.operation, whole.operation, "the same operation");
    assert!(
        part.ids.iter().all(|id| whole.ids.contains(id)),
        "a part names no other messages"
    );
}

/// A number for what a conversation showed, without what is another one in every
/// conversation.
fn signature(seen: &Seen) -> u32 {
    let mut kinds = crc32fast::Hasher::new();
    let mut add = |text: &str| {
        let letters: Vec<u8> = text.bytes().filter(|it| !it.is_ascii_digit()).collect();
        kinds.update(&letters);
    };
    for event in &seen.events {
        match &event.meaning {
            Meaning::Opens(head) => {
                add(&head.operation);
                let some = [&head.ids.len(), &head.commits.len(), &head.names.len()];
                add(&some.map(|n| if *n > 0 { "+" } else { "-" }).concat());
            }
            Meaning::Closes(reply) => add(&format!("{:?}{:?}", reply.outcome, reply.error)),
            Meaning::Delivers(_) => add("delivers"),
            Meaning::Answers(_) => add("answers"),
        }
    }
    add(seen.error.as_deref().unwrap_or_default());
    kinds.finalize()
}
