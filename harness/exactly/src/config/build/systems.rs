//! The systems of a configuration.

use super::{check_name, queues, redis};
use crate::config::Env;
use crate::config::error::{Key, Wrong, meant, quoted, quoted_path};
use crate::config::file;
use crate::config::values::{Kind, Place, Time};
use crate::registry::adapter;
use exactly_model::{Setup, SystemPlace, SystemUse, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

/// More partitions are more than a trial needs.
const PARTITIONS_MAX: u32 = 1000;
/// A longer file is no schema.
const SQL_BYTES_MAX: u64 = 4 << 20;

/// A system, and what stands for it in processes.
pub(super) struct System {
    pub used: SystemUse,
    pub kind: Kind,
    pub place: SystemPlace,
    pub placeholders: Vec<String>,
}

impl System {
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.used
            .setup
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
    }
}

/// The system that `key` names.
pub(super) fn named<'a>(systems: &'a [System], key: &Key, name: &str) -> Result<&'a System, Wrong> {
    let found = systems.iter().find(|system| system.used.name == name);
    found.ok_or_else(|| {
        let hint = meant(systems.iter().map(|s| s.used.name.as_str()), name);
        Wrong::at(key, format!("no system is called {}{hint}", quoted(name)))
    })
}

/// A topic of `system`, which `key` names.
pub(super) fn topic(system: &System, key: &Key, name: &str) -> Result<(), Wrong> {
    if system.topics().any(|topic| topic == name) {
        return Ok(());
    }
    let what = match system.used.setup.topics.is_empty() {
        true => format!(
            "no topic is called {}: name it in systems.{}.setup.topics",
            quoted(name),
            system.used.name
        ),
        false => format!(
            "no topic is called {}{}",
            quoted(name),
            meant(system.topics(), name)
        ),
    };
    Err(Wrong::at(key, what))
}

pub(super) fn all(
    given: &BTreeMap<String, file::System>,
    folder: &Path,
    env: Env<'_>,
) -> Result<Vec<System>, Wrong> {
    if given.is_empty() {
        let what = "is empty: name at least one system, as in [systems.k]";
        return Err(Wrong::at(&Key::of("systems"), what));
    }
    given
        .iter()
        .map(|(name, system)| one(name, system, folder, env))
        .collect()
}

fn one(name: &str, given: &file::System, folder: &Path, env: Env<'_>) -> Result<System, Wrong> {
    let key = Key::of("systems").name(name);
    check_name(&key, name)?;
    if name == "port" {
        let what = "is the name of free ports ({port.NAME}); call the system something else";
        return Err(Wrong::at(&key, what));
    }
    let setup = setup(&key.name("setup"), given, folder)?;
    let place = place(&key.name("place"), given, env)?;
    let adapter = adapter(given.kind.name());
    Ok(System {
        kind: given.kind,
        place,
        placeholders: adapter.map_or_else(Vec::new, |adapter| adapter.placeholders(&setup)),
        used: SystemUse {
            name: name.into(),
            kind: given.kind.name().into(),
            client_timeout_ms: given.client_timeout.map(Time::millis),
            lease_ms: given.lease.map(Time::millis),
            setup,
        },
    })
}

fn setup(key: &Key, given: &file::System, folder: &Path) -> Result<Setup, Wrong> {
    let setup = &given.setup;
    let other = |name: &str, of: &str| {
        let what = format!(
            "belongs to a system of kind \"{of}\", and this is {}",
            given.kind.name()
        );
        Err(Wrong::at(&key.name(name), what))
    };
    if setup
        .backlog
        .as_ref()
        .is_some_and(|query| query.trim().is_empty())
    {
        let what = "is empty: write a query that counts what is left to do, or leave it out";
        return Err(Wrong::at(&key.name("backlog"), what));
    }
    let of_one_kind = [
        ("topics", !setup.topics.is_empty(), Kind::Kafka),
        ("sql", setup.sql.is_some(), Kind::Postgres),
        ("backlog", setup.backlog.is_some(), Kind::Postgres),
        ("queues", !setup.queues.is_empty(), Kind::Sqs),
        ("streams", !setup.streams.is_empty(), Kind::Redis),
        ("channels", !setup.channels.is_empty(), Kind::Redis),
        (
            "idempotency_keys",
            setup.idempotency_keys.is_some(),
            Kind::Http,
        ),
    ];
    for (name, is_given, kind) in of_one_kind {
        if is_given && kind != given.kind {
            return other(name, kind.name());
        }
    }
    let sql = match &setup.sql {
        None => String::new(),
        Some(file) => {
            sql_of(&folder.join(file)).map_err(|what| Wrong::at(&key.name("sql"), what))?
        }
    };
    Ok(Setup {
        topics: topics(&key.name("topics"), &setup.topics)?,
        sql,
        backlog: setup.backlog.clone().unwrap_or_default(),
        queues: queues::all(&key.name("queues"), &setup.queues)?,
        idempotency_keys: setup.idempotency_keys.unwrap_or_default(),
        streams: redis::streams(&key.name("streams"), &setup.streams)?,
        channels: redis::channels(&key.name("channels"), setup)?,
    })
}

