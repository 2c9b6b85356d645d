//! Frames built by hand, and a wire that takes them through a decoder.

use crate::boundary::{RedisDecoder, Shared};
use crate::names::Names;
use bytes::BytesMut;
use exactly_adapter::{
    Addresses, DecodeError, Decoder, Delivered, Direction, Head, Reply, TrialNames, Unit,
};
use exactly_model::{MessageId, Outcome, Setup, Stream};
use std::sync::Arc;

pub(super) struct Nowhere;

impl Addresses for Nowhere {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::Error::other("Redis names no addresses"))
    }
}

pub(super) fn names() -> Names {
    let setup = Setup {
        streams: vec![Stream {
            name: "orders".into(),
            max_len: None,
        }],
        channels: vec!["news".into()],
        ..Setup::default()
    };
    Names::new(TrialNames { run: 7, trial: 12 }, "", &setup)
}

pub(super) fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

/// A request of these words.
pub(super) fn ask(words: &str) -> Vec<u8> {
    let words: Vec<&str> = words.split(' ').collect();
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    bytes.into_bytes()
}

/// Bytes from a notation: `|` is CR LF.
pub(super) fn raw(text: &str) -> Vec<u8> {
    text.replace('|', "\r\n").into_bytes()
}

/// A frame of bulk strings, of this kind; a word of digits is an integer.
pub(super) fn frame(kind: char, words: &str) -> Vec<u8> {
    let words: Vec<&str> = words.split(' ').collect();
    let mut bytes = format!("{kind}{}\r\n", words.len());
    for word in words {
        bytes += &match word.parse::<i64>() {
            Ok(number) => format!(":{number}\r\n"),
            Err(_) if word == "nil" => "$-1\r\n".to_string(),
            Err(_) => format!("${}\r\n{word}\r\n", word.len()),
        };
    }
    bytes.into_bytes()
}

/// What a conversation showed.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Seen {
    pub(super) heads: Vec<Head>,
    pub(super) pushed: Vec<Head>,
    pub(super) replies: Vec<Reply>,
    pub(super) delivered: Vec<Delivered>,
    pub(super) forwarded: [Vec<u8>; 2],
}

pub(super) struct Wire {
    pub(super) decoder: RedisDecoder,
    pub(super) shared: Arc<Shared>,
    pub(super) buffers: [BytesMut; 2],
    pub(super) seen: Seen,
}

impl Wire {
    pub(super) fn new() -> Self {
        Self::with(Arc::new(Shared::new()))
    }

    /// Another connection of the same trial.
    pub(super) fn with(shared: Arc<Shared>) -> Self {
        Self {
            decoder: RedisDecoder::new(Arc::new(names()), shared.clone()),
            shared,
            buffers: Default::default(),
            seen: Seen::default(),
        }
    }

    pub(super) fn read(&mut self, dir: Direction, bytes: &[u8]) -> Result<usize, DecodeError> {
        let side = usize::from(dir == Direction::ToClient);
        self.buffers[side].extend_from_slice(bytes);
        let mut units = 0;
        while let Some(unit) = self.decoder.next(dir, &mut self.buffers[side], &Nowhere)? {
            let Unit {
                forward,
                answer,
                opens,
                closes,
                delivers,
            } = unit;
            assert!(!forward.is_empty() && answer.is_empty());
            self.seen.forwarded[side].extend(forward);
            match dir {
                Direction::ToSystem => self.seen.heads.extend(opens),
                Direction::ToClient => self.seen.pushed.extend(opens),
            }
            self.seen.replies.extend(closes);
            self.seen.delivered.extend(delivers);
            units += 1;
        }
        Ok(units)
    }

    /// Requests, and how many units they were.
    pub(super) fn client(&mut self, bytes: &[u8]) -> usize {
        self.read(Direction::ToSystem, bytes).unwrap()
    }

    /// Frames, and how many units they were.
    pub(super) fn server(&mut self, bytes: &[u8]) -> usize {
        self.read(Direction::ToClient, bytes).unwrap()
    }

    /// A request and its reply; answers both.
    pub(super) fn turn(&mut self, request: &str, reply: &str) -> (Head, Reply) {
        assert_eq!(self.client(&ask(request)), 1, "{request}");
        self.server(&raw(reply));
        let head = self.seen.heads.last().unwrap().clone();
        let reply = self.seen.replies.last().unwrap().clone();
        assert_eq!(head.key, reply.key, "{request}");
        (head, reply)
    }

    pub(super) fn outcomes(&self) -> Vec<(u64, Outcome)> {
        let replies = self.seen.replies.iter();
        replies.map(|reply| (reply.key, reply.outcome)).collect()
    }
}

/// `Effect PUBLISH channel.news [1]`
pub(super) fn shown(head: &Head) -> String {
    let ids: Vec<_> = head.ids.iter().map(|id| id.sequence()).collect();
    let ids = if ids.is_empty() {
        String::new()
    } else {
        format!(" {ids:?}")
    };
    let target = if head.target.is_empty() {
        String::new()
    } else {
        format!(" {}", head.target)
    };
    format!("{:?} {}{target}{ids}", head.class, head.operation)
}
