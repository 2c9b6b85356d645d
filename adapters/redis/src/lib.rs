//! Redis for Exactly: what is on its wire, and a server with a clock that can be moved.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "the scope, which uses it, is built beside it"
    )
)]
mod boundary;
mod errors;
#[cfg_attr(not(test), expect(dead_code, reason = "as the boundary"))]
mod names;
pub mod resp;

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "redis";
