//! The digests that SDKs check, and the one that deduplicates.

use super::content::{Attribute, AttributeValue};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::BTreeMap;

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// MD5 of a body, in hexadecimal.
pub fn md5_of_body(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// MD5 of message attributes; none where there are none. Source: "Calculating
/// the MD5 message digest for message attributes", developer guide: sorted by
/// name, each part with its length in four bytes, and the kind of the value in
/// one.
pub fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        part(&mut digest, name.as_bytes());
        part(&mut digest, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => {
                digest.update([1]);
                part(&mut digest, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                digest.update([2]);
                part(&mut digest, bytes);
            }
        }
    }
    Some(hex(&digest.finalize()))
}

fn part(digest: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

/// SHA-256 of a body, in hexadecimal: the deduplication id of content-based
/// deduplication. Of the body only, not of the attributes (`SendMessage`,
/// `MessageDeduplicationId`).
pub fn sha256_of_body(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

/// The first 16 bytes of a SHA-256 over numbers: ids that look random and are a
/// function of a counter.
pub(super) fn scramble(numbers: &[u64]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for number in numbers {
        digest.update(number.to_be_bytes());
    }
    let mut first = [0; 16];
    first.copy_from_slice(&digest.finalize()[..16]);
    first
}

/// A UUID of random kind over numbers.
pub(super) fn uuid(numbers: &[u64]) -> String {
    let mut bytes = scramble(numbers);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_sdks_compute() {
        assert_eq!(md5_of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(
            sha256_of_body("hello"),
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        );
        assert_eq!(md5_of_attributes(&BTreeMap::new()), None);
    }

    #[test]
    fn a_uuid_is_a_function_of_its_numbers() {
        assert_eq!(uuid(&[1, 2]), uuid(&[1, 2]));
        assert_ne!(uuid(&[1, 2]), uuid(&[1, 3]));
        assert_eq!(uuid(&[1, 2]).len(), 36);
        assert_eq!(uuid(&[1, 2]).as_bytes()[14], b'4');
    }
}
