//! One trial's schedule, applied to its exchanges.
//!
//! Boundaries tell the director of each exchange and do what it answers. It
//! names points, matches them with the armed faults, strikes, and records. All
//! bookkeeping happens under one lock that is never held across a wait.

mod exchange;
mod hold;
mod horizon;
mod ledger;
mod outage;
mod overtake;
mod owner;
mod record;
mod signals;
mod state;
mod strike;
mod successor;
mod terms;

pub use exchange::{ExchangeId, Opened};
pub use ledger::{OBSERVED_MAX, Observed};
pub use state::Director;
pub use strike::{Act, At, InProgress, Strike};
pub use terms::Terms;
