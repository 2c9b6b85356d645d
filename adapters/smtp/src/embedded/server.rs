//! Sessions on sockets.

use super::certificate::Identity;
use super::control;
use crate::mailbox::{Limits, Mail, Mailbox, Next, Session};
use bytes::BytesMut;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Octets read at a time.
const READ_OCTETS: usize = 64 << 10;
/// How long to wait after a connection that could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
/// How long a client that is told why its session ends may take to hear it.
const HEARS_WITHIN: Duration = Duration::from_secs(2);

/// What all sessions share.
pub(super) struct Shared {
    limits: Arc<Limits>,
    mailbox: Mutex<Mailbox>,
    pub identity: Identity,
    /// Whether credentials are taken without TLS.
    pub plain_auth: AtomicBool,
}

impl Shared {
    pub fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn run(listener: TcpListener, limits: Limits) -> io::Result<()> {
    let sessions = Arc::new(Semaphore::new(limits.sessions));
    let limits = Arc::new(limits);
    let shared = Arc::new(Shared {
        mailbox: Mutex::new(Mailbox::new(limits.clone())),
        limits,
        identity: Identity::new()?,
        plain_auth: AtomicBool::new(false),
    });
    loop {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A client that has gone already, or no file descriptor for now.
                tracing::debug!(%error, "cannot accept");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        // Only the time that a reply takes depends on it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let Ok(place) = sessions.clone().try_acquire_owned() else {
            // It fits into the socket's buffer, so nobody is waited for.
            let _ = stream.try_write(b"421 4.3.2 Too many sessions; come again later\r\n");
            let _ = stream.shutdown().await;
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            serve(stream, &shared).await;
            drop(place);
        });
    }
}

/// A session, from the greeting to its end.
async fn serve(stream: TcpStream, shared: &Shared) {
    let mut talk = Talk {
        session: Session::new(shared.limits.clone()),
        shared,
        stream,
        deaf: false,
    };
    talk.say(Session::greeting()).await;
    if !talk.go_on().await {
        return;
    }
    // What has come behind STARTTLS was said by whoever stands between, for all that is
    // known: it is not read (RFC 3207 6, CVE-2011-0411).
    let began = timeout(
        shared.limits.handshake,
        shared.identity.acceptor.accept(talk.stream),
    );
    let stream = match began.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS did not begin"),
        Err(_) => return tracing::debug!("TLS did not begin in time"),
    };
    talk.session.secured();
    let mut talk = Talk {
        session: talk.session,
        shared,
        stream,
        deaf: false,
    };
    talk.go_on().await;
}

/// A session and its stream.
struct Talk<'a, S> {
    session: Session,
    shared: &'a Shared,
    stream: S,
    /// Whether the client hears nothing any more. What it has sent is done all the same.
    deaf: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    /// Talks until the connection or the session ends, or TLS is to begin: then `true`.
    async fn go_on(&mut self) -> bool {
        let mut buf = BytesMut::new();
        loop {
            buf.reserve(READ_OCTETS);
            let read = timeout(self.shared.limits.idle, self.stream.read_buf(&mut buf));
            match read.await {
                Ok(Ok(0) | Err(_)) => return false,
                Ok(Ok(_)) => {}
                Err(_) => {
                    self.say(b"421 4.4.2 Nothing was said for too long\r\n")
                        .await;
                    return false;
                }
            }
            let mut replies = Vec::new();
            let next = self.take(&mut buf, &mut replies);
            self.say(&replies).await;
            match next {
                Next::StartTls => return true,
                Next::End => {
                    self.leave().await;
                    return false;
                }
                _ => {}
            }
        }
    }

    /// Does what has come.
    fn take(&mut self, buf: &mut BytesMut, replies: &mut Vec<u8>) -> Next {
        let plain_auth = self.shared.plain_auth.load(Ordering::Relaxed);
        self.session.allow_plain_auth(plain_auth);
        loop {
            match self.session.next(buf, replies) {
                Next::Keep(draft) => {
                    let mail = Mail::of(draft);
                    let kept = self.shared.mailbox().keep(mail);
                    self.session.kept(kept, replies);
                }
                Next::Ask(asked) => control::answer(self.shared, &asked, replies),
                next => return next,
            }
        }
    }

    async fn say(&mut self, replies: &[u8]) {
        if self.deaf || replies.is_empty() {
            return;
        }
        let said = async {
            self.stream.write_all(replies).await?;
            self.stream.flush().await
        };
        self.deaf = !matches!(timeout(self.shared.limits.idle, said).await, Ok(Ok(())));
    }

    /// Ends the session so that its last reply is heard: a socket that is closed with
    /// octets unread is reset, and takes the reply with it.
    async fn leave(&mut self) {
        let heard = async {
            let _ = self.stream.shutdown().await;
            let mut rest = [0; 4096];
            while self.stream.read(&mut rest).await.is_ok_and(|n| n > 0) {}
        };
        let _ = timeout(HEARS_WITHIN, heard).await;
    }
}
