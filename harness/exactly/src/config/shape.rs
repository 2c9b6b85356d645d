//! Lists in the place of tables. What reads tables would take the items of a list for
//! their keys, in the order of the source.

use super::error::Key;
use toml::de::{DeTable, DeValue};

/// Keys of which the value is a table, at whatever depth.
const TABLES: [&str; 11] = [
    "env",
    "expect",
    "faults",
    "feed",
    "hooks",
    "limits",
    "positions",
    "ready",
    "restart",
    "setup",
    "stop",
];
/// Tables of which the values are tables, but for lists of the table's own.
const OF_TABLES: [&str; 2] = ["systems", "expect"];
/// Lists of `[expect]`'s own.
const LISTS: [&str; 2] = ["allow", "forbid"];

/// The first list that stands in the place of a table, and what to write.
pub(super) fn misplaced_list(table: &DeTable<'_>) -> Option<(Key, String)> {
    in_table(table, &Key::default(), "")
}

fn in_table(table: &DeTable<'_>, key: &Key, within: &str) -> Option<(Key, String)> {
    for (name, value) in table {
        let name: &str = name.get_ref();
        let at = key.name(name);
        let has_tables = OF_TABLES.contains(&within) && !LISTS.contains(&name);
        let found = match value.get_ref() {
            DeValue::Array(_) if has_tables || TABLES.contains(&name) => {
                let what = match key.steps().is_empty() || has_tables {
                    true => format!("is a list: write [{at}], in single brackets"),
                    false => format!("is a list: write a table, as in {name} = {{ ... }}"),
                };
                Some((at, what))
            }
            value => in_value(value, &at, name),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn in_value(value: &DeValue<'_>, key: &Key, name: &str) -> Option<(Key, String)> {
    match value {
        DeValue::Table(table) => in_table(table, key, name),
        DeValue::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(n, item)| match item.get_ref() {
                DeValue::Array(_) => Some((
                    key.index(n),
                    "is a list in a list, which nothing takes".into(),
                )),
                item => in_value(item, &key.index(n), ""),
            })
        }
        _ => None,
    }
}
