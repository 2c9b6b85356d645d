//! Accepts connections, and keeps time for what nobody asks about.

use super::connection;
use super::shared::Shared;
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How often keys that nobody looks at are expired, as with `hz 10` of Redis.
const CYCLE: Duration = Duration::from_millis(100);
/// How long to wait after a connection that could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
/// What the kernel may hold of what a client has not read.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

pub(super) async fn run(listener: TcpListener) -> std::io::Result<()> {
    let shared = Arc::new(Shared::new());
    let mut cycle = tokio::time::interval(CYCLE);
    cycle.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = cycle.tick() => {
                shared.cycle();
                continue;
            }
        };
        let begun = accepted.and_then(|(stream, from)| begin(stream, from, &shared));
        if let Err(error) = begun {
            // A client that has gone already, or no file descriptor for now.
            tracing::debug!(%error, "cannot accept");
            tokio::time::sleep(ACCEPT_AGAIN).await;
        }
    }
}

fn begin(stream: TcpStream, from: SocketAddr, shared: &Arc<Shared>) -> std::io::Result<()> {
    // Small answers go out at once, not when the client has acknowledged the last.
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES)?;
    match shared.connect(from) {
        Ok((client, bell)) => {
            tokio::spawn(connection::serve(stream, client, bell, Arc::clone(shared)));
        }
        // Redis says it and hangs up. The buffer is empty, so it is written at once.
        Err(refusal) => {
            let _ = stream.try_write(format!("-{refusal}\r\n").as_bytes());
        }
    }
    Ok(())
}
