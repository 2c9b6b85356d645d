//! What a place has of what a cell needs.

use crate::client::Cluster;
use exactly_adapter::Lack;
use exactly_model::Need;
use kafka_protocol::messages::ApiKey;

/// What a transactional pipeline on librdkafka 2.12 asks for, with the versions
/// that it speaks (the ranges of its calls to
/// `rd_kafka_broker_ApiVersion_supported`). A coordinator of transactions is
/// found from FindCoordinator v1 on (KIP-98).
const TRANSACTIONS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::FindCoordinator, 1, 2),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::AddPartitionsToTxn, 0, 0),
    (ApiKey::AddOffsetsToTxn, 0, 0),
    (ApiKey::TxnOffsetCommit, 0, 3),
    (ApiKey::EndTxn, 0, 1),
];

/// What the embedded broker lacks.
pub(crate) fn embedded_lacks(need: Need) -> Option<Lack> {
    let why = match need {
        Need::Leases => "krafka's test broker has no session and transaction timeouts",
        Need::Members => {
            "krafka's test broker has one member per group: each join replaces the membership"
        }
        // A log does not look for duplicates by time.
        Need::Transactions | Need::Horizon | Need::Outages => return None,
    };
    Some(Lack::NotHosted(why.into()))
}

/// What a real broker lacks: versions that librdkafka's transactions speak.
pub(crate) fn broker_lacks(need: Need, cluster: &Cluster) -> Option<Lack> {
    match need {
        Need::Leases | Need::Members | Need::Horizon | Need::Outages => None,
        Need::Transactions => transactions_lack(|api| cluster.offered(api)),
    }
}

fn transactions_lack(offered: impl Fn(ApiKey) -> Option<(i16, i16)>) -> Option<Lack> {
    let missing = TRANSACTIONS.iter().filter_map(|(api, min, max)| {
        let client = versions(*min, *max);
        match offered(*api) {
            Some((theirs_min, theirs_max)) if theirs_min <= *max && theirs_max >= *min => None,
            Some((theirs_min, theirs_max)) => Some(format!(
                "the broker offers {api:?} {} and the client speaks {client}",
                versions(theirs_min, theirs_max)
            )),
            None => Some(format!(
                "the broker does not offer {api:?}, of which the client speaks {client}"
            )),
        }
    });
    let missing: Vec<_> = missing.collect();
    (!missing.is_empty()).then(|| Lack::Refused(missing.join("; ")))
}

fn versions(min: i16, max: i16) -> String {
    match min == max {
        true => format!("v{min}"),
        false => format!("v{min}-{max}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Apache Kafka 4.3.1 offers.
    fn kafka(api: ApiKey) -> Option<(i16, i16)> {
        Some(match api {
            ApiKey::FindCoordinator | ApiKey::InitProducerId => (0, 6),
            ApiKey::AddOffsetsToTxn => (0, 4),
            _ => (0, 5),
        })
    }

    fn refused(offered: impl Fn(ApiKey) -> Option<(i16, i16)>) -> String {
        match transactions_lack(offered) {
            Some(Lack::Refused(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_broker_without_the_client_s_versions_is_refused_by_name() {
        assert_eq!(transactions_lack(kafka), None);
        let newer_only = |api| match api {
            ApiKey::EndTxn => Some((3, 5)),
            api => kafka(api),
        };
        assert_eq!(
            refused(newer_only),
            "the broker offers EndTxn v3-5 and the client speaks v0-1"
        );
        // The near miss: one version in common.
        let just = |api| match api {
            ApiKey::EndTxn => Some((1, 5)),
            api => kafka(api),
        };
        assert_eq!(transactions_lack(just), None);
        let none = |api| match api {
            ApiKey::AddOffsetsToTxn => None,
            ApiKey::AddPartitionsToTxn => Some((4, 5)),
            api => kafka(api),
        };
        assert_eq!(
            refused(none),
            "the broker offers AddPartitionsToTxn v4-5 and the client speaks v0; the broker does \
             not offer AddOffsetsToTxn, of which the client speaks v0"
        );
    }

    #[test]
    fn the_embedded_broker_hosts_transactions_alone() {
        assert!(matches!(
            embedded_lacks(Need::Leases),
            Some(Lack::NotHosted(why)) if why.contains("timeouts")
        ));
        assert!(matches!(
            embedded_lacks(Need::Members),
            Some(Lack::NotHosted(_))
        ));
        assert_eq!(embedded_lacks(Need::Transactions), None);
    }
}
