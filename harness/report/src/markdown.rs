//! A report as Markdown, for the summary of a CI's step.

mod blocks;
mod escape;
mod measured;
mod pipeline;

use crate::outcome::{Outcome, is_check};
use blocks::{Block, within};
use escape::{code, code_cell, plain};
use exactly_model::{Report, VariantReport};

/// What GitHub takes of one step's summary, in bytes
/// (docs.github.com, "Workflow commands", "Step isolation and limits"); what is
/// longer is not shown at all.
pub const STEP_SUMMARY_MAX: usize = 1024 * 1024;

/// The report as Markdown of at most `max` bytes, as long as the first
/// paragraph and the table below it fit.
///
/// It can be read on its own, from the verdict down. What does not fit is left
/// out from the end, in whole parts, and is named.
pub fn markdown(report: &Report, outcome: &Outcome, max: usize) -> String {
    let mut blocks = match is_check(report) {
        true => pipeline::blocks(report),
        false => measured::blocks(report, outcome),
    };
    blocks.push(Block::new("what ran", run(report)));
    within(max, &blocks, &whole(report))
}

/// Where everything is.
fn whole(report: &Report) -> String {
    if report.run.is_empty() {
        return "The whole report is in the log of this step.".into();
    }
    let judge = code(&format!("exactly judge {}", report.run));
    format!("The whole report is in the log of this step; {judge} prints it again.")
}

/// What ran, and where.
fn run(report: &Report) -> String {
    let lines = crate::summary::run_lines(report);
    let mut lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    if !report.run.is_empty() {
        let judge = code(&format!("exactly judge {}", report.run));
        lines.push(format!("{judge} judges the record again"));
    }
    list("### What ran", lines).unwrap_or_default()
}

/// A table. Its cells are Markdown already.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(header.to_vec());
    out.push_str(&line(vec!["---"; header.len()]));
    for row in rows {
        out.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    out
}

/// A list, or nothing.
fn list(title: &str, entries: impl IntoIterator<Item = String>) -> Option<String> {
    let entries: Vec<String> = entries.into_iter().map(|e| format!("- {e}\n")).collect();
    let any = !entries.is_empty();
    any.then(|| format!("{title}\n\n{}", entries.concat()))
}

/// Coverage by class.
fn coverage(variant: &VariantReport) -> Option<String> {
    let entries = &variant.points.by_class;
    if entries.is_empty() {
        return None;
    }
    let row = |entry: &exactly_model::ClassReport| {
        let violations = match entry.violated {
            0 => "0".to_owned(),
            n => format!("**{n}** ({})", crate::words::coded(&entry.codes)),
        };
        let struck = match (entry.faults(), &entry.exempt) {
            (0, Some(why)) => format!("none: {}", plain(why)),
            (0, None) => "**none**".to_owned(),
            _ => plain(&crate::classes::faults(entry)),
        };
        vec![
            plain(&entry.class.process),
            code_cell(&crate::classes::label(&entry.class)),
            entry.faults().to_string(),
            format!("{} of {}", entry.fired, entry.found),
            violations,
            struck,
        ]
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    Some(table(
        &[
            "process",
            "exchange",
            "faults",
            "points struck",
            "trials that violated",
            "kinds of fault",
        ],
        &rows,
    ))
}

/// Counterexamples, one block for each trial that shows some.
fn counterexamples(cell: &str, variant: &VariantReport) -> Vec<String> {
    let style = crate::Style::plain(100);
    crate::counterexample::by_trial(&variant.counterexamples)
        .iter()
        .map(|examples| escape::block(&crate::counterexample::told(cell, examples, style)))
        .collect()
}

/// What was found, what could not be, what was not struck, remarks.
fn remarks(variant: &VariantReport) -> Option<String> {
    let notes = variant.notes.iter().map(|note| format!("note: {note}"));
    let lines = crate::summary::variant_lines(variant)
        .into_iter()
        .chain(notes);
    let lines: Vec<String> = lines.map(|line| format!("- {}\n", plain(&line))).collect();
    (!lines.is_empty()).then(|| lines.concat())
}
