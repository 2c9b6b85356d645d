//! Any cuts, any bytes.

use super::labels::{fetch_request, produce};
use super::*;
use proptest::prelude::*;

/// A conversation: requests and the replies to them.
fn conversation() -> (Vec<Bytes>, Vec<Bytes>) {
    let mut requests = Vec::new();
    let mut replies = Vec::new();
    for round in 0..3 {
        let at = round * 10;
        requests.push(request_frame(ApiKey::Produce, 9, at, &produce(-1, false)));
        replies.push(response_frame(
            ApiKey::Produce,
            9,
            at,
            &ProduceResponse::default(),
        ));
        requests.push(request_frame(ApiKey::Fetch, 11, at + 1, &fetch_request(0)));
        replies.push(response_frame(
            ApiKey::Fetch,
            11,
            at + 1,
            &FetchResponse::default(),
        ));
        let ask = MetadataRequest::default();
        requests.push(request_frame(ApiKey::Metadata, 12, at + 2, &ask));
        let broker = metadata_response::MetadataResponseBroker::default()
            .with_host(text("b"))
            .with_port(9_092);
        let answer = MetadataResponse::default().with_brokers(vec![broker]);
        replies.push(response_frame(ApiKey::Metadata, 12, at + 2, &answer));
    }
    (requests, replies)
}

/// What a decoder makes of `bytes` that arrive in `cuts`.
fn decode(
    decoder: &mut KafkaDecoder,
    dir: Direction,
    bytes: &[u8],
    cuts: &[usize],
) -> Result<String, String> {
    let mut buf = BytesMut::new();
    let mut out = String::new();
    let mut rest = bytes;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let len = (*cuts.next().unwrap_or(&1)).clamp(1, rest.len());
        buf.extend_from_slice(&rest[..len]);
        rest = &rest[len..];
        loop {
            match decoder.next(dir, &mut buf, &Net::default()) {
                Ok(Some(unit)) => out.push_str(&format!("{unit:?}\n")),
                Ok(None) => break,
                Err(error) => return Err(format!("{out}{error}")),
            }
        }
    }
    Ok(out)
}

proptest! {
    #[test]
    fn cuts_make_no_difference(cuts in prop::collection::vec(1_usize..200, 1..40)) {
        let (requests, replies) = conversation();
        let (requests, replies) = (requests.concat(), replies.concat());
        let (mut whole, mut cut) = (decoder(), decoder());
        let all = [usize::MAX];
        let one = decode(&mut whole, Direction::ToSystem, &requests, &all).unwrap();
        let two = decode(&mut cut, Direction::ToSystem, &requests, &cuts).unwrap();
        prop_assert_eq!(one, two);
        let one = decode(&mut whole, Direction::ToClient, &replies, &all).unwrap();
        let two = decode(&mut cut, Direction::ToClient, &replies, &cuts).unwrap();
        prop_assert_eq!(one, two);
    }

    #[test]
    fn random_bytes_never_panic(
        api in 0_i16..100,
        version in 0_i16..20,
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut frame = Vec::new();
        frame.extend_from_slice(&(body.len() as u32 + 8).to_be_bytes());
        frame.extend_from_slice(&api.to_be_bytes());
        frame.extend_from_slice(&version.to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0, 1]);
        frame.extend_from_slice(&body);
        let mut decoder = decoder();
        let _ = decode(&mut decoder, Direction::ToSystem, &frame, &[usize::MAX]);
        let mut reply = Vec::new();
        reply.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        reply.extend_from_slice(&[0, 0, 0, 1]);
        reply.extend_from_slice(&body);
        let _ = decode(&mut decoder, Direction::ToClient, &reply, &[usize::MAX]);
    }

    #[test]
    fn damaged_frames_never_panic(
        which in 0_usize..9,
        damage in prop::collection::vec((4_usize..400, any::<u8>()), 1..6),
    ) {
        let (requests, replies) = conversation();
        let mut decoder = decoder();
        for (dir, frames) in [(Direction::ToSystem, requests), (Direction::ToClient, replies)] {
            let mut frame = frames[which].to_vec();
            for (at, byte) in &damage {
                let at = at % frame.len();
                if at >= 4 {
                    frame[at] = *byte;
                }
            }
            let _ = decode(&mut decoder, dir, &frame, &[usize::MAX]);
        }
    }
}
