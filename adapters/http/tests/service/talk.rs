//! A service on a port, and HTTP by hand: what stands on the wire is what the test
//! has written.

use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A running service, ended with the test's runtime.
pub async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(exactly_http::serve_on(listener));
    address
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| {
            let (left, value) = line.split_once(':')?;
            left.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Sends bytes as they are, and reads to the end of the connection.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> Got {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has answered early may not read on.
    drop(stream.write_all(bytes).await);
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut text));
    drop(read.await.expect("the connection ends"));
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    let got = Got {
        status: status.unwrap_or_else(|| panic!("no status in {text:?}")),
        head: head.into(),
        body: body.into(),
    };
    match got.header("transfer-encoding") {
        Some(_) => Got {
            body: dechunked(&got.body),
            ..got
        },
        None => got,
    }
}

fn dechunked(mut rest: &str) -> String {
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
}

/// A request with a JSON body and further header lines.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> Got {
    let mut lines: Vec<String> = headers.iter().map(|h| format!("{h}\r\n")).collect();
    let typed = headers
        .iter()
        .any(|h| h.to_lowercase().starts_with("content-type"));
    if !typed && !body.is_empty() {
        lines.push("Content-Type: application/json\r\n".into());
    }
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{}\
         Content-Length: {}\r\n\r\n{body}",
        lines.concat(),
        body.len()
    );
    send(address, text.as_bytes()).await
}

pub async fn get(address: SocketAddr, path: &str) -> Got {
    ask(address, "GET", path, &[], "").await
}

pub async fn open(address: SocketAddr, account: &str, settings: &str) {
    let path = format!("/_exactly/accounts/{account}");
    let got = ask(address, "PUT", &path, &[], settings).await;
    assert_eq!(got.status, 201, "{got:?}");
}

pub async fn script(address: SocketAddr, account: &str, steps: &str) {
    let path = format!("/_exactly/accounts/{account}/script");
    let got = ask(address, "PUT", &path, &[], steps).await;
    assert_eq!(got.status, 200, "{got:?}");
}

/// Lines of the audit.
pub async fn books(address: SocketAddr, account: &str) -> Vec<Value> {
    let got = get(address, &format!("/_exactly/charges?account={account}")).await;
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(got.header("content-type"), Some("application/x-ndjson"));
    assert!(got.body.is_empty() || got.body.ends_with('\n'));
    got.body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
