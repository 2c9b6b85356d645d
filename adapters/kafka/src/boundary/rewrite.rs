//! Replies that name addresses or versions, rewritten.
//!
//! A frame is walked to its end by the cursor first; only the fields that
//! change are then spliced, everything else keeps its bytes.

use crate::wire::response::{self, Endpoint};
use crate::wire::{Cursor, Malformed, Read, api};
use bytes::{BufMut, Bytes, BytesMut};
use exactly_adapter::Addresses;
use kafka_protocol::messages::ApiKey;
use std::ops::Range;

/// Why a reply could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RewriteError {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("cannot open a boundary for a broker of the reply: {0}")]
    Boundary(#[from] std::io::Error),
}

/// Whether replies of this API have to be rewritten.
pub(crate) fn concerns(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::ApiVersions | ApiKey::Metadata | ApiKey::FindCoordinator | ApiKey::DescribeCluster
    )
}

/// Replacements within a frame, in ascending order.
#[derive(Debug, Default)]
struct Splices(Vec<(Range<usize>, Vec<u8>)>);

impl Splices {
    fn replace(&mut self, at: Range<usize>, with: Vec<u8>) {
        self.0.push((at, with));
    }

    /// Applies them to `frame`, whose first four bytes are its length.
    fn apply(self, frame: Bytes) -> Bytes {
        if self.0.is_empty() {
            return frame;
        }
        let mut out = BytesMut::with_capacity(frame.len() + 64 * self.0.len());
        let mut at = 0;
        for (range, with) in self.0 {
            out.extend_from_slice(&frame[at..range.start]);
            out.extend_from_slice(&with);
            at = range.end;
        }
        out.extend_from_slice(&frame[at..]);
        let length = (out.len() - 4) as u32;
        out[..4].copy_from_slice(&length.to_be_bytes());
        out.freeze()
    }
}

/// Rewrites the reply `frame` (length prefix included), whose body starts at
/// `body_at`.
pub(crate) fn rewrite(
    api: ApiKey,
    version: i16,
    frame: Bytes,
    body_at: usize,
    net: &dyn Addresses,
) -> Result<Bytes, RewriteError> {
    let flexible = api::request_is_flexible(api, version);
    let mut body = Cursor::new(&frame, flexible);
    body.take(body_at)?;
    let mut splices = Splices::default();
    match api {
        ApiKey::ApiVersions => clamp(version, body, &mut splices)?,
        ApiKey::Metadata => {
            let metadata = response::metadata(version, &mut body)?;
            replace_all(metadata.brokers.iter(), flexible, net, &mut splices)?;
        }
        ApiKey::FindCoordinator => {
            let found = response::find_coordinator(version, &mut body)?;
            let found = found.iter().map(|(_, endpoint)| endpoint);
            replace_all(found, flexible, net, &mut splices)?;
        }
        ApiKey::DescribeCluster => {
            let brokers = response::describe_cluster(version, &mut body)?;
            replace_all(brokers.iter(), flexible, net, &mut splices)?;
        }
        _ => {}
    }
    Ok(splices.apply(frame))
}

fn replace_all<'a>(
    endpoints: impl Iterator<Item = &'a Endpoint<'a>>,
    flexible: bool,
    net: &dyn Addresses,
    splices: &mut Splices,
) -> Result<(), RewriteError> {
    for endpoint in endpoints {
        // No coordinator yet: an empty host and port -1.
        let Some(port) = u16::try_from(endpoint.port).ok().filter(|port| *port != 0) else {
            continue;
        };
        if endpoint.host.is_empty() {
            continue;
        }
        let (host, port) = net.boundary_for(endpoint.host, port)?;
        splices.replace(endpoint.host_at.clone(), string(&host, flexible));
        splices.replace(
            endpoint.port_at.clone(),
            i32::from(port).to_be_bytes().to_vec(),
        );
    }
    Ok(())
}

fn string(text: &str, flexible: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    if flexible {
        put_uvarint(&mut out, text.len() as u32 + 1);
    } else {
        out.put_i16(text.len() as i16);
    }
    out.extend_from_slice(text.as_bytes());
    out
}

fn put_uvarint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Clamps what ApiVersions offers. Versions are only lowered, and never below
/// the lowest that the broker speaks.
fn clamp(version: i16, mut body: Cursor<'_>, splices: &mut Splices) -> Read<()> {
    let offered = response::api_versions(version, &mut body)?;
    let hidden = |api: i16| api::offer(api) == api::Offer::Hidden;
    let kept = offered.apis.iter().filter(|a| !hidden(a.api)).count();
    if kept != offered.apis.len() {
        let mut count = Vec::new();
        if body.flexible() {
            put_uvarint(&mut count, kept as u32 + 1);
        } else {
            count.put_i32(kept as i32);
        }
        splices.replace(offered.count_at.clone(), count);
    }
    for offer in &offered.apis {
        match api::offer(offer.api) {
            api::Offer::Hidden => splices.replace(offer.entry_at.clone(), Vec::new()),
            api::Offer::UpTo(max) if max < offer.max => {
                let max = max.max(offer.min);
                splices.replace(offer.max_at.clone(), max.to_be_bytes().to_vec());
            }
            _ => {}
        }
    }
    if let Some((max, at)) = offered.transaction_version
        && max > api::TRANSACTION_VERSION_MAX
    {
        let max = api::TRANSACTION_VERSION_MAX;
        splices.replace(at, max.to_be_bytes().to_vec());
    }
    Ok(())
}
