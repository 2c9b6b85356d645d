//! Messages built by hand, and a wire that takes them through a decoder.

use crate::boundary::PgDecoder;
use bytes::{BufMut, BytesMut};
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, Head, Reply, TrialNames, Unit};
use exactly_model::{MessageId, Outcome};

pub(super) struct Nowhere;

impl Addresses for Nowhere {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::Error::other("Postgres names no addresses"))
    }
}

pub(super) fn decoder() -> PgDecoder {
    PgDecoder::new(TrialNames { run: 7, trial: 12 })
}

pub(super) fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

pub(super) fn msg(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.put_u32(body.len() as u32 + 4);
    out.extend(body);
    out
}

pub(super) fn text(kind: u8, text: &str) -> Vec<u8> {
    msg(kind, &[text.as_bytes(), &[0]].concat())
}

pub(super) fn startup(code: u32, parameters: &str) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u32(8 + parameters.len() as u32);
    out.put_u32(code);
    out.extend(parameters.as_bytes());
    out
}

pub(super) fn hello() -> Vec<u8> {
    startup(3 << 16, "user\0u\0\0")
}

pub(super) fn welcome() -> Vec<u8> {
    [msg(b'R', &[0; 4]), msg(b'K', &[1; 8]), ready('I')].concat()
}

pub(super) fn query(sql: &str) -> Vec<u8> {
    text(b'Q', sql)
}

pub(super) fn parse(name: &str, sql: &str) -> Vec<u8> {
    msg(
        b'P',
        &[name.as_bytes(), &[0], sql.as_bytes(), &[0, 0, 0]].concat(),
    )
}

/// Bind with parameters of one format.
pub(super) fn bind(
    portal: &str,
    statement: &str,
    format: u16,
    values: &[Option<&[u8]>],
) -> Vec<u8> {
    let mut body = [portal.as_bytes(), &[0], statement.as_bytes(), &[0]].concat();
    body.put_u16(1);
    body.put_u16(format);
    body.put_u16(values.len() as u16);
    for value in values {
        match value {
            Some(value) => {
                body.put_u32(value.len() as u32);
                body.extend(*value);
            }
            None => body.put_i32(-1),
        }
    }
    body.put_u16(0);
    msg(b'B', &body)
}

pub(super) fn execute(portal: &str) -> Vec<u8> {
    msg(b'E', &[portal.as_bytes(), &[0; 5]].concat())
}

pub(super) fn sync() -> Vec<u8> {
    msg(b'S', &[])
}

pub(super) fn ready(status: char) -> Vec<u8> {
    msg(b'Z', &[status as u8])
}

pub(super) fn done(tag: &str) -> Vec<u8> {
    text(b'C', tag)
}

pub(super) fn error(severity: &str, code: &str) -> Vec<u8> {
    msg(
        b'E',
        format!("S{severity}\0V{severity}\0C{code}\0Mno\0\0").as_bytes(),
    )
}

/// What a conversation showed.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Seen {
    pub(super) heads: Vec<Head>,
    pub(super) replies: Vec<Reply>,
    pub(super) forwarded: [Vec<u8>; 2],
    pub(super) answered: Vec<u8>,
}

pub(super) struct Wire {
    pub(super) decoder: PgDecoder,
    pub(super) buffers: [BytesMut; 2],
    pub(super) seen: Seen,
}

impl Wire {
    pub(super) fn new() -> Self {
        Self {
            decoder: decoder(),
            buffers: Default::default(),
            seen: Seen::default(),
        }
    }

    /// One that is past its start-up.
    pub(super) fn started() -> Self {
        let mut wire = Self::new();
        assert_eq!(wire.client(&hello()), 1);
        wire.server(&welcome());
        wire.seen = Seen::default();
        wire
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
            assert!(!forward.is_empty() || !answer.is_empty());
            assert!(delivers.is_empty());
            self.seen.forwarded[side].extend(forward);
            self.seen.answered.extend(answer);
            self.seen.heads.extend(opens);
            self.seen.replies.extend(closes);
            units += 1;
        }
        Ok(units)
    }

    pub(super) fn client(&mut self, bytes: &[u8]) -> usize {
        self.read(Direction::ToSystem, bytes).unwrap()
    }

    pub(super) fn server(&mut self, bytes: &[u8]) -> usize {
        self.read(Direction::ToClient, bytes).unwrap()
    }

    pub(super) fn labels(&self) -> Vec<String> {
        self.seen
            .heads
            .iter()
            .map(|h| {
                format!("{:?} {} {}", h.class, h.operation, h.target)
                    .trim_end()
                    .to_string()
            })
            .collect()
    }

    pub(super) fn outcomes(&self) -> Vec<(u64, Outcome)> {
        self.seen
            .replies
            .iter()
            .map(|r| (r.key, r.outcome))
            .collect()
    }
}
