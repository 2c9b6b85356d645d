//! When a process counts as ready.

use super::lives::Slot;
use crate::EngineError;
use crate::supervisor::output_tail;
use exactly_model::ReadyWhen;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the last output of a process that failed is waited for.
pub(super) const OUTPUT_WAIT: Duration = Duration::from_secs(1);
/// Between two looks at a port or a URL.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long one look may take.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// More than any status line.
const STATUS_MAX: usize = 64;

pub(super) async fn wait_ready(slot: &Slot) -> Result<(), EngineError> {
    let within = Duration::from_millis(slot.spec.ready.within_ms);
    let sign = async {
        match &slot.now.ready {
            ReadyWhen::FirstExchange => {
                slot.now.life.first_exchange().await;
                true
            }
            ReadyWhen::Log(_) => slot.now.process.wait_ready_line().await.is_some(),
            ReadyWhen::Tcp(address) => until(async || accepts(address).await).await,
            ReadyWhen::Http(url) => until(async || answers(url).await.unwrap_or(false)).await,
        }
    };
    let why = tokio::select! {
        biased;
        ready = sign => {
            if ready {
                return Ok(());
            }
            "its output ended".to_string()
        }
        status = slot.now.process.wait() => format!("it ended at once ({status})"),
        () = tokio::time::sleep(within) => {
            format!("no sign of it within {within:?} ({})", awaited(&slot.now.ready))
        }
    };
    // What it said last is what its author needs to see.
    slot.now.process.drained(OUTPUT_WAIT).await;
    Err(EngineError::NotReady {
        process: slot.spec.name.clone(),
        why,
        output: slot.now.process.output().into(),
        tail: output_tail(slot.now.process.output()),
    })
}

fn awaited(when: &ReadyWhen) -> String {
    match when {
        ReadyWhen::FirstExchange => "a request at any of its systems".into(),
        ReadyWhen::Log(text) => format!("a line with {text:?}"),
        ReadyWhen::Tcp(address) => format!("a connection to {address}"),
        ReadyWhen::Http(url) => format!("an answer below 400 from {url}"),
    }
}

async fn until(look: impl AsyncFn() -> bool) -> bool {
    loop {
        if tokio::time::timeout(LOOK_MAX, look()).await == Ok(true) {
            return true;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn accepts(address: &str) -> bool {
    TcpStream::connect(address).await.is_ok()
}

/// Whether `http://host:port/path` is answered with a status below 400.
async fn answers(url: &str) -> std::io::Result<bool> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = Vec::new();
    let mut stream = stream.take(STATUS_MAX as u64);
    stream.read_to_end(&mut status).await?;
    Ok(is_fine(&status))
}

/// `HTTP/1.1 204 ...`.
fn is_fine(answer: &[u8]) -> bool {
    let line = String::from_utf8_lossy(answer);
    let mut words = line.split(' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/"));
    let status: Option<u16> = words.next().and_then(|word| word.trim().parse().ok());
    is_http && status.is_some_and(|status| (200..400).contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_status_line_is_read() {
        for (answer, fine) in [
            ("HTTP/1.1 200 OK\r\n", true),
            ("HTTP/1.0 204 No Content\r\n", true),
            ("HTTP/1.1 302 Found", true),
            ("HTTP/1.1 503 Service Unavailable\r\n", false),
            ("HTTP/1.1 404\r\n", false),
            ("HTTP/1.1 100 Continue\r\n", false),
            ("SSH-2.0-OpenSSH 200", false),
            ("", false),
        ] {
            assert_eq!(is_fine(answer.as_bytes()), fine, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_port_and_a_url_are_looked_at() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            let n = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&request[..n]).into_owned()
        };
        let url = format!("http://{address}/healthz?x=1");
        let (request, fine) = tokio::join!(serve, answers(&url));
        assert!(fine.unwrap() && request.starts_with("GET /healthz?x=1 HTTP/1.1\r\n"));
        assert!(accepts(&address).await);
        drop(listener);
        assert!(!accepts(&address).await);
    }
}
