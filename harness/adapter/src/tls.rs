//! A way to a server that is spoken to with TLS.
//!
//! Boundaries read what passes, so TLS has to begin behind them: a tunnel listens on
//! loopback, takes plain bytes, and speaks TLS with the server from there on.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsConnector;

/// How long a connection may take until TLS is spoken on it.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// A listener on loopback that leads to a server. It ends with this.
pub struct Tunnel {
    address: SocketAddr,
    way: Arc<Way>,
    task: JoinHandle<()>,
}

/// What every connection is made with.
struct Way {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Tunnel {
    /// Leads to `host:port`. The server has to show a certificate for `host` by one of
    /// the authorities of this machine (or of the file `SSL_CERT_FILE`). Whether it is
    /// there shows with the first connection.
    pub async fn open(host: &str, port: u16) -> io::Result<Self> {
        let way = Arc::new(Way {
            host: host.into(),
            port,
            name: ServerName::try_from(host.to_owned()).map_err(io::Error::other)?,
            connector: TlsConnector::from(Arc::new(config()?)),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            address: listener.local_addr()?,
            task: tokio::spawn(accept(listener, way.clone())),
            way,
        })
    }

    /// Where it takes plain bytes.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Speaks TLS with the server once: who dials the tunnel sees a connection that
    /// failed closed, and not why.
    pub async fn try_out(&self) -> Result<(), String> {
        let connected = tokio::time::timeout(CONNECTED_WITHIN, connect(&self.way)).await;
        match connected {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no TLS within {CONNECTED_WITHIN:?}")),
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn config() -> io::Result<ClientConfig> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let why = found.errors.first().map(ToString::to_string);
        return Err(io::Error::other(format!(
            "this machine trusts no certificate authority ({}): install ca-certificates, or set \
             SSL_CERT_FILE",
            why.as_deref().unwrap_or("none is installed")
        )));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Connections end with the listener: they are tasks of its own.
async fn accept(listener: TcpListener, way: Arc<Way>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((plain, _)) => drop(connections.spawn(lead(plain, way.clone()))),
            // Out of file descriptors, most likely: wait for some to be freed.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn lead(mut plain: TcpStream, way: Arc<Way>) {
    let connected = tokio::time::timeout(CONNECTED_WITHIN, connect(&way)).await;
    // Who dialled sees the connection closed, as without a tunnel.
    let Ok(Ok(mut secure)) = connected else {
        return;
    };
    let _ = plain.set_nodelay(true);
    // How it ended, both ends see for themselves.
    let _ = tokio::io::copy_bidirectional(&mut plain, &mut secure).await;
}

async fn connect(way: &Way) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let stream = TcpStream::connect((way.host.as_str(), way.port)).await?;
    stream.set_nodelay(true)?;
    way.connector.connect(way.name.clone(), stream).await
}
