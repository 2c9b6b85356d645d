//! What stands in braces: placeholders of processes and of messages.

use super::error::{cut, meant};
use std::collections::BTreeSet;

/// What can stand in a payload.
pub(super) const OF_MESSAGES: [&str; 4] = ["id", "key", "seq", "checksum"];

/// Longest name in a message.
const NAME_MAX: usize = 80;
/// What the adapter fills into a query by itself.
const OF_QUERIES: [&str; 1] = ["commit_order"];

/// Refuses a placeholder of something else in a query. Braces are also what SQL
/// writes arrays in.
pub(super) fn check_query_text(text: &str) -> Result<(), String> {
    let alien = |name: &&str| {
        let of_message = OF_MESSAGES.contains(name) || *name == "payload";
        let of_process =
            looks_like_placeholder(name) && !name.starts_with(|c: char| c.is_ascii_digit());
        of_message
            || of_process
            || (is_word(name) && name.contains("order") && !OF_QUERIES.contains(name))
    };
    match in_braces(text).find(alien) {
        None => Ok(()),
        Some(name) => Err(format!(
            "has {{{}}}: a query is run as it stands, in the trial's own schema; only {{commit_order}} is filled in",
            cut(name, NAME_MAX)
        )),
    }
}

/// Refuses a placeholder such as `{k.adress}` that stands for nothing. Braces around
/// anything else are text. A process has `ports` of its own.
pub(super) fn check_process(
    text: &str,
    known: &BTreeSet<String>,
    ports: bool,
) -> Result<(), String> {
    for name in in_braces(text).filter(|name| looks_like_placeholder(name)) {
        if is_port(name) && !ports {
            let name = cut(name, NAME_MAX);
            return Err(format!(
                "has {{{name}}}: each process has ports of its own, and this command none"
            ));
        }
        if !is_port(name) && !known.contains(name) {
            let hint = meant(known.iter().map(String::as_str), name);
            return Err(format!(
                "nothing is called {{{}}}{hint}",
                cut(name, NAME_MAX)
            ));
        }
    }
    Ok(())
}

/// Refuses a placeholder of messages that stands for nothing.
pub(super) fn check_message(text: &str, known: &[&str]) -> Result<(), String> {
    for name in in_braces(text).filter(|name| is_word(name)) {
        if !known.contains(&name) {
            let hint = meant(known.iter().copied(), name);
            return Err(format!(
                "nothing is called {{{}}}{hint}",
                cut(name, NAME_MAX)
            ));
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

fn is_port(name: &str) -> bool {
    name.strip_prefix("port.").is_some_and(is_word)
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
        let check = |text| check_process(text, &known, true);
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
        let why = check_process("{port.http}", &known, false).unwrap_err();
        assert!(why.contains("this command none"), "{why}");
        let payload = |text| check_message(text, &OF_MESSAGES);
        assert_eq!(payload("{\"id\":\"{id}\",\"n\":{seq},\"x\":{}}"), Ok(()));
        assert!(
            payload("{ids}")
                .unwrap_err()
                .contains("did you mean \"id\"?")
        );
    }
}
