//! Receipt handles: which message, and which of its receives. A tag over both
//! tells a handle of this server from any other text.

use super::digest::scramble;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a handle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    /// The number of the queue: another queue of the same name has another.
    pub queue: u64,
    /// The message's number in it.
    pub arrival: u64,
    /// The number of the receive.
    pub receive: u64,
}

impl Handle {
    fn tag(self) -> u64 {
        let first = scramble(&[self.queue, self.arrival, self.receive]);
        first[..8]
            .iter()
            .fold(0, |tag, byte| (tag << 8) | u64::from(*byte))
    }

    pub fn write(self) -> String {
        let numbers = [self.tag(), self.queue, self.arrival, self.receive];
        STANDARD.encode(numbers.map(u64::to_be_bytes).concat())
    }

    pub fn read(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        let (numbers, rest) = bytes.as_chunks::<8>();
        let [tag, queue, arrival, receive] = numbers else {
            return None;
        };
        let handle = Self {
            queue: u64::from_be_bytes(*queue),
            arrival: u64::from_be_bytes(*arrival),
            receive: u64::from_be_bytes(*receive),
        };
        (rest.is_empty() && handle.tag() == u64::from_be_bytes(*tag)).then_some(handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_reads_back_and_garbage_does_not() {
        let handle = Handle {
            queue: 3,
            arrival: 7,
            receive: u64::MAX,
        };
        let text = handle.write();
        assert_eq!(Handle::read(&text), Some(handle));
        let mut changed = text.clone().into_bytes();
        changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        for other in ["", "garbage", &text[..8], changed.as_str()] {
            assert_eq!(Handle::read(other), None, "{other}");
        }
    }
}
