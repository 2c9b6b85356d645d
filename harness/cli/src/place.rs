//! `--on`, `--kafka` and `--postgres`: where each system runs.

use exactly_model::{SystemPlace, redact};
use std::collections::BTreeMap;

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
        "--on {given}: place {place:?} does not exist; there is `embedded`, and --kafka and \
         --postgres point at servers of your own"
    )]
    UnknownPlace {
        /// The value given.
        given: String,
        /// Its place.
        place: String,
    },
    /// More nodes than there can be.
    #[error("--on {given}: an embedded system has one node; leave out `:{nodes}`")]
    Nodes {
        /// The value given.
        given: String,
        /// Its number of nodes.
        nodes: String,
    },
    /// A system that does not exist.
    #[error("--on {given}: system {system:?} does not exist; there are {}", exactly::kinds().join(" and "))]
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
    pub fn read(
        on: &[String],
        kafka: Option<&str>,
        postgres: Option<&str>,
    ) -> Result<Self, PlaceError> {
        let mut places = Self::default();
        let mut everywhere = false;
        for given in on {
            match parse(given)? {
                Some(system) => places.put(system, SystemPlace::Embedded)?,
                // Said of all systems; an address for one of them is more
                // precise and no contradiction.
                None => everywhere = true,
            }
        }
        if let Some(servers) = kafka {
            check_servers(servers)?;
            places.put("kafka", SystemPlace::At(servers.into()))?;
        }
        if let Some(url) = postgres {
            check_postgres(url)?;
            places.put("postgres", SystemPlace::At(url.into()))?;
        }
        if everywhere {
            for system in exactly::kinds() {
                let place = places.places.entry(*system);
                place.or_insert(SystemPlace::Embedded);
            }
        }
        Ok(places)
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
}

/// The system that `[SYSTEM=]PLACE[:NODES]` speaks of.
fn parse(given: &str) -> Result<Option<&'static str>, PlaceError> {
    let (system, place) = match given.split_once('=') {
        Some((system, place)) => (Some(system), place),
        None => (None, given),
    };
    let system =
        match system {
            None => None,
            Some(name) => Some(*exactly::kinds().iter().find(|s| **s == name).ok_or_else(
                || PlaceError::UnknownSystem {
                    given: given.into(),
                    system: name.into(),
                },
            )?),
        };
    let (place, nodes) = match place.split_once(':') {
        Some((place, nodes)) => (place, Some(nodes)),
        None => (place, None),
    };
    if place != "embedded" {
        return Err(PlaceError::UnknownPlace {
            given: redact(given),
            place: redact(place),
        });
    }
    match nodes {
        None | Some("1") => Ok(system),
        Some(nodes) => Err(PlaceError::Nodes {
            given: given.into(),
            nodes: nodes.into(),
        }),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        on: &[&str],
        kafka: Option<&str>,
        postgres: Option<&str>,
    ) -> Result<Places, PlaceError> {
        let on: Vec<String> = on.iter().map(|s| s.to_string()).collect();
        Places::read(&on, kafka, postgres)
    }

    #[test]
    fn embedded_unless_an_address_is_given() {
        let at = |text: &str| SystemPlace::At(text.into());
        for (on, kafka, expect) in [
            (vec![], None, SystemPlace::Embedded),
            (vec!["embedded"], None, SystemPlace::Embedded),
            (vec!["kafka=embedded:1"], None, SystemPlace::Embedded),
            (vec![], Some("h:9092"), at("h:9092")),
            (vec!["embedded"], Some("a:1,b:2"), at("a:1,b:2")),
            (
                vec!["postgres=embedded"],
                Some("[::1]:9092"),
                at("[::1]:9092"),
            ),
        ] {
            let places = read(&on, kafka, None).unwrap();
            assert_eq!(places.of("kafka"), expect, "{on:?} {kafka:?}");
            assert_eq!(places.of("postgres"), SystemPlace::Embedded);
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
                "place \"docker\" does not exist; there is `embedded`",
            ),
            ("kafka=local", "place \"local\" does not exist"),
            ("embedded:3", "has one node; leave out `:3`"),
            (
                "sqs=embedded",
                "system \"sqs\" does not exist; there are kafka and postgres",
            ),
            ("", "place \"\" does not exist"),
        ] {
            let error = read(&[on], None, None).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let twice = read(&["kafka=embedded"], Some("h:1"), None).unwrap_err();
        assert_eq!(twice, PlaceError::Twice { system: "kafka" });
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
