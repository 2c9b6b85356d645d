//! What each API is called, what it does, and up to which version it is read.

use exactly_model::Class;
use kafka_protocol::messages::ApiKey;

/// Header fields by API and version.
///
/// The version rules come from `kafka-protocol`'s tables; nothing is decoded
/// by it.
pub(crate) fn request_is_flexible(api: ApiKey, version: i16) -> bool {
    api.request_header_version(version) >= 2
}

/// Whether the response header of this version carries tagged fields. Always
/// false for ApiVersions (KIP-511).
pub(crate) fn response_header_is_flexible(api: ApiKey, version: i16) -> bool {
    api.response_header_version(version) >= 1
}

/// Operation label.
pub(crate) fn name(api: ApiKey) -> String {
    format!("{api:?}")
}

/// What a request of this API does, before its content is looked at.
pub(crate) fn class(api: ApiKey) -> Class {
    use ApiKey as K;
    match api {
        K::Produce
        | K::EndTxn
        | K::AddOffsetsToTxn
        | K::WriteTxnMarkers
        | K::CreateTopics
        | K::DeleteTopics
        | K::DeleteRecords
        | K::CreatePartitions
        | K::AlterConfigs
        | K::IncrementalAlterConfigs
        | K::AlterReplicaLogDirs
        | K::AlterPartitionReassignments
        | K::ElectLeaders
        | K::DeleteGroups
        | K::CreateAcls
        | K::DeleteAcls
        | K::AlterClientQuotas
        | K::AlterUserScramCredentials
        | K::CreateDelegationToken
        | K::RenewDelegationToken
        | K::ExpireDelegationToken
        | K::UpdateFeatures
        | K::UnregisterBroker => Class::Effect,
        K::OffsetCommit
        | K::TxnOffsetCommit
        | K::OffsetDelete
        | K::ShareAcknowledge
        | K::AlterShareGroupOffsets
        | K::DeleteShareGroupOffsets => Class::Ack,
        K::JoinGroup | K::InitProducerId | K::ShareFetch => Class::Take,
        K::Fetch
        | K::ListOffsets
        | K::OffsetFetch
        | K::OffsetForLeaderEpoch
        | K::DescribeGroups
        | K::ListGroups
        | K::DescribeAcls
        | K::DescribeConfigs
        | K::DescribeLogDirs
        | K::DescribeDelegationToken
        | K::ListPartitionReassignments
        | K::DescribeClientQuotas
        | K::DescribeUserScramCredentials
        | K::DescribeQuorum
        | K::DescribeProducers
        | K::DescribeTransactions
        | K::ListTransactions
        | K::ConsumerGroupDescribe
        | K::DescribeTopicPartitions
        | K::ListConfigResources
        | K::ShareGroupDescribe
        | K::DescribeShareGroupOffsets => Class::Read,
        // Metadata, FindCoordinator and DescribeCluster say where to look: they are
        // no look at data or positions.
        _ => Class::Control,
    }
}

/// What ApiVersions may offer a client of an API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Offer {
    /// As the broker says.
    AsIs,
    /// No version above this one.
    UpTo(i16),
    /// Not at all.
    Hidden,
}

/// Clamps negotiation to what the boundary can read.
///
/// * Produce from v10 and Fetch from v16 carry broker addresses as tagged
///   fields (KIP-951); Fetch and Produce from v13 and OffsetCommit and
///   OffsetFetch from v10 name topics by id (KIP-516).
/// * EndTxn v5 is the second transaction protocol (KIP-890), which needs
///   Produce v12; [`TRANSACTION_VERSION_MAX`] withdraws the feature with it.
/// * AddPartitionsToTxn v4 is for brokers.
/// * Share groups name addresses in every version, and telemetry is traffic
///   that no pipeline needs: both are hidden, so that clients do without.
pub(crate) fn offer(api: i16) -> Offer {
    match ApiKey::try_from(api) {
        Ok(ApiKey::Produce) => Offer::UpTo(9),
        Ok(ApiKey::Fetch) => Offer::UpTo(12),
        Ok(ApiKey::Metadata) => Offer::UpTo(12),
        Ok(ApiKey::OffsetCommit | ApiKey::OffsetFetch) => Offer::UpTo(9),
        Ok(ApiKey::FindCoordinator) => Offer::UpTo(6),
        Ok(ApiKey::JoinGroup) => Offer::UpTo(9),
        Ok(ApiKey::AddPartitionsToTxn) => Offer::UpTo(3),
        Ok(ApiKey::EndTxn) => Offer::UpTo(4),
        Ok(ApiKey::TxnOffsetCommit) => Offer::UpTo(5),
        Ok(ApiKey::CreateTopics) => Offer::UpTo(7),
        Ok(ApiKey::DeleteTopics) => Offer::UpTo(6),
        Ok(ApiKey::DescribeCluster) => Offer::UpTo(2),
        Ok(ApiKey::DescribeQuorum) => Offer::UpTo(1),
        Ok(
            ApiKey::ShareGroupHeartbeat
            | ApiKey::ShareFetch
            | ApiKey::ShareAcknowledge
            | ApiKey::GetTelemetrySubscriptions
            | ApiKey::PushTelemetry,
        ) => Offer::Hidden,
        _ => Offer::AsIs,
    }
}

/// Highest level of the feature `transaction.version` that clients may see.
pub(crate) const TRANSACTION_VERSION_MAX: i16 = 1;
