//! Requests that a fault strikes.

use super::connection::{Connection, End};
use super::queue::{Meaning, Queue};
use crate::director::{Act, At, ExchangeId, Strike};
use bytes::Bytes;
use rustix::net::connect_unspec;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// How long a late delivery's reply is awaited, for the record only.
const LATE_REPLY: Duration = Duration::from_secs(1);
/// How long the reply to a part is awaited before the client is cut off.
const PART_REPLY: Duration = Duration::from_secs(2);
/// Between two looks whether a client that has said more than it was asked for
/// is still there.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A request in our hands.
pub(super) struct Struck {
    pub strike: Strike,
    pub id: ExchangeId,
    /// What pairs it with its reply; absent where none is expected.
    pub key: Option<u64>,
    pub bytes: Bytes,
}

impl Connection {
    pub async fn struck(
        &self,
        struck: Struck,
        queue: &mut Queue,
        client: &OwnedReadHalf,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        let director = &self.boundaries.director;
        let at = self.at(struck.id, struck.strike);
        let act = director.before(&at, has_left(client)).await;
        let _in_progress = match act {
            // A late delivery waits for what comes to rest without it.
            Act::Late => None,
            _ => Some(director.striking()),
        };
        let end = match act {
            Act::Forward | Act::Replace => None,
            Act::Silence(lasting) => {
                self.silence(&at, (*system).as_ref(), lasting).await;
                None
            }
            Act::Discard => return Ok(Some(End::Discarded)),
            Act::Reset => return Ok(Some(End::Reset)),
            Act::Late => return self.late(&at, &struck.bytes, system).await.map(Some),
            Act::Overtake => {
                let end = self.overtake(&at, &struck.bytes, client, system).await;
                return end.map(Some);
            }
            Act::Part => self.part(&at, &struck.bytes, system).await?,
            Act::Refuse if self.refuse(&at, struck.key).await => return Ok(None),
            Act::Refuse => None,
        };
        if end.is_none() {
            queue.push(struck.bytes, Meaning::Request(struck.id));
        }
        Ok(end)
    }

    /// kill-deliver-late: the sender is dead, and its request arrives all the same.
    async fn late(
        &self,
        at: &At<'_>,
        bytes: &Bytes,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<End> {
        let director = &self.boundaries.director;
        director.successor_seen(at.life, at.system).await;
        system.write_all(bytes).await?;
        self.delivered_late(at.id).await;
        Ok(End::Discarded)
    }

    async fn delivered_late(&self, id: ExchangeId) {
        let director = &self.boundaries.director;
        director.delivered_late(id);
        // The loop in the other direction sees the reply and records it.
        let _ = tokio::time::timeout(LATE_REPLY, director.ended(id)).await;
    }

    /// hold-and-overtake: the client is cut off and asks again elsewhere; then its
    /// first request arrives on the connection that it was sent on.
    async fn overtake(
        &self,
        at: &At<'_>,
        bytes: &Bytes,
        client: &OwnedReadHalf,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<End> {
        let director = &self.boundaries.director;
        let collateral = director.hold_back(at);
        self.said.set_deaf();
        // This is what resets one side and leaves the other alone: to close the
        // socket would take both halves of it.
        connect_unspec(client.as_ref())?;
        let mut system_gone = self.system_gone.subscribe();
        tokio::select! {
            biased;
            _ = system_gone.wait_for(|gone| *gone) => {
                director.miss_because(at.strike, "the system closed the connection meanwhile");
                return Ok(End::Reset);
            }
            overtaken = director.overtaken(at) => if !overtaken {
                return Ok(End::Reset);
            }
        }
        director.fire_upon(at, collateral);
        system.write_all(bytes).await?;
        self.delivered_late(at.id).await;
        Ok(End::Reset)
    }

    /// apply-part: the system gets a part, and the client is cut off when it has
    /// answered. `None`: there is no part, and the whole is to be passed on.
    async fn part(
        &self,
        at: &At<'_>,
        bytes: &Bytes,
        system: &mut OwnedWriteHalf,
    ) -> io::Result<Option<End>> {
        let director = &self.boundaries.director;
        let part = self.decoder().and_then(|mut decoder| decoder.part(bytes));
        let Some(part) = part else {
            director.miss_because(at.strike, "the request is not divisible");
            return Ok(None);
        };
        self.said.set_last(at.id);
        director.cut_down(at.id);
        director.fire(at);
        system.write_all(&part).await?;
        director.forwarded(at.id);
        let _ = tokio::time::timeout(PART_REPLY, director.ended(at.id)).await;
        Ok(Some(End::Reset))
    }
}

/// Waits until the client has closed its side.
async fn has_left(client: &OwnedReadHalf) {
    loop {
        match client.ready(Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(LOOK_EVERY).await,
            _ => return,
        }
    }
}
