//! The engine against a toy protocol, over real sockets and real processes.
//!
//! Nothing sleeps to synchronise: a test waits for a condition, with a bound,
//! and proves that something did *not* happen by ending everything that could
//! still make it happen.

mod answers;
mod cuts;
mod guardian;
mod holds;
mod kills;
mod late;
mod leases;
mod ledger;
mod opaque;
mod outages;
mod overtaken;
mod pass_through;
mod process_faults;
mod pushed;
mod store;
mod supervisor;
mod support;
mod trials;
mod wire_faults;
