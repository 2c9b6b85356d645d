//! A server, and a client that knows lines.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// A server on a free port.
pub async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(exactly_redis::embedded::serve_on(listener));
    address
}

pub struct Client(pub TcpStream);

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("it listens"))
    }

    pub async fn write(&mut self, lines: &str) {
        self.0.write_all(lines.as_bytes()).await.expect("written");
    }

    /// What comes until there is nothing for a moment.
    pub async fn ask(&mut self, lines: &str) -> String {
        self.write(lines).await;
        self.read(usize::MAX).await
    }

    pub async fn read(&mut self, bytes_max: usize) -> String {
        let mut all = Vec::new();
        let mut chunk = vec![0; 65_536];
        let mut quiet = Duration::from_secs(10);
        while all.len() < bytes_max {
            match timeout(quiet, self.0.read(&mut chunk)).await {
                Ok(Ok(count)) if count > 0 => all.extend_from_slice(&chunk[..count]),
                _ => break,
            }
            quiet = Duration::from_millis(100);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// Waits until the server answers so.
pub async fn until(client: &mut Client, line: &str, expected: &str) {
    for _ in 0..100 {
        if client.ask(line).await == expected {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{line} is never answered {expected}");
}
