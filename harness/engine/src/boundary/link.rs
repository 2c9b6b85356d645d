//! Listeners: one per address that an incarnation may dial.

use super::connection;
use super::life::Life;
use crate::director::Director;
use exactly_adapter::{Addresses, Decoder, Scope};
use rustix::net::sockopt::set_socket_send_buffer_size;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How a boundary treats bytes.
#[derive(Clone)]
pub enum Mode {
    /// Decoded by the scope's decoder.
    Decoded(Arc<dyn Scope>),
    /// Copied. For benchmarks: what decoding costs is measured against it.
    Plain,
}

impl Mode {
    pub(super) fn decoder(&self) -> Option<Box<dyn Decoder>> {
        match self {
            Self::Decoded(scope) => Some(scope.decoder()),
            Self::Plain => None,
        }
    }

    fn socket_buffer(&self) -> Option<u32> {
        match self {
            Self::Decoded(scope) => scope.socket_buffer(),
            Self::Plain => None,
        }
    }
}

/// The boundaries between one incarnation and one system. A system may name
/// further addresses in its replies; each gets a listener.
pub struct Boundaries {
    pub(super) life: Arc<Life>,
    pub(super) director: Arc<Director>,
    pub(super) system: String,
    pub(super) mode: Mode,
    open: Mutex<BTreeMap<(String, u16), u16>>,
}

/// Connections that may wait to be accepted: a pool opens all of its own at once,
/// and one that does not fit is tried again only after a second.
const BACKLOG: u32 = 1024;

/// A system that names more addresses than this is not believed.
const ADDRESSES_MAX: usize = 256;

impl Boundaries {
    /// Boundaries of `life` to the system with the pipeline's name `system`.
    pub fn new(life: Arc<Life>, director: Arc<Director>, system: &str, mode: Mode) -> Arc<Self> {
        Arc::new(Self {
            life,
            director,
            system: system.into(),
            mode,
            open: Mutex::new(BTreeMap::new()),
        })
    }

    /// The local port that leads to `host:port`, opened if there is none yet.
    pub fn open(self: &Arc<Self>, host: &str, port: u16) -> io::Result<u16> {
        let mut open = self.open.lock().expect("no panic while held");
        if let Some(local) = open.get(&(host.to_string(), port)) {
            return Ok(*local);
        }
        if open.len() >= ADDRESSES_MAX {
            return Err(io::Error::other("the system names more than 256 addresses"));
        }
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(BACKLOG)?;
        let local = listener.local_addr()?.port();
        let task = tokio::spawn(accept(listener, self.clone(), (host.to_string(), port)));
        self.life.keep(task.abort_handle());
        open.insert((host.to_string(), port), local);
        Ok(local)
    }
}

/// What a decoder sees of the boundaries.
pub(super) struct Net<'a>(pub(super) &'a Arc<Boundaries>);

impl Addresses for Net<'_> {
    fn boundary_for(&self, host: &str, port: u16) -> io::Result<(String, u16)> {
        Ok((Ipv4Addr::LOCALHOST.to_string(), self.0.open(host, port)?))
    }
}

async fn accept(listener: TcpListener, boundaries: Arc<Boundaries>, upstream: (String, u16)) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: wait for some to be freed.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let (boundaries, upstream) = (boundaries.clone(), upstream.clone());
        let life = boundaries.life.clone();
        let task = tokio::spawn(async move { serve(client, boundaries, upstream).await });
        life.keep(task.abort_handle());
    }
}

/// Connects; a receive buffer has to be set before.
async fn connect(upstream: &(String, u16), buffer: Option<u32>) -> io::Result<TcpStream> {
    let to = (upstream.0.as_str(), upstream.1);
    let Some(bytes) = buffer else {
        return TcpStream::connect(to).await;
    };
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in tokio::net::lookup_host(to).await? {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_recv_buffer_size(bytes)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn serve(client: TcpStream, boundaries: Arc<Boundaries>, upstream: (String, u16)) {
    // The system need not hear of what the dead still wanted.
    if boundaries.life.gate.is_closed() {
        return;
    }
    let buffer = boundaries.mode.socket_buffer();
    if let Some(bytes) = buffer {
        let _ = set_socket_send_buffer_size(&client, bytes as usize);
    }
    let system = match connect(&upstream, buffer).await {
        Ok(system) => system,
        Err(error) => {
            // The client sees its connection closed, as it would without us. While a
            // node is away by our own doing that is no news.
            if !boundaries.director.is_outage() {
                boundaries.director.remark(&format!(
                    "{}: cannot connect to {}:{}: {error}",
                    boundaries.system, upstream.0, upstream.1
                ));
            }
            return;
        }
    };
    if let Ok(local) = system.local_addr() {
        boundaries.life.add_upstream_port(local.port());
    }
    let _ = client.set_nodelay(true);
    let _ = system.set_nodelay(true);
    connection::run(client, system, upstream, boundaries).await;
}
