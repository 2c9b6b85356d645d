//! exactly-cli
