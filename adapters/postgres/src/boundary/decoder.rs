//! The two directions of one connection, and what they know of each other.

use super::backend::Backend;
use super::frontend::Frontend;
use super::session::Session;
use bytes::BytesMut;
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, TrialNames, Unit};

/// Decodes one connection.
///
/// *An exchange* runs from the first message after the last exchange to the
/// ReadyForQuery that answers its Query, Sync or FunctionCall. Its request is
/// one unit. Its reply is one unit too when it is an effect, so that a client
/// cannot act on a CommandComplete that the boundary still wants to withhold;
/// the reply to a read streams.
///
/// What a Flush sends ahead is passed on without a head; the head at the Sync
/// tells it. Outside an explicit transaction nothing of it is permanent before
/// the Sync; a COMMIT that is executed and flushed is permanent earlier than
/// its head says.
pub(crate) struct PgDecoder {
    session: Session,
    frontend: Frontend,
    backend: Backend,
    decoded: [u64; 2],
    broken: Option<DecodeError>,
}

impl PgDecoder {
    pub(crate) fn new(names: TrialNames) -> Self {
        Self {
            session: Session::default(),
            frontend: Frontend::new(names),
            backend: Backend::default(),
            decoded: [0; 2],
            broken: None,
        }
    }
}

impl Decoder for PgDecoder {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        _net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        // The directions only make sense together: neither is read on once
        // one of them is lost.
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let before = buf.len();
        let (decoded, taken) = match dir {
            Direction::ToSystem => (
                &mut self.decoded[0],
                self.frontend.next(buf, &mut self.session),
            ),
            Direction::ToClient => (
                &mut self.decoded[1],
                self.backend.next(buf, &mut self.session),
            ),
        };
        *decoded += (before - buf.len()) as u64;
        taken.map_err(|what| {
            let error = DecodeError {
                protocol: "postgres",
                what,
                after: *decoded,
            };
            self.broken = Some(error.clone());
            error
        })
    }
}
