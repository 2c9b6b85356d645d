//! SMTP for Exactly: what is on its wire, and a server that keeps what it takes.

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "smtp";
