//! Streams and channels of Redis.

use super::check_name;
use super::systems::System;
use crate::config::error::{Key, Wrong, meant, quoted};
use crate::config::file;
use exactly_model::Stream;
use std::collections::BTreeSet;

/// A stream that holds less is none.
const LEN_MIN: u64 = 1;

/// What a URL may hold: a user and a password too, unlike one that ends up in logs.
pub(super) fn may_be_in_url(c: char) -> bool {
    c.is_ascii_graphic()
}

/// The streams of a setup.
pub(super) fn streams(key: &Key, given: &[file::Stream]) -> Result<Vec<Stream>, Wrong> {
    let mut names = BTreeSet::new();
    let mut streams = Vec::new();
    for (n, stream) in given.iter().enumerate() {
        let key = key.index(n);
        check_name(&key.name("name"), &stream.name)?;
        if !names.insert(&stream.name) {
            let what = format!("{} is there twice", quoted(&stream.name));
            return Err(Wrong::at(&key.name("name"), what));
        }
        if stream.max_len.is_some_and(|len| len < LEN_MIN) {
            let what = format!("is 0: at least {LEN_MIN}, or leave it out");
            return Err(Wrong::at(&key.name("max_len"), what));
        }
        streams.push(Stream {
            name: stream.name.clone(),
            max_len: stream.max_len,
        });
    }
    Ok(streams)
}

/// The channels of a setup. None is called as a stream is: a feed names either by its
/// name alone.
pub(super) fn channels(key: &Key, setup: &file::Setup) -> Result<Vec<String>, Wrong> {
    let streams = setup.streams.iter().map(|stream| &stream.name);
    let mut names: BTreeSet<&String> = streams.collect();
    for (n, channel) in setup.channels.iter().enumerate() {
        let key = key.index(n);
        check_name(&key, channel)?;
        if !names.insert(channel) {
            let what = format!("{} is there twice", quoted(channel));
            return Err(Wrong::at(&key, what));
        }
    }
    Ok(setup.channels.clone())
}

/// What `key` may name of a system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    Stream,
    Channel,
}

/// Which of its streams and channels `name` is.
pub(super) fn named(system: &System, key: &Key, name: &str) -> Result<Named, Wrong> {
    let setup = &system.used.setup;
    let mut streams = setup.streams.iter().map(|stream| stream.name.as_str());
    if streams.any(|stream| stream == name) {
        return Ok(Named::Stream);
    }
    if setup.channels.iter().any(|channel| channel == name) {
        return Ok(Named::Channel);
    }
    let streams = setup.streams.iter().map(|stream| stream.name.as_str());
    let all: Vec<&str> = streams
        .chain(setup.channels.iter().map(String::as_str))
        .collect();
    let hint = match all.is_empty() {
        true => format!(
            ": name it in systems.{0}.setup.streams, or in systems.{0}.setup.channels",
            system.used.name
        ),
        false => meant(all, name),
    };
    let what = format!("no stream and no channel is called {}{hint}", quoted(name));
    Err(Wrong::at(key, what))
}
