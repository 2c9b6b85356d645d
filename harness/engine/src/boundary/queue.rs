//! Units on their way out of a boundary.

use crate::director::ExchangeId;
use bytes::Bytes;
use exactly_adapter::Delivered;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

/// Slices handed to the kernel at once.
const SLICES_MAX: usize = 64;

/// What it means that a unit is through.
#[derive(Debug, Default)]
pub(super) enum Meaning {
    /// Nothing that anybody asks for.
    #[default]
    Nothing,
    /// A read of the incarnation has reached the system.
    Read,
    /// A request has reached the system.
    Request(ExchangeId),
    /// A reply, or something handed over without being asked, has reached the
    /// client. `exchange` goes with the decoder's key.
    Reply {
        exchange: Option<(u64, ExchangeId)>,
        delivers: Vec<Delivered>,
    },
}

#[derive(Debug)]
struct Unit {
    bytes: Bytes,
    meaning: Meaning,
}

/// Units that wait for their turn, in order. What each means is said when its
/// last byte is with the kernel and not before: half a request is none, and a
/// request that waits behind a slow one has not been sent.
#[derive(Debug, Default)]
pub(super) struct Queue {
    units: VecDeque<Unit>,
    /// Bytes of the first unit that are out already.
    offset: usize,
}

impl Queue {
    pub fn push(&mut self, bytes: Bytes, meaning: Meaning) {
        // A unit without bytes may still mean something: one frame can close
        // two exchanges.
        if !bytes.is_empty() || !matches!(meaning, Meaning::Nothing) {
            self.units.push_back(Unit { bytes, meaning });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    pub fn meanings_mut(&mut self) -> impl Iterator<Item = &mut Meaning> {
        self.units.iter_mut().map(|unit| &mut unit.meaning)
    }

    /// Empties it.
    pub fn give_up(&mut self) -> impl Iterator<Item = Meaning> {
        self.offset = 0;
        self.units.drain(..).map(|unit| unit.meaning)
    }

    /// Writes everything and says what each unit meant once it is through. After
    /// an error, or when it was cancelled, the rest is still there.
    pub async fn write(
        &mut self,
        writer: &mut OwnedWriteHalf,
        mut through: impl FnMut(Meaning),
    ) -> io::Result<()> {
        loop {
            while let Some(first) = self.units.front()
                && self.offset >= first.bytes.len()
            {
                self.offset -= first.bytes.len();
                through(
                    self.units
                        .pop_front()
                        .map(|unit| unit.meaning)
                        .unwrap_or_default(),
                );
            }
            let written = match self.units.len() {
                0 => return Ok(()),
                1 => writer.write(&self.units[0].bytes[self.offset..]).await?,
                _ => writer.write_vectored(&self.slices()).await?,
            };
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.offset += written;
        }
    }

    fn slices(&self) -> Vec<IoSlice<'_>> {
        let from = |i: usize| if i == 0 { self.offset } else { 0 };
        let units = self.units.iter().take(SLICES_MAX).enumerate();
        units
            .map(|(i, unit)| IoSlice::new(&unit.bytes[from(i)..]))
            .collect()
    }
}
