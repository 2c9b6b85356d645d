//! The command on real brokers. A test program of its own: the others run at the
//! same time as each other, and a broker that waits for a processor for longer
//! than its leases shows what no broker does otherwise.

mod differences;
mod elasticmq;
mod moto;
mod owners;
mod real;
mod redis;
mod refused;
mod standing;
#[path = "../e2e/support.rs"]
#[expect(dead_code, reason = "shared with the other end-to-end tests")]
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by each test that runs brokers.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
