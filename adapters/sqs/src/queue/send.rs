//! Sending: what is refused, what is a duplicate, what is appended.

use super::answer::Sent;
use super::content::{Content, check_token};
use super::dedup::{First, Key};
use super::digest;
use super::limits::Limits;
use super::log::Came;
use super::one::{Arriving, Ids, Queue};
use super::operation::SendEntry;
use super::refusal::{Code, Refusal};
use std::sync::Arc;

const DELAY_S_MAX: i64 = 900;
/// The reason of a parameter that the other type of queue has.
pub(super) const OTHER_TYPE: &str =
    "The request include parameter that is not valid for this queue type.";

impl Queue {
    pub(super) fn send(
        &mut self,
        entry: &SendEntry,
        limits: &Limits,
        ids: &mut Ids,
    ) -> Result<Sent, Refusal> {
        let content = Content::of(entry)?;
        self.check_size(&content)?;
        let delay_ms = self.delay_ms(entry)?;
        let dedup_id = self.dedup_id(entry)?;
        let key = dedup_id.clone().map(|id| self.dedup_key(&content, id));
        if let Some(first) = key.as_ref().and_then(|key| self.dedup.find(key)) {
            return Ok(sent(first.clone(), &content));
        }
        if !self.has_room(content.bytes(), limits) {
            return Err(Self::is_full());
        }
        let content = Arc::new(content);
        let arriving = Arriving {
            message_id: ids.message_id(),
            dedup_id,
            content: Arc::clone(&content),
            came: Came::Sent,
            source: None,
            enqueued_ms: self.now_ms(),
            delay_ms,
            received_before: 0,
            first_received_ms: None,
        };
        let appended = self.append(arriving, ids);
        let first = First {
            message_id: Arc::clone(&appended.message_id),
            sequence: appended.sequence.clone(),
        };
        if let Some(key) = key {
            let now_ms = self.now_ms();
            self.dedup.accept(key, first.clone(), now_ms);
        }
        Ok(sent(first, &content))
    }

    fn check_size(&self, content: &Content) -> Result<(), Refusal> {
        let most = self.settings.message_bytes_max;
        if content.bytes() <= most {
            return Ok(());
        }
        Err(Refusal::new(
            Code::InvalidParameterValue,
            format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
            ),
        ))
    }

    /// A FIFO queue knows only the queue's delay (`SendMessage`, `DelaySeconds`).
    fn delay_ms(&self, entry: &SendEntry) -> Result<u64, Refusal> {
        let delay_s = match entry.delay_seconds {
            Some(delay_s) if self.settings.fifo && delay_s != 0 => {
                return Err(Refusal::value(delay_s, "DelaySeconds", OTHER_TYPE));
            }
            Some(delay_s) if !self.settings.fifo => u64::try_from(delay_s)
                .ok()
                .filter(|_| delay_s <= DELAY_S_MAX)
                .ok_or_else(|| {
                    let reason = "DelaySeconds must be >= 0 and <= 900.";
                    Refusal::value(delay_s, "DelaySeconds", reason)
                })?,
            _ => self.settings.delay_s,
        };
        Ok(delay_s * 1_000)
    }

    /// What the message is deduplicated by, on a FIFO queue: what the sender gave,
    /// or else the digest of the body where the queue says so.
    fn dedup_id(&self, entry: &SendEntry) -> Result<Option<Arc<str>>, Refusal> {
        let given = entry.message_deduplication_id.as_deref();
        if !self.settings.fifo {
            return match given {
                Some(id) => Err(Refusal::value(id, "MessageDeduplicationId", OTHER_TYPE)),
                None => Ok(None),
            };
        }
        if entry.message_group_id.is_none() {
            return Err(Refusal::missing("MessageGroupId"));
        }
        if let Some(id) = given {
            check_token(id, "MessageDeduplicationId")?;
            return Ok(Some(id.into()));
        }
        if !self.settings.content_based {
            return Err(Refusal::new(
                Code::InvalidParameterValue,
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            ));
        }
        let body = entry.message_body.as_deref().unwrap_or_default();
        Ok(Some(digest::sha256_of_body(body).into()))
    }

    fn dedup_key(&self, content: &Content, id: Arc<str>) -> Key {
        let group = content.group.clone();
        (group.filter(|_| self.settings.per_group), id)
    }
}

fn sent(first: First, content: &Content) -> Sent {
    Sent {
        message_id: first.message_id,
        sequence: first.sequence,
        md5_of_body: digest::md5_of_body(&content.body),
        md5_of_attributes: digest::md5_of_attributes(&content.attributes),
        md5_of_system_attributes: digest::md5_of_attributes(&content.system_attributes),
    }
}
