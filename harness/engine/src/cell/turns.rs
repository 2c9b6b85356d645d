//! Trials take turns, so that only so many run at once, in whatever cell.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Turns, for as many trials at once.
#[derive(Debug)]
pub struct Turns {
    free: Semaphore,
    all: u32,
}

/// Held until what it was taken for is over.
pub(super) type Turn<'a> = Option<SemaphorePermit<'a>>;

impl Turns {
    /// For `at_once` trials, and one at least.
    pub fn new(at_once: usize) -> Self {
        let all = u32::try_from(at_once).unwrap_or(u32::MAX).max(1);
        Self {
            free: Semaphore::new(all as usize),
            all,
        }
    }

    /// Waits for a turn. They are given in the order in which they were asked for.
    pub(super) async fn one(&self) -> Turn<'_> {
        // Nobody closes it: an error says that turns are no longer taken.
        self.free.acquire().await.ok()
    }

    /// Waits until nobody else has a turn, and keeps them all: for a trial that
    /// strikes the systems, which others use too.
    pub(super) async fn all(&self) -> Turn<'_> {
        self.free.acquire_many(self.all).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_wants_all_turns_is_alone() {
        let turns = Turns::new(2);
        let first = turns.one().await;
        let mut alone = Box::pin(turns.all());
        assert!(futures::poll!(&mut alone).is_pending());
        // Who asks later waits, or who wants them all would wait for ever.
        let mut later = Box::pin(turns.one());
        assert!(futures::poll!(&mut later).is_pending());
        drop(first);
        let alone = alone.await;
        assert!(alone.is_some() && futures::poll!(&mut later).is_pending());
        drop(alone);
        assert!(later.await.is_some());
    }

    #[tokio::test]
    async fn no_turns_at_all_are_one() {
        assert!(Turns::new(0).all().await.is_some());
    }
}
