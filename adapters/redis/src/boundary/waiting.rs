//! Requests that wait for their replies, and what their replies say.

use super::label::{About, Label};
use super::{Corner, entries};
use crate::errors::judge;
use crate::resp::{Frame, Token};
use exactly_adapter::{Delivered, Reply};
use exactly_model::{Class, MessageId, Outcome};

/// A request that waits for its reply.
#[derive(Debug)]
pub(super) struct Waiting {
    pub key: u64,
    pub operation: String,
    pub class: Class,
    pub ids: Vec<MessageId>,
    pub about: About,
    /// Whether it stands in a transaction: it is answered with QUEUED, and carried out
    /// by EXEC.
    pub queued: bool,
    /// EXEC: what it carries out.
    pub within: Vec<Waiting>,
}

/// What a reply says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub error: Option<String>,
    pub outcome: Option<Outcome>,
    pub idle: bool,
    pub delivers: Vec<Delivered>,
}

impl Waiting {
    pub fn new(key: u64, label: &mut Label, queued: bool) -> Self {
        Self {
            key,
            operation: label.operation.clone(),
            class: label.class,
            ids: label.ids.clone(),
            about: std::mem::replace(&mut label.about, About::Any),
            queued,
            within: Vec::new(),
        }
    }

    /// What `frame`, its whole reply, says of it.
    pub fn read(&self, frame: Frame<'_>, corner: Corner<'_>) -> Said {
        let mut reader = frame.past_attributes();
        let Some(first) = reader.value() else {
            return Said::default();
        };
        if let Token::Error(text) = first {
            return self.failed(text);
        }
        match &*self.operation {
            _ if self.queued => Said::default(),
            "EXEC" => self.executed(frame, first, corner),
            _ => self.done(frame, first, corner),
        }
    }

    fn failed(&self, text: &[u8]) -> Said {
        let error = String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
        Said {
            outcome: Some(judge(&self.operation, &error).outcome),
            error: Some(error),
            ..Said::default()
        }
    }

    /// It was carried out.
    fn done(&self, frame: Frame<'_>, first: Token<'_>, corner: Corner<'_>) -> Said {
        let mut said = Said::default();
        match (&*self.operation, &self.about) {
            ("XREADGROUP", _) => entries::read_group(frame, corner, &mut said),
            ("XAUTOCLAIM", About::Stream(stream)) => {
                entries::auto_claimed(frame, stream, corner, &mut said);
            }
            ("XCLAIM", About::Entries(stream, _)) => {
                entries::claimed(frame, stream, corner, &mut said);
            }
            ("XACK", About::Entries(stream, entries)) => {
                for entry in entries {
                    corner.shared.acknowledged(stream, entry);
                }
            }
            ("PUBLISH" | "SPUBLISH", _) => {
                if let Token::Integer(receivers) = first {
                    corner
                        .shared
                        .published(&self.ids, u64::try_from(receivers).unwrap_or(0));
                }
            }
            ("SET", About::Conditional) if first == Token::Null => {
                said.outcome = Some(Outcome::Fail);
                said.error = Some("nil: the condition (NX, XX) was not met".into());
            }
            ("XADD", _) if first == Token::Null => {
                said.outcome = Some(Outcome::Fail);
                said.error = Some("nil: there is no such stream (NOMKSTREAM)".into());
            }
            _ if self.class == Class::Take => said.idle = is_nothing(first),
            _ => {}
        }
        said
    }

    /// The answer to EXEC: an array with the answer of each command.
    fn executed(&self, frame: Frame<'_>, first: Token<'_>, corner: Corner<'_>) -> Said {
        if first == Token::Null {
            return Said {
                outcome: Some(Outcome::Fail),
                error: Some("nil: a watched key was changed, nothing was executed".into()),
                ..Said::default()
            };
        }
        let mut said = Said::default();
        let (mut failed, mut worst) = (0, Outcome::Fail);
        let mut reader = frame.past_attributes();
        let _ = reader.array();
        for waiting in &self.within {
            let one = waiting.read(Frame::part(reader.raw()), corner);
            said.delivers.extend(one.delivers);
            if let (Some(error), Some(outcome)) = (one.error, one.outcome) {
                failed += 1;
                said.error.get_or_insert(error);
                if outcome == Outcome::Unknown {
                    worst = Outcome::Unknown;
                }
            }
        }
        said.outcome = match failed {
            0 => None,
            // There is no rollback (documentation, Transactions): what did not fail stays.
            n if n < self.within.len() => Some(Outcome::Unknown),
            _ => Some(worst),
        };
        said
    }
}

fn is_nothing(first: Token<'_>) -> bool {
    matches!(
        first,
        Token::Null | Token::Array(0) | Token::Map(0) | Token::Set(0)
    )
}

impl Said {
    pub fn reply(self, key: u64) -> (Reply, Vec<Delivered>) {
        let reply = Reply {
            key,
            outcome: self.outcome.unwrap_or(Outcome::Ok),
            error: self.error,
            fenced: false,
            duplicate_of: Vec::new(),
            idle: self.idle,
        };
        (reply, self.delivers)
    }
}
