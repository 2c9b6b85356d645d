//! What the unit tests of several rooms use: frames by `kafka-protocol`.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Encodable, StrBytes};
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

pub(crate) fn record(offset: i64, key: &str, value: &str, producer_id: i64) -> Record {
    Record {
        transactional: producer_id >= 0,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id,
        producer_epoch: if producer_id >= 0 { 0 } else { -1 },
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: offset as i32,
        timestamp: 1_000,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: IndexMap::new(),
    }
}

/// A transaction marker.
pub(crate) fn marker(offset: i64, producer_id: i64, commits: bool) -> Bytes {
    let mut marker = record(offset, "", "", producer_id);
    marker.control = true;
    marker.key = Some(Bytes::copy_from_slice(&[0, 0, 0, u8::from(commits)]));
    encode_records(&[marker])
}

pub(crate) fn encode_records(records: &[Record]) -> Bytes {
    let mut set = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut set, records, &options).unwrap();
    set.freeze()
}

/// A batch of (offset, key, value).
pub(crate) fn record_set(records: &[(i64, &str, &str)], producer_id: i64) -> Bytes {
    let records: Vec<_> = records
        .iter()
        .map(|(offset, key, value)| record(*offset, key, value, producer_id))
        .collect();
    encode_records(&records)
}

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// A request frame with its length prefix.
pub(crate) fn request_frame(
    api: ApiKey,
    version: i16,
    correlation: i32,
    body: &impl Encodable,
) -> Bytes {
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(text("tester")));
    let mut out = BytesMut::new();
    header
        .encode(&mut out, api.request_header_version(version))
        .unwrap();
    body.encode(&mut out, version).unwrap();
    framed(&out)
}

/// A response frame with its length prefix.
pub(crate) fn response_frame(
    api: ApiKey,
    version: i16,
    correlation: i32,
    body: &impl Encodable,
) -> Bytes {
    let mut out = BytesMut::new();
    ResponseHeader::default()
        .with_correlation_id(correlation)
        .encode(&mut out, api.response_header_version(version))
        .unwrap();
    body.encode(&mut out, version).unwrap();
    framed(&out)
}

fn framed(body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(body.len() + 4);
    out.put_i32(body.len() as i32);
    out.extend_from_slice(body);
    out.freeze()
}
