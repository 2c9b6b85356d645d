//! The traits a messaging system plugs into.
//!
//! Why this shape: an adapter answers three questions and nothing else.
//!
//! * *Where is the system?* [`Adapter::start`] gives a running [`Instance`]: an
//!   embedded one, or the one that the user points at.
//! * *What is on the wire?* A [`Decoder`] turns the bytes of one connection
//!   into [`Unit`]s: what to forward, which exchange it opens or closes. It
//!   never holds, drops or delays anything: the engine's boundary does, in
//!   the same way for every system.
//! * *What happened?* A [`Scope`] is one trial's corner of the system, with
//!   names of its own: it feeds messages, reads effects at the sink, and knows
//!   when nothing is left to do.
//!
//! Abilities that only some systems have are separate traits behind an
//! `Option`, so that no method answers "unsupported".

mod carried;
#[cfg(feature = "conformance")]
pub mod conformance;
mod decoder;
mod error;
mod host;
mod ids;
mod instance;
pub mod jvm;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tls")]
pub mod tls;

pub use carried::*;
pub use decoder::*;
pub use error::*;
pub use host::*;
pub use ids::*;
pub use instance::*;
