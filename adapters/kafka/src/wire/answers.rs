//! Responses that give every partition the same error, for the library to
//! encode.

use kafka_protocol::messages::{
    AddPartitionsToTxnResponse, BrokerId, OffsetCommitResponse, ProduceResponse, TopicName,
    TxnOffsetCommitResponse, add_partitions_to_txn_response as add,
    offset_commit_response as commit, produce_response as produced,
    txn_offset_commit_response as staged,
};
use kafka_protocol::protocol::StrBytes;

/// Topics with their partitions.
pub(crate) type Topics = Vec<(String, Vec<i32>)>;

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn name(topic: &str) -> TopicName {
    TopicName(text(topic))
}

pub(crate) fn produce(topics: &Topics, code: i16) -> ProduceResponse {
    let partition = |index: &i32| {
        produced::PartitionProduceResponse::default()
            .with_index(*index)
            .with_error_code(code)
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1)
            .with_current_leader(produced::LeaderIdAndEpoch::default().with_leader_id(BrokerId(-1)))
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        produced::TopicProduceResponse::default()
            .with_name(name(topic))
            .with_partition_responses(partitions.iter().map(partition).collect())
    };
    ProduceResponse::default().with_responses(topics.iter().map(topic).collect())
}

pub(crate) fn offset_commit(topics: &Topics, code: i16) -> OffsetCommitResponse {
    let partition = |index: &i32| {
        commit::OffsetCommitResponsePartition::default()
            .with_partition_index(*index)
            .with_error_code(code)
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        commit::OffsetCommitResponseTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    OffsetCommitResponse::default().with_topics(topics.iter().map(topic).collect())
}

pub(crate) fn txn_offset_commit(topics: &Topics, code: i16) -> TxnOffsetCommitResponse {
    let partition = |index: &i32| {
        staged::TxnOffsetCommitResponsePartition::default()
            .with_partition_index(*index)
            .with_error_code(code)
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        staged::TxnOffsetCommitResponseTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    TxnOffsetCommitResponse::default().with_topics(topics.iter().map(topic).collect())
}

pub(crate) fn add_partitions(topics: &Topics, code: i16) -> AddPartitionsToTxnResponse {
    let partition = |index: &i32| {
        add::AddPartitionsToTxnPartitionResult::default()
            .with_partition_index(*index)
            .with_partition_error_code(code)
    };
    let topic = |(topic, partitions): &(String, Vec<i32>)| {
        add::AddPartitionsToTxnTopicResult::default()
            .with_name(name(topic))
            .with_results_by_partition(partitions.iter().map(partition).collect())
    };
    let results = topics.iter().map(topic).collect();
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results)
}
