//! What witnesses are made of: the exchanges of the programs, and single faults
//! at them.

use exactly_model::{Fault, FaultKind, Phase, Schedule, Selector};

/// The statement that records message `sequence`.
pub(crate) fn insert(sequence: u32) -> Selector {
    Selector::new("postgres", "INSERT")
        .on("orders")
        .covering(sequence)
}

/// The COMMIT of the transaction that records message `sequence`.
pub(crate) fn database_commit(sequence: u32) -> Selector {
    Selector::new("postgres", "COMMIT").covering(sequence)
}

/// The OffsetCommit that first covers message `sequence`.
pub(crate) fn offset_commit(sequence: u32) -> Selector {
    Selector::new("kafka", "OffsetCommit")
        .on("topic.orders")
        .covering(sequence)
}

/// The Produce that sends message `sequence` on to `out`.
pub(crate) fn produce(sequence: u32) -> Selector {
    Selector::new("kafka", "Produce")
        .on("topic.out")
        .covering(sequence)
}

/// The end of the Kafka transaction that message `sequence` was sent on in.
pub(crate) fn end_of_transaction(sequence: u32) -> Selector {
    Selector::new("kafka", "EndTxn commit").covering(sequence)
}

/// The process is killed and the request dropped.
pub(crate) fn kill_before(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::Kill, Phase::Before, point))
}

/// The request is applied, and the process killed before it sees the reply.
pub(crate) fn kill_after(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::Kill, Phase::After, point))
}

/// The request is lost with its connection.
pub(crate) fn drop_request(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::DropRequest, Phase::Before, point))
}

/// The process is frozen with the reply in our hands; another one with the same
/// identity takes over, and the first one wakes up.
pub(crate) fn second_owner_after(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::SecondOwner, Phase::After, point))
}
