//! Message ids in whatever bytes carry them.

use exactly_model::MessageId;

/// Ids taken from one unit at most. A batch of more is labelled by the first
/// ones: points are told apart by them all the same.
pub const IDS_PER_UNIT_MAX: usize = 16_384;

/// First characters of the UUID rendering, which are the same in each.
const UUID_START: &[u8] = b"65786163-";
const UUID_LEN: usize = 36;
/// `x`, three numbers of at most 7, 6 and 8 digits, two dashes.
const TEXT_LEN_MAX: usize = 24;

/// Finds the text and UUID renderings in `bytes`. A bare number is not
/// searched for: any number would do.
pub fn find_ids(bytes: &[u8], ids: &mut Vec<MessageId>) {
    let mut at = 0;
    while at < bytes.len() && ids.len() < IDS_PER_UNIT_MAX {
        let rest = &bytes[at..];
        let Some(next) = memchr::memchr2(b'x', b'6', rest) else {
            return;
        };
        let candidate = &rest[next..];
        let starts_word = at + next == 0 || !bytes[at + next - 1].is_ascii_alphanumeric();
        let found = match starts_word {
            true => text(candidate).or_else(|| uuid(candidate)),
            false => None,
        };
        at += next
            + match found {
                Some((id, len)) => {
                    // An id that stands in the key and again in the value is one id.
                    if ids.last() != Some(&id) {
                        ids.push(id);
                    }
                    len
                }
                None => 1,
            };
    }
}

fn text(bytes: &[u8]) -> Option<(MessageId, usize)> {
    if bytes.first() != Some(&b'x') || !bytes.get(1)?.is_ascii_digit() {
        return None;
    }
    let len = bytes[1..]
        .iter()
        .take(TEXT_LEN_MAX)
        .take_while(|b| b.is_ascii_digit() || **b == b'-')
        .count()
        + 1;
    // A dash may follow the id in a longer word (`x1-2-3-invoice`).
    let word = std::str::from_utf8(&bytes[..len])
        .ok()?
        .trim_end_matches('-');
    Some((MessageId::parse(word)?, word.len()))
}

fn uuid(bytes: &[u8]) -> Option<(MessageId, usize)> {
    if !bytes.starts_with(UUID_START) {
        return None;
    }
    let word = std::str::from_utf8(bytes.get(..UUID_LEN)?).ok()?;
    Some((MessageId::parse(word)?, UUID_LEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &[(u32, u32, u32)]) {
        let mut ids = Vec::new();
        find_ids(input.as_bytes(), &mut ids);
        let expect: Vec<_> = expect
            .iter()
            .map(|(run, trial, seq)| MessageId::new(*run, *trial, *seq).unwrap())
            .collect();
        assert_eq!(ids, expect, "{input}");
    }

    #[test]
    fn both_renderings_are_found_and_look_alikes_are_not() {
        check(r#"{"id":"x7-12-3","n":1}"#, &[(7, 12, 3)]);
        check("x1-2-3 x1-2-3 x1-2-4", &[(1, 2, 3), (1, 2, 4)]);
        check("x1-2-3-invoice", &[(1, 2, 3)]);
        check("max1-2-3 x1-2 xx1-2-3 6x", &[]);
        check("xxxxxxxx", &[]);
        let uuid = MessageId::new(9, 8, 7).unwrap().to_uuid().to_string();
        check(&format!("{{\"id\":\"{uuid}\"}}"), &[(9, 8, 7)]);
        check(&uuid[..30], &[]);
    }
}
