//! Errors in a broker's name, with the library as the judge of their bytes.

use super::*;

/// A request of each API that can be answered with an error, in every version
/// that clients may negotiate and the library encodes.
fn requests(correlation: i32) -> Vec<(ApiKey, i16, Bytes)> {
    let mut all = Vec::new();
    let mut add =
        |api: ApiKey, versions: std::ops::RangeInclusive<i16>, body: &dyn Fn(i16) -> Bytes| {
            all.extend(versions.map(|version| (api, version, body(version))));
        };
    let produce = labels::produce(-1, true);
    add(ApiKey::Produce, 3..=9, &|v| {
        request_frame(ApiKey::Produce, v, correlation, &produce)
    });
    add(ApiKey::OffsetCommit, 2..=9, &|v| {
        request_frame(ApiKey::OffsetCommit, v, correlation, &offset_commit())
    });
    add(ApiKey::TxnOffsetCommit, 0..=5, &|v| {
        request_frame(
            ApiKey::TxnOffsetCommit,
            v,
            correlation,
            &txn_offset_commit(),
        )
    });
    add(ApiKey::AddPartitionsToTxn, 0..=3, &|v| {
        request_frame(
            ApiKey::AddPartitionsToTxn,
            v,
            correlation,
            &add_partitions(),
        )
    });
    let offsets = AddOffsetsToTxnRequest::default();
    add(ApiKey::AddOffsetsToTxn, 0..=4, &|v| {
        request_frame(ApiKey::AddOffsetsToTxn, v, correlation, &offsets)
    });
    let end = EndTxnRequest::default();
    add(ApiKey::EndTxn, 0..=4, &|v| {
        request_frame(ApiKey::EndTxn, v, correlation, &end)
    });
    let init = InitProducerIdRequest::default();
    add(ApiKey::InitProducerId, 0..=5, &|v| {
        request_frame(ApiKey::InitProducerId, v, correlation, &init)
    });
    let join = JoinGroupRequest::default().with_member_id(text("m1"));
    add(ApiKey::JoinGroup, 0..=9, &|v| {
        request_frame(ApiKey::JoinGroup, v, correlation, &join)
    });
    all
}

fn offset_commit() -> OffsetCommitRequest {
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let partition = |n| OffsetCommitRequestPartition::default().with_partition_index(n);
    let topic = OffsetCommitRequestTopic::default()
        .with_name(topic("orders-r7-t12"))
        .with_partitions(vec![partition(0), partition(4)]);
    OffsetCommitRequest::default().with_topics(vec![topic])
}

fn txn_offset_commit() -> TxnOffsetCommitRequest {
    use txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
    let partition = |n| TxnOffsetCommitRequestPartition::default().with_partition_index(n);
    let topic = TxnOffsetCommitRequestTopic::default()
        .with_name(topic("orders-r7-t12"))
        .with_partitions(vec![partition(0), partition(4)]);
    TxnOffsetCommitRequest::default().with_topics(vec![topic])
}

fn add_partitions() -> AddPartitionsToTxnRequest {
    let topic = add_partitions_to_txn_request::AddPartitionsToTxnTopic::default()
        .with_name(topic("orders-r7-t12"))
        .with_partitions(vec![0, 4]);
    AddPartitionsToTxnRequest::default().with_v3_and_below_topics(vec![topic])
}

