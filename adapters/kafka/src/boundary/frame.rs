//! Frames and their headers.

use crate::wire::{Cursor, FRAME_BYTES_MAX, Read, api};
use kafka_protocol::messages::ApiKey;

const PREFIX_LEN: usize = 4;

/// Length of the first frame in `buf` with its prefix, once it is whole; the
/// prefix where it is not believed.
pub(super) fn whole(buf: &[u8]) -> Result<Option<usize>, i32> {
    let Some(prefix) = buf.first_chunk::<PREFIX_LEN>() else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*prefix);
    let body = usize::try_from(length)
        .ok()
        .filter(|body| *body <= FRAME_BYTES_MAX)
        .ok_or(length)?;
    let whole = PREFIX_LEN + body;
    Ok((buf.len() >= whole).then_some(whole))
}

/// A request's header, and a cursor at its body where the API is known.
#[derive(Debug)]
pub(super) struct RequestFrame<'a> {
    pub number: i16,
    pub version: i16,
    pub correlation: i32,
    pub body: Option<(ApiKey, Cursor<'a>)>,
}

/// Opens a request frame, prefix included.
pub(super) fn request(frame: &[u8]) -> Read<RequestFrame<'_>> {
    let mut cursor = Cursor::new(frame, false);
    cursor.take(PREFIX_LEN)?;
    let (number, version) = (cursor.i16()?, cursor.i16()?);
    let correlation = cursor.i32()?;
    let body = match ApiKey::try_from(number) {
        Ok(api) => {
            // The client id is never compact, whatever the header's version.
            cursor.nullable_string()?;
            cursor.set_flexible(api::request_is_flexible(api, version));
            cursor.tags()?;
            Some((api, cursor))
        }
        Err(_) => None,
    };
    Ok(RequestFrame {
        number,
        version,
        correlation,
        body,
    })
}

/// Opens a response frame, prefix included: its correlation id, and a cursor at
/// the rest.
pub(super) fn response(frame: &[u8]) -> Read<(i32, Cursor<'_>)> {
    let mut cursor = Cursor::new(frame, false);
    cursor.take(PREFIX_LEN)?;
    Ok((cursor.i32()?, cursor))
}
