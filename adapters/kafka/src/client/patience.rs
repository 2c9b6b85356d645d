//! How long a call goes on looking for somebody who serves it.

use super::CallError;
use super::call::UNKNOWN_TOPIC;
use std::time::{Duration, Instant};

/// For brokers that come back: a node that was killed is started again and has
/// read its logs, or another one has been elected.
pub(crate) const BROKERS_COME_BACK: Duration = Duration::from_secs(20);
/// For a broker that is the only one and holds everything in memory: once it is
/// gone, so is what we would ask it for.
pub(crate) const BROKER_IS_GONE: Duration = Duration::ZERO;

/// A topic that was just created, and that not every broker knows of.
const UNKNOWN_TOPIC_WITHIN: Duration = Duration::from_secs(1);
/// Elections, and coordinators that load what they coordinate.
const ELECTED_WITHIN: Duration = Duration::from_secs(20);
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// The waits of one call.
#[derive(Debug)]
pub(crate) struct Patience {
    began: Instant,
    with_silence: Duration,
    pause: Duration,
}

impl Patience {
    /// Begins to wait. `with_silence` is how long it bears brokers that do not
    /// answer.
    pub fn new(with_silence: Duration) -> Self {
        Self {
            began: Instant::now(),
            with_silence,
            pause: PAUSE_MIN,
        }
    }

    /// Whether the call is to be tried again after `error`.
    pub fn bears(&self, error: &CallError) -> bool {
        let limit = match error {
            error if !error.is_stale_metadata() => return false,
            error if error.is_transport() => self.with_silence,
            CallError::Code(UNKNOWN_TOPIC) => self.with_silence.min(UNKNOWN_TOPIC_WITHIN),
            _ => ELECTED_WITHIN,
        };
        self.began.elapsed() < limit
    }

    /// Waits a little, each time longer.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn it_bears_what_passes_and_nothing_else() {
        let patient = Patience::new(BROKERS_COME_BACK);
        let short = Patience::new(BROKER_IS_GONE);
        let refused = || CallError::NotConnected(ErrorKind::ConnectionRefused.into());
        let lost = || CallError::Lost(ErrorKind::UnexpectedEof.into());
        for error in [refused(), lost(), CallError::Code(UNKNOWN_TOPIC)] {
            assert!(patient.bears(&error), "{error}");
            assert!(!short.bears(&error), "{error}");
        }
        // An election ends on any system.
        for code in [5, 6, 14, 15, 16, 78] {
            assert!(short.bears(&CallError::Code(code)), "{code}");
        }
        // Refused for good.
        for code in [29, 31, 35, 36, 38, 44, 69] {
            assert!(!patient.bears(&CallError::Code(code)), "{code}");
        }
        assert!(!patient.bears(&CallError::NotOffered("EndTxn".into())));
    }
}
