//! From a file to a [`Config`], with a place for everything that is wrong.

use super::error::{ConfigError, Key, Step, Wrong, cut, meant};
use super::file::Config;
use super::shape::misplaced_list;
use serde_path_to_error::{Path as Steps, Segment};
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A longer file is no configuration.
const BYTES_MAX: u64 = 1 << 20;
/// The parser's messages repeat what they are about, however long that is.
const MESSAGE_MAX: usize = 600;
/// What the parser calls things, and what people call them.
const WORDS: [(&str, &str); 9] = [
    ("unknown field", "unknown key"),
    ("missing field", "missing key"),
    ("duplicate field", "duplicate key"),
    (
        "expected a sequence",
        "expected a list, as in [\"a\", \"b\"]",
    ),
    ("expected a map", "expected a table"),
    ("expected struct ", "expected a table: "),
    (
        "expected u32",
        "expected a whole number from 0 to 4294967295",
    ),
    ("expected u64", "expected a whole number, 0 or more"),
    ("invalid type: map", "invalid type: table"),
];

/// Reads the text of `path`.
pub(super) fn text_of(path: &Path) -> Result<String, ConfigError> {
    let wrong = |what: String| ConfigError {
        file: Some(path.into()),
        line: None,
        key: String::new(),
        what,
    };
    let cannot = |error: std::io::Error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "; `exactly init` writes one to begin with",
            _ => "",
        };
        wrong(format!("cannot read it: {error}{hint}"))
    };
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if metadata.is_dir() {
        let what = "it is a folder; name the file in it, such as exactly.toml";
        return Err(wrong(what.into()));
    }
    let mut bytes = Vec::new();
    // Not by its length: a pipe or a device has none.
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() as u64 > BYTES_MAX {
        let what = format!("it is longer than {BYTES_MAX} bytes, and no configuration is");
        return Err(wrong(what));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = lines_before(error.as_bytes(), error.utf8_error().valid_up_to());
        ConfigError {
            line: Some(line),
            ..wrong("it is not UTF-8; save it as UTF-8".into())
        }
    })
}

/// Reads `text`, which stands in `path`.
pub(super) fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let wrong = |error: &toml::de::Error, key: Key| ConfigError {
        file: Some(path.into()),
        line: Some(match error.span() {
            Some(span) => line_at(text, &span),
            None => line_of(text, &key),
        }),
        key: key.to_string(),
        what: in_words(error.message(), &key),
    };
    let deserializer =
        toml::Deserializer::parse(text).map_err(|error| wrong(&error, Key::default()))?;
    if let Some((key, what)) = DeTable::parse(text)
        .ok()
        .and_then(|table| misplaced_list(table.get_ref()))
    {
        return Err(placed(Wrong { key, what }, text, path));
    }
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| wrong(error.inner(), key_of(error.path())))
}

/// A way through the file, as far as it is known.
fn key_of(path: &Steps) -> Key {
    let mut key = Key::default();
    for segment in path {
        key = match segment {
            Segment::Map { key: name } => key.name(name),
            Segment::Seq { index } => key.index(*index),
            Segment::Enum { .. } | Segment::Unknown => break,
        };
    }
    key
}

/// Gives what is wrong its place.
pub(super) fn placed(wrong: Wrong, text: &str, path: &Path) -> ConfigError {
    ConfigError {
        file: Some(path.into()),
        line: Some(line_of(text, &wrong.key)),
        key: wrong.key.to_string(),
        what: wrong.what,
    }
}

/// The line of a key, or of the table that should have it. What no table says is
/// missing from the file as a whole.
fn line_of(text: &str, key: &Key) -> usize {
    span_of(text, key.steps()).map_or(1, |span| line_at(text, &span))
}

/// Where a key's value stands, or the table that should have it.
fn span_of(text: &str, steps: &[Step]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut steps = steps.iter();
    let Some(Step::Name(first)) = steps.next() else {
        return None;
    };
    let (key, mut value) = table.get_ref().get_key_value(first.as_str())?;
    span.replace(key.span());
    for step in steps {
        let next = match (step, value.get_ref()) {
            (Step::Name(name), DeValue::Table(table)) => table
                .get_key_value(name.as_str())
                .map(|(key, value)| (key.span(), value)),
            (Step::Index(index), DeValue::Array(array)) => {
                array.get(*index).map(|value| (value.span(), value))
            }
            _ => None,
        };
        let Some((at, next)) = next else { break };
        span.replace(at);
        value = next;
    }
    span
}

fn line_at(text: &str, span: &Range<usize>) -> usize {
    lines_before(text.as_bytes(), span.start)
}

fn lines_before(bytes: &[u8], at: usize) -> usize {
    let before = &bytes[..at.min(bytes.len())];
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// A message of the parser, in the words of this page, with what was most likely
/// meant.
fn in_words(message: &str, key: &Key) -> String {
    let message: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut message = cut(&exactly_model::redact(message.trim()), MESSAGE_MAX);
    for (theirs, ours) in WORDS {
        message = message.replace(theirs, ours);
    }
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [given, known @ ..] if message.starts_with("unknown ") && !known.is_empty() => {
            let hint = meant(known.iter().copied(), given);
            format!("{message}{hint}")
        }
        _ if message.starts_with("missing key") && key.steps().is_empty() => {
            format!("{message}; `exactly init` writes a file to begin with")
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Key;
    use super::*;

    #[test]
    fn a_key_has_a_line() {
        let text = "name = \"x\"\n\n[systems.k]\nkind = \"kafka\"\n\n[[process]]\nname = \"a\"\n\n[[process]]\nname = \"b\"\nready = { log = \"x\" }\n";
        let line = |key: Key| span_of(text, key.steps()).map(|span| line_at(text, &span));
        assert_eq!(line(Key::of("name")), Some(1));
        assert_eq!(line(Key::of("systems").name("k").name("kind")), Some(4));
        let second = Key::of("process").index(1);
        assert_eq!(line(second.name("ready").name("log")), Some(11));
        // What is not there is missing from where it belongs.
        assert_eq!(line(second.name("command")), line(second.clone()));
        assert_eq!(line(Key::of("nonsense")), None);
    }
}
