//! Conversations that were taken off the wire: what each client really sends,
//! and what the engine sees of it.

use super::*;

/// The exchanges of a recorded conversation that a fault can strike, and what was
/// delivered, connection by connection.
fn seen(text: &str) -> Vec<String> {
    let shared = shared();
    let mut lines = Vec::new();
    let mut connections = std::collections::BTreeMap::new();
    let mut heads = std::collections::BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [connection, direction, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a line without three parts: {line}");
        };
        let (decoder, buffers) = connections.entry(connection).or_insert_with(|| {
            (
                KafkaDecoder::new(Arc::clone(&shared)),
                [(); 2].map(|()| BytesMut::new()),
            )
        });
        let dir = match direction {
            ">" => Direction::ToSystem,
            _ => Direction::ToClient,
        };
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        let buffer = &mut buffers[dir as usize];
        buffer.extend_from_slice(&bytes);
        while let Some(unit) = decoder.next(dir, buffer, &Net::default()).unwrap() {
            lines.extend(unit.delivers.iter().map(|part| {
                let Delivered {
                    target,
                    partition,
                    first,
                    last,
                } = part;
                format!("{target}/{partition}: {first} to {last} delivered")
            }));
            if let Some(head) = unit.opens {
                heads.insert((connection, head.key), head);
            }
            let Some(reply) = unit.closes else { continue };
            let head = heads.remove(&(connection, reply.key)).expect("a request");
            if matches!(head.class, Class::Read | Class::Control) {
                continue;
            }
            let Head {
                class,
                operation,
                target,
                ..
            } = &head;
            let upto: Vec<_> = head.commits.iter().map(|to| to.offset).collect();
            let outcome = reply
                .error
                .unwrap_or_else(|| format!("{:?}", reply.outcome));
            lines.push(format!(
                "{class:?} {operation} {target} {upto:?}: {outcome}"
            ));
        }
    }
    assert!(heads.is_empty(), "{heads:?}");
    lines
}

#[test]
fn kafkajs() {
    assert_eq!(
        seen(include_str!("kafkajs.txt")),
        [
            "Take JoinGroup  []: MEMBER_ID_REQUIRED",
            "Take JoinGroup  []: Ok",
            "topic.orders/0: 0 to 1 delivered",
            "Ack OffsetCommit topic.orders [1]: Ok",
            "Ack OffsetCommit topic.orders [2]: Ok",
        ]
    );
}
