//! A client that knows HTTP and nothing of SQS.

use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server on a free port.
pub async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(exactly_sqs::embedded::serve_on(listener));
    address
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut named = lines.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value)
    }
}

pub struct Client {
    stream: TcpStream,
    pub host: String,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let host = address.to_string();
        Self { stream, host }
    }

    pub async fn write(&mut self, head: &str, body: &[u8]) {
        let host = &self.host;
        let length = body.len();
        let head = format!("{head}\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
        let request = [head.as_bytes(), body].concat();
        self.stream.write_all(&request).await.expect("written");
    }

    pub async fn read(&mut self) -> Reply {
        let mut bytes = Vec::new();
        let mut buffer = [0; 65_536];
        loop {
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8(bytes[..end].to_vec()).expect("ASCII");
                let status = head[9..12].parse().expect("a status");
                let reply = Reply {
                    status,
                    head,
                    body: String::new(),
                };
                let length: usize = reply
                    .header("content-length")
                    .expect("a length")
                    .parse()
                    .expect("digits");
                if bytes.len() >= end + 4 + length {
                    let body = bytes[end + 4..end + 4 + length].to_vec();
                    return Reply {
                        body: String::from_utf8(body).expect("UTF-8"),
                        ..reply
                    };
                }
            }
            let count = self.stream.read(&mut buffer).await.expect("read");
            assert!(count > 0, "the server has closed: {bytes:?}");
            bytes.extend_from_slice(&buffer[..count]);
        }
    }

    pub async fn ask(&mut self, head: &str, body: &[u8]) -> Reply {
        self.write(head, body).await;
        self.read().await
    }

    pub fn json_head(action: &str) -> String {
        format!(
            "POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{action}"
        )
    }

    pub async fn json(&mut self, action: &str, body: Value) -> Reply {
        self.ask(&Self::json_head(action), body.to_string().as_bytes())
            .await
    }

    /// The answer of something that is done.
    pub async fn done(&mut self, action: &str, body: Value) -> Value {
        let reply = self.json(action, body).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.body);
        reply.json()
    }

    pub async fn form(&mut self, path: &str, form: &str) -> Reply {
        let head =
            format!("POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded");
        self.ask(&head, form.as_bytes()).await
    }
}
