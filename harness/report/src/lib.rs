//! exactly-report
