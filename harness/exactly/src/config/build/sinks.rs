//! Where effects are read.

use super::check_name;
use super::command::{Ground, no_limit};
use super::queues;
use super::redis::{self, Named};
use super::systems::{self, System};
use crate::config::error::{Key, Wrong, quoted, quoted_path};
use crate::config::expect;
use crate::config::file;
use crate::config::templates::check_query_text;
use crate::config::values::{self, Kind};
use exactly_model::{Observer, Reader, SinkKind, SystemPlace, View};
use std::collections::BTreeSet;

/// Effects of one message at most.
const EFFECTS_MAX: u32 = 10_000;
/// Sinks at most.
const SINKS_MAX: usize = 16;
/// What the payments service, and the mail server, are asked for.
const CHARGES: &str = "charges";
const MAILS: &str = "mails";

pub(super) fn all(
    given: &[file::Observe],
    systems: &[System],
    ground: &Ground<'_>,
) -> Result<Vec<Observer>, Wrong> {
    let key = Key::of("observe");
    if given.is_empty() {
        let what = "there is none: only effects that are seen at a sink count; name at least one \
                    [[observe]]";
        return Err(Wrong::at(&key, what));
    }
    if given.len() > SINKS_MAX {
        let what = format!("there are {}: {SINKS_MAX} at most", given.len());
        return Err(Wrong::at(&key, what));
    }
    let mut names = BTreeSet::new();
    let mut observers = Vec::new();
    for (n, observe) in given.iter().enumerate() {
        let key = key.index(n);
        check_name(&key.name("name"), &observe.name)?;
        if expect::is_key(&observe.name) {
            let what = format!(
                "{} is a key of [expect]; call the sink something else",
                quoted(&observe.name)
            );
            return Err(Wrong::at(&key.name("name"), what));
        }
        if !names.insert(&observe.name) {
            let what = format!("{} is there twice", quoted(&observe.name));
            return Err(Wrong::at(&key.name("name"), what));
        }
        if !(1..=EFFECTS_MAX).contains(&observe.effects_per_message) {
            let what = format!("is {}: 1 to {EFFECTS_MAX}", observe.effects_per_message);
            return Err(Wrong::at(&key.name("effects_per_message"), what));
        }
        observers.push(one(&key, observe, systems, ground)?);
    }
    Ok(observers)
}

fn one(
    key: &Key,
    given: &file::Observe,
    systems: &[System],
    ground: &Ground<'_>,
) -> Result<Observer, Wrong> {
    let observer = |kind, by| Observer {
        name: given.name.clone(),
        system: given.system.clone().unwrap_or_default(),
        kind,
        query: String::new(),
        effects_per_message: given.effects_per_message,
        view: match given.view {
            values::View::ReadCommitted => View::ReadCommitted,
            values::View::ReadUncommitted => View::ReadUncommitted,
        },
        by,
    };
    if given.topic.is_none() && given.view == values::View::ReadUncommitted {
        let what = "belongs to a `topic`: nothing else shows what is not committed";
        return Err(Wrong::at(&key.name("view"), what));
    }
    if given.command.is_none() {
        no_limit(key, given.within)?;
    }
    let of = |way: Way<'_>, kind: SinkKind, query: &str| {
        let system = of_system(key, given, systems, way.key, way.kind)?;
        Ok(Observer {
            system: system.used.name.clone(),
            query: query.into(),
            ..observer(kind, None)
        })
    };
    let way = way(key, given)?;
    let at = key.name(way.key);
    match way.what {
        What::Query(query) => {
            let observer = of(way, SinkKind::Row, query)?;
            check_query(&at, query)?;
            Ok(observer)
        }
        What::Topic(topic) => {
            let system = of_system(key, given, systems, way.key, way.kind)?;
            systems::topic(system, &at, topic)?;
            of(way, SinkKind::Record, topic)
        }
        What::Queue(queue) => {
            let system = of_system(key, given, systems, way.key, way.kind)?;
            let queue = queues::named(system, &at, queue)?;
            of(way, SinkKind::Message, queue)
        }
        What::Stream(stream) => {
            let system = of_system(key, given, systems, way.key, way.kind)?;
            is_named(&at, system, stream, Named::Stream)?;
            of(way, SinkKind::Record, &format!("stream.{stream}"))
        }
        What::Channel(channel) => {
            let system = of_system(key, given, systems, way.key, way.kind)?;
            is_named(&at, system, channel, Named::Channel)?;
            of(way, SinkKind::Message, &format!("channel.{channel}"))
        }
        What::Keys(pattern) => {
            not_empty(&at, pattern, "name the keys, as in \"order:*\"")?;
            of(way, SinkKind::Row, &format!("key.{pattern}"))
        }
        What::Charges(charges) => {
            let system = of_system(key, given, systems, way.key, way.kind)?;
            has_books(&at, charges, system)?;
            of(way, SinkKind::Charge, CHARGES)
        }
        What::Mails(pattern) => {
            not_empty(&at, pattern, "write \"*\" for all of them")?;
            let query = if pattern == "*" { MAILS } else { pattern };
            of(way, SinkKind::Mail, query)
        }
        What::Command(command) => {
            no_system(key, given)?;
            let script = ground.script(&at, command, given.within)?;
            Ok(observer(SinkKind::Other, Some(Reader::Command(script))))
        }
        What::File(file) => {
            no_system(key, given)?;
            let path = file_of_effects(&at, file, ground)?;
            Ok(observer(SinkKind::Other, Some(Reader::File(path))))
        }
    }
}

