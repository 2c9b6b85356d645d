//! SIGINT and SIGTERM: the run is cancelled once, the second one leaves at once.

use crate::failure::{Failure, Signal};
use std::sync::{Arc, OnceLock};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The first signal that came, if any did.
pub(super) type Signals = Arc<OnceLock<Signal>>;

/// The first signal that came.
pub(super) fn first_signal(signals: &Signals) -> Option<Signal> {
    signals.get().copied()
}

/// Listens in the background of the runtime. The receiver turns true with the
/// first signal, so that the run can end in order.
pub(super) fn listen(
    say: impl Fn(String) + Send + 'static,
) -> Result<(Signals, watch::Receiver<bool>), Failure> {
    let listening = |kind| {
        signal(kind).map_err(|error| Failure::Undecided(format!("cannot handle signals: {error}")))
    };
    let mut interrupt = listening(SignalKind::interrupt())?;
    let mut terminate = listening(SignalKind::terminate())?;
    let (cancel, cancelled) = watch::channel(false);
    let signals = Signals::default();
    let seen = signals.clone();
    tokio::spawn(async move {
        loop {
            let came = tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::Terminate,
                else => return,
            };
            if seen.set(came).is_err() {
                // Asked twice. The guardian ends what is left.
                std::process::exit(i32::from(Failure::Interrupted(came).exit_code()));
            }
            say(format!(
                "{came}: ending the run; once more to leave at once"
            ));
            cancel.send_replace(true);
        }
    });
    Ok((signals, cancelled))
}
