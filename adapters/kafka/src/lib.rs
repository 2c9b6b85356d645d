//! exactly-kafka