/// What is read, by which key it is given, and the kind of system that has it.
#[derive(Clone, Copy)]
struct Way<'a> {
    key: &'static str,
    kind: Kind,
    what: What<'a>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Query(&'a str),
    Topic(&'a str),
    Queue(&'a str),
    Stream(&'a str),
    Channel(&'a str),
    Keys(&'a str),
    Charges(bool),
    Mails(&'a str),
    Command(&'a [String]),
    File(&'a str),
}

/// The one way that is given.
fn way<'a>(key: &Key, given: &'a file::Observe) -> Result<Way<'a>, Wrong> {
    let text = |text: &'a Option<String>, what: fn(&'a str) -> What<'a>| text.as_deref().map(what);
    let all = [
        ("query", Kind::Postgres, text(&given.query, What::Query)),
        ("topic", Kind::Kafka, text(&given.topic, What::Topic)),
        ("queue", Kind::Sqs, text(&given.queue, What::Queue)),
        ("stream", Kind::Redis, text(&given.stream, What::Stream)),
        ("channel", Kind::Redis, text(&given.channel, What::Channel)),
        ("keys", Kind::Redis, text(&given.keys, What::Keys)),
        ("charges", Kind::Http, given.charges.map(What::Charges)),
        ("mails", Kind::Smtp, text(&given.mails, What::Mails)),
        (
            "command",
            Kind::default(),
            given.command.as_deref().map(What::Command),
        ),
        ("file", Kind::default(), text(&given.file, What::File)),
    ];
    let mut ways = all.into_iter().filter_map(|(key, kind, what)| {
        Some(Way {
            key,
            kind,
            what: what?,
        })
    });
    match (ways.next(), ways.next()) {
        (Some(way), None) => Ok(way),
        _ => Err(Wrong::at(
            key,
            "says not clearly what is read: give one of `query`, `topic`, `queue`, `stream`, \
             `channel`, `keys`, `charges`, `mails`, `command` and `file`",
        )),
    }
}

fn is_named(key: &Key, system: &System, name: &str, as_what: Named) -> Result<(), Wrong> {
    match redis::named(system, key, name)? == as_what {
        true => Ok(()),
        false => {
            let (is, not) = match as_what {
                Named::Stream => ("channel", "stream"),
                Named::Channel => ("stream", "channel"),
            };
            let what = format!("is a {is} and no {not}: write {is} = {}", quoted(name));
            Err(Wrong::at(key, what))
        }
    }
}

fn not_empty(key: &Key, text: &str, hint: &str) -> Result<(), Wrong> {
    let blank = text.trim().is_empty() || text.chars().any(char::is_control);
    match blank {
        true => Err(Wrong::at(key, format!("is empty: {hint}"))),
        false => Ok(()),
    }
}

/// Only the payments service that the harness runs can be asked what it charged.
fn has_books(key: &Key, charges: bool, system: &System) -> Result<(), Wrong> {
    if !charges {
        return Err(Wrong::at(key, "is false: leave it out"));
    }
    match system.place {
        SystemPlace::Embedded => Ok(()),
        _ => Err(Wrong::at(
            key,
            "belongs to the embedded payments service: read what a service of your own has done \
             with a `command`",
        )),
    }
}

/// A file that effects are written to; it need not be there yet.
fn file_of_effects(key: &Key, file: &str, ground: &Ground<'_>) -> Result<String, Wrong> {
    ground.check_outside(key, file)?;
    if file.is_empty() {
        return Err(Wrong::at(
            key,
            "is empty: name the file that effects are written to",
        ));
    }
    let path = ground.folder.join(file);
    if path.is_dir() {
        let what = format!("{} is a folder: name the file in it", quoted_path(&path));
        return Err(Wrong::at(key, what));
    }
    Ok(path.display().to_string())
}

/// The system that is read by `what`.
fn of_system<'a>(
    key: &Key,
    given: &file::Observe,
    systems: &'a [System],
    what: &str,
    kind: Kind,
) -> Result<&'a System, Wrong> {
    let Some(name) = &given.system else {
        let of = systems.iter().filter(|system| system.kind == kind);
        let mut of = of.map(|system| system.used.name.as_str());
        let hint = of
            .next()
            .map_or(String::new(), |name| format!(", as in system = \"{name}\""));
        return Err(Wrong::at(
            key,
            format!("has a `{what}` and no `system`: say whose it is{hint}"),
        ));
    };
    let system = systems::named(systems, &key.name("system"), name)?;
    match system.kind == kind {
        true => Ok(system),
        false => Err(Wrong::at(
            &key.name(what),
            format!(
                "belongs to a system of kind \"{}\", and {name} is {}",
                kind.name(),
                system.used.kind
            ),
        )),
    }
}

fn no_system(key: &Key, given: &file::Observe) -> Result<(), Wrong> {
    match &given.system {
        None => Ok(()),
        Some(_) => Err(Wrong::at(
            &key.name("system"),
            "belongs to what a system is asked for (`query`, `topic`, `queue`, ...): a command or \
             a file needs none",
        )),
    }
}

/// What is certain to be wrong about a query is said before anything starts.
fn check_query(key: &Key, query: &str) -> Result<(), Wrong> {
    let wrong = |what: &str| Err(Wrong::at(key, what));
    let words = words(query);
    let Some(first) = words.first() else {
        return wrong("is empty: select at least the column id");
    };
    if query.contains('\0') {
        return wrong("SQL cannot hold a NUL");
    }
    if !["select", "with", "table", "values"].contains(&first.as_str()) {
        return wrong(
            "only reads: write a select; what prepares a trial belongs into `setup.sql` or `hooks`",
        );
    }
    if has_a_second_statement(query) {
        return wrong("is more than one statement: it is read as a table, so write one select");
    }
    check_query_text(query).map_err(|what| Wrong::at(key, what))?;
    // `*` may well bring it.
    if !query.contains('*') && !words.iter().any(|word| word == "id") {
        return wrong(
            "selects no column id: an effect is told by its message's id (`select order_id as id, ...`)",
        );
    }
    Ok(())
}

/// Whether something comes after a semicolon that is in no quotes.
fn has_a_second_statement(query: &str) -> bool {
    let mut quote = None;
    let mut ended = false;
    for c in query.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, ';') => ended = true,
            (None, c) if ended && !c.is_whitespace() => return true,
            (None, '\'' | '"') => quote = Some(c),
            (None, _) => {}
        }
    }
    false
}

/// Whether an observer shows what a message's content is compared by.
pub(super) fn shows_content(observer: &Observer) -> bool {
    match observer.kind {
        SinkKind::Row => words(&observer.query)
            .iter()
            .any(|word| matches!(word.as_str(), "key" | "seq" | "checksum")),
        // Written for people: most say which order it is, and no more.
        SinkKind::Mail => false,
        // Read as they come.
        SinkKind::Record | SinkKind::Message | SinkKind::Charge | SinkKind::Other => true,
    }
}

fn words(query: &str) -> Vec<String> {
    query
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}
