//! Place `local`: the PostgreSQL that is installed on this machine.
//!
//! It keeps its data in the run's folder, listens on loopback, and writes to the disk
//! what it says it has written. It can be killed, stopped, paused and started again
//! ([`exactly_adapter::Control`]).

mod find;

use crate::adapter::KIND;
use crate::node::{Durability, Node, Programs};
use exactly_adapter::{Host, ServerCommand, StartError};
use std::sync::Arc;

const SAYS_WITHIN_MS: u64 = 20_000;
/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
const SAYS: &str = "(PostgreSQL) ";

/// Starts a server of the run's own.
pub(crate) async fn start(host: Arc<dyn Host>, nodes: u32) -> Result<Node, StartError> {
    check_nodes(nodes)?;
    let programs = Programs::installed(find::bin(host.as_ref())?);
    Node::make(host, programs, Durability::Power).await
}

/// Whether there is one that runs: its version.
pub(crate) async fn at_hand(host: &dyn Host, nodes: u32) -> Result<String, StartError> {
    check_nodes(nodes)?;
    let programs = Programs::installed(find::bin(host)?);
    let asked = host.serve(ServerCommand {
        ready: SAYS.into(),
        ready_within_ms: SAYS_WITHIN_MS,
        ..programs.command("postgres", &["--version"])
    });
    let said = asked.await.map_err(|error| {
        find::missing(format!(
            "{} does not run: {error}",
            programs.bin().join("postgres").display()
        ))
    })?;
    Ok(version(said.ready_line()))
}

fn version(line: &str) -> String {
    let (_, version) = line.split_once(SAYS).unwrap_or_default();
    let number = version.split_whitespace().next().unwrap_or("?");
    format!("PostgreSQL {number}")
}

fn check_nodes(nodes: u32) -> Result<(), StartError> {
    if nodes == 1 {
        return Ok(());
    }
    Err(StartError::Config {
        system: KIND,
        why: format!("the place local has one PostgreSQL, not {nodes}: replicas are not started"),
        hint: "write local, or use a cluster of your own with --postgres URL".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_version_is_read_without_its_packager() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)";
        assert_eq!(version(debian), "PostgreSQL 15.14");
        assert_eq!(
            version("postgres (PostgreSQL) 18beta1"),
            "PostgreSQL 18beta1"
        );
        assert_eq!(version("something else"), "PostgreSQL ?");
    }
}
