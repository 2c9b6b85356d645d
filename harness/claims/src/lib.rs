//! exactly-claims
