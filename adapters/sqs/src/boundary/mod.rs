//! What an SQS conversation says: the labeller of one connection, and what the
//! connections of a trial know together.

mod call;
mod labeller;
mod legal;
mod outward;
mod shared;
#[cfg(test)]
mod tests;

pub(crate) use labeller::SqsLabeller;
pub(crate) use legal::legal;
pub(crate) use outward::Outward;
pub(crate) use shared::Shared;
