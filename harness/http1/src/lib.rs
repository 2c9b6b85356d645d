//! HTTP/1.1 on a boundary, for any protocol that is spoken over it.
//!
//! Why a framing of our own on top of `httparse`: a boundary passes on the
//! bytes that it read, and says which exchange they are. If it found another
//! end of a message than the system does, it would hold, drop or refuse half of
//! one. So [`framing`] reads strictly, and refuses what two readers could read
//! differently; every refusal is a [`framing::Faulty`] that names its rule.
//!
//! [`HttpDecoder`] pairs requests with responses. What they mean is said by a
//! [`Labeller`]: a request is its method, target, headers and body, and the
//! labeller never sees a byte of the framing.
//!
//! ```
//! use exactly_http1::{Template, split_target};
//! let charges = Template::new("/charges/{id}").expect("a template");
//! let (path, query) = split_target("/charges/7%20a?wait=1");
//! assert_eq!(charges.matches(path), Some(vec![("id", "7 a".to_owned())]));
//! assert_eq!(query, Some("wait=1"));
//! ```

mod decoder;
pub mod framing;
mod labeller;
mod refusal;
mod target;
mod waiting;

#[cfg(test)]
mod tests;

pub use decoder::HttpDecoder;
pub use framing::{Headers, Limits, Request, Response};
pub use labeller::{Labelled, Labeller, Refusal, Said};
pub use target::{Template, percent_decode, split_target};
