//! What does not hold, as GitHub's annotations.

use crate::outcome::{Outcome, Remark, cell};
use crate::text::clean;
use exactly_model::Report;

/// Annotations of one kind that GitHub shows of a step.
const SHOWN_MAX: usize = 10;

/// Workflow commands, one a line: an error for what does not hold, a warning
/// for what was not decided; at most ten, as GitHub shows no more. Empty where
/// there is nothing to complain about.
///
/// GitHub reads them from stdout and from stderr of a step.
pub fn annotations(report: &Report, outcome: &Outcome) -> String {
    let broken = outcome.broken.iter().map(|remark| ("error", remark));
    let open = outcome.undecided.iter().map(|remark| ("warning", remark));
    let all: Vec<(&str, &Remark)> = broken.chain(open).collect();
    // The last place is for what has none of its own.
    let shown = match all.len() {
        n if n > SHOWN_MAX => SHOWN_MAX - 1,
        n => n,
    };
    let (shown, rest) = all.split_at(shown);
    let mut out: String = shown
        .iter()
        .map(|(level, remark)| {
            let message = message(report, remark);
            line(level, &title(&remark.cell), &message)
        })
        .collect();
    if let Some((level, _)) = rest.first() {
        let mut cells: Vec<String> = rest.iter().map(|(_, remark)| title(&remark.cell)).collect();
        cells.dedup();
        let text = format!("the log of this step says more of {}", cells.join(", "));
        out.push_str(&line(level, &format!("{} more", rest.len()), &text));
    }
    out
}

fn title(cell: &str) -> String {
    match cell {
        "" => "exactly".into(),
        cell => cell.strip_prefix("check/").unwrap_or(cell).into(),
    }
}

/// What is wrong, then the finding and what runs it again.
fn message(report: &Report, remark: &Remark) -> String {
    let mut lines = vec![clean(&remark.text)];
    let mut variants = report.variants();
    let found = variants.find(|(claim, variant)| cell(&claim.id, variant) == remark.cell);
    if let Some((_, variant)) = found {
        for example in &variant.counterexamples {
            lines.push(format!("{}: {}", example.code, clean(&example.finding)));
            if !example.schedule.faults.is_empty() {
                lines.push(format!("exactly replay {}", clean(&example.id)));
            }
        }
    }
    lines.join("\n")
}

fn line(level: &str, title: &str, message: &str) -> String {
    format!("::{level} title={}::{}\n", property(title), data(message))
}

/// As `@actions/core` escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// As `@actions/core` escapes a property of a command.
fn property(text: &str) -> String {
    data(&clean(text)).replace(':', "%3A").replace(',', "%2C")
}
