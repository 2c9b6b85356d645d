//! The embedded server over HTTP, byte by byte: both protocols, long polling, the
//! harness's own endpoints.

#[path = "http/client.rs"]
mod client;
#[path = "http/control.rs"]
mod control;
#[path = "http/json.rs"]
mod json;
#[path = "http/polling.rs"]
mod polling;
#[path = "http/query.rs"]
mod query;
