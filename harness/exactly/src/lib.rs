//! exactly
