//! One connection: two loops, one per direction.

use super::link::{Boundaries, Net};
use crate::director::{Act, ExchangeId, Strike};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Decoder, Direction, Unit};
use rustix::net::sockopt::set_socket_linger;
use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex as AsyncMutex, watch};

const READ_BYTES: usize = 64 << 10;
/// After one side has closed, the other gets so long to follow.
const HALF_CLOSED: Duration = Duration::from_secs(2);
/// How long a late delivery's reply is awaited, for the record only.
const LATE_REPLY: Duration = Duration::from_secs(1);

/// How a loop ended.
enum End {
    /// Its source closed.
    Closed,
    /// Everything is to be cut, with a reset towards the client.
    Reset,
    /// The incarnation is dead: nothing more is passed on.
    Discarded,
}

struct Connection {
    boundaries: Arc<Boundaries>,
    decoder: Option<Mutex<Box<dyn Decoder>>>,
    opaque: AtomicBool,
    /// Open exchanges by the decoder's key.
    open: Mutex<BTreeMap<u64, ExchangeId>>,
    client_writer: AsyncMutex<OwnedWriteHalf>,
    client_gone: watch::Sender<bool>,
}

pub(super) async fn run(client: TcpStream, system: TcpStream, boundaries: Arc<Boundaries>) {
    let (mut client_reader, client_writer) = client.into_split();
    let (mut system_reader, mut system_writer) = system.into_split();
    let connection = Connection {
        decoder: boundaries.mode.decoder().map(Mutex::new),
        boundaries,
        opaque: AtomicBool::new(false),
        open: Mutex::new(BTreeMap::new()),
        client_writer: AsyncMutex::new(client_writer),
        client_gone: watch::Sender::new(false),
    };
    let end = {
        let up = async {
            let end = connection.up(&mut client_reader, &mut system_writer).await;
            connection.client_gone.send_replace(true);
            if let Ok(End::Closed) = end {
                let _ = system_writer.shutdown().await;
            }
            end
        };
        let down = async {
            let end = connection.down(&mut system_reader).await;
            if let Ok(End::Closed) = end {
                let _ = connection.client_writer.lock().await.shutdown().await;
            }
            end
        };
        join(up, down).await
    };
    if matches!(end, End::Reset) {
        // Linger 0: the client sees a reset, not an orderly end.
        let _ = set_socket_linger(client_reader.as_ref(), Some(Duration::ZERO));
    }
    connection.give_up();
}

/// Runs both loops. An orderly end of one gives the other some time to follow.
async fn join(
    up: impl Future<Output = io::Result<End>>,
    down: impl Future<Output = io::Result<End>>,
) -> End {
    tokio::pin!(up, down);
    let (first, up_ended) = tokio::select! {
        end = &mut up => (end, true),
        end = &mut down => (end, false),
    };
    match first {
        Ok(End::Closed) => {}
        Ok(end) => return end,
        Err(_) => return End::Closed,
    }
    let second = async {
        if up_ended { down.await } else { up.await }
    };
    match tokio::time::timeout(HALF_CLOSED, second).await {
        Ok(Ok(end)) => end,
        Ok(Err(_)) | Err(_) => End::Closed,
    }
}

/// Units on their way out, with the exchanges that count as passed on once they
/// are written.
#[derive(Default)]
struct Queue {
    units: Vec<Bytes>,
    exchanges: Vec<ExchangeId>,
}

impl Queue {
    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.units.push(bytes);
        }
    }

    async fn write(&mut self, writer: &mut OwnedWriteHalf) -> io::Result<()> {
        if self.units.len() == 1 {
            writer.write_all(&self.units[0]).await?;
        } else {
            write_vectored(writer, &self.units).await?;
        }
        self.units.clear();
        Ok(())
    }
}

