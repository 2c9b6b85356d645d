//! Single requests, made by hand: what a broker answers to each.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses a part"
)]

use bytes::{Buf, BufMut, Bytes, BytesMut};
use exactly_adapter::Instance;
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NOT_COORDINATOR: [i16; 3] = [14, 15, 16];
const CONCURRENT_TRANSACTIONS: i16 = 51;
const WITHIN: Duration = Duration::from_secs(20);

/// A producer id and its epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Producer {
    pub id: i64,
    pub epoch: i16,
}

/// A connection to the one broker of a test, which leads and coordinates all.
pub struct Raw {
    stream: TcpStream,
    correlation: i32,
    /// Transactional id.
    pub id: String,
}

pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// A record set of one batch.
pub fn batch(
    payload: &str,
    producer: Option<Producer>,
    sequence: i32,
    transactional: bool,
) -> Bytes {
    let record = Record {
        transactional,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: producer.map_or(-1, |p| p.id),
        producer_epoch: producer.map_or(-1, |p| p.epoch),
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence,
        timestamp: 1_700_000_000_000,
        key: None,
        value: Some(Bytes::copy_from_slice(payload.as_bytes())),
        headers: IndexMap::new(),
    };
    let mut set = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut set, &[record], &options).unwrap();
    set.freeze()
}

/// A request frame with its length prefix.
pub fn frame(api: ApiKey, version: i16, correlation: i32, body: &impl Encodable) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i32(0);
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(text("raw")))
        .encode(&mut out, api.request_header_version(version))
        .unwrap();
    body.encode(&mut out, version).unwrap();
    let length = out.len() as u32 - 4;
    out[..4].copy_from_slice(&length.to_be_bytes());
    out.freeze()
}

/// A Produce of one record set to each of `partitions`.
pub fn produce(id: Option<&str>, topic: &str, partitions: &[(i32, Bytes)]) -> ProduceRequest {
    let partition = |(index, set): &(i32, Bytes)| {
        PartitionProduceData::default()
            .with_index(*index)
            .with_records(Some(set.clone()))
    };
    let topic = TopicProduceData::default()
        .with_name(TopicName(text(topic)))
        .with_partition_data(partitions.iter().map(partition).collect());
    ProduceRequest::default()
        .with_transactional_id(id.map(|id| TransactionalId(text(id))))
        .with_acks(-1)
        .with_timeout_ms(5_000)
        .with_topic_data(vec![topic])
}

impl Raw {
    pub async fn connect(instance: &dyn Instance, id: &str) -> Self {
        let address = instance.addresses().remove(0);
        let stream = TcpStream::connect(address).await.unwrap();
        Self {
            stream,
            correlation: 0,
            id: id.into(),
        }
    }

    /// Sends a frame and waits for the reply; without the length and the
    /// correlation id.
    pub async fn exchange(&mut self, frame: &[u8]) -> Bytes {
        self.stream.write_all(frame).await.unwrap();
        let length = self.stream.read_u32().await.unwrap();
        let mut reply = vec![0; length as usize];
        self.stream.read_exact(&mut reply).await.unwrap();
        Bytes::from(reply)
    }

    pub async fn call<R: Decodable>(
        &mut self,
        api: ApiKey,
        version: i16,
        body: &impl Encodable,
    ) -> R {
        self.correlation += 1;
        let frame = frame(api, version, self.correlation, body);
        let mut reply = self.exchange(&frame).await;
        ResponseHeader::decode(&mut reply, api.response_header_version(version)).unwrap();
        let response = R::decode(&mut reply, version).unwrap();
        assert!(!reply.has_remaining());
        response
    }

