//! Pure judgement: a history goes in, anomalies, guarantees and verdicts come
//! out.
//!
//! Nothing here opens a file, reads a clock or draws a random number, and
//! nothing knows the name of a claim. The same records therefore give the same
//! report, whether they are folded live by `evaluate` or read back from the run
//! store by `judge`.
//!
//! Two layers, each usable alone:
//!
//! * [`Judging`] says what happened in **one trial**: which codes of
//!   ANOMALIES it shows, at which sink, for which messages, and what could not
//!   be decided for want of evidence.
//! * [`Fold`] takes the records of a **run** one by one, builds the trials from
//!   them (records of parallel trials may interleave), judges each as it ends,
//!   judges it again when a late audit saw something else, and adds everything
//!   up to a report with one verdict a cell.
//!
//! [`exit_code`] and [`compare`] turn a report into an answer for a script.
//!
//! ```
//! use exactly_check::Judging;
//! use exactly_model::{Attempt, Code, Judge, Outcome, Settle, SettleHow, SinkAudit};
//! use exactly_model::{TrialHistory, TrialKind};
//!
//! // One acknowledged message, one sink without any effect, proven rest.
//! let mut history = TrialHistory::new(1, 1, 0, TrialKind::Planned);
//! history.keys = vec!["a".into()];
//! history.attempts = vec![Attempt {
//!     seq: 0,
//!     key: 0,
//!     key_seq: 0,
//!     checksum: 0,
//!     outcome: Outcome::Ok,
//!     position: None,
//! }];
//! history.sinks = vec![SinkAudit {
//!     observer: "orders".into(),
//!     effects_per_message: 1,
//!     complete: true,
//!     ..SinkAudit::default()
//! }];
//! history.settle = Some(Settle {
//!     how: SettleHow::Quiescent,
//!     backlog: 0,
//!     waited_ms: 60,
//!     detail: String::new(),
//! });
//! assert_eq!(Judging.judge(&history).codes(), [Code::L1]);
//! ```
//!
//! # What the judge leans on
//!
//! * Only effects seen at a sink in the **last complete audit** count. An audit
//!   that says "6 effects" and recorded five is no evidence at all.
//! * Only what the sink's declared view shows counts as an effect.
//! * Sequences have no gaps, so per-message state is one `u32` in a dense
//!   vector: at most four bytes a message beyond the history, whatever the
//!   ids, plus four for each message that an anomaly names. Its bits are also
//!   the set of positions of a log. What is told from exchanges (who made an
//!   effect, what a unit was about) costs what they cost, and they are bounded.
//! * An unknown outcome is never counted as failed or as done.
//! * A redelivery (D2) is counted at the boundary: records fetched ahead by an
//!   incarnation that died before it looked at them count as delivered to it.

mod bounds;
mod cell;
mod classes;
mod closer;
mod commits;
mod coverage;
mod decide;
mod delivery;
mod evidence;
mod exit;
mod expect;
mod fed;
mod fence;
mod fold;
mod judge;
mod lacks;
mod makers;
mod merge;
mod moments;
mod order;
mod places;
mod primary;
mod records;
mod shrink;
mod sink;
mod strays;
mod trial;
mod unit;
mod windows;
mod words;

pub use delivery::DELIVERED_MAX;
pub use exit::exit_code;
pub use expect::{
    Allowed, EXPECT_SCHEMA, Expectation, ExpectationError, Expectations, Mismatch, compare,
};
pub use fold::{FinishedTrial, Fold, forbidden};
pub use judge::Judging;
pub use merge::MergeError;
pub use records::POSITIONS_MAX;
pub use shrink::{MESSAGE_TRIES_MAX, SHRINK_TRIES_MAX};
pub use trial::{EXCHANGES_MAX, KEPT_ATTEMPTS_MAX, KEPT_WEIGHT_MAX};
