//! What can be done with a receipt handle: delete, and change the visibility
//! timeout.

use super::handle::Handle;
use super::limits::VISIBILITY_S_MAX;
use super::live::Phase;
use super::log::Became;
use super::one::Queue;
use super::refusal::{Code, Refusal};

const EXPIRED: &str = "The receipt handle has expired.";
const NOT_AVAILABLE: &str =
    "Message does not exist or is not available for visibility timeout change.";

impl Queue {
    /// Deletes a message. Of a message that is gone already this is a success.
    ///
    /// * FIFO: a handle that has expired, or is not the latest, is refused and the
    ///   message survives ("Amazon SQS FIFO queue quotas", `DeleteMessage`; the
    ///   sentence from the knowledge centre's "receipt handle error").
    /// * Standard: the latest handle deletes whether or not its time ran out; "if
    ///   you use an old `ReceiptHandle`, the request will succeed, but the message
    ///   might not be deleted" (`DeleteMessage`): here it never is.
    pub(super) fn delete(&mut self, text: &str) -> Result<(), Refusal> {
        let handle = self.handle(text)?;
        let Some(message) = self.live.get(handle.arrival) else {
            return Ok(());
        };
        let is_latest = message.receive == handle.receive;
        let in_flight = matches!(message.phase, Phase::InFlight { .. });
        if is_latest && (in_flight || !self.settings.fifo) {
            self.end(handle.arrival, Became::Deleted);
        } else if self.settings.fifo {
            return Err(Refusal::value(text, "ReceiptHandle", EXPIRED));
        }
        Ok(())
    }

    /// Lets a message in flight be invisible for so long from now on. All in all
    /// it cannot be invisible for longer than 12 hours from its receive on
    /// (`ChangeMessageVisibility`).
    pub(super) fn change_visibility(
        &mut self,
        text: &str,
        timeout_s: Option<i64>,
    ) -> Result<(), Refusal> {
        let timeout_s = timeout_s.ok_or_else(|| Refusal::missing("VisibilityTimeout"))?;
        let seconds = u64::try_from(timeout_s).ok();
        let Some(seconds) = seconds.filter(|seconds| *seconds <= VISIBILITY_S_MAX) else {
            let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
            return Err(Refusal::value(timeout_s, "VisibilityTimeout", reason));
        };
        let handle = self.handle(text)?;
        let message = self.live.get(handle.arrival);
        let Some(message) = message else {
            return Err(Refusal::value(text, "ReceiptHandle", NOT_AVAILABLE));
        };
        if message.receive != handle.receive {
            let why = if self.settings.fifo {
                EXPIRED
            } else {
                NOT_AVAILABLE
            };
            return Err(Refusal::value(text, "ReceiptHandle", why));
        }
        let Phase::InFlight { since_ms, .. } = message.phase else {
            return Err(Refusal::new(
                Code::MessageNotInflight,
                "The specified message isn't in flight.",
            ));
        };
        let until_ms = self.now_ms() + seconds * 1_000;
        if until_ms > since_ms + VISIBILITY_S_MAX * 1_000 {
            let reason = format!(
                "Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY_S_MAX} seconds]"
            );
            return Err(Refusal::value(timeout_s, "VisibilityTimeout", &reason));
        }
        let now_ms = self.now_ms();
        self.live.change(
            handle.arrival,
            Phase::InFlight { since_ms, until_ms },
            now_ms,
        );
        if let Some(message) = self.live.get_mut(handle.arrival) {
            message.touched = true;
        }
        Ok(())
    }

    fn handle(&self, text: &str) -> Result<Handle, Refusal> {
        if text.is_empty() {
            return Err(Refusal::missing("ReceiptHandle"));
        }
        Handle::read(text)
            .filter(|handle| handle.queue == self.number)
            .ok_or_else(|| {
                Refusal::new(
                    Code::ReceiptHandleIsInvalid,
                    format!("The input receipt handle \"{text}\" is not a valid receipt handle."),
                )
            })
    }
}
