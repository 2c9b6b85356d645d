//! What is wrong with a JSON file, for the one who wrote it.

use crate::select::nearest_of;

/// Line and column first, and for a wrong name the nearest right one:
/// ``line 3, column 9: unknown field `pont`, ...; did you mean `point`?``
pub(crate) fn placed(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    let what = text.strip_suffix(&place).unwrap_or(&text);
    // What is quoted: the wrong name, then those that exist.
    let mut quoted = what.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| what.starts_with("unknown "));
    let hint = wrong.and_then(|wrong| nearest_of(quoted.map(|n| (n, n)), wrong));
    match hint {
        Some(nearest) => format!("line {line}, column {column}: {what}; did you mean `{nearest}`?"),
        None => format!("line {line}, column {column}: {what}"),
    }
}
