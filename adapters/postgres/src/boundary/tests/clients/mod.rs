//! Conversations that were taken off the wire, byte by byte: what each client
//! really sends, and what the engine sees of it.

use super::wire::*;
use exactly_adapter::Direction;
use exactly_model::Outcome;
use std::collections::BTreeMap;

/// A recorded conversation: per connection, each chunk with its direction.
fn recorded(text: &str) -> BTreeMap<u32, Vec<(Direction, Vec<u8>)>> {
    let mut connections = BTreeMap::<u32, Vec<_>>::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [connection, direction, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a line without three parts: {line}");
        };
        let dir = match direction {
            ">" => Direction::ToSystem,
            _ => Direction::ToClient,
        };
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes = (0..hex.len()).step_by(2).map(byte).collect();
        let chunks = connections.entry(connection.parse().unwrap());
        chunks.or_default().push((dir, bytes));
    }
    connections
}

/// Every exchange of a conversation as `INSERT orders {1}: ok`, in order, without
/// those that change nothing. All bytes must be passed on as they are, whatever
/// pieces they come in.
fn exchanges(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for chunks in recorded(text).into_values() {
        let wire = played(&chunks, usize::MAX);
        assert_eq!(wire.seen, played(&chunks, 1).seen);
        for dir in [Direction::ToSystem, Direction::ToClient] {
            let sent: Vec<u8> = chunks
                .iter()
                .filter(|(to, _)| *to == dir)
                .flat_map(|(_, bytes)| bytes.clone())
                .collect();
            assert_eq!(wire.seen.forwarded[dir as usize], sent);
        }
        assert_eq!(wire.seen.heads.len(), wire.seen.replies.len());
        for (head, label) in wire.seen.heads.iter().zip(wire.labels()) {
            let reply = wire.seen.replies.iter().find(|r| r.key == head.key);
            let outcome = match reply.unwrap().outcome {
                Outcome::Ok => "ok",
                Outcome::Fail => "failed",
                Outcome::Unknown => "unknown",
            };
            let ids: Vec<_> = head.ids.iter().map(|id| id.sequence()).collect();
            if let Some(effect) = label.strip_prefix("Effect ") {
                lines.push(format!("{effect} {ids:?}: {outcome}"));
            }
        }
    }
    lines
}

fn played(chunks: &[(Direction, Vec<u8>)], piece: usize) -> Wire {
    let mut wire = Wire::new();
    for (dir, bytes) in chunks {
        for piece in bytes.chunks(piece) {
            wire.read(*dir, piece).unwrap();
        }
    }
    wire
}

#[test]
fn psycopg() {
    assert_eq!(
        exchanges(include_str!("psycopg.txt")),
        [
            // A transaction, statement by statement.
            "INSERT inbox [1]: ok",
            "INSERT orders [1]: ok",
            "COMMIT [1]: ok",
            // Prepared at its first use, and by its name afterwards.
            "INSERT orders [2]: ok",
            "COMMIT [2]: ok",
            "INSERT orders [3]: ok",
            "COMMIT [3]: ok",
            "INSERT orders []: failed",
            "ROLLBACK []: ok",
            // executemany: two executions before one Sync.
            "INSERT orders [4, 5]: ok",
            "COMMIT [4, 5]: ok",
            // Pipeline mode: the whole transaction before one Sync.
            "INSERT inbox [6]: ok",
            // The same, with an error in the middle.
            "INSERT inbox [7]: failed",
            "ROLLBACK []: ok",
            // Binary parameters.
            "INSERT orders [8]: ok",
            "COMMIT [8]: ok",
            "COPY orders []: ok",
            "COMMIT []: ok",
        ]
    );
}

#[test]
fn node_postgres() {
    assert_eq!(
        exchanges(include_str!("node-postgres.txt")),
        [
            "INSERT inbox [1]: ok",
            "INSERT orders [1]: ok",
            "COMMIT [1]: ok",
            // A named statement, prepared with its first use.
            "INSERT inbox [2]: ok",
            "INSERT inbox [3]: ok",
            // A whole transaction in one string.
            "INSERT inbox [4]: ok",
            "INSERT inbox [4]: failed",
            // A COMMIT that is answered with ROLLBACK.
            "COMMIT [4]: failed",
            // A parameter in binary format.
            "INSERT inbox [5]: ok",
        ]
    );
}
