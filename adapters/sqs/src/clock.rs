//! The clock of an embedded server, moved from outside: whoever runs one for clients
//! of their own has no trial that would do it.

use crate::client::{CallError, Sqs, Target};
use hyper::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/_exactly/clock";

/// The clock was not moved, or not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClockError {
    /// Not the address of an embedded server.
    #[error("{given:?} is no address of an embedded server; give one as in http://127.0.0.1:4566")]
    Address {
        /// What was given.
        given: String,
    },
    /// Nobody answered.
    #[error("cannot reach the server at {address}: {why}; see whether it is still up")]
    Unreachable {
        /// Where.
        address: String,
        /// The error.
        why: String,
    },
    /// Somebody else answered.
    #[error(
        "{address} has no clock that can be moved ({why}); only the embedded SQS has one: \
         `exactly up sqs` starts it"
    )]
    NoClock {
        /// Where.
        address: String,
        /// What it said.
        why: String,
    },
}

/// Moves the clock of all queues at `endpoint` by ten years at most, and answers what
/// they are ahead now.
pub async fn advance(endpoint: &str, by: Duration) -> Result<Duration, ClockError> {
    let advance_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    let fields = json!({ "prefix": "", "advance_ms": advance_ms });
    ask(endpoint, Method::POST, Some(fields)).await
}

/// What the clock of all queues at `endpoint` is ahead.
pub async fn ahead(endpoint: &str) -> Result<Duration, ClockError> {
    ask(endpoint, Method::GET, None).await
}

async fn ask(
    endpoint: &str,
    method: Method,
    fields: Option<Value>,
) -> Result<Duration, ClockError> {
    let (host, port) = parsed(endpoint).ok_or_else(|| ClockError::Address {
        given: exactly_model::redact(endpoint),
    })?;
    let address = format!("http://{host}:{port}");
    let sqs = Sqs::new(Target::new(host, port));
    let answered = sqs.control(method, PATH, fields.as_ref()).await;
    let body = match answered {
        Ok(body) => body,
        Err(CallError::NotConnected(why) | CallError::Lost(why)) => {
            return Err(ClockError::Unreachable { address, why });
        }
        Err(CallError::Refused { status, .. }) => {
            let why = format!("it answers with status {status}");
            return Err(ClockError::NoClock { address, why });
        }
    };
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    match answer.get("ahead_ms").and_then(Value::as_u64) {
        Some(ahead_ms) => Ok(Duration::from_millis(ahead_ms)),
        None => Err(ClockError::NoClock {
            address,
            why: "it answers something else".into(),
        }),
    }
}

/// Host and port of `http://HOST:PORT`, of `HOST:PORT`, and of a URL below it: that of
/// a queue is at hand most often.
fn parsed(endpoint: &str) -> Option<(&str, u16)> {
    let rest = endpoint.strip_prefix("http://").unwrap_or(endpoint);
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
            "http://127.0.0.1:4566",
            "http://127.0.0.1:4566/",
            "127.0.0.1:4566",
            "http://127.0.0.1:4566/000000000000/orders.fifo",
        ] {
            assert_eq!(parsed(given), Some(("127.0.0.1", 4566)), "{given}");
        }
        for given in [
            "",
            "http://",
            "127.0.0.1",
            "http://127.0.0.1:x",
            "http://:1",
            "https://h:1",
            "http://u:p@h:1",
        ] {
            assert_eq!(parsed(given), None, "{given}");
        }
    }
}
