//! The loop from the client to the system.

use super::connection::{Connection, End, rest};
use super::queue::{Meaning, Queue};
use super::struck::Struck;
use bytes::BytesMut;
use exactly_adapter::{Direction, Unit};
use exactly_model::Class;
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

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
                if let Some(end) = self.request(unit, &mut queue, client, system).await? {
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
        client: &OwnedReadHalf,
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
        let struck = Struck {
            strike,
            id: opened.id,
            key: expects_reply.then_some(key),
            bytes: unit.forward,
        };
        self.struck(struck, queue, client, system).await
    }
}
