//! What clients put on the wire, byte for byte: taken from the sockets of the
//! examples' workers. `kafka-protocol` encodes what is asked of it; these tell
//! what is asked.

use super::*;

/// kafka-clients 4.3.1, `commitSync` of one offset.
const JAVA_OFFSET_COMMIT: &str = "\
    0000005b000800090000000d000e636f6e73756d65722d676a312d310004676a3100000001156b7261666b612d66616b\
    652d6d656d6265722d3100020e6f72646572732d72372d74313202000000000000000000000002ffffffff01000000";
/// franz-go 1.22.3, `CommitRecords` of one record: its metadata is the member.
const FRANZ_GO_OFFSET_COMMIT: &str = "\
    00000064000800090000000500036b676f000467673100000001156b7261666b612d66616b652d6d656d6265722d3100\
    020e6f72646572732d72372d7431320200000000000000000000000200000000156b7261666b612d66616b652d6d656d\
    6265722d31000000";
/// franz-go 1.22.3, the first join: with a reason's place, and one protocol.
const FRANZ_GO_JOIN_GROUP: &str = "\
    0000006b000b00050000000100036b676f000367673100001770000017700000ffff0008636f6e73756d657200000001\
    0012636f6f70657261746976652d737469636b7900000027000300000001000d6f72646572732d72372d743132000000\
    040000000000000000ffffffffffff";
/// kafka-clients 4.3.1, a transaction of two records with
/// `sendOffsetsToTransaction`, in the order of the wire. It adds the group
/// before the partition: what `send` began is sent when the network thread
/// comes to it.
const JAVA_TRANSACTION: [&str; 5] = [
    "0000002e0019000000000007000e70726f64756365722d74782d7237000574782d723700000000000003f100000003\
     676a32",
    "000000410018000000000008000e70726f64756365722d74782d7237000574782d723700000000000003f10000000000\
     01000a6f75742d72372d7431320000000100000000",
    "0000006b001c00040000000a000e70726f64756365722d74782d7237000674782d723704676a3200000000000003f100\
     0000000001156b7261666b612d66616b652d6d656d6265722d3100020e6f72646572732d72372d743132020000000000\
     000000000000020000000001000000",
    "000000ea0000000b0000000b000e70726f64756365722d74782d7237000674782d7237ffff00000bb8020b6f75742d72\
     372d7431320200000000b0010000000000000000000000a3ffffffff02edb7a10e001000000001000001a213759d2e00\
     0001a213759d3d00000000000003f10000000000000000000270000000046b30607b226964223a2278372d31322d3022\
     2c22637573746f6d6572223a226b30222c226e223a302c2273756d223a2273227d0070001e02046b31607b226964223a\
     2278372d31322d31222c22637573746f6d6572223a226b31222c226e223a312c2273756d223a2273227d00000000",
    "0000002b001a00040000000c000e70726f64756365722d74782d7237000674782d723700000000000003f100000100",
];

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).unwrap();
        u8::from_str_radix(pair, 16).unwrap()
    };
    digits.chunks(2).map(byte).collect()
}

#[test]
fn the_offset_that_a_client_commits_is_seen() {
    for (client, hex) in [
        ("kafka-clients", JAVA_OFFSET_COMMIT),
        ("franz-go", FRANZ_GO_OFFSET_COMMIT),
    ] {
        let head = head(&mut decoder(), &bytes(hex));
        assert_eq!(head.operation, "OffsetCommit", "{client}");
        assert_eq!(head.class, Class::Ack, "{client}");
        assert_eq!(head.target, "topic.orders", "{client}");
        assert_eq!(head.commits, [position(2)], "{client}");
    }
}

#[test]
fn a_join_is_answered_in_a_brokers_name() {
    let mut decoder = decoder();
    let head = head(&mut decoder, &bytes(FRANZ_GO_JOIN_GROUP));
    assert_eq!((&*head.operation, head.class), ("JoinGroup", Class::Take));
    let reply = decoder.error_reply(head.key, Phase::Before).unwrap();
    let mut reply = reply.bytes.slice(8..);
    let reply = JoinGroupResponse::decode(&mut reply, 5).unwrap();
    assert!(reply.error_code != 0 && reply.member_id.is_empty());
}

#[test]
fn a_java_transaction_is_seen_whole() {
    let mut decoder = decoder();
    let heads: Vec<Head> = JAVA_TRANSACTION
        .iter()
        .map(|hex| head(&mut decoder, &bytes(hex)))
        .collect();
    let operations: Vec<&str> = heads.iter().map(|head| &*head.operation).collect();
    assert_eq!(
        operations,
        [
            "AddOffsetsToTxn",
            "AddPartitionsToTxn",
            "TxnOffsetCommit",
            "Produce",
            "EndTxn commit",
        ]
    );
    assert_eq!(heads[1].target, "topic.out");
    assert_eq!(heads[2].names, [position(2)]);
    assert_eq!(heads[3].target, "topic.out");
    assert_eq!(heads[3].ids, [id(0), id(1)]);
    assert_eq!(heads[4].ids, [id(0), id(1)]);
    assert_eq!(heads[4].commits, [position(2)]);
}
