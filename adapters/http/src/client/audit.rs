//! Reading charges: the audit of the payments service, line by line.

use super::call::{CallError, call, open};
use super::target::Target;
use exactly_adapter::Seen;
use exactly_model::{MessageId, View};
use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Incoming;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of one line at most: the service takes much shorter names.
const LINE_MAX: usize = 16 << 10;
/// How long the next piece may take to come.
const PIECE_WITHIN: Duration = Duration::from_secs(10);

/// The charges of one account could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    /// The service does not answer, or breaks off.
    #[error("{0}")]
    Unavailable(String),
    /// An order is no id: it did not survive the pipeline.
    #[error(
        "charge {number} has the order {order:?}, which is no message id: it did not survive the \
         pipeline"
    )]
    NoId { number: u64, order: String },
    /// A checksum is none.
    #[error("charge {number} has the checksum {checksum:?}, which is not 8 hexadecimal digits")]
    NoChecksum { number: u64, checksum: String },
}

impl From<CallError> for AuditError {
    fn from(error: CallError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// How much an account has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct State {
    pub charges: u64,
    /// Requests that are being worked on.
    pub working: u64,
}

/// One account's books.
pub(crate) struct Audit<'a> {
    pub target: &'a Target,
    pub account: &'a str,
}

/// A line of the audit; what the service says beyond it is for people.
#[derive(Deserialize)]
struct Line {
    number: u64,
    order: String,
    customer: String,
    checksum: Option<String>,
}

impl Audit<'_> {
    /// How much there is, and how much is being worked on.
    pub async fn state(&self) -> Result<State, AuditError> {
        let path = format!("/_exactly/accounts/{}", self.account);
        let ended = call(self.target, Method::GET, &path, None).await?;
        match (ended.status, serde_json::from_slice(&ended.body)) {
            (200, Ok(state)) => Ok(state),
            (status, _) => Err(unavailable(status, ended.detail())),
        }
    }

    /// Hands every charge to `each`, in the order of commits.
    pub async fn read(&self, each: &mut (dyn FnMut(Seen) + Send)) -> Result<(), AuditError> {
        let path = format!("/_exactly/charges?account={}", self.account);
        let (response, _connection) = open(self.target, Method::GET, &path, None).await?;
        match response.status().as_u16() {
            200 => lines(response.into_body(), each).await,
            status => Err(unavailable(status, None)),
        }
    }
}

fn unavailable(status: u16, detail: Option<String>) -> AuditError {
    let detail = detail.map_or(String::new(), |detail| format!(": {detail}"));
    AuditError::Unavailable(format!("status {status}{detail}"))
}

/// Cuts a body into lines. A body that breaks off is an error, and so is a last
/// line without its end: less than all of the charges must never pass for all.
async fn lines(mut body: Incoming, each: &mut (dyn FnMut(Seen) + Send)) -> Result<(), AuditError> {
    let broken = |why: &str| AuditError::Unavailable(format!("the audit is not whole: {why}"));
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let frame = timeout(PIECE_WITHIN, body.frame()).await;
        let frame = match frame.map_err(|_| broken("nothing came for 10 seconds"))? {
            None if rest.is_empty() => return Ok(()),
            None => return Err(broken("its last line has no end")),
            Some(frame) => frame.map_err(|error| broken(&error.to_string()))?,
        };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        rest.extend_from_slice(data);
        let whole = rest
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |end| end + 1);
        for line in rest[..whole].split_inclusive(|b| *b == b'\n') {
            each(seen(line)?);
        }
        rest.drain(..whole);
        if rest.len() > LINE_MAX {
            return Err(broken("a line is longer than 16384 bytes"));
        }
    }
}

fn seen(line: &[u8]) -> Result<Seen, AuditError> {
    let line: Line = serde_json::from_slice(line)
        .map_err(|error| AuditError::Unavailable(format!("the audit is no audit: {error}")))?;
    let Line {
        number,
        order,
        customer,
        checksum,
    } = line;
    let Some(id) = MessageId::parse(&order) else {
        return Err(AuditError::NoId { number, order });
    };
    let checksum = match checksum {
        None => None,
        Some(text) => match u32::from_str_radix(&text, 16) {
            Ok(checksum) => Some(checksum),
            Err(_) => {
                return Err(AuditError::NoChecksum {
                    number,
                    checksum: text,
                });
            }
        },
    };
    Ok(Seen {
        id,
        key: Some(customer),
        key_seq: None,
        partition: None,
        position: i64::try_from(number).ok(),
        // Every charge is a step of its own.
        unit: None,
        checksum,
        view: View::ReadCommitted,
    })
}
