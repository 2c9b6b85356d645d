//! exactly-engine
