//! Queues of SQS.

use super::check_name;
use super::systems::System;
use crate::config::error::{Key, Wrong, meant, quoted};
use crate::config::file;
use crate::config::values::{DedupScope, Time};
use exactly_model::Queue;
use std::collections::BTreeSet;

/// What the name of a FIFO queue ends in (SQS API reference, CreateQueue).
const FIFO: &str = ".fifo";
/// How long a message that was received is hidden, where nothing is said
/// (CreateQueue, `VisibilityTimeout`); and the most.
const VISIBILITY: Time = Time::from_secs(30);
const VISIBILITY_MAX: Time = Time::from_secs(12 * 3600);
/// Receives before a message is given up, at most (CreateQueue, `RedrivePolicy`).
const RECEIVES_MAX: u32 = 1_000;

/// The queues of a setup.
pub(super) fn all(key: &Key, given: &[file::Queue]) -> Result<Vec<Queue>, Wrong> {
    let mut names = BTreeSet::new();
    let mut queues = Vec::new();
    for (n, queue) in given.iter().enumerate() {
        let key = key.index(n);
        let queue = one(&key, queue)?;
        if !names.insert(queue.name.clone()) {
            let what = format!("{} is there twice", quoted(&queue.name));
            return Err(Wrong::at(&key.name("name"), what));
        }
        queues.push(queue);
    }
    for (n, given) in given.iter().enumerate() {
        queues[n].dead_letters = dead_letters(&key.index(n), given, &queues[n], &queues)?;
    }
    for (n, queue) in queues.iter().enumerate() {
        let chained = |queue: &&Queue| queue.dead_letters.is_some();
        let of = queue.dead_letters.as_deref();
        let target = queues.iter().find(|other| Some(&*other.name) == of);
        if let Some(target) = target.filter(chained) {
            let what = format!(
                "{} has a dead-letter queue itself: one step is as far as it goes",
                quoted(&target.name)
            );
            return Err(Wrong::at(&key.index(n).name("dead_letter_queue"), what));
        }
    }
    Ok(queues)
}

fn one(key: &Key, given: &file::Queue) -> Result<Queue, Wrong> {
    let (name, ends_in_fifo) = match given.name.strip_suffix(FIFO) {
        Some(name) => (name, true),
        None => (given.name.as_str(), false),
    };
    check_name(&key.name("name"), name)?;
    let fifo = given.fifo.unwrap_or(ends_in_fifo);
    if ends_in_fifo && !fifo {
        let what = format!(
            "is false, and the name ends in {FIFO}: a standard queue's can't; leave one of them out"
        );
        return Err(Wrong::at(&key.name("fifo"), what));
    }
    let of_fifo = [
        ("content_based_dedup", given.content_based_dedup),
        ("dedup_scope", given.dedup_scope.is_some()),
    ];
    if let Some((stray, _)) = of_fifo.iter().find(|(_, given)| *given && !fifo) {
        let what = format!(
            "belongs to a FIFO queue: call it {:?}",
            format!("{name}{FIFO}")
        );
        return Err(Wrong::at(&key.name(stray), what));
    }
    Ok(Queue {
        name: name.into(),
        fifo,
        content_based: given.content_based_dedup,
        dedup_per_group: given.dedup_scope == Some(DedupScope::MessageGroup),
        visibility_s: visibility(&key.name("visibility_timeout"), given)?,
        max_receives: max_receives(key, given)?,
        dead_letters: None,
    })
}

fn visibility(key: &Key, given: &file::Queue) -> Result<u32, Wrong> {
    let time = given.visibility_timeout.unwrap_or(VISIBILITY);
    let seconds = u32::try_from(time.duration().as_secs());
    match seconds {
        Ok(seconds) if time <= VISIBILITY_MAX && time.duration().subsec_nanos() == 0 => Ok(seconds),
        _ => Err(Wrong::at(
            key,
            "SQS takes whole seconds, 12 hours at most: write \"2s\", for one",
        )),
    }
}

fn max_receives(key: &Key, given: &file::Queue) -> Result<Option<u32>, Wrong> {
    match (given.max_receives, &given.dead_letter_queue) {
        (Some(_), None) => Err(Wrong::at(
            &key.name("max_receives"),
            "leads nowhere: name the `dead_letter_queue` too, or leave it out",
        )),
        (None, Some(_)) => Err(Wrong::at(
            &key.name("dead_letter_queue"),
            "is never reached: say after how many `max_receives`",
        )),
        (Some(max), Some(_)) if !(1..=RECEIVES_MAX).contains(&max) => Err(Wrong::at(
            &key.name("max_receives"),
            format!("is {max}: 1 to {RECEIVES_MAX}"),
        )),
        (max, _) => Ok(max),
    }
}

/// The queue for what was received too often. It has to be of the same type (SQS
/// developer guide, Using dead-letter queues).
fn dead_letters(
    key: &Key,
    given: &file::Queue,
    of: &Queue,
    queues: &[Queue],
) -> Result<Option<String>, Wrong> {
    let Some(name) = &given.dead_letter_queue else {
        return Ok(None);
    };
    let key = key.name("dead_letter_queue");
    let target = called(queues, name).ok_or_else(|| {
        let hint = meant(queues.iter().map(|queue| queue.name.as_str()), name);
        Wrong::at(&key, format!("no queue is called {}{hint}", quoted(name)))
    })?;
    if target.name == of.name {
        return Err(Wrong::at(&key, "is the queue itself: name another one"));
    }
    if target.fifo != of.fifo {
        let what = match of.fifo {
            true => "is a standard queue, and that of a FIFO queue has to be FIFO",
            false => "is a FIFO queue, and that of a standard queue has to be a standard one",
        };
        return Err(Wrong::at(&key, what));
    }
    Ok(Some(target.name.clone()))
}

/// The queue that is called `name`, with or without what FIFO ones end in.
fn called<'a>(queues: &'a [Queue], name: &str) -> Option<&'a Queue> {
    let (name, fifo) = match name.strip_suffix(FIFO) {
        Some(name) => (name, true),
        None => (name, false),
    };
    queues
        .iter()
        .find(|queue| queue.name == name && (queue.fifo || !fifo))
}

/// The queue of `system` that `key` names, as it is called in placeholders.
pub(super) fn named<'a>(system: &'a System, key: &Key, name: &str) -> Result<&'a str, Wrong> {
    let queues = &system.used.setup.queues;
    if let Some(queue) = called(queues, name) {
        return Ok(&queue.name);
    }
    let what = match queues.is_empty() {
        true => format!(
            "no queue is called {}: name it in systems.{}.setup.queues",
            quoted(name),
            system.used.name
        ),
        false => format!(
            "no queue is called {}{}",
            quoted(name),
            meant(queues.iter().map(|queue| queue.name.as_str()), name)
        ),
    };
    Err(Wrong::at(key, what))
}

/// What a lease that is declared too short would leave untested.
pub(super) fn note_short_lease(system: &System) -> Option<String> {
    let lease_ms = system.used.lease_ms?;
    let outlives = |queue: &&Queue| u64::from(queue.visibility_s) * 1_000 > lease_ms;
    let queue = system.used.setup.queues.iter().find(outlives)?;
    Some(format!(
        "systems.{0}.lease is shorter than the visibility timeout of {1} ({2} s): unless your \
         client asks for a shorter one when it receives, no fault outlives it",
        system.used.name, queue.name, queue.visibility_s
    ))
}
