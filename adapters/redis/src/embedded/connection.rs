//! One connection: reads requests, has them done, writes what waits.

use super::shared::{Next, Shared};
use crate::resp::Requests;
use crate::store::{ClientId, Refusal};
use bytes::BytesMut;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// What is read at once.
const READ_BYTES: usize = 64 * 1024;
/// Bytes of requests that may come while their client waits. What is beyond stays in
/// the kernel, and so at the client.
const AHEAD_BYTES_MAX: usize = 1 << 20;
/// How long a client that is to be hung up on may take to read its last answer.
const LAST_ANSWER: Duration = Duration::from_secs(5);
/// How often a client that writes ahead of its wait is looked after.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// A wait without an end is looked at so often.
const LONG: Duration = Duration::from_secs(3600);

struct Connection {
    stream: TcpStream,
    client: ClientId,
    shared: Arc<Shared>,
    requests: Requests,
    /// What has come and was not done yet.
    arrived: BytesMut,
    /// The other side takes nothing any more. What it has sent is still done.
    is_deaf: bool,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(
    stream: TcpStream,
    client: ClientId,
    bell: Arc<Notify>,
    shared: Arc<Shared>,
) {
    let mut connection = Connection {
        stream,
        client,
        shared,
        requests: Requests::default(),
        arrived: BytesMut::new(),
        is_deaf: false,
    };
    connection.run(&bell).await;
    connection.shared.disconnect(client);
}

impl Connection {
    async fn run(&mut self, bell: &Notify) {
        loop {
            let next = self.done();
            if next.is_cut {
                return;
            }
            let next = self.flushed(next);
            if next.is_closing {
                return self.end().await;
            }
            // Who is far ahead of its own wait is not read any more.
            let is_ahead = next.is_waiting && self.arrived.len() > AHEAD_BYTES_MAX;
            let look_again = if is_ahead { LOOK_AGAIN } else { LONG };
            let has_read = tokio::select! {
                biased;
                () = bell.notified() => Ok(true),
                () = sleep(next.wait.unwrap_or(look_again).min(look_again)) => Ok(true),
                ready = self.stream.writable(), if next.has_output && !self.is_deaf => {
                    ready.map(|()| true)
                }
                ready = self.stream.readable(), if !is_ahead => {
                    ready.and_then(|()| self.read())
                }
            };
            if !matches!(has_read, Ok(true)) {
                // What has come whole was done by now, and what has not never is.
                return;
            }
        }
    }

    /// Reads what is there. False at the end.
    fn read(&mut self) -> std::io::Result<bool> {
        self.arrived.reserve(READ_BYTES);
        match self.stream.try_read_buf(&mut self.arrived) {
            Ok(count) => Ok(count > 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Does all requests that are there, up to one that waits.
    fn done(&mut self) -> Next {
        let mut next = self.shared.next(self.client);
        while !next.is_waiting && !next.is_closing {
            match self.requests.next(&self.arrived) {
                Ok(Some(request)) => {
                    let taken = self.arrived.split_to(request.len).freeze();
                    let args = request.into_args(&taken);
                    next = self.shared.apply(self.client, &args);
                }
                Ok(None) => break,
                Err(error) => {
                    // Redis says what it was and hangs up, for what follows cannot be
                    // read.
                    let refusal = Refusal::err(format!("Protocol error: {error}"));
                    self.shared.refuse(self.client, refusal);
                    return self.shared.next(self.client);
                }
            }
        }
        next
    }

    fn flushed(&mut self, next: Next) -> Next {
        if next.has_output && self.is_deaf {
            self.shared.throw_away(self.client);
        } else if next.has_output
            && let Err(error) = self.shared.write(self.client, &self.stream)
        {
            tracing::debug!(%error, "a client is gone; what it has sent is still done");
            self.is_deaf = true;
            self.shared.throw_away(self.client);
        } else if !next.has_output {
            return next;
        }
        self.shared.next(self.client)
    }

    /// Lets the client read its last answer, and nothing more is read of it.
    async fn end(&mut self) {
        let written = async {
            while !self.is_deaf && self.shared.next(self.client).has_output {
                if self.stream.writable().await.is_err()
                    || self.shared.write(self.client, &self.stream).is_err()
                {
                    return;
                }
            }
        };
        if timeout(LAST_ANSWER, written).await.is_err() {
            tracing::debug!("a client did not read its last answer");
        }
    }
}
