//! Replies that name addresses or versions, rewritten.
//!
//! A frame is walked to its end by the cursor first; only the fields that
//! change are then spliced, everything else keeps its bytes.

use super::splices::Splices;
use crate::wire::response::{self, Endpoint};
use crate::wire::{Cursor, Malformed, Read, api};
use bytes::Bytes;
use exactly_adapter::Addresses;
use kafka_protocol::messages::ApiKey;

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
        splices.string(endpoint.host_at.clone(), &host, flexible);
        splices.replace(
            endpoint.port_at.clone(),
            i32::from(port).to_be_bytes().to_vec(),
        );
    }
    Ok(())
}

/// Clamps what ApiVersions offers. Versions are only lowered, and never below
/// the lowest that the broker speaks.
fn clamp(version: i16, mut body: Cursor<'_>, splices: &mut Splices) -> Read<()> {
    let offered = response::api_versions(version, &mut body)?;
    let hidden = |api: i16| api::offer(api) == api::Offer::Hidden;
    let kept = offered.apis.iter().filter(|a| !hidden(a.api)).count();
    if kept != offered.apis.len() {
        splices.count(offered.count_at.clone(), kept, body.flexible());
    }
    for offer in &offered.apis {
        match api::offer(offer.api) {
            api::Offer::Hidden => splices.remove(offer.entry_at.clone()),
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
