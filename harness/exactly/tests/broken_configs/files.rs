//! The file itself.

use crate::support::{load, load_bytes};
use exactly::config::{ConfigError, load as read};
use std::path::Path;

fn refused(name: &str, bytes: &[u8]) -> ConfigError {
    load_bytes(name, bytes).expect_err(name)
}

#[test]
fn an_empty_file_says_what_is_missing() {
    let error = refused("an empty file", b"");
    assert_eq!((error.line, error.key.as_str()), (Some(1), ""));
    assert!(error.what.contains("missing key `systems`"), "{error}");
    assert!(error.what.contains("exactly init"), "{error}");
}

#[test]
fn a_table_that_is_missing_is_named() {
    let error = load(
        "no feed",
        "[systems.k]\nkind = \"kafka\"\n[[process]]\nname = \"a\"\ncommand = [\"./worker\"]\n",
    );
    let error = error.unwrap_err();
    assert_eq!(error.line, Some(1));
    assert!(error.what.contains("missing key `feed`"), "{error}");
}

/// A table that could have been left out has no line, and one is named all the same.
#[test]
fn what_no_table_says_has_a_line_too() {
    let text = crate::support::GOOD;
    let from = text.find("[expect]").unwrap();
    let to = text.find("[hooks]").unwrap();
    let error = load("no expectation", &[&text[..from], &text[to..]].concat()).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (Some(1), "expect"));
    assert!(
        error.what.contains("guarantee = \"exactly-once\""),
        "{error}"
    );
}

#[test]
fn lists_that_are_empty_are_refused() {
    for (name, from, to, key) in [
        (
            "no processes",
            "[[process]]\nname = \"worker\"",
            "[feed]\nsystem",
            "process",
        ),
        (
            "no observers",
            "[[observe]]\nname = \"rows\"",
            "[faults]",
            "observe",
        ),
    ] {
        let text = crate::support::GOOD;
        let (from, to) = (text.find(from).unwrap(), text.find(to).unwrap());
        let text = format!("{key} = []\n{}{}", &text[..from], &text[to..]);
        let error = load(name, &text).unwrap_err();
        assert_eq!((error.line, error.key.as_str()), (Some(1), key), "{error}");
        assert!(
            error.what.contains("there is none") && error.what.contains("name at least one"),
            "{error}"
        );
    }
    let error = load(
        "no systems",
        &crate::support::GOOD.replace("systems.", "x."),
    );
    let error = error.unwrap_err();
    assert!(error.what.contains("unknown key"), "{error}");
}

#[test]
fn what_is_not_text_is_refused() {
    let error = refused("Latin-1", b"name = \"x\"\nname = \"caf\xe9\"\n");
    assert_eq!(error.line, Some(2));
    assert!(error.what.contains("not UTF-8"), "{error}");
    assert!(error.what.contains("save it as UTF-8"), "{error}");
    let error = refused("UTF-16", &[0xff, 0xfe, b'n', 0, b'a', 0]);
    assert!(error.what.contains("not UTF-8"), "{error}");
    let error = refused("a NUL", b"name = \"a\"\n\0\n");
    assert_eq!(error.line, Some(2));
    let error = refused("an archive", &[0x1f, 0x8b, 8, 0, 0]);
    assert_eq!(error.line, Some(1));
}

/// The mark that some editors put first is no error.
#[test]
fn a_byte_order_mark_is_skipped() {
    let text = format!("\u{feff}{}", crate::support::GOOD);
    load("a byte order mark", &text).unwrap();
    let windows = crate::support::GOOD.replace('\n', "\r\n");
    load("line ends of Windows", &windows).unwrap();
}

#[test]
fn what_is_no_configuration_is_not_read() {
    let error = refused("a huge file", &vec![b'#'; (1 << 20) + 1]);
    assert!(error.what.contains("longer than 1048576 bytes"), "{error}");
    for (path, part) in [
        ("/", "it is a folder"),
        ("/dev/zero", "longer than 1048576 bytes"),
        ("/nonexistent/exactly.toml", "`exactly init`"),
        ("/dev/null/exactly.toml", "cannot read it"),
    ] {
        let error = read(Path::new(path), &|_| None).unwrap_err();
        assert!(error.what.contains(part), "{error}");
        assert!(error.to_string().starts_with(path), "{error}");
    }
}

/// Nesting cannot overflow the stack.
#[test]
fn depth_is_bounded() {
    for open in ["[", "{a="] {
        let error = refused(
            "deep",
            format!("name = {}", open.repeat(100_000)).as_bytes(),
        );
        assert_eq!(error.line, Some(1), "{error}");
        assert!(error.to_string().len() < 500, "{}", error.to_string().len());
    }
}

/// A message is for people to read: neither a screenful nor escapes.
#[test]
fn messages_are_short_and_hold_no_control_characters() {
    let long = "x".repeat(100_000);
    for (from, to) in [
        ("name = \"orders\"\n\n", format!("name = \"{long}\"\n\n")),
        ("kind = \"postgres\"", format!("kind = \"{long}\"")),
        ("trial = \"60s\"", format!("trial = \"{long}\"")),
        ("[limits]", format!("[{long}]")),
        (
            "kind = \"postgres\"",
            "kind = \"\\u001b]0;x\\u0007\"".into(),
        ),
        ("[limits]", "[\"\\u001b[31m\"]".into()),
        ("trial = \"60s\"", "trial = \"\\u001b[31m\"".into()),
        ("sql = \"schema.sql\"", "sql = \"\\u001b[31m\"".into()),
        (
            "command = [\"./worker\"]",
            "command = [\"./\\u001b[31m\"]".into(),
        ),
    ] {
        let text = crate::support::GOOD.replacen(from, &to, 1);
        let said = load("long", &text).unwrap_err().to_string();
        assert!(said.len() < 1000, "{} bytes: {said:.300}", said.len());
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}
