//! The table in `docs/conformance.md`.

use exactly_adapter::conformance::{Answer, Line};
use std::collections::BTreeMap;

const BEGIN: &str =
    "<!-- from a run: UPDATE_GOLDEN=1 cargo test -p exactly-tests --test conformance -->";
const NOT_RUN: &str = "";

/// What one arm said.
pub struct Column {
    name: String,
    cells: BTreeMap<String, &'static str>,
    rules: Vec<String>,
}

impl Column {
    pub fn new(name: &str, lines: &[Line]) -> Self {
        let rule = |line: &Line| format!("{}: {}", line.ability, line.rule);
        let cell = |line: &Line| match line.answer {
            Answer::Holds => "yes",
            Answer::Broken(_) => "**no**",
            Answer::NotOffered => "–",
        };
        Self {
            name: name.into(),
            cells: lines.iter().map(|line| (rule(line), cell(line))).collect(),
            rules: lines.iter().map(rule).collect(),
        }
    }
}

/// The page with what was measured; a column that was not run stays as it was.
pub fn renewed(page: &str, columns: &[Column]) -> String {
    let (head, table) = page.split_once(BEGIN).expect("the page has a table");
    let mut rules: Vec<String> = Vec::new();
    let mut known: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut rows = table.lines().filter(|line| line.starts_with('|'));
    if let Some(first) = rows.next() {
        names = cells(first)[1..].to_vec();
        for row in rows.skip(1) {
            let row = cells(row);
            rules.push(row[0].clone());
            for (name, cell) in names.iter().zip(&row[1..]) {
                known.insert((row[0].clone(), name.clone()), cell.clone());
            }
        }
    }
    for column in columns {
        if !names.contains(&column.name) {
            names.push(column.name.clone());
        }
        known.retain(|(_, name), _| *name != column.name);
        for rule in &column.rules {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
            let at = (rule.clone(), column.name.clone());
            known.insert(at, column.cells[rule].to_string());
        }
    }
    rules.retain(|rule| known.keys().any(|(of, _)| of == rule));
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut out = format!("{head}{BEGIN}\n\n");
    out += &line(
        ["rule"]
            .into_iter()
            .chain(names.iter().map(String::as_str))
            .collect(),
    );
    out += &line(vec!["---"; names.len() + 1]);
    for rule in &rules {
        let cell = |name: &String| {
            let at = (rule.clone(), name.clone());
            known.get(&at).map_or(NOT_RUN, String::as_str)
        };
        out += &line(
            [rule.as_str()]
                .into_iter()
                .chain(names.iter().map(cell))
                .collect(),
        );
    }
    out
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.split('|').map(|cell| cell.trim().to_string()).collect()
}

#[test]
fn a_column_that_was_not_run_stays_as_it_was() {
    let line = |answer| Line {
        ability: "feeding",
        rule: "it is fed",
        answer,
    };
    let first = Column::new("one", &[line(Answer::Holds)]);
    let second = Column::new("two", &[line(Answer::NotOffered)]);
    let page = format!("words\n{BEGIN}\n");
    let both = renewed(&page, &[first, second]);
    assert!(
        both.ends_with(
            "| rule | one | two |\n| --- | --- | --- |\n| feeding: it is fed | yes | – |\n"
        ),
        "{both}"
    );
    let broken = Column::new("two", &[line(Answer::Broken("why".into()))]);
    let renewed_one = renewed(&both, &[broken]);
    assert!(
        renewed_one.contains("| feeding: it is fed | yes | **no** |"),
        "{renewed_one}"
    );
    assert!(renewed_one.starts_with("words\n"));
}
