//! What is wrong with a configuration, and where.

use exactly_model::redact;
use std::fmt;
use std::path::{Path, PathBuf};

/// Longest quotation in a message, in characters.
const QUOTED_MAX: usize = 240;
/// Longest name in a key, in characters.
const NAME_MAX: usize = 80;

/// A configuration that cannot be used. Exit code 96. Reads after `error: `, with
/// file, line and key where there are any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// File; none where the configuration was put together in code.
    pub file: Option<PathBuf>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Key, as in `process[0].ready.within`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for ConfigError {}

/// Something wrong at a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    pub key: Key,
    pub what: String,
}

impl Wrong {
    pub fn at(key: &Key, what: impl Into<String>) -> Self {
        Self {
            key: key.clone(),
            what: what.into(),
        }
    }
}

/// A way through the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Key(Vec<Step>);

/// One step of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
}

impl Key {
    /// A top-level key.
    pub fn of(name: &str) -> Self {
        Self::default().name(name)
    }

    pub fn name(&self, name: &str) -> Self {
        self.with(Step::Name(name.into()))
    }

    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if n == 0 => f.write_str(&key_name(name))?,
                Step::Name(name) => write!(f, ".{}", key_name(name))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A name as TOML has it: in quotes where it needs them.
fn key_name(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match !name.is_empty() && name.bytes().all(bare) {
        true => cut(name, NAME_MAX),
        false => format!("{:?}", cut(&redact(name), NAME_MAX)),
    }
}

/// What a file says, in a message: without passwords, control characters or more
/// than anybody wants to read.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", cut(&redact(text), QUOTED_MAX))
}

/// A path, in a message.
pub(crate) fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// `text`, or its beginning and its end.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let length = text.chars().count();
    if length <= max {
        return text.into();
    }
    let half = max / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(length - half).collect();
    format!("{head}\u{2026}{tail}")
}

/// What counts when names are compared; more than a name has counts nothing.
fn letters(name: &str) -> String {
    name.chars()
        .take(2 * NAME_MAX)
        .collect::<String>()
        .to_lowercase()
}

/// `; did you mean "orders"?`, with the one of `names` that is most like `name`.
pub(crate) fn meant<'a>(names: impl IntoIterator<Item = &'a str>, name: &str) -> String {
    let given = letters(name);
    // Whole thousandths order totally; ties go to the first.
    let likeness = |known: &str| {
        let known = letters(known);
        let like = (strsim::jaro_winkler(&known, &given) * 1000.0) as u32;
        let holds = known.len() > 1 && given.contains(&known);
        let swapped = strsim::osa_distance(&known, &given) <= 1;
        like + if holds || swapped { 1000 } else { 0 }
    };
    let mut best: Option<(u32, &str)> = None;
    for known in names {
        let like = likeness(known);
        if best.is_none_or(|(most, _)| like > most) {
            best = Some((like, known));
        }
    }
    best.map_or(String::new(), |(_, known)| {
        format!("; did you mean \"{known}\"?")
    })
}
