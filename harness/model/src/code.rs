//! Anomaly codes. They are stable: they stand in reports, in JUnit and in
//! `exactly explain CODE`.

use serde::{Deserialize, Serialize};

/// What kind of wrong a code is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeClass {
    /// An acknowledged message has no effect.
    Loss,
    /// An effect or a delivery more than declared.
    Duplicate,
    /// Order not kept.
    Order,
    /// An effect without a cause.
    Phantom,
    /// A unit split.
    Atomicity,
    /// An owner that is none any more had its way, or the true one had not.
    Fencing,
    /// Content changed.
    Corruption,
    /// No progress.
    Liveness,
    /// A report that was not true.
    Honesty,
    /// Legal; counted.
    Info,
    /// Not proven either way.
    Inconclusive,
}

macro_rules! codes {
    ($($code:ident, $name:literal, $class:ident, $needs:literal, $text:literal;)*) => {
        /// An anomaly that the judge can decide.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $text] $code,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// Two characters: `D3`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// The name in words: `duplicate-effect`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// What kind of wrong it is.
            pub const fn class(self) -> CodeClass {
                match self { $(Self::$code => CodeClass::$class,)* }
            }

            /// The evidence it is decided on; without it the code is
            /// undecidable.
            pub const fn needs(self) -> &'static str {
                match self { $(Self::$code => $needs,)* }
            }

            /// One paragraph for a reader who meets the code for the first time.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }
        }
    };
}

codes! {
    L1, "lost", Loss, "attempts, effects, proven quiescence",
        "A message was acknowledged to its sender and has no effect at the sink, although the pipeline had come to rest with nothing left to do.";
    L3, "unseen", Inconclusive, "attempts, effects",
        "A message was acknowledged and has no effect at the sink yet, but the pipeline was not proven to be at rest. It may be lost or late.";
    L4, "committed-ahead", Info, "committed positions, effects",
        "A consumer committed a position past a message that has no effect. After a crash nothing will read that message again. Information while the pipeline runs; the cause of an L1 once it is at rest.";
    L7, "expired", Loss, "what the queue says of its messages, attempts, effects, proven quiescence",
        "A message has no effect because the system put it aside or forgot it: it was received too often and went to a dead-letter queue, or its retention ran out.";
    D1, "duplicate-append", Duplicate, "positions",
        "One message stands at two positions of a log. At a sink that is a log it is the cause of a D3; in the log that is fed it is the feeder's or the broker's doing and not the pipeline's.";
    D2, "redelivery", Duplicate, "deliveries with positions",
        "One position of a log was delivered again to the same logical consumer. Legal under at-least-once delivery, and counted.";
    D3, "duplicate-effect", Duplicate, "effects",
        "One message has more effects at a sink than it is declared to have: a second row, a second mail, a second charge.";
    D4, "duplicate-after-horizon", Duplicate, "effects, exchanges, the system's dedup window",
        "A duplicate effect whose attempts lie further apart than the system's deduplication window: the second one was taken for a new message.";
    D5, "divergent-duplicate", Corruption, "effects with key, sequence or checksum",
        "One message has several effects at a sink, and they do not agree on its content: whoever reads one of them reads another thing than whoever reads the other.";
    D6, "false-dedup", Loss, "exchanges, effects, proven quiescence",
        "A distinct message was taken for a duplicate of another one and has no effect, though its sender was told that it was accepted.";
    O1, "reordered", Order, "attempts, effects with commit order",
        "The first effects of one key appear in another order than its messages were sent. Repeats do not count: 1,2,1,2 is a replay, not a reordering.";
    O2, "log-inversion", Order, "attempts one after the other, positions",
        "Two messages of one key were sent one after the other and stand in the log in the opposite order.";
    O3, "gap-skip", Order, "positions, deliveries",
        "A consumer was handed a later position of a log although an existing one before it had never been handed to it.";
    O4, "raw-order", Order, "deliveries with positions",
        "The sequence of all deliveries of a key, repeats included, goes backwards. Every redelivery after a crash does that: a consumer that keeps no record of what it has seen meets old messages after new ones.";
    G1, "phantom", Phantom, "attempts, effects",
        "An effect whose message was never sent.";
    G2, "aborted-read", Phantom, "both views of a log, or attempts that certainly failed",
        "An effect of a transaction that was aborted: its position is in the read_uncommitted view of the log and absent from the read_committed one. Whoever reads uncommitted acts on something that never happened.";
    G4, "recovered", Info, "attempts, effects",
        "An attempt whose outcome was unknown to the sender did happen. Legal, and counted: an unknown outcome is neither a success nor a failure.";
    T1, "torn-unit", Atomicity, "unit membership, effects, proven quiescence",
        "Effects that are declared to be one step of one system are there in part: some of the unit's records or sinks have the message, others do not, and nothing is left to do.";
    T2, "dual-write-split", Atomicity, "effects at sinks of several systems, proven quiescence",
        "What is declared to be one step is in one system and not in the other, and nothing is left to do: a row without its mail, or a mail for a row that is not there. No transaction takes in both.";
    T3, "offset-effect-split", Atomicity, "committed positions, effects, proven quiescence",
        "The position of a message was committed and its effect is missing, or the effect was made and the position was not committed: the two are not one step, so a crash between them loses or doubles.";
    T5, "foreign-unit", Atomicity, "unit membership at the sink and at the boundary",
        "A record was committed by another transaction than the one it was produced in: its fate hung on a decision that was not about it (the late EndTxn of KIP-890).";
    F1, "zombie-effect", Fencing, "exchanges of both owners, effects",
        "An owner that had been replaced made an effect after the first effect of the new owner: nothing fenced it at that sink.";
    F2, "false-fencing", Liveness, "exchanges",
        "The only live owner was rejected as if another one had taken over.";
    I1, "position-conflict", Corruption, "positions",
        "One position of a log holds two different values: two reads, or two acknowledgements, disagree about it.";
    I2, "corrupted", Corruption, "attempts, effects with key, sequence or checksum",
        "The effect carries a message's identity but another key, sequence or checksum than was sent.";
    V1, "stuck", Liveness, "backlog, time",
        "There is work left and nothing has moved for the stated time, although every fault was healed.";
    X1, "misreported", Honesty, "attempts, effects",
        "An attempt was reported as certainly failed and yet took effect, or was reported as done and is not in the log it was sent to.";
}

impl Code {
    /// Reads `D3` (in either case).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
