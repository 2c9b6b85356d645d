//! Where a message begins and ends, and nothing else (RFC 9112).
//!
//! Everything is bounded by [`Limits`], and everything is read byte by byte in
//! a state that is kept, so that neither the result nor the work depends on how
//! the bytes were cut into reads.

mod chunked;
mod faulty;
mod head;
mod headers;
mod length;
mod limits;
mod lines;
mod request;
mod response;
mod responses;
mod rewrite;

pub use faulty::Faulty;
pub use headers::Headers;
pub use limits::Limits;
pub use request::{Incoming, Request, RequestReader};
pub use response::Response;
pub use responses::{Asked, Piece, ResponseReader};
pub use rewrite::Line;
pub(crate) use rewrite::is_framing;
