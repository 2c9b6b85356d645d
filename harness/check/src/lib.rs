//! exactly-check
