//! An input, read as what both sides of a connection say.
//!
//! Marks, and no lengths: an input that lost or gained a byte is still the same
//! conversation from there on, which is what a fuzzer needs to get anywhere.

use exactly_adapter::Direction;

/// From here on the client speaks. The first byte is in no UTF-8 text.
pub const TO_SYSTEM: &[u8] = b"\xf5>>\xf5";
/// From here on the system speaks.
pub const TO_CLIENT: &[u8] = b"\xf5<<\xf5";

const MARK_LEN: usize = TO_SYSTEM.len();

/// What one side says before it listens.
pub type Said<'a> = (Direction, &'a [u8]);

/// The conversation of an input. The client begins.
pub fn read(data: &[u8]) -> Vec<Said<'_>> {
    let mut all = Vec::new();
    let (mut dir, mut start, mut at) = (Direction::ToSystem, 0, 0);
    while at < data.len() {
        let next = match data.get(at..at + MARK_LEN) {
            Some(TO_SYSTEM) => Direction::ToSystem,
            Some(TO_CLIENT) => Direction::ToClient,
            _ => {
                at += 1;
                continue;
            }
        };
        all.push((dir, &data[start..at]));
        at += MARK_LEN;
        (dir, start) = (next, at);
    }
    all.push((dir, &data[start..]));
    all.retain(|(_, bytes)| !bytes.is_empty());
    all
}

/// The input that is read as this conversation.
pub fn write<'a>(said: impl IntoIterator<Item = Said<'a>>) -> Vec<u8> {
    let mut data = Vec::new();
    for (dir, bytes) in said {
        data.extend_from_slice(match dir {
            Direction::ToSystem => TO_SYSTEM,
            Direction::ToClient => TO_CLIENT,
        });
        data.extend_from_slice(bytes);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToSystem};

    #[test]
    fn a_conversation_goes_there_and_back() {
        let said: [Said<'_>; 3] = [(ToSystem, b"a"), (ToClient, b"\xf5>"), (ToSystem, b">")];
        assert_eq!(read(&write(said)), said);
    }

    #[test]
    fn any_bytes_are_a_conversation() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"\xf5>"), [(ToSystem, &b"\xf5>"[..])]);
        assert_eq!(read(b"\xf5<<\xf5\xf5<<\xf5x"), [(ToClient, &b"x"[..])]);
    }
}
