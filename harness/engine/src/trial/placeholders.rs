//! What a process is told of its systems.

use crate::EngineError;
use std::collections::BTreeMap;

/// Fills in `{system.name}` placeholders. One that stands for nothing is an
/// error; braces around anything else are left alone.
pub(super) fn fill(
    text: &str,
    values: &BTreeMap<String, String>,
    process: &str,
) -> Result<String, EngineError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let name = from[1..].split('}').next().unwrap_or("");
        let looks_like_one = from.contains('}')
            && name.contains('.')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !looks_like_one {
            filled.push('{');
            rest = &from[1..];
            continue;
        }
        let value = values.get(name).ok_or_else(|| EngineError::Config {
            what: format!("process {process}: nothing is called {{{name}}}"),
            hint: format!(
                "use one of {}",
                values
                    .keys()
                    .map(|k| format!("{{{k}}}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
        })?;
        filled.push_str(value);
        rest = &from[name.len() + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::fill;
    use std::collections::BTreeMap;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_named() {
        let values = BTreeMap::from([("k.address".to_string(), "h:1".to_string())]);
        let fill = |text| fill(text, &values, "worker").map_err(|error| error.to_string());
        assert_eq!(fill("a={k.address},{}").unwrap(), "a=h:1,{}");
        assert_eq!(fill(r#"{"json":1}"#).unwrap(), r#"{"json":1}"#);
        assert_eq!(fill("{k.address").unwrap(), "{k.address");
        let error = fill("{k.adress}").unwrap_err();
        assert!(
            error.contains("{k.adress}") && error.contains("{k.address}"),
            "{error}"
        );
    }
}