    /// InitProducerId until the coordinator is there: its first answer that is
    /// about the id.
    pub async fn init_once(&mut self) -> Result<Producer, i16> {
        let begin = Instant::now();
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(&self.id))))
            .with_transaction_timeout_ms(30_000)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        loop {
            let response: InitProducerIdResponse =
                self.call(ApiKey::InitProducerId, 4, &request).await;
            match response.error_code {
                0 => {
                    return Ok(Producer {
                        id: response.producer_id.0,
                        epoch: response.producer_epoch,
                    });
                }
                code if NOT_COORDINATOR.contains(&code) && begin.elapsed() < WITHIN => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                code => return Err(code),
            }
        }
    }

    pub async fn init(&mut self) -> Producer {
        let begin = Instant::now();
        loop {
            match self.init_once().await {
                Ok(producer) => return producer,
                Err(CONCURRENT_TRANSACTIONS) if begin.elapsed() < WITHIN => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(code) => panic!("InitProducerId: {code}"),
            }
        }
    }

    /// Asks until the markers of the transaction before are written.
    async fn settled<R>(&mut self, mut ask: impl AsyncFnMut(&mut Self) -> (i16, R)) -> (i16, R) {
        let begin = Instant::now();
        loop {
            match ask(self).await {
                (CONCURRENT_TRANSACTIONS, _) if begin.elapsed() < WITHIN => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answer => return answer,
            }
        }
    }

    pub async fn add_partition(&mut self, producer: Producer, topic: &str, partition: i32) -> i16 {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![partition]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(&self.id)))
            .with_v3_and_below_producer_id(ProducerId(producer.id))
            .with_v3_and_below_producer_epoch(producer.epoch)
            .with_v3_and_below_topics(vec![topic]);
        let ask = async |raw: &mut Self| {
            let response: AddPartitionsToTxnResponse =
                raw.call(ApiKey::AddPartitionsToTxn, 0, &request).await;
            let topic = &response.results_by_topic_v3_and_below[0];
            (topic.results_by_partition[0].partition_error_code, ())
        };
        self.settled(ask).await.0
    }

    pub async fn add_offsets(&mut self, producer: Producer, group: &str) -> i16 {
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(TransactionalId(text(&self.id)))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_group_id(GroupId(text(group)));
        let ask = async |raw: &mut Self| {
            let response: AddOffsetsToTxnResponse =
                raw.call(ApiKey::AddOffsetsToTxn, 0, &request).await;
            (response.error_code, ())
        };
        self.settled(ask).await.0
    }

    /// Stages offset 1 of partition 0, as a member of no group.
    pub async fn stage(&mut self, producer: Producer, group: &str, topic: &str) -> i16 {
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_committed_offset(1)
            .with_committed_metadata(Some(text("")));
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(TransactionalId(text(&self.id)))
            .with_group_id(GroupId(text(group)))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        let begin = Instant::now();
        loop {
            let response: TxnOffsetCommitResponse =
                self.call(ApiKey::TxnOffsetCommit, 3, &request).await;
            let code = response.topics[0].partitions[0].error_code;
            let again = NOT_COORDINATOR.contains(&code) || code == CONCURRENT_TRANSACTIONS;
            if !again || begin.elapsed() > WITHIN {
                return code;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A Produce within a transaction: the error and the base offset.
    pub async fn produce(
        &mut self,
        producer: Producer,
        topic: &str,
        sequence: i32,
        payload: &str,
    ) -> (i16, i64) {
        let set = batch(payload, Some(producer), sequence, true);
        let request = produce(Some(&self.id), topic, &[(0, set)]);
        self.settled(async |raw: &mut Self| raw.produced(&request).await)
            .await
    }

    /// A Produce outside of transactions.
    pub async fn send(
        &mut self,
        producer: Producer,
        topic: &str,
        sequence: i32,
        payload: &str,
    ) -> (i16, i64) {
        let set = batch(payload, Some(producer), sequence, false);
        self.produced(&produce(None, topic, &[(0, set)])).await
    }

    async fn produced(&mut self, request: &ProduceRequest) -> (i16, i64) {
        let response: ProduceResponse = self.call(ApiKey::Produce, 9, request).await;
        let partition = &response.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    /// EndTxn until its markers are written, as librdkafka asks for it (v1).
    pub async fn end(&mut self, producer: Producer, commit: bool) -> i16 {
        let request = EndTxnRequest::default()
            .with_transactional_id(TransactionalId(text(&self.id)))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_committed(commit);
        let ask = async |raw: &mut Self| {
            let response: EndTxnResponse = raw.call(ApiKey::EndTxn, 1, &request).await;
            (response.error_code, ())
        };
        self.settled(ask).await.0
    }

    /// The group's offset of partition 0, and the error by it.
    pub async fn offset(&mut self, group: &str, topic: &str, stable: bool) -> (i16, i64) {
        let topic = OffsetFetchRequestTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partition_indexes(vec![0]);
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(Some(vec![topic]))
            .with_require_stable(stable);
        let response: OffsetFetchResponse = self.call(ApiKey::OffsetFetch, 7, &request).await;
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.committed_offset)
    }

    /// The same once it is stable.
    pub async fn stable_offset(&mut self, group: &str, topic: &str) -> i64 {
        let begin = Instant::now();
        loop {
            match self.offset(group, topic, true).await {
                (0, offset) => return offset,
                (code, _) => assert!(begin.elapsed() < WITHIN, "OffsetFetch: {code}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A producer id without a transactional id.
    pub async fn idempotent(&mut self) -> Producer {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let response: InitProducerIdResponse = self.call(ApiKey::InitProducerId, 4, &request).await;
        assert_eq!(response.error_code, 0);
        Producer {
            id: response.producer_id.0,
            epoch: response.producer_epoch,
        }
    }
}
