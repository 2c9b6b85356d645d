//! Where systems run, and what must not be shown of it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a system runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemPlace {
    /// Started by the harness, nothing to install.
    Embedded,
    /// Started by the harness from what is installed on this machine.
    Local {
        /// Nodes (brokers).
        nodes: u32,
    },
    /// What the user points at. May hold a password: never shown, see
    /// [`redact`].
    At(String),
}

impl std::fmt::Display for SystemPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Local { nodes: 1 } => f.write_str("local"),
            Self::Local { nodes } => write!(f, "local:{nodes}"),
            Self::At(url) => write!(f, "at {}", redact(url)),
        }
    }
}

/// Takes the password out of a URL or a `key=value` connection string.
pub fn redact(text: &str) -> String {
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let (user_info, host) = (&text[scheme + 3..at], &text[at..]);
            match user_info.find(':') {
                Some(colon) => {
                    format!("{}{}:***{}", &text[..scheme + 3], &user_info[..colon], host)
                }
                None => text.to_string(),
            }
        }
        _ => text.to_string(),
    };
    let lower = text.to_ascii_lowercase();
    match lower.find("password=") {
        Some(start) => {
            let value = start + "password=".len();
            let end = text[value..]
                .find(['&', ' '])
                .map_or(text.len(), |end| value + end);
            format!("{}***{}", &text[..value], &text[end..])
        }
        None => text,
    }
}

/// A running system, as the report names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SystemInfo {
    /// Name in the pipeline.
    pub name: String,
    /// Kind of the adapter.
    pub kind: String,
    /// Where it runs, without secrets.
    pub place: String,
    /// Its own version string.
    pub version: String,
    /// Whether it is an emulator: a verdict on it is a verdict on the emulator.
    pub emulated: bool,
}

pub(crate) fn without_secrets<S: serde::Serializer>(
    env: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(env.iter().map(|(name, value)| {
        let shown = match is_secret(name) {
            true => "***".to_string(),
            false => redact(value),
        };
        (name, shown)
    }))
}

pub(crate) fn command_without_secrets<S: serde::Serializer>(
    command: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    // `--token x` as well as `--token=x`.
    let is_flag = |part: &str| part.starts_with('-') && !part.contains('=') && is_secret(part);
    let before = [None].into_iter().chain(command.iter().map(Some));
    let shown = command.iter().zip(before).map(|(part, before)| {
        if before.is_some_and(|before| is_flag(before)) {
            return "***".to_string();
        }
        match part.split_once('=') {
            Some((name, _)) if !name.contains("://") && is_secret(name) => format!("{name}=***"),
            _ => redact(part),
        }
    });
    serializer.collect_seq(shown)
}

/// Whether a variable of this name holds a secret, as far as names tell.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 7] = [
        "PASSWORD",
        "PASSWD",
        "SECRET",
        "TOKEN",
        "CREDENTIAL",
        "APIKEY",
        "PRIVATE",
    ];
    let name = name.to_ascii_uppercase();
    let told = name.replace(['_', '-'], "");
    WORDS.iter().any(|word| told.contains(word)) || name.ends_with("_KEY")
}

#[cfg(test)]
mod tests {
    use super::{is_secret, redact};

    #[test]
    fn names_tell_secrets() {
        for name in [
            "PASSWORD",
            "PGPASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "API_KEY",
            "ApiKey",
            "GITHUB_TOKEN",
            "SIGNING_KEY",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["BROKERS", "DATABASE_URL", "GROUP", "KEYS", "KEYBOARD"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn commands_are_recorded_without_secrets() {
        let command = [
            "./worker",
            "--dsn=postgres://u:hunter2@h/d",
            "--token",
            "hunter2",
            "--api-key=hunter2",
            "-x",
            "key=k1",
        ];
        let command = command.map(String::from);
        let mut shown = Vec::new();
        let serializer = &mut serde_json::Serializer::new(&mut shown);
        super::command_without_secrets(&command, serializer).unwrap();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            r#"["./worker","--dsn=postgres://u:***@h/d","--token","***","--api-key=***","-x","key=k1"]"#
        );
    }

    #[test]
    fn passwords_are_taken_out() {
        for (given, shown) in [
            ("postgres://u:secret@h:1/db", "postgres://u:***@h:1/db"),
            ("postgres://u:p%40:x@h/db?a=b", "postgres://u:***@h/db?a=b"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            (
                "postgres://h/db?user=u&password=secret&x=1",
                "postgres://h/db?user=u&password=***&x=1",
            ),
            (
                "host=h Password=secret user=u",
                "host=h Password=*** user=u",
            ),
            ("127.0.0.1:9092", "127.0.0.1:9092"),
        ] {
            assert_eq!(redact(given), shown);
        }
    }
}
