//! A path that swallows packets: half-open connections.
//!
//! A proxy that only stops reading is not silent: its kernel still acknowledges what
//! comes, answers keep-alives, and lets the sender believe in its peer. A socket filter
//! that takes nothing drops packets before TCP sees them, and needs no right (socket(7),
//! SO_ATTACH_FILTER).

use super::connection::Connection;
use crate::director::At;
use socket2::{SockFilter, SockRef};
use std::time::Duration;
use tokio::net::TcpStream;

/// `BPF_RET | BPF_K`: the packet is cut down to so many bytes. Zero drops it.
const RETURN: u16 = 0x06;

/// Drops what comes for a socket while it lives.
struct Deaf<'a>(SockRef<'a>);

impl<'a> Deaf<'a> {
    fn new(stream: &'a TcpStream) -> std::io::Result<Self> {
        let socket = SockRef::from(stream);
        socket.attach_filter(&[SockFilter::new(RETURN, 0, 0, 0)])?;
        Ok(Self(socket))
    }
}

impl Drop for Deaf<'_> {
    fn drop(&mut self) {
        let _ = self.0.detach_filter();
    }
}

impl Connection {
    /// Drops every packet of the connection for `lasting`, or until its incarnation ends.
    pub async fn silence(&self, at: &At<'_>, system: &TcpStream, lasting: Duration) {
        // Nothing is said to the client meanwhile, by whichever loop.
        let writer = self.client_writer.lock().await;
        let deaf = [Deaf::new(writer.as_ref()), Deaf::new(system)];
        let how = match deaf.iter().all(Result::is_ok) {
            true => Vec::new(),
            false => vec![
                "application silence: the kernel takes no socket filter, and acknowledges what \
                 comes"
                    .to_string(),
            ],
        };
        self.boundaries.director.fire_upon(at, how);
        tokio::select! {
            () = tokio::time::sleep(lasting) => {}
            () = at.life.gate.closed() => {}
        }
    }
}
