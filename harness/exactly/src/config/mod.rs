//! The configuration of a check: `exactly.toml`, or the same put together in code.

pub(crate) mod build;
mod error;
mod expect;
mod file;
mod load;
mod shape;
mod templates;
mod values;

pub use build::{CLAIM, Check};
pub use error::ConfigError;
pub use expect::Expect;
pub use file::*;
pub use values::*;

use std::path::Path;

/// A variable of the environment, where it is set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads `exactly.toml` and everything it names.
pub fn load(path: &Path, env: Env<'_>) -> Result<Check, ConfigError> {
    let text = load::text_of(path)?;
    let config = load::parse(&text, path)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let check = build::check(&config, folder, env);
    let mut check = check.map_err(|wrong| load::placed(wrong, &text, path))?;
    // What is kept of a finding names it, wherever that is run again.
    check.file = Some(std::path::absolute(path).unwrap_or_else(|_| path.into()));
    Ok(check)
}

/// The JSON Schema of `exactly.toml`, for editors.
pub fn json_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07();
    settings
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value()
}
