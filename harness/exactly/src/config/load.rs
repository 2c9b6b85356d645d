//! From a file to a [`Config`], with a place for everything that is wrong.

use super::error::{ConfigError, Step, Wrong, meant};
use super::file::Config;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A longer file is no configuration.
const BYTES_MAX: u64 = 1 << 20;

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
    if metadata.len() > BYTES_MAX {
        let what = format!("it is longer than {BYTES_MAX} bytes, and no configuration is");
        return Err(wrong(what));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|error| {
        let line = lines_before(error.as_bytes(), error.utf8_error().valid_up_to());
        ConfigError {
            line: Some(line),
            ..wrong("it is not UTF-8".into())
        }
    })
}

/// Reads `text`, which stands in `path`.
pub(super) fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let wrong = |error: &toml::de::Error, key: String| ConfigError {
        file: Some(path.into()),
        line: error.span().map(|span| line_at(text, &span)),
        key,
        what: in_words(error.message()),
    };
    let deserializer =
        toml::Deserializer::parse(text).map_err(|error| wrong(&error, String::new()))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let key = match error.path().to_string().as_str() {
            "." => String::new(),
            path => path.trim_end_matches(".?").to_string(),
        };
        wrong(error.inner(), key)
    })
}

/// Gives what is wrong its place.
pub(super) fn placed(wrong: Wrong, text: &str, path: &Path) -> ConfigError {
    ConfigError {
        file: Some(path.into()),
        line: span_of(text, wrong.key.steps()).map(|span| line_at(text, &span)),
        key: wrong.key.to_string(),
        what: wrong.what,
    }
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

/// A message of the parser, with what was most likely meant.
fn in_words(message: &str) -> String {
    let message = message.replace('\n', " ");
    let message = exactly_model::redact(message.trim());
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [given, known @ ..] if message.starts_with("unknown ") && !known.is_empty() => {
            format!("{message}{}", meant(known.iter().copied(), given))
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
