//! The clock of an embedded server, moved from outside: whoever runs one for clients
//! of their own has no trial that would do it.

use crate::resp::{self, Token};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the server may take. It answers at once if it is one.
const ANSWER: Duration = Duration::from_secs(5);
/// Longest answer that is looked at.
const ANSWER_BYTES_MAX: usize = 4096;

/// The clock was not moved, or not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClockError {
    /// Not the address of an embedded server.
    #[error("{given:?} is no address of an embedded server; give one as in redis://127.0.0.1:6379")]
    Address {
        /// What was given.
        given: String,
    },
    /// Nobody answered. A clock that was to be moved may have been moved.
    #[error("no answer from the server at {address}: {why}; see whether it is still up")]
    Unreachable {
        /// Where.
        address: String,
        /// The error.
        why: String,
    },
    /// Somebody else answered.
    #[error(
        "{address} has no clock that can be moved ({why}); only the embedded Redis has one: \
         `exactly up redis` starts it"
    )]
    NoClock {
        /// Where.
        address: String,
        /// What it said.
        why: String,
    },
}

/// Moves the clock of all keys at `endpoint` by ten years at most, and answers what
/// they are ahead now.
pub async fn advance(endpoint: &str, by: Duration) -> Result<Duration, ClockError> {
    advance_prefix(endpoint, "", by).await
}

/// Moves the clocks of the keys whose names start with `prefix`, likewise.
pub async fn advance_prefix(
    endpoint: &str,
    prefix: &str,
    by: Duration,
) -> Result<Duration, ClockError> {
    let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    ask(endpoint, prefix, Some(by_ms)).await
}

/// What the clock of all keys at `endpoint` is ahead.
pub async fn ahead(endpoint: &str) -> Result<Duration, ClockError> {
    ask(endpoint, "", None).await
}

async fn ask(endpoint: &str, prefix: &str, by_ms: Option<u64>) -> Result<Duration, ClockError> {
    let (host, port) = parsed(endpoint).ok_or_else(|| ClockError::Address {
        given: exactly_model::redact(endpoint),
    })?;
    let address = format!("redis://{host}:{port}");
    let unreachable = |why: String| ClockError::Unreachable {
        address: address.clone(),
        why,
    };
    let request = request(prefix, by_ms);
    let answer = tokio::time::timeout(ANSWER, exchange(host, port, &request)).await;
    let answer = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable(format!("it says nothing for {ANSWER:?}"))),
    };
    let no_clock = |why: String| ClockError::NoClock {
        address: address.clone(),
        why,
    };
    let frame = resp::next_frame(&answer).ok().flatten();
    match frame.and_then(|(_, frame)| frame.reader().value()) {
        Some(Token::Integer(ahead_ms)) => {
            Ok(Duration::from_millis(u64::try_from(ahead_ms).unwrap_or(0)))
        }
        Some(Token::Error(error)) => Err(no_clock(format!(
            "it answers {}",
            String::from_utf8_lossy(error)
        ))),
        _ => Err(no_clock("it answers something else".into())),
    }
}

fn request(prefix: &str, by_ms: Option<u64>) -> Vec<u8> {
    let by_ms = by_ms.map(|by_ms| by_ms.to_string());
    let mut args = vec!["EXACTLY", "CLOCK", prefix];
    args.extend(by_ms.as_deref());
    let mut request = format!("*{}\r\n", args.len());
    for arg in args {
        request.push_str(&format!("${}\r\n{arg}\r\n", arg.len()));
    }
    request.into_bytes()
}

/// Sends a request and reads one frame.
async fn exchange(host: &str, port: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    let mut chunk = [0; 512];
    while answer.len() < ANSWER_BYTES_MAX && matches!(resp::next_frame(&answer), Ok(None)) {
        match stream.read(&mut chunk).await? {
            0 => break,
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(answer)
}

/// Host and port of `redis://HOST:PORT`, with a database behind it or not, and of
/// `HOST:PORT`.
fn parsed(endpoint: &str) -> Option<(&str, u16)> {
    let rest = endpoint.strip_prefix("redis://").unwrap_or(endpoint);
    let authority = rest.split('/').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    let is_host = !host.is_empty() && !host.contains(['@', ':']);
    is_host.then_some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_give_them() {
        for given in [
            "redis://127.0.0.1:6379",
            "redis://127.0.0.1:6379/0",
            "127.0.0.1:6379",
        ] {
            assert_eq!(parsed(given), Some(("127.0.0.1", 6379)), "{given}");
        }
        for given in [
            "",
            "redis://",
            "127.0.0.1",
            "redis://:1",
            "rediss://h:1",
            "u:p@h:1",
        ] {
            assert_eq!(parsed(given), None, "{given}");
        }
    }
}
