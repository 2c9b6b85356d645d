//! "We publish, subscribers get it."
//!
//! Said about the rows that a subscriber writes. Pub/Sub delivers to whoever is there
//! when PUBLISH runs, at most once (Redis, Pub/Sub: "Delivery semantics"); PUBLISH tells
//! its caller how many there were, and hardly anybody looks. One program is lost in five
//! ways; each variant goes through the faults of its own. Beside it stand the streams
//! that people replace it by, and a channel that only hints at a table.

use crate::witness::{
    drop_reply, freeze_after, hint, insert, kill_after, kill_before, kill_system_after, message,
    subscribe, xack,
};
use crate::{Claim, Sink, Variant};
use exactly_model::Code::{D3, L1, L7, V1};
use exactly_model::Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce};
use exactly_model::{Code, FaultKind, Guarantee, Need, Schedule};

/// How long a subscriber stands still that is to be slower than its output buffer, how
/// large the messages are meanwhile and how fast they come: those of three seconds are
/// more than the kernel's buffers and Redis's limit (`client-output-buffer-limit pubsub`)
/// take.
const SLOW_MS: u64 = 3_000;
const LARGE_BYTES: u32 = 96 << 10;
const FAST_MS: u64 = 40;
const MANY: u32 = 100;

/// Entries that a trimmed stream holds: as many as come in half a second. How long its
/// consumer stands still, and so many entries that it misses some of them.
const SHORT: u64 = 25;
const AWAY_MS: u64 = 1_500;
const ENTRIES: u32 = 100;

/// The claim.
pub(crate) fn claim() -> Claim {
    let asserted = ExactlyOnce;
    Claim {
        id: "redis-pubsub",
        sentence: "We publish, subscribers get it.",
        asserted,
        forbidden: asserted.forbids(),
        variants: [lost(), doubled(), streams(), hinted()].concat(),
    }
}

/// Five ways of not being there.
fn lost() -> Vec<Variant> {
    use FaultKind::{
        DelayReply, DropReply, DropRequest, ErrorAfter, ErrorBefore, Freeze, Kill, KillDeliverLate,
        KillSystem, PauseSystem, RestartSystem, Terminate,
    };
    let subscriber = |id, kinds, witness| Variant {
        kinds: Some(kinds),
        ..rows(id, "redis-subscriber", AtMostOnce, &[L1], vec![witness])
    };
    vec![
        subscriber(
            "subscriber-killed",
            &[Kill, KillDeliverLate, Terminate],
            kill_after(message(1)),
        ),
        subscriber(
            "connection-cut",
            &[DropRequest, DropReply, DelayReply, ErrorBefore, ErrorAfter],
            drop_reply(message(1)),
        ),
        Variant {
            every_ms: Some(FAST_MS),
            pad_bytes: LARGE_BYTES,
            messages_min: MANY,
            ..subscriber(
                "slow-subscriber",
                &[Freeze],
                freeze_after(message(1), SLOW_MS),
            )
        },
        subscriber("nobody-there", &[Kill], kill_before(subscribe())),
        Variant {
            needs: &[Need::Outages],
            ..subscriber(
                "redis-restarted",
                &[KillSystem, RestartSystem, PauseSystem],
                kill_system_after(message(1)),
            )
        },
    ]
}

fn doubled() -> Vec<Variant> {
    vec![Variant {
        needs_no_fault: true,
        ..rows(
            "channel-and-pattern",
            "redis-subscriber-twice",
            AtLeastOnce,
            &[D3],
            Vec::new(),
        )
    }]
}

fn streams() -> Vec<Variant> {
    vec![
        rows(
            "stream-with-group",
            "redis-effect-then-ack",
            AtLeastOnce,
            &[D3],
            vec![kill_before(xack(1))],
        ),
        Variant {
            // Each trial that shows it waits until nothing has moved for long enough.
            kinds: Some(&[FaultKind::Kill]),
            ..rows(
                "stream-new-entries-only",
                "redis-new-entries-only",
                ExactlyOnce,
                &[V1],
                vec![kill_before(insert(1))],
            )
        },
        Variant {
            max_len: Some(SHORT),
            every_ms: Some(crate::claim::EVERY_MS),
            messages_min: ENTRIES,
            kinds: Some(&[FaultKind::Freeze]),
            ..rows(
                "stream-trimmed",
                "redis-inbox-then-ack",
                AtMostOnce,
                &[L7],
                vec![freeze_after(insert(1), AWAY_MS)],
            )
        },
        rows(
            "stream-with-inbox",
            "redis-inbox-then-ack",
            ExactlyOnce,
            &[],
            vec![kill_before(xack(1))],
        ),
    ]
}

fn hinted() -> Vec<Variant> {
    vec![rows(
        "hint-and-table",
        "redis-hint",
        ExactlyOnce,
        &[],
        vec![kill_after(hint(1))],
    )]
}

fn rows(
    id: &'static str,
    program: &str,
    expected: Guarantee,
    predicted: &'static [Code],
    witnesses: Vec<Schedule>,
) -> Variant {
    let sinks = vec![Sink::rows(expected)];
    Variant::new(id, program, sinks, predicted, witnesses)
}
