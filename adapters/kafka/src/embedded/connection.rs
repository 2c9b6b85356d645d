//! One client's connection.
//!
//! Requests are served one after the other, as a real broker does with the
//! requests of one connection; what a client pipelines waits in the socket.

use super::bridge::Core;
use super::{fetch, transactions, translate, versions};
use crate::wire::{Cursor, FRAME_BYTES_MAX, Read, api, request};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use std::io::{Error, ErrorKind};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request frame without its length prefix, and its header.
pub(super) struct Request {
    pub api: ApiKey,
    pub version: i16,
    pub correlation: i32,
    pub frame: BytesMut,
    /// Where the body starts.
    pub body_at: usize,
}

impl Request {
    pub fn body(&self) -> Cursor<'_> {
        let flexible = api::request_is_flexible(self.api, self.version);
        Cursor::new(&self.frame[self.body_at..], flexible)
    }

    /// Changes the version in the header.
    pub fn set_version(&mut self, version: i16) {
        self.version = version;
        self.frame[2..4].copy_from_slice(&version.to_be_bytes());
    }
}

pub(super) async fn serve(client: TcpStream, core: Arc<Core>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = Framed::new(client);
    let mut upstream: Option<Framed> = None;
    while let Some(frame) = client.read().await? {
        let request = parse(frame).map_err(malformed)?;
        core.count_request();
        let reply = match own_reply(&request, &core).await.map_err(malformed)? {
            Some(reply) => Some(reply),
            None => {
                if upstream.is_none() {
                    let stream = TcpStream::connect(core.upstream).await?;
                    stream.set_nodelay(true)?;
                    upstream = Some(Framed::new(stream));
                }
                match upstream.as_mut() {
                    Some(upstream) => forward(request, upstream, &core).await?,
                    None => None,
                }
            }
        };
        if let Some(reply) = reply {
            client.write(&reply).await?;
        }
    }
    Ok(())
}

/// What is answered here and not by krafka.
async fn own_reply(request: &Request, core: &Core) -> Read<Option<Bytes>> {
    match (request.api, request.version) {
        (ApiKey::ApiVersions, _) => Ok(Some(versions::reply(request))),
        (ApiKey::Fetch, 4..=11) => fetch::serve(request, core).await.map(Some),
        (ApiKey::DeleteGroups, 0..=1) => delete_groups(request, core).map(Some),
        (ApiKey::TxnOffsetCommit, 0..=5) => transactions::refuse_staging(request, core),
        (ApiKey::OffsetFetch, 7) => transactions::unstable_offsets(request, core),
        _ => Ok(None),
    }
}

/// Passes a request to krafka and answers its reply, or `None` where the client
/// expects none.
async fn forward(
    request: Request,
    upstream: &mut Framed,
    core: &Core,
) -> std::io::Result<Option<Bytes>> {
    let (api, version) = (request.api, request.version);
    let answered = !(api == ApiKey::Produce && is_acks_0(&request).map_err(malformed)?);
    let takes_over = match api {
        ApiKey::InitProducerId => taken_id(&request).map_err(malformed)?,
        _ => None,
    };
    let request = translate::request(request).map_err(malformed)?;
    let spoken = request.version;
    upstream.write(&request.frame).await?;
    let Some(reply) = upstream.read().await? else {
        return Err(ErrorKind::UnexpectedEof.into());
    };
    if matches!(
        api,
        ApiKey::Produce | ApiKey::EndTxn | ApiKey::InitProducerId | ApiKey::DeleteTopics
    ) {
        core.written();
    }
    if let Some(id) = takes_over {
        transactions::taken_over(&id, &request, &reply, core).map_err(malformed)?;
    }
    let reply = translate::reply(api, version, spoken, reply.freeze()).map_err(malformed)?;
    Ok(answered.then_some(reply))
}

/// The transactional id of an InitProducerId.
fn taken_id(request: &Request) -> Read<Option<String>> {
    let id = request.body().nullable_string()?;
    Ok(id.map(str::to_string))
}

fn is_acks_0(request: &Request) -> Read<bool> {
    let mut body = request.body();
    if request.version >= 3 {
        body.nullable_string()?;
    }
    Ok(body.i16()? == 0)
}

fn malformed(error: crate::wire::Malformed) -> Error {
    Error::new(ErrorKind::InvalidData, error)
}

fn parse(frame: BytesMut) -> Read<Request> {
    let mut cursor = Cursor::new(&frame, false);
    let (number, version, correlation) = (cursor.i16()?, cursor.i16()?, cursor.i32()?);
    let api = ApiKey::try_from(number).map_err(|_| cursor.malformed("an unknown API"))?;
    cursor.nullable_string()?;
    cursor.set_flexible(api::request_is_flexible(api, version));
    cursor.tags()?;
    Ok(Request {
        api,
        version,
        correlation,
        body_at: cursor.at(),
        frame,
    })
}

/// Forgets groups, members or not: there are no session timeouts that would
/// take the members of a killed client away.
fn delete_groups(request: &Request, core: &Core) -> Read<Bytes> {
    const GROUP_ID_NOT_FOUND: i16 = 69;
    let mut body = request.body();
    let mut groups = Vec::new();
    for _ in 0..body.count()? {
        groups.push(body.string()?);
    }
    let mut out = BytesMut::new();
    out.put_i32(request.correlation);
    out.put_i32(0);
    out.put_i32(groups.len() as i32);
    core.broker.with_state(|state| {
        for group in groups {
            let known = state.groups.remove(group).is_some();
            put_string(&mut out, group);
            out.put_i16(if known { 0 } else { GROUP_ID_NOT_FOUND });
        }
    });
    Ok(out.freeze())
}

/// A string of a version that is not flexible. It came off a frame in the same
/// form, so its length fits.
pub(super) fn put_string(out: &mut BytesMut, text: &str) {
    out.put_i16(text.len() as i16);
    out.put_slice(text.as_bytes());
}

/// What a request names of a fetch; re-exported for the fetch room.
pub(super) fn fetch_of(request: &Request) -> Read<request::Fetch<'_>> {
    request::fetch(request.version, &mut request.body())
}

/// A socket read and written by frames.
struct Framed {
    stream: TcpStream,
    input: BytesMut,
}

impl Framed {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            input: BytesMut::with_capacity(16 * 1024),
        }
    }

    /// The next frame without its length prefix; `None` at a clean end.
    async fn read(&mut self) -> std::io::Result<Option<BytesMut>> {
        loop {
            if let Some(prefix) = self.input.first_chunk::<4>() {
                let length = usize::try_from(i32::from_be_bytes(*prefix))
                    .ok()
                    .filter(|length| *length <= FRAME_BYTES_MAX)
                    .ok_or_else(|| {
                        Error::new(ErrorKind::InvalidData, "a frame beyond the limit")
                    })?;
                if self.input.len() >= 4 + length {
                    self.input.advance(4);
                    return Ok(Some(self.input.split_to(length)));
                }
            }
            // Grows with what arrives, not with what a prefix promises.
            self.input.reserve(16 * 1024);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return match self.input.is_empty() {
                    true => Ok(None),
                    false => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    async fn write(&mut self, frame: &[u8]) -> std::io::Result<()> {
        let prefix = (frame.len() as u32).to_be_bytes();
        let mut both = Buf::chain(prefix.as_slice(), frame);
        // One write for both where the kernel takes it: no small packet first.
        self.stream.write_all_buf(&mut both).await?;
        Ok(())
    }
}
