//! What goes back over HTTP.

use super::{Protocol, encode, xml};
use crate::queue::{Answer, Refusal};
use serde_json::json;

/// A reply, but for the HTTP around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The header `x-amzn-query-error`: from it SDKs that speak JSON tell the code
    /// that the query protocol has for the error.
    pub query_error: Option<String>,
    /// The body.
    pub body: String,
}

/// The reply to a request, in its own protocol.
pub fn reply(
    protocol: Protocol,
    action: &str,
    outcome: &Result<Answer, Refusal>,
    host: &str,
    request_id: &str,
) -> Reply {
    match (protocol, outcome) {
        (Protocol::Json, Ok(answer)) => Reply {
            status: 200,
            content_type: "application/x-amz-json-1.0",
            query_error: None,
            body: encode::body(answer, host)
                .unwrap_or_else(|| json!({}))
                .to_string(),
        },
        (Protocol::Json, Err(refusal)) => Reply {
            status: refusal.code.status(),
            content_type: "application/x-amz-json-1.0",
            query_error: Some(format!("{};Sender", refusal.code.query())),
            body: json!({ "__type": refusal.code.shape(), "message": refusal.message }).to_string(),
        },
        (Protocol::Query, Ok(answer)) => Reply {
            status: 200,
            content_type: "text/xml",
            query_error: None,
            body: xml::answer(action, encode::body(answer, host).as_ref(), request_id),
        },
        (Protocol::Query, Err(refusal)) => Reply {
            status: refusal.code.status(),
            content_type: "text/xml",
            query_error: None,
            body: xml::error(refusal.code.query(), &refusal.message, request_id),
        },
    }
}