/// What the library reads: error codes, and the partitions they stand by.
fn decoded(api: ApiKey, version: i16, correlation: i32, frame: &Bytes) -> Vec<(i32, i16)> {
    let mut body = frame.clone();
    assert_eq!(body.get_i32() as usize, frame.len() - 4);
    let header = ResponseHeader::decode(&mut body, api.response_header_version(version)).unwrap();
    assert_eq!(header.correlation_id, correlation);
    let name = "orders-r7-t12";
    let errors = match api {
        ApiKey::Produce => {
            let topic = &ProduceResponse::decode(&mut body, version)
                .unwrap()
                .responses[0];
            assert_eq!(topic.name.to_string(), name);
            let partitions = topic.partition_responses.iter();
            partitions
                .inspect(|p| assert_eq!(p.base_offset, -1))
                .map(|p| (p.index, p.error_code))
                .collect()
        }
        ApiKey::OffsetCommit => {
            let topic = &OffsetCommitResponse::decode(&mut body, version)
                .unwrap()
                .topics[0];
            assert_eq!(topic.name.to_string(), name);
            topic
                .partitions
                .iter()
                .map(|p| (p.partition_index, p.error_code))
                .collect()
        }
        ApiKey::TxnOffsetCommit => {
            let topic = &TxnOffsetCommitResponse::decode(&mut body, version)
                .unwrap()
                .topics[0];
            assert_eq!(topic.name.to_string(), name);
            topic
                .partitions
                .iter()
                .map(|p| (p.partition_index, p.error_code))
                .collect()
        }
        ApiKey::AddPartitionsToTxn => {
            let response = AddPartitionsToTxnResponse::decode(&mut body, version).unwrap();
            let topic = &response.results_by_topic_v3_and_below[0];
            assert_eq!(topic.name.to_string(), name);
            let results = topic.results_by_partition.iter();
            results
                .map(|p| (p.partition_index, p.partition_error_code))
                .collect()
        }
        ApiKey::AddOffsetsToTxn => {
            vec![(
                -1,
                AddOffsetsToTxnResponse::decode(&mut body, version)
                    .unwrap()
                    .error_code,
            )]
        }
        ApiKey::EndTxn => {
            vec![(
                -1,
                EndTxnResponse::decode(&mut body, version)
                    .unwrap()
                    .error_code,
            )]
        }
        ApiKey::InitProducerId => {
            let response = InitProducerIdResponse::decode(&mut body, version).unwrap();
            assert_eq!(response.producer_id, ProducerId(-1));
            vec![(-1, response.error_code)]
        }
        _ => {
            let response = JoinGroupResponse::decode(&mut body, version).unwrap();
            assert_eq!(response.member_id, text("m1"));
            vec![(-1, response.error_code)]
        }
    };
    assert!(body.is_empty(), "{api:?} v{version}");
    errors
}

fn partitions(api: ApiKey) -> &'static [i32] {
    match api {
        ApiKey::Produce => &[0],
        ApiKey::OffsetCommit | ApiKey::TxnOffsetCommit | ApiKey::AddPartitionsToTxn => &[0, 4],
        _ => &[-1],
    }
}

fn check(api: ApiKey, version: i16, correlation: i32, reply: &ErrorReply, code: i16) {
    let expect: Vec<_> = partitions(api).iter().map(|p| (*p, code)).collect();
    assert_eq!(
        decoded(api, version, correlation, &reply.bytes),
        expect,
        "{api:?} v{version}"
    );
    assert_eq!(reply.error, crate::errors::name(code));
}

#[test]
fn before_the_request_is_forgotten_and_told_why() {
    for (api, version, frame) in requests(31) {
        let mut decoder = decoder();
        let key = head(&mut decoder, &frame).key;
        assert_eq!(decoder.awaited(), 1);
        assert_eq!(
            decoder.error_reply(key + 1, Phase::Before),
            None,
            "another one's key"
        );
        let code = match api {
            ApiKey::Produce => 6,
            ApiKey::AddPartitionsToTxn | ApiKey::AddOffsetsToTxn => 51,
            _ => 16,
        };
        let reply = decoder.error_reply(key, Phase::Before);
        let reply = reply.unwrap_or_else(|| panic!("{api:?} v{version}"));
        check(api, version, 31, &reply, code);
        assert_eq!(decoder.awaited(), 0);
        assert_eq!(decoder.error_reply(key, Phase::Before), None, "asked twice");
        // The client sends it again with another id, and it is taken as new.
        let again = requests(32)
            .into_iter()
            .find(|(a, v, _)| (*a, *v) == (api, version));
        assert_ne!(head(&mut decoder, &again.unwrap().2).key, key);
    }
}