/// The SQL in a file.
fn sql_of(path: &Path) -> Result<String, String> {
    let shown = quoted_path(path);
    if path.is_dir() {
        return Err(format!("{shown} is a folder: name the file in it"));
    }
    let cannot = |error| format!("cannot read {shown}: {error}; it is the name of a file with SQL");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(SQL_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() as u64 > SQL_BYTES_MAX {
        return Err(format!(
            "{shown} is longer than {SQL_BYTES_MAX} bytes, and no schema is"
        ));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8; save it as UTF-8"))?;
    match text.contains('\0') {
        true => Err(format!("{shown} holds a NUL, which no SQL can")),
        false => Ok(text),
    }
}

fn topics(key: &Key, given: &[file::Topic]) -> Result<Vec<Topic>, Wrong> {
    let mut names = BTreeSet::new();
    for (n, topic) in given.iter().enumerate() {
        let key = key.index(n);
        check_name(&key.name("name"), &topic.name)?;
        if !names.insert(&topic.name) {
            let what = format!("{} is there twice", quoted(&topic.name));
            return Err(Wrong::at(&key.name("name"), what));
        }
        if !(1..=PARTITIONS_MAX).contains(&topic.partitions) {
            let what = format!("is {}: 1 to {PARTITIONS_MAX}", topic.partitions);
            return Err(Wrong::at(&key.name("partitions"), what));
        }
        if topic.replicas == Some(0) {
            return Err(Wrong::at(&key.name("replicas"), "is 0: at least 1"));
        }
    }
    let topics = given.iter().map(|topic| Topic {
        name: topic.name.clone(),
        partitions: topic.partitions,
        replicas: topic.replicas,
    });
    Ok(topics.collect())
}

fn place(key: &Key, given: &file::System, env: Env<'_>) -> Result<SystemPlace, Wrong> {
    let (place, key) = match &given.place {
        Place::Is(place) => (place.clone(), key.clone()),
        Place::Env(name) => {
            let value = env(name).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| {
                let what = format!(
                    "the environment has no {}: set it to the system's address",
                    quoted(name)
                );
                Wrong::at(&key.name("env"), what)
            })?;
            (SystemPlace::At(value), key.name("env"))
        }
    };
    match (&place, given.kind) {
        (SystemPlace::At(address), kind) => {
            check_address(kind, address).map_err(|what| Wrong::at(&key, what))?;
        }
        (SystemPlace::Local { .. }, Kind::Smtp) => {
            let what = "a mail server has no place \"local\": leave it out (an embedded one that \
                        keeps what it takes), or give { at = \"smtp://host:port\" }";
            return Err(Wrong::at(&key, what));
        }
        (SystemPlace::Local { .. }, Kind::Http) => {
            let what = "a service over HTTP has no place \"local\": leave it out (an embedded \
                        payments service), or give { at = \"http://host:port\" }";
            return Err(Wrong::at(&key, what));
        }
        _ => {}
    }
    Ok(place)
}

/// What cannot be an address of such a system, without secrets.
fn check_address(kind: Kind, address: &str) -> Result<(), String> {
    match kind {
        Kind::Postgres => {
            let schemes = ["postgres://", "postgresql://"];
            let mut rest = schemes
                .iter()
                .filter_map(|scheme| address.strip_prefix(scheme));
            match rest.any(|rest| !rest.is_empty() && !address.contains(char::is_control)) {
                true => Ok(()),
                false => Err(format!(
                    "{} is no URL of PostgreSQL: write postgres://user:password@host:port/database",
                    quoted(address)
                )),
            }
        }
        Kind::Kafka => {
            let is_server = |server: &str| {
                server.trim().rsplit_once(':').is_some_and(|(host, port)| {
                    !host.is_empty()
                        && !host.contains('/')
                        && port.parse::<u16>().is_ok_and(|p| p > 0)
                })
            };
            match address.split(',').all(is_server) {
                true => Ok(()),
                false => Err(format!(
                    "{} is no address of Kafka: write bootstrap servers as host:port[,host:port]",
                    quoted(address)
                )),
            }
        }
        Kind::Sqs => match is_url(address, &["http://", "https://"]) {
            true => Ok(()),
            false => Err(format!(
                "{} is no endpoint of SQS: write http://host:port, as AWS_ENDPOINT_URL_SQS has it",
                quoted(address)
            )),
        },
        Kind::Redis => match is_url_of(address, &["redis://", "rediss://"], redis::may_be_in_url) {
            true => Ok(()),
            false => Err(format!(
                "{} is no URL of Redis: write redis://user:password@host:port",
                quoted(address)
            )),
        },
        Kind::Smtp => match is_url(address, &["smtp://", "smtps://"]) {
            true => Ok(()),
            false => Err(format!(
                "{} is no URL of a mail server: write smtp://host:port",
                quoted(address)
            )),
        },
        Kind::Http => match is_url(address, &["http://", "https://"]) {
            true => Ok(()),
            false => Err(format!(
                "{} is no URL of a service: write http://host:port, with a path where there is one",
                quoted(address)
            )),
        },
    }
}

/// Whether it is a URL with a host and without a user: what it says ends up in logs.
fn is_url(address: &str, schemes: &[&str]) -> bool {
    is_url_of(address, schemes, |c| c.is_ascii_graphic() && c != '@')
}

fn is_url_of(address: &str, schemes: &[&str], sound: fn(char) -> bool) -> bool {
    let mut schemes = schemes.iter();
    let rest = schemes.find_map(|scheme| address.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        let authority = rest.split('/').next().unwrap_or_default();
        !authority.is_empty() && address.chars().all(sound)
    })
}
