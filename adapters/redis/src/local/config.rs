//! Where the server listens, and its configuration.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::TcpSocket;

/// What may wait for a subscriber that does not read, before it is cut off.
pub(crate) const PUBSUB_LIMIT: &str = "pubsub 1mb 1mb 0";

/// The only address that it listens at.
pub(super) const HOST: &str = "127.0.0.1";

/// Its place on this machine.
#[derive(Debug)]
pub(super) struct Seat {
    pub port: u16,
    /// Its configuration.
    pub config: PathBuf,
    /// Keeps a port that was free ours while no server listens there.
    _reserved: Option<TcpSocket>,
}

impl Seat {
    /// Takes `port`, or a free one, and writes a configuration to `folder`, where the
    /// data go too.
    pub fn take(folder: &Path, port: Option<u16>) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (port, reserved) = match port {
            Some(port) => (port, None),
            None => reserve().map(|(port, socket)| (port, Some(socket)))?,
        };
        let config = folder.join("redis.conf");
        std::fs::write(&config, text(folder, port)?)?;
        Ok(Self {
            port,
            config,
            _reserved: reserved,
        })
    }
}

/// A free port, and a socket that keeps it from everybody who asks for any: it is bound
/// and never listens, and a server that knows the port binds it beside.
fn reserve() -> io::Result<(u16, TcpSocket)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok((socket.local_addr()?.port(), socket))
}

/// What is not Redis's own default (redis.io, "Redis configuration file example"):
///
/// * `save 3600 1` alone. Where there is a save point SIGTERM saves before it exits, and
///   SIGKILL does not, as by default; the shorter ones would save in the middle of a run.
/// * `client-output-buffer-limit pubsub 1mb 1mb 0` in the place of `32mb 8mb 60`: a
///   subscriber that does not read is cut off after one megabyte, so that the load of a
///   test reaches the limit that production's reaches.
fn text(folder: &Path, port: u16) -> io::Result<String> {
    let folder = folder
        .to_str()
        .filter(|path| !path.contains(['"', '\\', '\n']));
    let folder =
        folder.ok_or_else(|| io::Error::other("its path cannot be written in redis.conf"))?;
    Ok(format!(
        "bind {HOST}\n\
         port {port}\n\
         protected-mode yes\n\
         daemonize no\n\
         dir \"{folder}\"\n\
         dbfilename dump.rdb\n\
         save 3600 1\n\
         appendonly no\n\
         client-output-buffer-limit {PUBSUB_LIMIT}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_and_nowhere_else() {
        let text = text(Path::new("/tmp/a b"), 7_000).unwrap();
        assert!(text.contains("bind 127.0.0.1\nport 7000\n"), "{text}");
        assert!(text.contains("dir \"/tmp/a b\"\n"), "{text}");
        assert!(super::text(Path::new("/tmp/\"\nsave 1 1"), 1).is_err());
    }
}
