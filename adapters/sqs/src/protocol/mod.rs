//! How SQS is spoken: AWS JSON 1.0, which SDKs speak today, and the query
//! protocol, which older ones speak (form-encoded requests, XML answers).
//!
//! Both come down to the same: the form is read into the shape that the JSON
//! protocol has, and the answer's JSON is written as XML. So there is one decoder,
//! one encoder, and no rule that one protocol has and the other has not.
//!
//! Requests need not be signed, and a signature is not verified: who may send is
//! not what a harness on a loopback port decides.
//!
//! Sources: "Making Query API requests using AWS JSON protocol in Amazon SQS",
//! "Making Amazon SQS API requests using AWS query protocol" (developer guide);
//! names from the API Reference.

mod decode;
mod encode;
mod form;
mod log;
mod reply;
mod xml;

pub use decode::{Incoming, read};
pub(crate) use form::decoded;
pub use log::log_lines;
pub use reply::{Reply, reply};

/// Which of the two a client speaks, and is answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0.
    Json,
    /// The query protocol.
    Query,
}