/// A reply of the system that says that all is well.
fn fine(api: ApiKey, version: i16, correlation: i32) -> Bytes {
    let answer = |body: &dyn Fn(&mut BytesMut)| {
        let mut out = BytesMut::from(&[0; 4][..]);
        let header = ResponseHeader::default().with_correlation_id(correlation);
        header
            .encode(&mut out, api.response_header_version(version))
            .unwrap();
        body(&mut out);
        let length = out.len() as u32 - 4;
        out[..4].copy_from_slice(&length.to_be_bytes());
        out.freeze()
    };
    match api {
        ApiKey::Produce => answer(&|out| ProduceResponse::default().encode(out, version).unwrap()),
        ApiKey::OffsetCommit => answer(&|out| {
            OffsetCommitResponse::default()
                .encode(out, version)
                .unwrap()
        }),
        ApiKey::TxnOffsetCommit => answer(&|out| {
            TxnOffsetCommitResponse::default()
                .encode(out, version)
                .unwrap()
        }),
        ApiKey::AddPartitionsToTxn => answer(&|out| {
            AddPartitionsToTxnResponse::default()
                .encode(out, version)
                .unwrap()
        }),
        ApiKey::AddOffsetsToTxn => answer(&|out| {
            AddOffsetsToTxnResponse::default()
                .encode(out, version)
                .unwrap()
        }),
        ApiKey::EndTxn => answer(&|out| EndTxnResponse::default().encode(out, version).unwrap()),
        ApiKey::InitProducerId => answer(&|out| {
            InitProducerIdResponse::default()
                .encode(out, version)
                .unwrap()
        }),
        _ => {
            let response = JoinGroupResponse::default().with_protocol_name(Some(text("range")));
            answer(&|out| response.encode(out, version).unwrap())
        }
    }
}

#[test]
fn after_the_reply_just_taken_is_replaced() {
    for (api, version, frame) in requests(41) {
        let mut decoder = decoder();
        let key = head(&mut decoder, &frame).key;
        assert_eq!(
            decoder.error_reply(key, Phase::After),
            None,
            "not taken yet"
        );
        let reply = one(&mut decoder, Direction::ToClient, &fine(api, version, 41));
        assert_eq!(
            reply.closes.unwrap().outcome,
            Outcome::Ok,
            "{api:?} v{version}"
        );
        assert_eq!(decoder.awaited(), 0);
        let reply = decoder.error_reply(key, Phase::After);
        match api {
            ApiKey::JoinGroup => assert_eq!(reply, None, "no legal case"),
            ApiKey::Produce => check(api, version, 41, &reply.unwrap(), 7),
            _ => check(api, version, 41, &reply.unwrap(), 15),
        }
        assert_eq!(decoder.error_reply(key + 1, Phase::After), None);
    }
}

#[test]
fn what_has_no_legal_error_gets_none() {
    let mut decoder = decoder();
    // Answered from the append itself: nothing can time out after it.
    let produce = labels::produce(1, false);
    let key = head(
        &mut decoder,
        &request_frame(ApiKey::Produce, 9, 1, &produce),
    )
    .key;
    one(
        &mut decoder,
        Direction::ToClient,
        &fine(ApiKey::Produce, 9, 1),
    );
    assert_eq!(decoder.error_reply(key, Phase::After), None);
    let fetch = request_frame(ApiKey::Fetch, 11, 2, &labels::fetch_request(0));
    let key = head(&mut decoder, &fetch).key;
    assert_eq!(decoder.error_reply(key, Phase::Before), None);
    assert_eq!(decoder.awaited(), 1, "still waits for its reply");
    // More than an error reply names.
    let mut commit = offset_commit();
    let part = commit.topics[0].partitions[0].clone();
    commit.topics[0].partitions = vec![part; 5_000];
    let key = head(
        &mut decoder,
        &request_frame(ApiKey::OffsetCommit, 8, 3, &commit),
    )
    .key;
    assert_eq!(decoder.error_reply(key, Phase::Before), None);
    assert_eq!(decoder.awaited(), 2);
    // Nothing that an error could be about.
    commit.topics[0].partitions.clear();
    let key = head(
        &mut decoder,
        &request_frame(ApiKey::OffsetCommit, 8, 4, &commit),
    )
    .key;
    assert_eq!(decoder.error_reply(key, Phase::Before), None);
}
