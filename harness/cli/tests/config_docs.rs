//! What is written about `exactly.toml` is what the command reads.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

fn schema() -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exactly"));
    let output = command.arg("schema").output().expect("the binary runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// `UPDATE_GOLDEN=1` rewrites it.
#[test]
fn the_schema_that_is_committed_is_the_one_that_is_printed() {
    let (path, printed) = (page("schema/exactly.toml.json"), schema());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == printed,
        "docs/schema/exactly.toml.json is not what `exactly schema` prints: UPDATE_GOLDEN=1 rewrites it"
    );
}

/// Every key at every depth of the schema.
fn keys(schema: &Value, all: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                all.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| keys(value, all));
        }
        Value::Array(array) => array.iter().for_each(|value| keys(value, all)),
        _ => {}
    }
}

/// The keys that `text` does not name in backticks, alone or with a value.
fn missing(schema: &Value, text: &str) -> Vec<String> {
    let mut all = BTreeSet::new();
    keys(schema, &mut all);
    assert!(all.len() > 50, "{all:?}");
    let named = |key: &String| {
        [
            format!("`{key}`"),
            format!("`{key} = "),
            format!("{{ {key} = "),
        ]
        .iter()
        .any(|form| text.contains(form))
    };
    all.into_iter().filter(|key| !named(key)).collect()
}

#[test]
fn every_key_is_on_the_page() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let text = std::fs::read_to_string(page("check.md")).unwrap();
    assert_eq!(missing(&schema, &text), Vec::<String>::new());
    // And the test would tell: a page without a key lacks it.
    let without = text.replace("`output_bytes`", "");
    assert_eq!(missing(&schema, &without), ["output_bytes"]);
}

/// The example on the page is a configuration.
#[test]
fn the_example_on_the_page_can_be_read() {
    let text = std::fs::read_to_string(page("check.md")).unwrap();
    let example = text
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.sql"), "").unwrap();
    let file = folder.path().join("exactly.toml");
    std::fs::write(&file, example).unwrap();
    let check = exactly::config::load(&file, &|_| None);
    assert!(check.is_ok(), "{}", check.unwrap_err());
}
