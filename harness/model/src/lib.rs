//! The words of Exactly as data: messages, points, exchanges, faults,
//! schedules, the history a run records, and the report it ends in.
//!
//! This is the stable crate of the workspace. It holds types and their
//! rendering, no behaviour: nothing here reads a clock, opens a file or
//! decides anything. `exactly-check` judges a [`TrialHistory`],
//! `exactly-engine` produces one, `exactly-report` shows the outcome.
//!
//! ```
//! use exactly_model::MessageId;
//!
//! // One identity, three renderings; each can be turned back.
//! let id = MessageId::new(7, 12, 3).unwrap();
//! assert_eq!(MessageId::parse(&id.to_text()), Some(id));
//! assert_eq!(MessageId::parse(&id.to_uuid().to_string()), Some(id));
//! assert_eq!(MessageId::parse(&id.to_i64().to_string()), Some(id));
//! ```

mod cell;
mod code;
mod event;
pub mod exit;
mod fault;
mod history;
mod id;
mod judgement;
mod note;
mod place;
mod point;
mod report;
mod spec;

pub use cell::*;
pub use code::*;
pub use event::*;
pub use fault::*;
pub use history::*;
pub use id::*;
pub use judgement::*;
pub use note::*;
pub use place::*;
pub use point::*;
pub use report::*;
pub use spec::*;
