//! Where ElasticMQ listens, and its configuration.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::TcpSocket;

/// The only address that it listens at.
pub(super) const HOST: &str = "127.0.0.1";

/// Its place on this machine.
#[derive(Debug)]
pub(super) struct Seat {
    pub port: u16,
    /// Its configuration.
    pub config: PathBuf,
    _reserved: TcpSocket,
}

impl Seat {
    /// Takes a free port, and writes a configuration to `folder`.
    pub fn take(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (port, reserved) = reserve()?;
        let config = folder.join("elasticmq.conf");
        std::fs::write(&config, text(port))?;
        Ok(Self {
            port,
            config,
            _reserved: reserved,
        })
    }
}

/// A free port, and a socket that keeps it from everybody who asks for any: it is
/// bound and never listens, and a server that knows the port binds it beside.
fn reserve() -> io::Result<(u16, TcpSocket)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok((socket.local_addr()?.port(), socket))
}

/// Queue URLs name the address that the client has dialled, so that one that asks for
/// them stays on its boundary; AWS's limits; queues in memory and no statistics.
fn text(port: u16) -> String {
    format!(
        "include classpath(\"application.conf\")\n\
         node-address {{ protocol = http, host = \"*\", port = {port}, context-path = \"\" }}\n\
         rest-sqs {{ enabled = true, bind-hostname = \"{HOST}\", bind-port = {port}, \
         sqs-limits = strict }}\n\
         rest-stats {{ enabled = false }}\n\
         generate-node-address = false\n\
         queues-storage {{ enabled = false }}\n\
         messages-storage {{ enabled = false }}\n\
         queues {{}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_and_nowhere_else() {
        let text = text(9_324);
        assert!(text.contains("bind-hostname = \"127.0.0.1\", bind-port = 9324,"));
        assert!(!text.contains("0.0.0.0"), "{text}");
    }
}
