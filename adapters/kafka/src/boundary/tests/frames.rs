//! Correlation, and frames that are none.

use super::*;

#[test]
fn correlation_ids_that_start_again_make_new_keys() {
    let mut decoder = decoder();
    let mut keys = Vec::new();
    for correlation in [1, 2, 1, 1, -1] {
        let beat = HeartbeatRequest::default();
        let frame = request_frame(ApiKey::Heartbeat, 3, correlation, &beat);
        keys.push(head(&mut decoder, &frame).key);
        let answer = HeartbeatResponse::default();
        let frame = response_frame(ApiKey::Heartbeat, 3, correlation, &answer);
        let unit = one(&mut decoder, Direction::ToClient, &frame);
        assert_eq!(unit.closes.unwrap().key, *keys.last().unwrap());
    }
    let mut unique = keys.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), keys.len());
}

#[test]
fn what_cannot_be_decoded_is_an_error_and_stays_in_the_buffer() {
    let hostile: &[&[u8]] = &[
        // 2 GB, a negative length, a TLS ClientHello, HTTP.
        &[0x7f, 0xff, 0xff, 0xff, 0, 0],
        &[0xff, 0xff, 0xff, 0xff],
        &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
        b"GET / HTTP/1.1\r\n\r\n",
        // A frame too short for a header.
        &[0, 0, 0, 2, 0, 0],
        // A Produce of twelve bytes that promises two thousand million topics.
        &[
            0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0x7f,
            0xff,
        ],
    ];
    for bytes in hostile {
        let mut buf = BytesMut::from(*bytes);
        let mut decoder = decoder();
        let next = decoder.next(Direction::ToSystem, &mut buf, &Net::default());
        let error = next.expect_err("hostile bytes");
        assert_eq!((error.protocol, error.after), ("kafka", 0));
        assert_eq!(&buf[..], *bytes);
    }
    // A reply that no one asked for.
    let mut buf = BytesMut::from(&[0, 0, 0, 4, 0, 0, 0, 1][..]);
    let next = decoder().next(Direction::ToClient, &mut buf, &Net::default());
    assert!(next.is_err());
}
