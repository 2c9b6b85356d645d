//! A line protocol. Requests, each answered by one line, in order:
//!
//! * `E <seq>` an effect of a message, `Q <seq>` one that is never answered;
//! * `A <offset>` an ack of everything before `offset` in log `log`;
//! * `T` a take, `R` a read, `B <bytes>` a read answered with that many bytes;
//! * `F <seq>` an effect that the server refuses;
//! * `M <seq> <seq> ...` several effects at once, of which a part can be taken;
//! * `N` a read of the position in the log and of the log's length; `P` the same,
//!   answered once the one is before the other;
//! * `S` a take: from then on whatever is published is pushed, as `push <seq>`.
//!
//! Replies: `ok ...`, `no ...`, or `data <n>` followed by n bytes.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use exactly_adapter::{
    Addresses, DecodeError, Decoder, Delivered, Direction, ErrorReply, Head, Reply, Scope, Unit,
};
use exactly_model::{Class, MessageId, Outcome, Phase, Position};
use std::collections::BTreeMap;

/// Longest line that is believed.
const LINE_MAX: usize = 4096;

/// A corner of the toy system.
pub struct ToyScope {
    pub run: u32,
    pub trial: u32,
    pub socket_buffer: Option<u32>,
}

#[async_trait]
impl Scope for ToyScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        let (host, port) = &addresses[0];
        BTreeMap::from([("address".into(), format!("{host}:{port}"))])
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decoder(self.run, self.trial))
    }

    fn socket_buffer(&self) -> Option<u32> {
        self.socket_buffer
    }

    async fn close(&self) {}
}

/// A decoder for messages of one trial.
pub fn decoder(run: u32, trial: u32) -> ToyDecoder {
    ToyDecoder {
        run,
        trial,
        requests: 0,
        replies: 0,
        words: BTreeMap::new(),
        after: [0, 0],
    }
}

pub struct ToyDecoder {
    run: u32,
    trial: u32,
    requests: u64,
    replies: u64,
    /// First words of requests, by key.
    words: BTreeMap<u64, String>,
    /// Bytes decoded by direction.
    after: [u64; 2],
}

impl Decoder for ToyDecoder {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        _net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        let side = usize::from(dir == Direction::ToClient);
        let after = self.after[side];
        let bad = |what: &str| DecodeError {
            protocol: "toy",
            what: what.into(),
            after,
        };
        let Some(end) = buf.iter().position(|byte| *byte == b'\n') else {
            return if buf.len() > LINE_MAX {
                Err(bad("a line without an end"))
            } else {
                Ok(None)
            };
        };
        let line = std::str::from_utf8(&buf[..end]).map_err(|_| bad("not text"))?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let body = if word == "data" {
            rest.parse().map_err(|_| bad("no length"))?
        } else {
            0
        };
        let length = end + 1 + body;
        let mut unit = Unit::default();
        match dir {
            Direction::ToSystem => {
                let head = self
                    .head(word, rest)
                    .ok_or_else(|| bad("unknown request"))?;
                if head.expects_reply {
                    self.words.insert(self.requests, word.into());
                    self.requests += 1;
                }
                unit.opens = Some(head);
            }
            Direction::ToClient if word == "push" => {
                let pushed = self.pushed(rest).ok_or_else(|| bad("pushes nothing"))?;
                unit.opens = Some(pushed);
            }
            Direction::ToClient => {
                let outcome = match word {
                    "ok" | "data" => Outcome::Ok,
                    "no" => Outcome::Fail,
                    _ => return Err(bad("unknown reply")),
                };
                if buf.len() < length {
                    return Ok(None);
                }
                unit.closes = Some(Reply {
                    key: self.replies,
                    outcome,
                    error: (word == "no").then(|| rest.to_string()),
                    fenced: false,
                    duplicate_of: Vec::new(),
                    idle: false,
                });
                // `ok T 3 5`: a take was answered with records 3 to 5.
                if let Some((first, last)) = taken(rest) {
                    unit.delivers.push(Delivered {
                        target: "log".into(),
                        partition: 0,
                        first,
                        last,
                    });
                }
                self.replies += 1;
            }
        }
        self.after[side] += length as u64;
        unit.forward = buf.split_to(length).freeze();
        Ok(Some(unit))
    }

    /// Only effects and acks can be refused, and only an effect after it was
    /// applied.
    fn error_reply(&mut self, key: u64, when: Phase) -> Option<ErrorReply> {
        let word = self.words.get(&key)?;
        let error = match (word.as_str(), when) {
            ("E" | "A", Phase::Before) => "not now",
            ("E", Phase::After) => "timed out",
            _ => return None,
        };
        if when == Phase::Before {
            assert_eq!(
                (self.awaited(), self.replies),
                (1, key),
                "replies keep order"
            );
            self.replies += 1;
        } else {
            assert_eq!(self.replies, key + 1, "the reply has just been taken");
        }
        Some(ErrorReply {
            bytes: format!("no {error}\n").into(),
            error: error.into(),
        })
    }

    fn awaited(&self) -> usize {
        (self.requests - self.replies) as usize
    }

    fn part(&mut self, request: &Bytes) -> Option<Bytes> {
        let line = std::str::from_utf8(request).ok()?.trim_end();
        let (first, _) = line.strip_prefix("M ")?.split_once(' ')?;
        Some(format!("M {first}\n").into())
    }
}

fn taken(rest: &str) -> Option<(i64, i64)> {
    let (first, last) = rest.strip_prefix("T ")?.split_once(' ')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

impl ToyDecoder {
    fn pushed(&self, rest: &str) -> Option<Head> {
        let id = MessageId::new(self.run, self.trial, rest.parse().ok()?)?;
        Some(Head {
            key: 0,
            operation: "push".into(),
            target: String::new(),
            class: Class::Take,
            ids: vec![id],
            commits: Vec::new(),
            names: Vec::new(),
            expects_reply: false,
        })
    }

    fn head(&self, word: &str, rest: &str) -> Option<Head> {
        let number: Option<u32> = rest.parse().ok();
        let id = |seq| MessageId::new(self.run, self.trial, seq);
        let class = match word {
            "E" | "Q" | "F" | "M" => Class::Effect,
            "A" => Class::Ack,
            "T" | "S" => Class::Take,
            "R" | "B" | "N" | "P" => Class::Read,
            _ => return None,
        };
        let commits = match class {
            Class::Ack => vec![Position {
                target: "log".into(),
                partition: 0,
                offset: i64::from(number?),
            }],
            _ => Vec::new(),
        };
        Some(Head {
            key: self.requests,
            operation: word.into(),
            target: String::new(),
            class,
            ids: if class == Class::Effect {
                let sequences = rest.split(' ').map(|seq| id(seq.parse().ok()?));
                sequences.collect::<Option<_>>()?
            } else {
                Vec::new()
            },
            commits,
            names: Vec::new(),
            expects_reply: word != "Q",
        })
    }
}
