//! Feeding the batch.

use super::Trial;
use super::outside::line_of;
use crate::EngineError;
use exactly_adapter::{FeedError, Feeder, Outgoing};
use exactly_model::{AttemptRecord, Event, Feed, MessageId, Outcome, checksum};
use std::time::Duration;

/// Messages handed to the feeder at once: memory stays bounded whatever the size
/// of the batch.
const SLICE: u32 = 1000;

/// What is fed one by one while the pipeline runs.
pub(crate) struct ToFeed {
    next: u32,
    every: Duration,
    due: Duration,
}

impl Trial<'_> {
    /// Feeds the batch one by one, from now on, whatever the pipeline does meanwhile.
    pub(crate) fn feed_every(&mut self, every: Duration) {
        let due = self.elapsed();
        self.to_feed = (self.messages > 0).then_some(ToFeed {
            next: 0,
            every,
            due,
        });
    }

    /// Feeds what is due.
    pub(crate) async fn feed_due(&mut self) -> Result<(), EngineError> {
        while let Some(to_feed) = &mut self.to_feed {
            let now = self.clock.elapsed();
            if now < to_feed.due {
                break;
            }
            let next = to_feed.next;
            // A sender that was late does not hurry afterwards.
            (to_feed.next, to_feed.due) = (next + 1, now + to_feed.every);
            if to_feed.next == self.messages {
                self.to_feed = None;
            }
            self.feed_slice(&self.stage.pipeline.feed, next..next + 1)
                .await?;
        }
        Ok(())
    }

    /// How long until the next one is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let due = self.to_feed.as_ref()?.due;
        Some(due.saturating_sub(self.elapsed()))
    }

    /// Feeds the batch and records each attempt with its outcome.
    pub(crate) async fn feed(&mut self) -> Result<(), EngineError> {
        let feed = &self.stage.pipeline.feed;
        let mut next = 0;
        while next < self.messages {
            self.stage.check_cancelled()?;
            let end = self.messages.min(next + SLICE);
            self.feed_slice(feed, next..end).await?;
            next = end;
        }
        Ok(())
    }

    async fn feed_slice(
        &mut self,
        feed: &Feed,
        sequences: std::ops::Range<u32>,
    ) -> Result<(), EngineError> {
        let messages: Vec<(Outgoing, AttemptRecord)> = sequences
            .map(|seq| self.message(feed, seq))
            .collect::<Result<_, _>>()?;
        let (outgoing, attempts): (Vec<Outgoing>, Vec<AttemptRecord>) =
            messages.into_iter().unzip();
        let fed = match &feed.by {
            Some(script) => {
                let each = outgoing.iter().zip(&attempts);
                let lines: Vec<_> = each
                    .map(|(message, attempt)| {
                        let id = feed.id.render(message.id);
                        line_of(message, &id, attempt.key_seq, attempt.checksum)
                    })
                    .collect();
                self.feed_by(script, &outgoing, &lines).await?
            }
            None => {
                let feeder = self.feeder(feed)?;
                let concurrency = feed.concurrency.max(1);
                feeder.feed(&feed.to, &outgoing, concurrency).await?
            }
        };
        if fed.len() != attempts.len() {
            return Err(EngineError::Feed(FeedError {
                target: feed.to.clone(),
                why: format!("{} outcomes for {} messages", fed.len(), attempts.len()),
                hint: "this is a bug of the adapter".into(),
            }));
        }
        for (mut attempt, fed) in attempts.into_iter().zip(fed) {
            if let Some(position) = &fed.position {
                self.director.fed(attempt.seq, position);
            }
            let dropped = feed.dropped_keys.contains(&attempt.key);
            if fed.outcome == Outcome::Ok && !dropped {
                self.acknowledged.push(attempt.seq);
            }
            attempt.outcome = fed.outcome;
            attempt.position = fed.position;
            attempt.error = fed.error;
            attempt.receivers = fed.receivers;
            self.record(Event::Attempt(attempt));
        }
        Ok(())
    }

    fn feeder(&self, feed: &Feed) -> Result<&dyn Feeder, EngineError> {
        let scope = self.scopes.get(&feed.system);
        let scope = scope.ok_or_else(|| unknown_system(feed))?;
        scope.feeder().ok_or_else(|| EngineError::Config {
            what: format!("system {} cannot be fed", feed.system),
            hint: "feed another system of the pipeline".into(),
        })
    }

    fn message(&self, feed: &Feed, seq: u32) -> Result<(Outgoing, AttemptRecord), EngineError> {
        let run = self.stage.recorder.run().number;
        let id = MessageId::new(run, self.number, seq).ok_or_else(|| EngineError::Config {
            what: format!("message {seq} of trial {} has no id", self.number),
            hint: "feed fewer messages per trial (at most 16777216) or run fewer trials".into(),
        })?;
        let keys = feed.keys.max(1);
        // The seed decides which key comes first.
        let key = format!("k{}", (u64::from(seq) + self.stage.seed) % u64::from(keys));
        let key_seq = seq / keys;
        let sum = checksum(id, &key, key_seq);
        let mut fields = vec![
            ("id", feed.id.render(id)),
            ("key", key.clone()),
            ("seq", key_seq.to_string()),
            ("checksum", format!("{sum:08x}")),
        ];
        let payload = fields
            .iter()
            .fold(feed.payload.clone(), |payload, (name, value)| {
                payload.replace(&format!("{{{name}}}"), value)
            });
        let payload = match feed.pad_bytes {
            0 => payload,
            bytes => payload.replace("{pad}", &"x".repeat(bytes as usize)),
        };
        fields.push(("payload", payload.clone()));
        let attempt = AttemptRecord {
            receivers: None,
            seq,
            key: key.clone(),
            key_seq,
            checksum: sum,
            outcome: Outcome::Unknown,
            position: None,
            error: None,
        };
        let outgoing = Outgoing {
            id,
            key,
            payload,
            fields,
        };
        Ok((outgoing, attempt))
    }
}

fn unknown_system(feed: &Feed) -> EngineError {
    EngineError::Config {
        what: format!(
            "the feed names system {}, which the pipeline does not have",
            feed.system
        ),
        hint: "name one of its systems".into(),
    }
}
