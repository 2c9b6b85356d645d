//! The toy client. It stands in for a connection of the process: what matters
//! to a boundary is where bytes come from and when they stop.

use super::soon;
use std::io::ErrorKind;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What a client saw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Saw {
    /// One line.
    Line(String),
    /// An orderly end of the connection.
    End,
    /// An error, such as a reset.
    Error(ErrorKind),
}

impl Saw {
    pub fn ok(request: &str) -> Self {
        Self::Line(format!("ok {request}"))
    }

    pub const RESET: Self = Self::Error(ErrorKind::ConnectionReset);
}

pub struct Client {
    pub stream: BufReader<TcpStream>,
}

impl Client {
    pub async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a request. A dead connection is for [`Client::saw`] to tell.
    pub async fn send(&mut self, request: &str) {
        let _ = self
            .stream
            .write_all(format!("{request}\n").as_bytes())
            .await;
    }

    /// What comes next.
    pub async fn saw(&mut self) -> Saw {
        let mut line = String::new();
        match soon("something for the client", self.stream.read_line(&mut line)).await {
            Ok(0) => Saw::End,
            Ok(_) => Saw::Line(line.trim_end_matches('\n').into()),
            Err(error) => Saw::Error(error.kind()),
        }
    }

    /// Sends a request and waits for what comes of it.
    pub async fn ask(&mut self, request: &str) -> Saw {
        self.send(request).await;
        self.saw().await
    }

    /// Reads `length` bytes.
    pub async fn take(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        soon("bytes for the client", self.stream.read_exact(&mut bytes))
            .await
            .unwrap();
        bytes
    }
}
