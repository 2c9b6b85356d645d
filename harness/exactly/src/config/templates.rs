//! What stands in braces: placeholders of processes and of messages.

use super::error::meant;
use std::collections::BTreeSet;

/// What can stand in a payload.
pub(super) const OF_MESSAGES: [&str; 4] = ["id", "key", "seq", "checksum"];

/// Refuses a placeholder such as `{k.adress}` that stands for nothing. Braces around
/// anything else are text.
pub(super) fn check_process(text: &str, known: &BTreeSet<String>) -> Result<(), String> {
    for name in in_braces(text).filter(|name| looks_like_placeholder(name)) {
        let is_port = name.strip_prefix("port.").is_some_and(is_word);
        if !is_port && !known.contains(name) {
            let hint = meant(known.iter().map(String::as_str), name);
            return Err(format!("nothing is called {{{name}}}{hint}"));
        }
    }
    Ok(())
}

/// Refuses a placeholder of messages that stands for nothing.
pub(super) fn check_message(text: &str, known: &[&str]) -> Result<(), String> {
    for name in in_braces(text).filter(|name| is_word(name)) {
        if !known.contains(&name) {
            let hint = meant(known.iter().copied(), name);
            return Err(format!("nothing is called {{{name}}}{hint}"));
        }
    }
    Ok(())
}

/// What stands between an opening brace and the next closing one.
fn in_braces(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split('{').skip(1);
    after.filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// As the engine sees it: `system.name`.
fn looks_like_placeholder(name: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.contains('.') && name.chars().all(sound)
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_placeholder_is_one() {
        let known: BTreeSet<String> = ["k.address", "pg.url"].map(String::from).into();
        let check = |text| check_process(text, &known);
        for text in [
            "{k.address}",
            "a={pg.url}&{port.http}",
            "{\"json\":1}",
            "${HOME}",
            "{}",
            "{k.address",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, part) in [
            ("{k.adress}", "did you mean \"k.address\"?"),
            ("{q.url}", "did you mean \"pg.url\"?"),
            ("{port.}", "nothing is called"),
        ] {
            let why = check(text).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        let payload = |text| check_message(text, &OF_MESSAGES);
        assert_eq!(payload("{\"id\":\"{id}\",\"n\":{seq},\"x\":{}}"), Ok(()));
        assert!(
            payload("{ids}")
                .unwrap_err()
                .contains("did you mean \"id\"?")
        );
    }
}
