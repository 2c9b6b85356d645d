//! The gate of one incarnation: what closes when it dies.

use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// How far a kill with several exchanges in flight has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// None is under way.
    None,
    /// Requests wait, replies are withheld.
    Parking,
    /// Requests are passed on, replies are withheld.
    Releasing,
}

/// Once closed, nothing from the incarnation reaches a system any more, and no
/// reply reaches it. It is closed *before* the signal is sent: a process that
/// dies does so for all of its connections at once.
#[derive(Debug)]
pub struct Gate {
    closed: watch::Sender<bool>,
    is_closed: AtomicBool,
    cut: watch::Sender<Cut>,
    muted: AtomicBool,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            closed: watch::Sender::new(false),
            is_closed: AtomicBool::new(false),
            cut: watch::Sender::new(Cut::None),
            muted: AtomicBool::new(false),
        }
    }
}

impl Gate {
    /// Closes it for good.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.closed.send_replace(true);
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Waits until it is closed.
    pub async fn closed(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Sets how far a cut has come. From the first step on replies are withheld.
    pub fn set_cut(&self, cut: Cut) {
        if cut != Cut::None {
            self.muted.store(true, Ordering::SeqCst);
        }
        self.cut.send_replace(cut);
    }

    /// Whether requests have to wait for the cut.
    pub fn is_parking(&self) -> bool {
        self.muted.load(Ordering::Relaxed) && *self.cut.borrow() == Cut::Parking
    }

    /// Waits until requests may pass, or the gate closes.
    pub async fn parked(&self) {
        let mut cut = self.cut.subscribe();
        tokio::select! {
            () = self.closed() => {}
            _ = cut.wait_for(|cut| *cut != Cut::Parking) => {}
        }
    }

    /// Whether replies are withheld.
    pub fn is_muted(&self) -> bool {
        self.muted.load(Ordering::SeqCst) || self.is_closed()
    }
}
