//! The rules, each with the page of the Redis documentation that it is from.

mod expiring;
mod limiting;
mod publishing;
mod scene;
mod streaming;
