//! Connections to one broker.

use super::CallError;
use crate::wire::{Cursor, FRAME_BYTES_MAX, api};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::{Encodable, StrBytes};
use std::io::{Error, ErrorKind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Connections kept open to one broker while no call uses them.
const IDLE_MAX: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a call may take. Produce waits `request.timeout.ms` at the broker
/// itself, which is less.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// One broker, with the connections that are open to it.
#[derive(Debug)]
pub(crate) struct Broker {
    host: String,
    port: u16,
    idle: Mutex<Vec<TcpStream>>,
    correlation: AtomicI32,
}

/// The body of a reply.
#[derive(Debug)]
pub(crate) struct Response {
    frame: Bytes,
    body_at: usize,
    flexible: bool,
}

impl Response {
    pub fn body(&self) -> Cursor<'_> {
        Cursor::new(&self.frame[self.body_at..], self.flexible)
    }
}

impl Broker {
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            idle: Mutex::default(),
            correlation: AtomicI32::new(0),
        }
    }

    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// [`call_within`](Self::call_within) the time that most calls have.
    pub async fn call(
        &self,
        api: ApiKey,
        version: i16,
        body: &impl Encodable,
    ) -> Result<Response, CallError> {
        self.call_within(CALL_TIMEOUT, api, version, body).await
    }

    /// Sends a request and waits for its reply.
    ///
    /// A connection serves one call at a time and goes back to the idle ones
    /// only after a whole reply: a call that is cancelled takes its connection
    /// with it, so that no later call reads its reply.
    pub async fn call_within(
        &self,
        limit: Duration,
        api: ApiKey,
        version: i16,
        body: &impl Encodable,
    ) -> Result<Response, CallError> {
        let correlation = self.correlation.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let request = encode(api, version, correlation, body)?;
        let mut stream = match self.take_idle() {
            Some(stream) => stream,
            None => self.connect().await?,
        };
        let exchange = exchange(&mut stream, &request);
        let frame = tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "no reply in time")))
            .map_err(CallError::Lost)?;
        let response = open(api, version, correlation, frame)?;
        self.put_idle(stream);
        Ok(response)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// An idle connection that the broker has not closed.
    fn take_idle(&self) -> Option<TcpStream> {
        loop {
            let stream = self.idle().pop()?;
            let unread = stream.try_read(&mut [0; 1]);
            if unread.is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
                return Some(stream);
            }
        }
    }

    fn put_idle(&self, stream: TcpStream) {
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(stream);
        }
    }

    async fn connect(&self) -> Result<TcpStream, CallError> {
        let connect = TcpStream::connect((self.host.as_str(), self.port));
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, connect)
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "no answer to the connect")))
            .map_err(CallError::NotConnected)?;
        stream.set_nodelay(true).map_err(CallError::NotConnected)?;
        Ok(stream)
    }
}

fn encode(
    api: ApiKey,
    version: i16,
    correlation: i32,
    body: &impl Encodable,
) -> Result<BytesMut, CallError> {
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(StrBytes::from_static_str("exactly")));
    let mut out = BytesMut::with_capacity(256);
    out.put_i32(0);
    header
        .encode(&mut out, api.request_header_version(version))
        .and_then(|()| body.encode(&mut out, version))
        .map_err(|error| CallError::Encode(error.to_string()))?;
    let length = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&length.to_be_bytes());
    Ok(out)
}

async fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<Bytes> {
    stream.write_all(request).await?;
    let mut input = BytesMut::with_capacity(4096);
    loop {
        if let Some(prefix) = input.first_chunk::<4>() {
            let length = usize::try_from(i32::from_be_bytes(*prefix))
                .ok()
                .filter(|length| *length <= FRAME_BYTES_MAX)
                .ok_or_else(|| Error::new(ErrorKind::InvalidData, "a frame beyond the limit"))?;
            if input.len() >= 4 + length {
                return Ok(input.split_to(4 + length).freeze().slice(4..));
            }
        }
        input.reserve(4096);
        if stream.read_buf(&mut input).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

fn open(api: ApiKey, version: i16, correlation: i32, frame: Bytes) -> Result<Response, CallError> {
    let mut cursor = Cursor::new(&frame, false);
    if cursor.i32()? != correlation {
        let why = "the reply is to another request";
        return Err(CallError::Lost(Error::new(ErrorKind::InvalidData, why)));
    }
    cursor.set_flexible(api::response_header_is_flexible(api, version));
    cursor.tags()?;
    Ok(Response {
        body_at: cursor.at(),
        flexible: api::request_is_flexible(api, version),
        frame,
    })
}
