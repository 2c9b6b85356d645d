//! `--on`, `--kafka`, `--postgres` and their like: where each system runs.

use crate::args::PlaceArgs;
use exactly_model::{SystemPlace, redact};
use std::collections::BTreeMap;

/// The kinds of system that can be started from what is installed here.
const LOCAL: &[&str] = &["kafka", "postgres", "sqs", "redis"];
/// Those of them that are one process and no cluster.
const SINGLE: &[&str] = &["postgres", "sqs", "redis"];
/// Nodes of a local system at most.
const NODES_MAX: u32 = 5;

/// Where each kind of system runs. A kind without an entry is embedded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Places {
    places: BTreeMap<&'static str, SystemPlace>,
}

/// The places asked for are not to be had. Usage errors, all of them.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlaceError {
    /// A place that is not built yet, or a typing mistake.
    #[error(
        "--on {given}: place {place:?} does not exist; there are `embedded` and `local`, and \
         --kafka, --postgres, --sqs, --http, --redis and --smtp point at servers of your own"
    )]
    UnknownPlace {
        /// The value given.
        given: String,
        /// Its place.
        place: String,
    },
    /// A place that this kind of system does not have.
    #[error(
        "--on {given}: {system} has no place `local`; leave it out (embedded), or point at a \
         server of your own with --{system}"
    )]
    NotThere {
        /// The value given.
        given: String,
        /// Its system.
        system: &'static str,
    },
    /// More nodes than there can be.
    #[error("--on {given}: {why}")]
    Nodes {
        /// The value given.
        given: String,
        /// How many there may be.
        why: String,
    },
    /// A system that does not exist.
    #[error("--on {given}: system {system:?} does not exist; there are {}", exactly::kinds().join(", "))]
    UnknownSystem {
        /// The value given.
        given: String,
        /// Its system.
        system: String,
    },
    /// Two places for one system.
    #[error("{system} is given two places; name one of them")]
    Twice {
        /// The system.
        system: &'static str,
    },
    /// A recorded place that only an address can lead to.
    #[error(
        "it was seen on {system} ({place}), which has to be pointed at: give --{system}, or \
         another place with --on {system}=PLACE"
    )]
    Elsewhere {
        /// The system.
        system: &'static str,
        /// Where it ran, without secrets.
        place: String,
    },
    /// An address that cannot be one.
    #[error("{option} {given}: {why}")]
    Address {
        /// The option.
        option: &'static str,
        /// The value given, without secrets.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Places {
    /// Reads the options.
    pub fn read(args: &PlaceArgs) -> Result<Self, PlaceError> {
        let mut places = Self::default();
        let mut general = Self::default();
        for given in &args.on {
            match parse(given)? {
                (Some(system), place) => places.put(system, place)?,
                // Said of all systems that have the place; what is said of one
                // of them is more precise and no contradiction.
                (None, place) => general.put_all(&place)?,
            }
        }
        if let Some(servers) = &args.kafka {
            check_servers(servers)?;
            places.put("kafka", SystemPlace::At(servers.into()))?;
        }
        if let Some(url) = &args.postgres {
            check_postgres(url)?;
            places.put("postgres", SystemPlace::At(url.into()))?;
        }
        let services = [
            ("sqs", "--sqs", &args.services.sqs, HTTP),
            ("http", "--http", &args.services.http, HTTP),
            ("redis", "--redis", &args.services.redis, REDIS),
            ("smtp", "--smtp", &args.services.smtp, SMTP),
        ];
        for (system, option, url, expected) in services {
            if let Some(url) = url {
                check_url(option, url, &expected)?;
                places.put(system, SystemPlace::At(url.into()))?;
            }
        }
        for (system, place) in general.places {
            places.places.entry(system).or_insert(place);
        }
        Ok(places)
    }

    /// Fills in what the options leave open from a recorded `kind`: `place`.
    pub fn or_recorded(mut self, recorded: &BTreeMap<String, String>) -> Result<Self, PlaceError> {
        for (kind, place) in recorded {
            let given = format!("{kind}={place}");
            match named(&given, kind)? {
                system if self.places.contains_key(system) => {}
                system if place.starts_with("at ") => {
                    let place = redact(place);
                    return Err(PlaceError::Elsewhere { system, place });
                }
                system => self.put(system, parse(&given)?.1)?,
            }
        }
        Ok(self)
    }

    /// Where systems of `kind` run.
    pub fn of(&self, kind: &str) -> SystemPlace {
        let place = self.places.get(kind).cloned();
        place.unwrap_or(SystemPlace::Embedded)
    }

    /// As the facade takes them.
    pub fn into_map(self) -> BTreeMap<String, SystemPlace> {
        let owned = |(system, place): (&str, SystemPlace)| (system.to_string(), place);
        self.places.into_iter().map(owned).collect()
    }

    fn put(&mut self, system: &'static str, place: SystemPlace) -> Result<(), PlaceError> {
        match self.places.insert(system, place) {
            None => Ok(()),
            Some(_) => Err(PlaceError::Twice { system }),
        }
    }

    fn put_all(&mut self, place: &SystemPlace) -> Result<(), PlaceError> {
        for system in exactly::kinds() {
            match place {
                SystemPlace::Local { .. } if !LOCAL.contains(system) => {}
                SystemPlace::Local { .. } if SINGLE.contains(system) => {
                    self.put(system, SystemPlace::Local { nodes: 1 })?;
                }
                _ => self.put(system, place.clone())?,
            }
        }
        Ok(())
    }
}

