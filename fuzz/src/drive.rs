//! The engine's part in driving a decoder, and what every step of it has to keep to.

use crate::Protocol;
use bytes::{Bytes, BytesMut};
use exactly_adapter::{
    Addresses, Decoder, Delivered, Direction, Head, IDS_PER_UNIT_MAX, Reply, Unit,
};

/// Longest label of an operation: the history has one for each exchange.
const OPERATION_MAX: usize = 128;
/// Longest label of a target: some requests name several.
const TARGET_MAX: usize = 8 << 10;
/// Longest text of an error.
const ERROR_MAX: usize = 4 << 10;
/// Bytes of labels that a unit may have for each byte that was ever said, and beside.
const LABEL_PER_BYTE: usize = 64;
const LABEL_BESIDE: usize = 16 << 10;

/// Boundaries, one for each port, which stand for themselves: what was rewritten once
/// stays as it is.
struct Net;

const BOUNDARY: &str = "boundary.test";

impl Addresses for Net {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        match (host, port) {
            (BOUNDARY, port) => Ok((BOUNDARY.into(), port)),
            (_, 0..3) => Err(std::io::Error::other("no port is free")),
            (_, port) => Ok((BOUNDARY.into(), port)),
        }
    }
}

/// What a unit means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// It opens an exchange.
    Opens(Head),
    /// It closes one.
    Closes(Reply),
    /// It hands over log records.
    Delivers(Vec<Delivered>),
    /// The boundary answers it by itself.
    Answers(Bytes),
}

/// A meaning, and where in its direction the unit ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What it is.
    pub meaning: Meaning,
    /// The direction.
    pub side: usize,
    /// Bytes that were passed on by then, the unit's included.
    pub at: usize,
}

/// What a conversation showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// All meanings, in order.
    pub events: Vec<Event>,
    /// What was passed on in each direction.
    pub out: [Vec<u8>; 2],
    /// What could not be read; from there on bytes are passed on unread.
    pub error: Option<String>,
}

/// One connection.
pub struct Drive<'a> {
    protocol: &'a Protocol,
    /// Whether the boundary may say something of its own, and drop what says the same.
    loose: bool,
    /// The decoder.
    pub decoder: Box<dyn Decoder>,
    buf: [BytesMut; 2],
    came: [Vec<u8>; 2],
    taken: [usize; 2],
    /// What it showed so far.
    pub seen: Seen,
}

impl<'a> Drive<'a> {
    /// A new connection. On a `loose` one, what goes to the client may differ from what
    /// came for it.
    pub fn new(protocol: &'a Protocol, loose: bool) -> Self {
        Self {
            protocol,
            loose,
            decoder: (protocol.decoder)(),
            buf: Default::default(),
            came: Default::default(),
            taken: [0; 2],
            seen: Seen::default(),
        }
    }

    /// One read of the engine's, and all units that it completes.
    pub fn read(&mut self, dir: Direction, bytes: &[u8]) -> Vec<Unit> {
        let side = dir as usize;
        self.came[side].extend_from_slice(bytes);
        self.buf[side].extend_from_slice(bytes);
        let mut units = Vec::new();
        if self.seen.error.is_some() {
            self.pass_on(side);
            return units;
        }
        // Each unit takes a byte at least, or is an answer to the one that is read.
        for _ in 0..=2 * self.buf[side].len() {
            if self.buf[side].is_empty() {
                return units;
            }
            let before = self.buf[side].len();
            match self.decoder.next(dir, &mut self.buf[side], &Net) {
                Ok(None) => {
                    assert_eq!(self.buf[side].len(), before, "None takes no bytes");
                    return units;
                }
                Ok(Some(unit)) => {
                    self.note(dir, before - self.buf[side].len(), &unit);
                    units.push(unit);
                }
                Err(error) => {
                    assert_eq!(self.buf[side].len(), before, "an error takes no bytes");
                    assert!(!error.protocol.is_empty() && !error.what.is_empty());
                    assert!(error.what.len() <= ERROR_MAX, "a long error");
                    self.seen.error = Some(error.what);
                    self.pass_on(side);
                    self.pass_on(1 - side);
                    return units;
                }
            }
        }
        panic!("the decoder makes no progress");
    }

    /// Half a unit before the end is passed on as it came.
    pub fn finish(mut self) -> Seen {
        self.pass_on(0);
        self.pass_on(1);
        self.seen
    }

    fn pass_on(&mut self, side: usize) {
        self.seen.out[side].extend_from_slice(&self.buf[side].split());
    }

    fn note(&mut self, dir: Direction, length: usize, unit: &Unit) {
        let side = dir as usize;
        let came = &self.came[side][self.taken[side]..][..length];
        let rewrites =
            self.protocol.rewrites.contains(&dir) || (self.loose && dir == Direction::ToClient);
        if !rewrites && unit.answer.is_empty() {
            assert!(unit.forward == came, "what is passed on is what came");
        }
        self.taken[side] += length;
        self.seen.out[side].extend_from_slice(&unit.forward);
        self.check_labels(unit);
        let at = self.seen.out[side].len();
        let answers = (!unit.answer.is_empty()).then(|| unit.answer.clone());
        let delivers = (!unit.delivers.is_empty()).then(|| unit.delivers.clone());
        let meanings = [
            answers.map(Meaning::Answers),
            unit.opens.clone().map(Meaning::Opens),
            unit.closes.clone().map(Meaning::Closes),
            delivers.map(Meaning::Delivers),
        ];
        let event = |meaning| Event { meaning, side, at };
        self.seen
            .events
            .extend(meanings.into_iter().flatten().map(event));
    }

    /// Labels stay in proportion to what was said.
    fn check_labels(&self, unit: &Unit) {
        let mut weight = 0;
        if let Some(head) = &unit.opens {
            assert!(head.operation.len() <= OPERATION_MAX, "a long operation");
            assert!(head.target.len() <= TARGET_MAX, "a long target");
            assert!(head.ids.len() <= IDS_PER_UNIT_MAX, "many ids");
            let positions = head.commits.iter().chain(&head.names);
            weight += positions.map(|it| 16 + it.target.len()).sum::<usize>();
        }
        if let Some(reply) = &unit.closes {
            let error = reply.error.as_deref().unwrap_or_default();
            assert!(error.len() <= ERROR_MAX, "a long error in a reply");
            weight += 8 * reply.duplicate_of.len();
        }
        let delivered = unit.delivers.iter();
        weight += delivered.map(|it| 24 + it.target.len()).sum::<usize>();
        let said: usize = self.came.iter().map(Vec::len).sum();
        let most = LABEL_BESIDE + LABEL_PER_BYTE * said;
        assert!(weight <= most, "{weight} bytes of labels for {said} bytes");
    }
}
