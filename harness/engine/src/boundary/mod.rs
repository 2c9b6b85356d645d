//! The proxy between one incarnation of a process and one system.
//!
//! A boundary listens on loopback. It pairs requests with replies through the
//! adapter's decoder and asks the trial's [`Director`](crate::director) what to
//! do with each exchange; everything else is passed on as it came, without
//! copying payloads. What the decoder cannot read is passed on too, as opaque
//! bytes, and the run says so.
//!
//! Bytes are read only when the other side takes them (one read buffer and one
//! unit at a time per direction), so backpressure reaches the sender.

mod connection;
mod down;
mod gate;
mod life;
mod link;
mod queue;
mod said;
mod silence;
mod struck;
mod up;

pub use gate::{Cut, Gate};
pub use life::Life;
pub use link::{Boundaries, Mode};
