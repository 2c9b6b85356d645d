//! What the service answers.

use bytes::Bytes;
use serde_json::{Value, json};

/// An answer, before it becomes HTTP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Bytes,
    pub kind: Kind,
    /// Where the resource that was created is (RFC 9110, 15.3.2).
    pub location: Option<String>,
    /// Seconds after which it is worth asking again (RFC 9110, 10.2.3).
    pub retry_after_s: Option<u32>,
    /// Methods that the resource has (RFC 9110, 15.5.6: a 405 must say so).
    pub allow: Option<&'static str>,
    /// Whether it is a stored answer, given again.
    pub replayed: bool,
}

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Json,
    /// RFC 9457.
    Problem,
}

impl Kind {
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Problem => "application/problem+json",
        }
    }
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            body: Bytes::from(body.to_string()),
            kind: Kind::Json,
            location: None,
            retry_after_s: None,
            allow: None,
            replayed: false,
        }
    }

    /// An error. Its type is `about:blank`: it means what its status means, and
    /// the title is the status in words (RFC 9457, 4.2.1).
    pub fn problem(status: u16, detail: &str) -> Self {
        let title = match status {
            400 => "Bad Request",
            402 => "Payment Required",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            409 => "Conflict",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            429 => "Too Many Requests",
            500 => "Internal Server Error",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ if status < 500 => "Client Error",
            _ => "Server Error",
        };
        let body = json!({
            "type": "about:blank", "title": title, "status": status, "detail": detail,
        });
        Self {
            kind: Kind::Problem,
            ..Self::json(status, &body)
        }
    }

    pub fn retry_after_s(self, seconds: u32) -> Self {
        Self {
            retry_after_s: Some(seconds),
            ..self
        }
    }

    pub fn allow(self, methods: &'static str) -> Self {
        Self {
            allow: Some(methods),
            ..self
        }
    }

    pub fn at(self, location: String) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    /// The same answer, marked as given again.
    pub fn again(self) -> Self {
        Self {
            replayed: true,
            ..self
        }
    }
}
