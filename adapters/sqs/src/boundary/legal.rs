//! The errors that SQS may legally give, before and after an apply.
//!
//! * Before: `RequestThrottled`, 400 ("The request was denied due to request
//!   throttling", SQS API reference, Common error types): what was denied was not
//!   done.
//! * After: `InternalFailure`, 500 ("The request processing has failed because of
//!   an unknown error, exception, or failure"): it says nothing of how far the
//!   processing had come. The developer guide therefore has producers send again
//!   with the same deduplication id.

use bytes::Bytes;
use exactly_http1::Refusal;
use exactly_model::Phase;

/// The error for a request in this phase.
pub(crate) fn legal(when: Phase, query: bool) -> Refusal {
    let (status, code, kind, fault, message) = match when {
        Phase::Before => (
            400,
            "RequestThrottled",
            "com.amazonaws.sqs#RequestThrottled",
            "Sender",
            "The request was denied due to request throttling.",
        ),
        Phase::After => (
            500,
            "InternalFailure",
            "com.amazonaws.sqs#InternalFailure",
            "Receiver",
            "The request processing has failed because of an unknown error.",
        ),
    };
    let (content_type, body) = match query {
        true => (
            "text/xml",
            format!(
                "<?xml version=\"1.0\"?><ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>exactly</RequestId></ErrorResponse>"
            ),
        ),
        false => (
            "application/x-amz-json-1.0",
            format!("{{\"__type\":\"{kind}\",\"message\":\"{message}\"}}"),
        ),
    };
    Refusal {
        status,
        headers: vec![
            ("Content-Type".into(), content_type.into()),
            ("x-amzn-query-error".into(), format!("{code};{fault}")),
        ],
        body: Bytes::from(body),
        error: code.into(),
    }
}