/// What `[SYSTEM=]PLACE[:NODES]` says.
fn parse(given: &str) -> Result<(Option<&'static str>, SystemPlace), PlaceError> {
    let (system, place) = match given.split_once('=') {
        Some((system, place)) => (Some(named(given, system)?), place),
        None => (None, given),
    };
    let (place, nodes) = match place.split_once(':') {
        Some((place, nodes)) => (place, Some(nodes)),
        None => (place, None),
    };
    let wrong = |why: String| PlaceError::Nodes {
        given: given.into(),
        why,
    };
    match (place, system) {
        ("embedded", _) => match nodes {
            None | Some("1") => Ok((system, SystemPlace::Embedded)),
            Some(nodes) => Err(wrong(format!(
                "an embedded system has one node; leave out `:{nodes}`"
            ))),
        },
        ("local", Some(system)) if !LOCAL.contains(&system) => Err(PlaceError::NotThere {
            given: given.into(),
            system,
        }),
        ("local", Some(system)) if SINGLE.contains(&system) => match nodes {
            None | Some("1") => Ok((Some(system), SystemPlace::Local { nodes: 1 })),
            Some(nodes) => Err(wrong(format!(
                "a local {system} has one node; leave out `:{nodes}`"
            ))),
        },
        ("local", _) => match nodes.map_or(Some(1), |nodes| nodes.parse().ok()) {
            Some(nodes @ 1..=NODES_MAX) => Ok((system, SystemPlace::Local { nodes })),
            _ => Err(wrong(format!(
                "a local system has 1 to {NODES_MAX} nodes, as in local:3"
            ))),
        },
        _ => Err(PlaceError::UnknownPlace {
            given: redact(given),
            place: redact(place),
        }),
    }
}

/// The kind of system called `name`.
fn named(given: &str, name: &str) -> Result<&'static str, PlaceError> {
    let kinds = exactly::kinds();
    let kind = kinds.iter().find(|kind| **kind == name).copied();
    kind.ok_or_else(|| PlaceError::UnknownSystem {
        given: redact(given),
        system: redact(name),
    })
}

fn check_servers(servers: &str) -> Result<(), PlaceError> {
    let wrong = |why| PlaceError::Address {
        option: "--kafka",
        given: redact(servers),
        why,
    };
    if servers.contains("://") {
        return Err(wrong(
            "give bootstrap servers as host:port[,host:port], without a scheme",
        ));
    }
    let is_server = |server: &str| {
        server.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok_and(|p| p > 0)
        })
    };
    if servers.split(',').map(str::trim).all(is_server) {
        Ok(())
    } else {
        Err(wrong("give bootstrap servers as host:port[,host:port]"))
    }
}

fn check_postgres(url: &str) -> Result<(), PlaceError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(());
    }
    Err(PlaceError::Address {
        option: "--postgres",
        given: redact(url),
        why: "give a URL: postgres://user:password@host:port/database",
    })
}

/// What a URL begins with, and what to give where it does not.
struct Expected([&'static str; 2], &'static str);

const HTTP: Expected = Expected(["http://", "https://"], "give a URL: http://host:port");
const REDIS: Expected = Expected(
    ["redis://", "rediss://"],
    "give a URL: redis://user:password@host:port",
);
const SMTP: Expected = Expected(["smtp://", "smtps://"], "give a URL: smtp://host:port");

/// The adapters look closer; what is plainly no URL is a mistake in the command.
fn check_url(option: &'static str, url: &str, expected: &Expected) -> Result<(), PlaceError> {
    let Expected(schemes, why) = expected;
    if schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err(PlaceError::Address {
        option,
        given: redact(url),
        why,
    })
}

#[cfg(test)]
mod tests;
