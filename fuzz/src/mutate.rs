//! Inputs made of other inputs, by a seeded generator: what was tried can be tried again.

use crate::conversation::{TO_CLIENT, TO_SYSTEM};

/// Longest input that is made.
pub const INPUT_MAX: usize = 16 << 10;

/// A generator (xorshift64*, Vigna 2016): no more is asked of it than to be quick and
/// to be the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// One that begins at `seed`.
    pub const fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    /// The next number below `end`, which is not 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % end
    }

    fn index(&mut self, end: usize) -> usize {
        self.below(end.max(1) as u64) as usize
    }

    /// One of `all`, which are not none.
    pub fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.index(all.len())]
    }

    /// A piece of `length` bytes.
    fn range(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let start = self.index(length + 1);
        let end = start + self.index((length - start).min(most) + 1);
        start..end
    }
}

/// An input like `from`, with pieces of `beside` and `words` in it.
pub fn mutate(from: &[u8], beside: &[u8], words: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut data = from.to_vec();
    for _ in 0..=random.index(6) {
        change(&mut data, beside, words, random);
    }
    data.truncate(INPUT_MAX);
    data
}

fn change(data: &mut Vec<u8>, beside: &[u8], words: &[&[u8]], random: &mut Random) {
    let at = random.index(data.len() + 1);
    match random.below(12) {
        0 => insert(data, at, word(&[TO_SYSTEM, TO_CLIENT], random)),
        1 | 2 if !words.is_empty() => insert(data, at, word(words, random)),
        3 => {
            let range = random.range(beside.len(), 512);
            insert(data, at, &beside[range]);
        }
        4 => drop(data.drain(random.range(data.len(), 64))),
        5 => {
            let range = random.range(data.len(), 512);
            let piece = data[range].to_vec();
            insert(data, at, &piece);
        }
        6 => number(data, at, random),
        7 => digit(data, at, random),
        8 if at > 0 => data.truncate(at),
        9 => insert(data, at, &[random.below(256) as u8]),
        _ => {
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

fn word<'a>(words: &[&'a [u8]], random: &mut Random) -> &'a [u8] {
    words[random.index(words.len())]
}

fn insert(data: &mut Vec<u8>, at: usize, piece: &[u8]) {
    data.splice(at..at, piece.iter().copied());
}

/// Lengths and counts are big-endian where they are binary.
fn number(data: &mut [u8], at: usize, random: &mut Random) {
    let width = *random.one(&[1, 2, 4, 8]);
    let Some(field) = data.get_mut(at..at + width) else {
        return;
    };
    let mut value = [0; 8];
    value[8 - width..].copy_from_slice(field);
    let value = i64::from_be_bytes(value);
    let close = value.wrapping_add(random.below(9) as i64 - 4);
    let edges = [
        0,
        1,
        -1,
        i64::MAX,
        i64::from(i32::MAX),
        0x7fff,
        close,
        close,
    ];
    let value = random.one(&edges).to_be_bytes();
    field.copy_from_slice(&value[8 - width..]);
}

/// Lengths and counts are digits where they are text.
fn digit(data: &mut [u8], at: usize, random: &mut Random) {
    let found = data.iter().skip(at).position(u8::is_ascii_digit);
    if let Some(found) = found {
        data[at + found] = *random.one(b"0123456789abcdefx-+ ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let inputs = |seed| -> Vec<Vec<u8>> {
            let mut random = Random::new(seed);
            (0..200)
                .map(|_| mutate(b"GET 10", b"other", &[b"word"], &mut random))
                .collect()
        };
        assert_eq!(inputs(5), inputs(5));
        assert_ne!(inputs(5), inputs(6));
        assert!(inputs(5).iter().any(|it| it.len() > 6));
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        let mut random = Random::new(1);
        for _ in 0..2_000 {
            let made = mutate(b"", b"", &[], &mut random);
            assert!(made.len() <= INPUT_MAX);
        }
    }
}
