//! Replies with addresses or versions.

use super::*;

/// Sends an empty request and decodes the rewritten answer with the library.
fn rewritten<R: Decodable>(api: ApiKey, version: i16, answer: &impl Encodable) -> R {
    let mut decoder = decoder();
    let mut buf = BytesMut::new();
    match api {
        ApiKey::Metadata => {
            buf.extend_from_slice(&request_frame(api, version, 1, &MetadataRequest::default()));
        }
        ApiKey::FindCoordinator => buf.extend_from_slice(&request_frame(
            api,
            version,
            1,
            &FindCoordinatorRequest::default(),
        )),
        ApiKey::DescribeCluster => buf.extend_from_slice(&request_frame(
            api,
            version,
            1,
            &DescribeClusterRequest::default(),
        )),
        _ => buf.extend_from_slice(&request_frame(
            api,
            version,
            1,
            &ApiVersionsRequest::default(),
        )),
    }
    head(&mut decoder, &buf.freeze());
    let frame = response_frame(api, version, 1, answer);
    let unit = one(&mut decoder, Direction::ToClient, &frame);
    assert_eq!(unit.closes.unwrap().outcome, Outcome::Ok);
    let mut out = unit.forward;
    assert_eq!(out.get_i32() as usize, out.remaining());
    ResponseHeader::decode(&mut out, api.response_header_version(version)).unwrap();
    let decoded = R::decode(&mut out, version).unwrap();
    assert!(!out.has_remaining(), "{api:?} v{version}");
    decoded
}

#[test]
fn metadata_names_boundaries_for_any_number_of_brokers() {
    use metadata_response::{
        MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    };
    for version in 0..=12 {
        let brokers = (0..5).map(|n| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(n))
                .with_host(text(&format!("broker-{}", "x".repeat(n as usize * 40))))
                .with_port(9_092 + n)
        });
        let part = MetadataResponsePartition::default()
            .with_leader_id(BrokerId(2))
            .with_replica_nodes(vec![BrokerId(2), BrokerId(3)])
            .with_isr_nodes(vec![BrokerId(2)]);
        let named = MetadataResponseTopic::default()
            .with_name(Some(topic("orders-r7-t12")))
            .with_partitions(vec![part]);
        let answer = MetadataResponse::default()
            .with_brokers(brokers.collect())
            .with_topics(vec![named]);
        let got: MetadataResponse = rewritten(ApiKey::Metadata, version, &answer);
        for (n, broker) in got.brokers.iter().enumerate() {
            assert_eq!(broker.host.as_str(), "boundary.test", "v{version}");
            assert_eq!(broker.port, 40_000 + n as i32);
            assert_eq!(broker.node_id, BrokerId(n as i32));
        }
        assert_eq!(got.brokers.len(), 5);
        assert_eq!(got.topics, answer.topics, "v{version}");
    }
}

#[test]
fn coordinators_are_boundaries_too() {
    use find_coordinator_response::Coordinator;
    for version in 0..=6 {
        let answer = match version {
            0..=3 => FindCoordinatorResponse::default()
                .with_node_id(BrokerId(1))
                .with_host(text("b1"))
                .with_port(9_093),
            _ => FindCoordinatorResponse::default().with_coordinators(vec![
                Coordinator::default()
                    .with_key(text("g1"))
                    .with_host(text("b1"))
                    .with_port(9_093),
                // None yet: nothing to dial.
                Coordinator::default()
                    .with_key(text("g2"))
                    .with_error_code(15)
                    .with_port(-1),
            ]),
        };
        let got: FindCoordinatorResponse = rewritten(ApiKey::FindCoordinator, version, &answer);
        if version < 4 {
            assert_eq!((got.host.as_str(), got.port), ("boundary.test", 40_000));
        } else {
            let (one, two) = (&got.coordinators[0], &got.coordinators[1]);
            assert_eq!((one.host.as_str(), one.port), ("boundary.test", 40_000));
            assert_eq!((two.host.as_str(), two.port), ("", -1));
        }
    }
}

#[test]
fn described_clusters_name_boundaries() {
    use describe_cluster_response::DescribeClusterBroker;
    for version in 0..=2 {
        let brokers = (0..3).map(|n| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(n))
                .with_host(text("b"))
                .with_port(9_000 + n)
        });
        let answer = DescribeClusterResponse::default()
            .with_cluster_id(text("c"))
            .with_brokers(brokers.collect());
        let got: DescribeClusterResponse = rewritten(ApiKey::DescribeCluster, version, &answer);
        let ports: Vec<_> = got.brokers.iter().map(|b| b.port).collect();
        assert_eq!(ports, [40_000, 40_001, 40_002]);
    }
}

#[test]
fn api_versions_are_clamped_to_what_is_read() {
    use api_versions_response::{ApiVersion, FinalizedFeatureKey};
    let offer = |api: ApiKey, min, max| {
        ApiVersion::default()
            .with_api_key(api as i16)
            .with_min_version(min)
            .with_max_version(max)
    };
    for version in 0..=4 {
        let feature = FinalizedFeatureKey::default()
            .with_name(text("transaction.version"))
            .with_max_version_level(2);
        let mut answer = ApiVersionsResponse::default().with_api_keys(vec![
            offer(ApiKey::Produce, 0, 13),
            offer(ApiKey::ShareFetch, 1, 2),
            offer(ApiKey::Fetch, 4, 18),
            offer(ApiKey::EndTxn, 0, 5),
            offer(ApiKey::PushTelemetry, 0, 0),
            offer(ApiKey::Heartbeat, 0, 4),
            // Nothing below v13: not clamped below what the broker speaks.
            offer(ApiKey::Metadata, 13, 14),
        ]);
        if version >= 3 {
            answer = answer
                .with_finalized_features_epoch(3)
                .with_finalized_features(vec![feature]);
        }
        let got: ApiVersionsResponse = rewritten(ApiKey::ApiVersions, version, &answer);
        let ranges: Vec<_> = got
            .api_keys
            .iter()
            .map(|a| (a.api_key, a.min_version, a.max_version))
            .collect();
        assert_eq!(
            ranges,
            [(0, 0, 9), (1, 4, 12), (26, 0, 4), (12, 0, 4), (3, 13, 13)],
            "v{version}"
        );
        if version >= 3 {
            assert_eq!(got.finalized_features[0].max_version_level, 1);
        }
    }
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_v0() {
    let mut decoder = decoder();
    let frame = request_frame(ApiKey::ApiVersions, 4, 1, &ApiVersionsRequest::default());
    head(&mut decoder, &frame);
    let offered = api_versions_response::ApiVersion::default()
        .with_api_key(1)
        .with_max_version(17);
    let answer = ApiVersionsResponse::default()
        .with_error_code(35)
        .with_api_keys(vec![offered]);
    let frame = response_frame(ApiKey::ApiVersions, 0, 1, &answer);
    let mut out = one(&mut decoder, Direction::ToClient, &frame)
        .forward
        .slice(8..);
    let got = ApiVersionsResponse::decode(&mut out, 0).unwrap();
    assert_eq!(got.api_keys[0].max_version, 12);
}
