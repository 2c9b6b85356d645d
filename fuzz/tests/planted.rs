//! The checks themselves: a decoder that is right passes, and each one that has a fault
//! planted in it is found out.

use bytes::{Bytes, BytesMut};
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, ErrorReply, Head, Reply, Unit};
use exactly_fuzz::Protocol;
use exactly_model::{Class, Outcome, Phase};
use std::panic::catch_unwind;

/// What is wrong with the decoder.
const NOTHING: u8 = 0;
const A_READ_IS_A_LINE: u8 = 1;
const DROPS_A_BYTE: u8 = 2;
const LABELS_ARE_LONG: u8 = 3;
const NO_PROGRESS: u8 = 4;
const AN_ERROR_TAKES_BYTES: u8 = 5;
const READS_ON_AFTER_WAITING: u8 = 6;
const PANICS: u8 = 7;
const ERRORS_ARE_SUCCESSES: u8 = 8;
const A_PART_IS_ANOTHER: u8 = 9;
const MANY_IN_FLIGHT_STAY: u8 = 10;

/// A line asks, a line answers.
#[derive(Default)]
struct Lines<const FAULT: u8> {
    asked: u64,
    answered: u64,
    waited: bool,
}

impl<const FAULT: u8> Lines<FAULT> {
    fn line(&mut self, buf: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
        let end = buf.iter().position(|byte| *byte == b'\n');
        let end = match FAULT {
            A_READ_IS_A_LINE => end.or(Some(buf.len() - 1)),
            NO_PROGRESS if buf.starts_with(b"stay") => return Ok(Some(Bytes::new())),
            READS_ON_AFTER_WAITING if self.waited => None,
            PANICS if buf.starts_with(b"stay") => panic!("planted"),
            _ => end,
        };
        let Some(end) = end else {
            self.waited = true;
            return Ok(None);
        };
        if buf.starts_with(b"bad") {
            if FAULT == AN_ERROR_TAKES_BYTES {
                drop(buf.split_to(1));
            }
            return Err(DecodeError {
                protocol: "lines",
                what: "a bad line".into(),
                after: 0,
            });
        }
        Ok(Some(buf.split_to(end + 1).freeze()))
    }

    fn opens(&mut self, line: &[u8]) -> Head {
        self.asked += 1;
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let long = if FAULT == LABELS_ARE_LONG { 200 } else { 1 };
        Head {
            key: self.asked,
            operation: String::from_utf8_lossy(word).trim().repeat(long),
            target: String::new(),
            class: Class::Effect,
            ids: Vec::new(),
            commits: Vec::new(),
            names: Vec::new(),
            expects_reply: true,
        }
    }

    fn closes(&mut self, line: &[u8]) -> Reply {
        self.answered += 1;
        let is_error = line.starts_with(b"error");
        Reply {
            key: self.answered,
            outcome: if is_error { Outcome::Fail } else { Outcome::Ok },
            error: None,
            fenced: false,
            duplicate_of: Vec::new(),
            idle: false,
        }
    }
}

impl<const FAULT: u8> Decoder for Lines<FAULT> {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        _: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        let Some(line) = self.line(buf)? else {
            return Ok(None);
        };
        let mut unit = Unit::pass(line.clone());
        match dir {
            Direction::ToSystem => unit.opens = Some(self.opens(&line)),
            Direction::ToClient if self.answered < self.asked => {
                unit.closes = Some(self.closes(&line));
            }
            Direction::ToClient => {}
        }
        if FAULT == DROPS_A_BYTE {
            unit.forward = line.slice(1..);
        }
        Ok(Some(unit))
    }

    fn error_reply(&mut self, _: u64, when: Phase) -> Option<ErrorReply> {
        if when == Phase::Before && FAULT != MANY_IN_FLIGHT_STAY {
            self.answered += 1;
        }
        let says: &[u8] = match FAULT {
            ERRORS_ARE_SUCCESSES => b"fine\n",
            _ => b"error\n",
        };
        Some(ErrorReply {
            bytes: Bytes::from_static(says),
            error: "error".into(),
        })
    }

    fn awaited(&self) -> usize {
        (self.asked - self.answered) as usize
    }

    fn part(&mut self, request: &Bytes) -> Option<Bytes> {
        match FAULT {
            A_PART_IS_ANOTHER => Some(Bytes::from_static(b"other\n")),
            _ => request.starts_with(b"ask a b").then(|| "ask a\n".into()),
        }
    }
}

fn passes<const FAULT: u8>(input: &[u8]) -> bool {
    let protocol = Protocol {
        name: "lines",
        decoder: || Box::new(Lines::<FAULT>::default()),
        rewrites: &[],
        depends_on_time: |_| false,
        reads_alone: true,
        words: &[],
    };
    catch_unwind(|| protocol.run(input)).is_ok()
}

const TALK: &[u8] = b"ask a b\n\xf5<<\xf5fine\n\xf5>>\xf5ask c\nstay\n\xf5<<\xf5error\nfine\nha";
const BAD: &[u8] = b"ask a\n\xf5<<\xf5bad\n\xf5>>\xf5ask b\n";

#[test]
fn a_decoder_that_is_right_passes() {
    assert!(passes::<NOTHING>(TALK));
    assert!(passes::<NOTHING>(BAD));
}

#[test]
fn planted_faults_are_found() {
    assert!(!passes::<A_READ_IS_A_LINE>(TALK));
    assert!(!passes::<DROPS_A_BYTE>(TALK));
    assert!(!passes::<LABELS_ARE_LONG>(TALK));
    assert!(!passes::<NO_PROGRESS>(TALK));
    assert!(!passes::<AN_ERROR_TAKES_BYTES>(BAD));
    assert!(!passes::<READS_ON_AFTER_WAITING>(TALK));
    assert!(!passes::<PANICS>(TALK));
    assert!(!passes::<ERRORS_ARE_SUCCESSES>(TALK));
    assert!(!passes::<A_PART_IS_ANOTHER>(TALK));
    assert!(!passes::<MANY_IN_FLIGHT_STAY>(TALK));
}
