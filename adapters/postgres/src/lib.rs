//! exactly-postgres
