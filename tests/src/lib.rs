//! exactly-tests
