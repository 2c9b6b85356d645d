//! Who is there: a Redis, which version, and one that the harness can use.

use crate::KIND;
use crate::client::{Link, Trouble, Way, text};
use crate::provision::NO_PERMISSION;
use crate::target::Target;
use exactly_adapter::StartError;
use redis::cmd;
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(8);
/// How long it may load its data set.
const LOADED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The oldest version that is spoken to: it has XAUTOCLAIM.
const OLDEST: (u32, u32) = (6, 2);
const NO_TLS: &str = "see whether it speaks TLS there, and whether its certificate is for that name \
                      and by an authority of this machine's (or of SSL_CERT_FILE)";

/// A server that answers.
pub(crate) struct Reached {
    pub way: Arc<Way>,
    /// As the report has it.
    pub version: String,
}

/// Dials the server of the user's and asks who it is.
pub(crate) async fn reach(target: Target) -> Result<Reached, StartError> {
    let shown = target.shown();
    let opened = tokio::time::timeout(ANSWERED_WITHIN, Way::open(target)).await;
    let opened = opened.unwrap_or_else(|_| Err(format!("no TLS within {ANSWERED_WITHIN:?}")));
    let way = opened.map_err(|why| unreachable(&shown, why, NO_TLS))?;
    let link = Link::new(way.clone());
    loaded(&link)
        .await
        .map_err(|error| explained(&shown, way.target.tls, &error))?;
    let facts = info(&link).await;
    let facts = facts.map_err(|error| explained(&shown, way.target.tls, &error))?;
    if facts.is_cluster {
        return Err(StartError::Config {
            system: KIND,
            why: format!(
                "{shown} is a node of a cluster (cluster_enabled:1), which is not supported"
            ),
            hint: "point at a single server, or a primary with its replicas".into(),
        });
    }
    if facts.number() < Some(OLDEST) {
        return Err(StartError::Config {
            system: KIND,
            why: format!(
                "{shown} is {}, and 6.2 is the oldest that is spoken to",
                facts.version()
            ),
            hint: "point at a newer one".into(),
        });
    }
    Ok(Reached {
        way,
        version: facts.version(),
    })
}

/// Waits until the server has loaded its data set: until PING is answered with PONG.
pub(crate) async fn loaded(link: &Link) -> Result<(), Trouble> {
    let late = tokio::time::Instant::now() + LOADED_WITHIN;
    loop {
        let pinged = link.ask(&cmd("PING"), ANSWERED_WITHIN).await;
        match pinged {
            Err(error) if error.is_refused("LOADING") && tokio::time::Instant::now() < late => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(value) => {
                let said = text(value).unwrap_or_default();
                return match said.as_str() {
                    "PONG" => Ok(()),
                    _ => Err(Trouble::Strange(format!("{said:?} to PING"))),
                };
            }
            Err(error) => return Err(error),
        }
    }
}

/// What a server says of itself (redis.io, INFO).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Facts {
    redis: String,
    valkey: Option<String>,
    is_cluster: bool,
}

impl Facts {
    fn parse(info: &str) -> Self {
        let mut facts = Self::default();
        for line in info.lines() {
            match line.trim_end().split_once(':') {
                Some(("redis_version", version)) => facts.redis = version.into(),
                Some(("valkey_version", version)) => facts.valkey = Some(version.into()),
                Some(("cluster_enabled", enabled)) => facts.is_cluster = enabled == "1",
                _ => {}
            }
        }
        facts
    }

    /// Major and minor number, where it names them.
    fn number(&self) -> Option<(u32, u32)> {
        let mut numbers = self.redis.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }

    /// As the report has it.
    pub fn version(&self) -> String {
        match &self.valkey {
            Some(valkey) => format!("Valkey {valkey}"),
            None => format!("Redis {}", self.redis),
        }
    }
}

/// Asks a server what it is.
pub(crate) async fn info(link: &Link) -> Result<Facts, Trouble> {
    let mut facts = Facts::default();
    // Older servers take one section at a time.
    for section in ["server", "cluster"] {
        let said = link.ask(cmd("INFO").arg(section), ANSWERED_WITHIN).await?;
        let some = Facts::parse(&text(said).unwrap_or_default());
        facts.is_cluster |= some.is_cluster;
        if !some.redis.is_empty() {
            facts = Facts {
                is_cluster: facts.is_cluster,
                ..some
            };
        }
    }
    match facts.redis.is_empty() {
        true => Err(Trouble::Strange("INFO names no version".into())),
        false => Ok(facts),
    }
}

fn unreachable(shown: &str, why: String, hint: &str) -> StartError {
    StartError::Unreachable {
        system: KIND,
        address: shown.into(),
        why,
        hint: hint.into(),
    }
}

/// What an error of the first requests means to the user.
fn explained(shown: &str, tls: bool, error: &Trouble) -> StartError {
    let hint = match error {
        Trouble::Refused { code, .. } => match code.as_str() {
            "NOAUTH" => "give user and password: redis://USER:PASSWORD@HOST:PORT",
            "WRONGPASS" => "check user and password in the URL",
            "NOPERM" => NO_PERMISSION,
            "LOADING" => "wait until it has loaded its data set",
            // AUTH at a server without passwords, SELECT beyond its databases.
            _ => "check user, password and database in the URL",
        },
        Trouble::NotConnected(_) => "see whether it is up, and whether host and port are right",
        _ if tls => "see whether it is a Redis",
        Trouble::HungUp(_) | Trouble::Unanswered(_) | Trouble::Strange(_) => {
            "see whether it is a Redis; where it speaks TLS, write rediss://"
        }
    };
    unreachable(shown, error.to_string(), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_what_it_is() {
        let facts = Facts::parse("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
        assert_eq!(facts.version(), "Redis 7.0.15");
        assert_eq!(facts.number(), Some((7, 0)));
        assert!(!facts.is_cluster);
        assert!(Facts::parse("# Cluster\r\ncluster_enabled:1\r\n").is_cluster);
        let valkey = Facts::parse("redis_version:7.2.4\nvalkey_version:8.0.1\n");
        assert_eq!(valkey.version(), "Valkey 8.0.1");
        for old in ["6.0.16", "5.0.3", "6.x", ""] {
            let facts = Facts::parse(&format!("redis_version:{old}"));
            assert!(facts.number() < Some(OLDEST), "{old}");
        }
    }
}