async fn write_vectored(writer: &mut OwnedWriteHalf, units: &[Bytes]) -> io::Result<()> {
    const SLICES_MAX: usize = 64;
    let (mut unit, mut offset) = (0, 0);
    while unit < units.len() {
        let slices: Vec<IoSlice<'_>> = units[unit..]
            .iter()
            .take(SLICES_MAX)
            .enumerate()
            .map(|(i, bytes)| IoSlice::new(if i == 0 { &bytes[offset..] } else { bytes }))
            .collect();
        let mut written = writer.write_vectored(&slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        while unit < units.len() && written >= units[unit].len() - offset {
            written -= units[unit].len() - offset;
            (unit, offset) = (unit + 1, 0);
        }
        offset += written;
    }
    Ok(())
}

impl Connection {
    /// The next unit of direction `dir`; without a decoder, or after it has
    /// failed, all the bytes there are.
    fn next(&self, dir: Direction, buf: &mut BytesMut) -> Option<Unit> {
        if buf.is_empty() {
            return None;
        }
        if let Some(decoder) = self.decoder.as_ref().filter(|_| !self.opaque.load(Ordering::Acquire))
        {
            let mut decoder = decoder.lock().expect("a decoder does not panic");
            // The other direction may have failed while this one waited.
            if !self.opaque.load(Ordering::Acquire) {
                match decoder.next(dir, buf, &Net(&self.boundaries)) {
                    Ok(unit) => return unit,
                    Err(error) => {
                        self.opaque.store(true, Ordering::Release);
                        self.boundaries.director.opaque(&self.boundaries.system, &error);
                    }
                }
            }
        }
        Some(Unit::pass(buf.split().freeze()))
    }

    async fn up(
        &self,
        client: &mut OwnedReadHalf,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<End> {
        let mut buf = BytesMut::with_capacity(READ_BYTES);
        let mut queue = Queue::default();
        loop {
            while let Some(unit) = self.next(Direction::ToSystem, &mut buf) {
                if let Some(end) = self.request(unit, &mut queue, system).await? {
                    return Ok(end);
                }
            }
            if let Some(end) = self.flush_up(&mut queue, system).await? {
                return Ok(end);
            }
            buf.reserve(READ_BYTES);
            let n = tokio::select! {
                n = client.read_buf(&mut buf) => n?,
                () = self.boundaries.life.gate.closed() => return Ok(End::Discarded),
            };
            if n == 0 {
                return Ok(End::Closed);
            }
        }
    }

    /// Passes on what is queued, unless the incarnation is dead by now.
    async fn flush_up(
        &self,
        queue: &mut Queue,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        if queue.units.is_empty() {
            return Ok(None);
        }
        if self.boundaries.life.gate.is_closed() {
            return Ok(Some(End::Discarded));
        }
        queue.write(system).await?;
        for id in queue.exchanges.drain(..) {
            self.boundaries.director.forwarded(id);
        }
        Ok(None)
    }

    async fn request(
        &self,
        unit: Unit,
        queue: &mut Queue,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        if !unit.answer.is_empty() {
            self.client_writer.lock().await.write_all(&unit.answer).await?;
        }
        let Some(head) = unit.opens else {
            queue.push(unit.forward);
            return Ok(None);
        };
        let (life, director) = (&self.boundaries.life, &self.boundaries.director);
        life.saw_exchange();
        let (key, expects_reply) = (head.key, head.expects_reply);
        let opened = director.open(life, &self.boundaries.system, head);
        if let Some(opened) = opened.as_ref().filter(|_| expects_reply) {
            self.open.lock().expect("no panic while held").insert(key, opened.id);
        }
        if life.gate.is_parking() {
            life.gate.parked().await;
        }
        let Some(opened) = opened else {
            queue.push(unit.forward);
            return Ok(None);
        };
        if opened.awaits_hold {
            director.hold_in_place(life, opened.id).await;
        }
        let Some(strike) = opened.strike else {
            queue.push(unit.forward);
            queue.exchanges.push(opened.id);
            return Ok(None);
        };
        // What came before the struck exchange is none of the fault's business.
        if let Some(end) = self.flush_up(queue, system).await? {
            return Ok(Some(end));
        }
        self.struck(strike, opened.id, unit.forward, queue, system).await
    }

    async fn struck(
        &self,
        strike: Strike,
        id: ExchangeId,
        bytes: Bytes,
        queue: &mut Queue,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        let director = &self.boundaries.director;
        match director.before(&self.boundaries.life, id, strike).await {
            Act::Forward => {
                queue.push(bytes);
                queue.exchanges.push(id);
                Ok(None)
            }
            Act::Discard => Ok(Some(End::Discarded)),
            Act::Reset => Ok(Some(End::Reset)),
            Act::Late => {
                director.successor_seen(&self.boundaries.life, &self.boundaries.system).await;
                system.write_all(&bytes).await?;
                director.delivered_late(id);
                // The loop in the other direction sees the reply and records it.
                let _ = tokio::time::timeout(LATE_REPLY, director.ended(id)).await;
                Ok(Some(End::Discarded))
            }
        }
    }

    async fn down(&self, system: &mut OwnedReadHalf) -> io::Result<End> {
        let mut buf = BytesMut::with_capacity(READ_BYTES);
        let mut queue = Queue::default();
        loop {
            while let Some(unit) = self.next(Direction::ToClient, &mut buf) {
                if let Some(end) = self.reply(unit, &mut queue).await? {
                    return Ok(end);
                }
            }
            self.flush_down(&mut queue).await?;
            buf.reserve(READ_BYTES);
            if system.read_buf(&mut buf).await? == 0 {
                return Ok(End::Closed);
            }
        }
    }

    async fn flush_down(&self, queue: &mut Queue) -> io::Result<()> {
        if queue.units.is_empty() {
            return Ok(());
        }
        let director = &self.boundaries.director;
        if self.boundaries.life.gate.is_muted() {
            queue.units.clear();
            for id in queue.exchanges.drain(..) {
                director.withheld(id);
            }
            return Ok(());
        }
        // Said before the bytes go: whoever waits for this reply must not see
        // what the client does with it first.
        for id in &queue.exchanges {
            director.answering(*id);
        }
        let written = queue.write(&mut *self.client_writer.lock().await).await;
        for id in queue.exchanges.drain(..) {
            director.answered(id);
        }
        written
    }

    async fn reply(&self, unit: Unit, queue: &mut Queue) -> io::Result<Option<End>> {
        let (life, director) = (&self.boundaries.life, &self.boundaries.director);
        if !unit.delivers.is_empty() && !life.gate.is_muted() {
            director.delivered(life, unit.delivers);
        }
        let Some(reply) = unit.closes else {
            queue.push(unit.forward);
            return Ok(None);
        };
        let id = self.open.lock().expect("no panic while held").remove(&reply.key);
        let Some(id) = id else {
            queue.push(unit.forward);
            return Ok(None);
        };
        let strike = director.replied(id, reply);
        if let Some(strike) = strike.filter(|_| !life.gate.is_closed()) {
            self.flush_down(queue).await?;
            match director.after(life, id, strike, &self.client_gone).await {
                Act::Forward | Act::Late => {}
                Act::Discard => return Ok(Some(End::Discarded)),
                Act::Reset => return Ok(Some(End::Reset)),
            }
        }
        queue.push(unit.forward);
        queue.exchanges.push(id);
        Ok(None)
    }

    /// Accounts for what was open when the connection ended.
    fn give_up(&self) {
        let open = std::mem::take(&mut *self.open.lock().expect("no panic while held"));
        for id in open.into_values() {
            self.boundaries.director.cut(id);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.give_up();
    }
}
