//! The loop from the system to the client.

use super::connection::{Connection, End, rest};
use super::queue::{Meaning, Queue};
use crate::director::Act;
use bytes::BytesMut;
use exactly_adapter::{Direction, Head, Unit};
use std::io;
use std::sync::atomic::Ordering;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

impl Connection {
    pub async fn down(&self, system: &mut OwnedReadHalf) -> io::Result<End> {
        let mut buf = BytesMut::new();
        let mut queue = Queue::default();
        loop {
            while let Some(unit) = self.next(Direction::ToClient, &mut buf) {
                if let Some(end) = self.reply(unit, &mut queue, system).await? {
                    return Ok(end);
                }
            }
            self.flush_down(&mut queue).await?;
            let more = tokio::select! {
                more = self.more(Direction::ToClient, system, &mut buf) => more?,
                said = self.said.news() => {
                    queue.push(said, Meaning::Nothing);
                    continue;
                }
            };
            if more == Some(0) {
                // Half a unit before the end is passed on as it came.
                queue.push(rest(&mut buf), Meaning::Nothing);
                self.flush_down(&mut queue).await?;
                return Ok(End::Closed);
            }
        }
    }

    async fn flush_down(&self, queue: &mut Queue) -> io::Result<()> {
        if queue.is_empty() {
            return Ok(());
        }
        let (director, life) = (&self.boundaries.director, &self.boundaries.life);
        if life.gate.is_muted() || self.said.is_deaf() {
            self.withhold(queue);
            return Ok(());
        }
        // Said before the bytes go: whoever waits for this reply must not see
        // what the client does with it first.
        for meaning in queue.meanings_mut() {
            if let Meaning::Reply { exchange, delivers } = meaning {
                if let Some((_, id)) = exchange {
                    director.answering(*id);
                }
                director.delivered(life, std::mem::take(delivers));
            }
        }
        let mut writer = self.client_writer.lock().await;
        let gone = *self.client_gone.borrow();
        let mut doubtful = Vec::new();
        let written = queue
            .write(&mut writer, |meaning| match meaning {
                Meaning::Reply {
                    exchange: Some(exchange),
                    ..
                } if gone => doubtful.push(exchange),
                Meaning::Reply {
                    exchange: Some((key, id)),
                    ..
                } => {
                    director.answered(id);
                    self.open.remove(key, id);
                }
                _ => {}
            })
            .await;
        // A client that has said all may still listen; the kernel knows.
        let deaf = !doubtful.is_empty() && has_error(&writer);
        for (key, id) in doubtful {
            if deaf {
                director.withheld(id)
            } else {
                director.answered(id)
            }
            self.open.remove(key, id);
        }
        if written.is_err() {
            self.withhold(queue);
            if self.said.is_deaf() {
                // The reset is ours; what the system still says is for the record.
                return Ok(());
            }
        }
        written
    }

    fn withhold(&self, queue: &mut Queue) {
        for meaning in queue.give_up() {
            if let Meaning::Reply {
                exchange: Some((key, id)),
                ..
            } = meaning
            {
                self.boundaries.director.withheld(id);
                self.open.remove(key, id);
            }
        }
    }

    /// Something that the system pushes. A fault that strikes it finds it in our hands.
    async fn pushed(
        &self,
        head: Head,
        unit: Unit,
        queue: &mut Queue,
        system: &OwnedReadHalf,
    ) -> io::Result<Option<End>> {
        let (life, director) = (&self.boundaries.life, &self.boundaries.director);
        life.saw_exchange();
        let opened = director.pushed(life, &self.boundaries.system, head);
        let Some((id, strike)) = opened else {
            queue.push(unit.forward, Meaning::Nothing);
            return Ok(None);
        };
        // Decoders count their keys from 0.
        let key = u64::MAX - self.pushes.fetch_add(1, Ordering::Relaxed);
        self.open.insert(key, id);
        if let Some(strike) = strike.filter(|_| !life.gate.is_muted()) {
            self.flush_down(queue).await?;
            let at = self.at(id, strike);
            match director.after(&at, &self.client_gone).await {
                Act::Discard => return Ok(Some(End::Discarded)),
                Act::Reset => return Ok(Some(End::Reset)),
                Act::Replace => director.miss_because(strike, "there is no reply to replace"),
                Act::Silence(lasting) => self.silence(&at, system.as_ref(), lasting).await,
                Act::Forward | Act::Late | Act::Refuse | Act::Part | Act::Overtake => {}
            }
        }
        let meaning = Meaning::Reply {
            exchange: Some((key, id)),
            delivers: unit.delivers,
        };
        queue.push(unit.forward, meaning);
        Ok(None)
    }

    async fn reply(
        &self,
        mut unit: Unit,
        queue: &mut Queue,
        system: &OwnedReadHalf,
    ) -> io::Result<Option<End>> {
        if let Some(head) = unit.opens.take() {
            return self.pushed(head, unit, queue, system).await;
        }
        let (life, director) = (&self.boundaries.life, &self.boundaries.director);
        let exchange = unit
            .closes
            .as_ref()
            .and_then(|reply| Some((reply.key, self.open.get(reply.key)?)));
        if let (Some((key, id)), Some(reply)) = (exchange, unit.closes) {
            let strike = director.replied(id, reply);
            if self.said.is_last(id) {
                self.flush_down(queue).await?;
                director.withheld(id);
                self.open.remove(key, id);
                return Ok(Some(End::Reset));
            }
            if let Some(strike) = strike.filter(|_| !life.gate.is_muted()) {
                self.flush_down(queue).await?;
                let at = self.at(id, strike);
                match director.after(&at, &self.client_gone).await {
                    Act::Discard => return Ok(Some(End::Discarded)),
                    Act::Reset => return Ok(Some(End::Reset)),
                    Act::Silence(lasting) => self.silence(&at, system.as_ref(), lasting).await,
                    Act::Replace => {
                        if let Some(instead) = self.replace(&at, key) {
                            queue.push(instead, Meaning::Nothing);
                            return Ok(None);
                        }
                    }
                    Act::Forward | Act::Late | Act::Refuse | Act::Part | Act::Overtake => {}
                }
            }
        }
        let delivers = unit.delivers;
        let meaning = match (exchange, delivers.is_empty()) {
            (None, true) => Meaning::Nothing,
            _ => Meaning::Reply { exchange, delivers },
        };
        queue.push(unit.forward, meaning);
        Ok(None)
    }
}

fn has_error(writer: &OwnedWriteHalf) -> bool {
    !matches!(
        rustix::net::sockopt::socket_error(writer.as_ref()),
        Ok(Ok(()))
    )
}
