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

/// The SendMessage that sends message `sequence` on to `out`.
pub(crate) fn send(sequence: u32) -> Selector {
    Selector::new("sqs", "SendMessage")
        .on("queue.out")
        .covering(sequence)
}

/// The SendMessageBatch that sends message `sequence` on to `out`.
pub(crate) fn send_batch(sequence: u32) -> Selector {
    Selector::new("sqs", "SendMessageBatch")
        .on("queue.out")
        .covering(sequence)
}

/// The request that charges message `sequence`.
pub(crate) fn charge(sequence: u32) -> Selector {
    Selector::new("http", "POST")
        .on("/charges")
        .covering(sequence)
}

/// The message of the channel that is fed that carries message `sequence`.
pub(crate) fn message(sequence: u32) -> Selector {
    Selector::new("redis", "message")
        .on("channel.orders")
        .covering(sequence)
}

/// The hint at message `sequence`.
pub(crate) fn hint(sequence: u32) -> Selector {
    Selector::new("redis", "message")
        .on("channel.hints")
        .covering(sequence)
}

/// The SUBSCRIBE of the channel that is fed.
pub(crate) fn subscribe() -> Selector {
    Selector::new("redis", "SUBSCRIBE").on("channel.orders")
}

/// The XACK that acknowledges message `sequence`.
pub(crate) fn xack(sequence: u32) -> Selector {
    Selector::new("redis", "XACK")
        .on("stream.orders")
        .covering(sequence)
}

/// The content of the mail about message `sequence`, up to its final dot.
pub(crate) fn mail(sequence: u32) -> Selector {
    Selector::new("smtp", "message").covering(sequence)
}

/// The reply to the one comes so much later, and the other is refused, twice: it may
/// first be tried on a connection that knows nothing of the late reply.
pub(crate) fn late_then_refused(late: Selector, ms: u64, refused: Selector) -> Schedule {
    let mut late = Fault::new(FaultKind::DelayReply, Phase::After, late);
    late.duration_ms = Some(ms);
    let mut refused = Fault::new(FaultKind::ErrorBefore, Phase::Before, refused);
    refused.times = Some(2);
    Schedule {
        faults: vec![late, refused],
    }
}

/// The process stands still for so long, with the reply in our hands.
pub(crate) fn freeze_after(point: Selector, ms: u64) -> Schedule {
    let mut freeze = Fault::new(FaultKind::Freeze, Phase::After, point);
    freeze.duration_ms = Some(ms);
    Schedule::single(freeze)
}

/// The node is killed when it has done it, and started again.
pub(crate) fn kill_system_after(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::KillSystem, Phase::After, point))
}

/// The request is applied, and its reply lost with the connection.
pub(crate) fn drop_reply(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::DropReply, Phase::After, point))
}

/// The same of the first so many: of a client that repeats by itself.
pub(crate) fn drop_replies(point: Selector, times: u32) -> Schedule {
    let mut lost = Fault::new(FaultKind::DropReply, Phase::After, point);
    lost.times = Some(times);
    Schedule::single(lost)
}

/// The DeleteMessage that acknowledges message `sequence`.
pub(crate) fn delete(sequence: u32) -> Selector {
    Selector::new("sqs", "DeleteMessage")
        .on("queue.orders")
        .covering(sequence)
}

/// The process is killed in two lives, so that the queue gives the message up; what
/// it gave up is fed again.
pub(crate) fn given_up_and_replayed(point: Selector) -> Schedule {
    let kill = |incarnation| {
        let point = point.clone().in_incarnation(incarnation);
        Fault::new(FaultKind::Kill, Phase::Before, point)
    };
    let redrive = Selector::new("sqs", "StartMessageMoveTask").on("queue.orders-dlq");
    let replay = Fault::new(FaultKind::Replay, Phase::After, redrive);
    Schedule {
        faults: vec![kill(1), kill(2), replay],
    }
}

/// The request is applied, and the process is away for longer than the system
/// remembers it.
pub(crate) fn away_after(point: Selector) -> Schedule {
    Schedule::single(Fault::new(FaultKind::ExpireHorizon, Phase::After, point))
}

/// The request is held for longer than the lease, while the process lives.
pub(crate) fn slow_before(point: Selector, ms: u64) -> Schedule {
    let mut slow = Fault::new(FaultKind::SlowHandler, Phase::Before, point);
    slow.duration_ms = Some(ms);
    Schedule::single(slow)
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
