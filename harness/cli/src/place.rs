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
mod tests {
    use super::*;
    use crate::args::ServiceArgs;

    fn read(
        on: &[&str],
        kafka: Option<&str>,
        postgres: Option<&str>,
    ) -> Result<Places, PlaceError> {
        Places::read(&PlaceArgs {
            on: on.iter().map(|s| s.to_string()).collect(),
            kafka: kafka.map(Into::into),
            postgres: postgres.map(Into::into),
            ..PlaceArgs::default()
        })
    }

    fn at(text: &str) -> SystemPlace {
        SystemPlace::At(text.into())
    }

    const fn local(nodes: u32) -> SystemPlace {
        SystemPlace::Local { nodes }
    }

    #[test]
    fn embedded_unless_another_place_or_an_address_is_given() {
        let embedded = || SystemPlace::Embedded;
        for (on, kafka, expect) in [
            (vec![], None, embedded()),
            (vec!["embedded"], None, embedded()),
            (vec!["kafka=embedded:1"], None, embedded()),
            (vec!["local"], None, local(1)),
            (vec!["local:3"], None, local(3)),
            (vec!["kafka=local:5"], None, local(5)),
            (vec!["kafka=local:1", "embedded"], None, local(1)),
            (vec!["local", "kafka=embedded"], None, embedded()),
            (vec![], Some("h:9092"), at("h:9092")),
            (vec!["embedded"], Some("a:1,b:2"), at("a:1,b:2")),
            (vec!["local:3"], Some("h:1"), at("h:1")),
            (
                vec!["postgres=embedded"],
                Some("[::1]:9092"),
                at("[::1]:9092"),
            ),
        ] {
            let places = read(&on, kafka, None).unwrap();
            assert_eq!(places.of("kafka"), expect, "{on:?} {kafka:?}");
            // It has no other place: what is said of all leaves it alone.
            assert_eq!(places.of("http"), SystemPlace::Embedded);
        }
        // One process, whatever is said of all.
        for system in ["sqs", "postgres", "redis"] {
            assert_eq!(read(&["local:3"], None, None).unwrap().of(system), local(1));
        }
        let url = "postgres://u:p@h/d";
        let places = read(&[], None, Some(url)).unwrap();
        assert_eq!(places.of("postgres"), at(url));
    }

    #[test]
    fn what_does_not_exist_is_said_so() {
        for (on, part) in [
            (
                "docker",
                "place \"docker\" does not exist; there are `embedded` and `local`",
            ),
            ("kafka=remote", "place \"remote\" does not exist"),
            ("embedded:3", "has one node; leave out `:3`"),
            ("local:0", "has 1 to 5 nodes"),
            ("kafka=local:6", "has 1 to 5 nodes"),
            ("local:", "has 1 to 5 nodes"),
            ("local:three", "has 1 to 5 nodes"),
            ("http=local", "http has no place `local`"),
            ("smtp=local:3", "with --smtp"),
            ("sqs=local:3", "a local sqs has one node; leave out `:3`"),
            ("postgres=local:2", "a local postgres has one node"),
            (
                "grpc=embedded",
                "system \"grpc\" does not exist; there are kafka, postgres, sqs, http, redis, smtp",
            ),
            ("", "place \"\" does not exist"),
        ] {
            let error = read(&[on], None, None).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        for (on, kafka) in [
            (&["kafka=embedded"][..], Some("h:1")),
            (&["kafka=local", "kafka=local:3"], None),
            (&["local", "embedded"], None),
        ] {
            let twice = read(on, kafka, None).unwrap_err();
            assert_eq!(twice, PlaceError::Twice { system: "kafka" }, "{on:?}");
        }
    }

    #[test]
    fn recorded_places_stand_where_the_options_say_nothing() {
        let recorded = |place: &str| BTreeMap::from([("kafka".to_string(), place.to_string())]);
        let none = || read(&[], None, None).unwrap();
        let places = none().or_recorded(&recorded("local:3")).unwrap();
        assert_eq!(places.of("kafka"), local(3));
        let given = read(&["embedded"], None, None).unwrap();
        let places = given.or_recorded(&recorded("local:3")).unwrap();
        assert_eq!(places.of("kafka"), SystemPlace::Embedded);
        // Where it ran may be out of reach: that is no error once another place
        // is named.
        let error = none().or_recorded(&recorded("at h:1")).unwrap_err();
        assert!(error.to_string().contains("give --kafka"), "{error}");
        let given = read(&[], Some("h:2"), None).unwrap();
        assert!(given.or_recorded(&recorded("at h:1")).is_ok());
        let strange = BTreeMap::from([("grpc".to_string(), "embedded".to_string())]);
        assert!(none().or_recorded(&strange).is_err());
    }

    #[test]
    fn services_are_pointed_at_by_url() {
        let read = |sqs: &str, http: &str| {
            let some = |url: &str| (!url.is_empty()).then(|| url.to_string());
            let services = ServiceArgs {
                sqs: some(sqs),
                http: some(http),
                ..ServiceArgs::default()
            };
            Places::read(&PlaceArgs {
                services,
                ..PlaceArgs::default()
            })
        };
        let places = read("http://h:1", "http://h:2/pay").unwrap();
        assert_eq!(places.of("sqs"), at("http://h:1"));
        assert_eq!(places.of("http"), at("http://h:2/pay"));
        for (sqs, http, option) in [("h:1", "", "--sqs h:1"), ("", "h:1", "--http h:1")] {
            let error = read(sqs, http).unwrap_err().to_string();
            assert!(error.contains(option), "{error}");
        }
        let error = read("ftp://u:secret@h", "").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn addresses_are_checked_and_passwords_not_repeated() {
        for servers in [
            "",
            "host",
            "host:0",
            "host:x",
            ":9092",
            "a:1,,b:2",
            "kafka://h:1",
        ] {
            assert!(read(&[], Some(servers), None).is_err(), "{servers:?}");
        }
        let error = read(&[], None, Some("mysql://u:secret@h/d")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("mysql://u:***@h/d"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        let error = read(&["postgres://u:secret@h/d"], None, None).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
