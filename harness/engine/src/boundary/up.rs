//! The loop from the client to the system.

use super::connection::{Connection, End, rest};
use super::queue::{Meaning, Queue};
use crate::director::{Act, ExchangeId, Strike};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Direction, Unit};
use exactly_model::Class;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// How long a late delivery's reply is awaited, for the record only.
const LATE_REPLY: Duration = Duration::from_secs(1);

impl Connection {
    pub async fn up(
        &self,
        client: &mut OwnedReadHalf,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<End> {
        let mut buf = BytesMut::new();
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
            let more = tokio::select! {
                biased;
                () = self.boundaries.life.gate.closed() => return Ok(End::Discarded),
                more = self.more(Direction::ToSystem, client, &mut buf) => more?,
            };
            if more == Some(0) {
                // Half a unit before the end is passed on as it came.
                queue.push(rest(&mut buf), Meaning::Nothing);
                let end = self.flush_up(&mut queue, system).await?;
                return Ok(end.unwrap_or(End::Closed));
            }
        }
    }

    /// Passes on what is queued, unless the incarnation is dead by now: also while
    /// the system takes its time to read.
    async fn flush_up(
        &self,
        queue: &mut Queue,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        if queue.is_empty() {
            return Ok(None);
        }
        let (director, life) = (&self.boundaries.director, &self.boundaries.life);
        let through = |meaning| match meaning {
            Meaning::Request(id) => {
                director.forwarded(id);
                self.open.sent(id);
            }
            Meaning::Read => director.saw_read(life, &self.boundaries.system),
            Meaning::Nothing | Meaning::Reply { .. } => {}
        };
        tokio::select! {
            biased;
            () = life.gate.closed() => Ok(Some(End::Discarded)),
            written = queue.write(system, through) => written.map(|()| None),
        }
    }

    async fn request(
        &self,
        unit: Unit,
        queue: &mut Queue,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        let life = &self.boundaries.life;
        // What the dead would have sent is no exchange and meets no fault.
        if life.gate.is_closed() {
            return Ok(Some(End::Discarded));
        }
        if !unit.answer.is_empty() {
            self.client_writer
                .lock()
                .await
                .write_all(&unit.answer)
                .await?;
        }
        let Some(head) = unit.opens else {
            queue.push(unit.forward, Meaning::Nothing);
            return Ok(None);
        };
        life.saw_exchange();
        let (key, expects_reply, class) = (head.key, head.expects_reply, head.class);
        // Followed before it waits: a cut has to know whom it waits for.
        let opened = self
            .boundaries
            .director
            .open(life, &self.boundaries.system, head);
        match &opened {
            Some(opened) if expects_reply => self.open.insert(key, opened.id),
            Some(opened) => self.open.insert_silent(opened.id),
            None => {}
        }
        if opened.is_some() {
            self.boundaries.director.late_goes_first(life).await;
        }
        if life.gate.is_parking() {
            life.gate.parked().await;
            if life.gate.is_closed() {
                return Ok(Some(End::Discarded));
            }
        }
        let Some(opened) = opened else {
            let meaning = if class == Class::Read {
                Meaning::Read
            } else {
                Meaning::Nothing
            };
            queue.push(unit.forward, meaning);
            return Ok(None);
        };
        if opened.awaits_hold || opened.strike.is_some() {
            // What came before it is none of the fault's business.
            if let Some(end) = self.flush_up(queue, system).await? {
                return Ok(Some(end));
            }
        }
        if opened.awaits_hold {
            self.boundaries
                .director
                .hold_in_place(life, opened.id)
                .await;
        }
        let Some(strike) = opened.strike else {
            queue.push(unit.forward, Meaning::Request(opened.id));
            return Ok(None);
        };
        if life.gate.is_closed() {
            return Ok(Some(End::Discarded));
        }
        self.struck(strike, opened.id, unit.forward, queue, system)
            .await
    }

    async fn struck(
        &self,
        strike: Strike,
        id: ExchangeId,
        bytes: Bytes,
        queue: &mut Queue,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        let (director, life) = (&self.boundaries.director, &self.boundaries.life);
        match director.before(life, id, strike).await {
            Act::Forward => {
                queue.push(bytes, Meaning::Request(id));
                Ok(None)
            }
            Act::Discard => Ok(Some(End::Discarded)),
            Act::Reset => Ok(Some(End::Reset)),
            Act::Late => {
                director.successor_seen(life, &self.boundaries.system).await;
                system.write_all(&bytes).await?;
                director.delivered_late(id);
                // The loop in the other direction sees the reply and records it.
                let _ = tokio::time::timeout(LATE_REPLY, director.ended(id)).await;
                Ok(Some(End::Discarded))
            }
        }
    }
}
