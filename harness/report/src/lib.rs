//! A [`Report`](exactly_model::Report) as terminal text, JSON, JUnit XML,
//! Markdown and GitHub's annotations.
//!
//! This crate shows and never runs: it opens no file, starts nothing, reads no
//! clock and no environment. Whether there is a terminal, how wide it is and
//! whether colour is wanted is the caller's business, see [`Style`].
//!
//! ```
//! use exactly_model::{REPORT_SCHEMA, Report};
//! use exactly_report::{Style, human};
//!
//! let report = Report {
//!     schema: REPORT_SCHEMA.into(),
//!     tool: "exactly 0.1.0".into(),
//!     run: "r1".into(),
//!     seed: 1,
//!     plan: "every-boundary".into(),
//!     systems: Vec::new(),
//!     claims: Vec::new(),
//! };
//! assert!(human(&report, Style::plain(100)).contains("nothing was selected"));
//! ```
//!
//! The text comes in three parts, in the order in which a reader asks: what
//! did my pipeline deliver ([`matrix`]), how did that come about
//! ([`counterexamples`]), and how far can I trust it ([`summary`]). A check of
//! somebody's own pipelines answers the same for each of them
//! ([`check_human`]).
//!
//! For a CI there are [`junit`], [`markdown`] and [`annotations`]. They are
//! told what was expected ([`Outcome`]): a refuted claim is a failure only
//! where somebody relied on it.

mod annotations;
mod check;
mod classes;
mod counterexample;
mod counters;
mod junit;
mod lanes;
mod layout;
mod markdown;
mod matrix;
mod outcome;
mod plain;
mod style;
mod summary;
mod text;
mod words;

pub use annotations::annotations;
pub use check::check_human;
pub use counterexample::{counterexample, counterexamples};
pub use junit::junit;
pub use markdown::{STEP_SUMMARY_MAX, markdown};
pub use matrix::matrix;
pub use outcome::{Outcome, Remark, is_check};
pub use plain::{LEGEND, next_step};
pub use style::Style;
pub use summary::{summary, verdict_line};
pub use words::schedule_in_words;

use exactly_model::Report;

/// The whole report for a terminal: matrix, counterexamples, summary.
pub fn human(report: &Report, style: Style) -> String {
    [
        matrix(report, style),
        counterexamples(report, style),
        summary(report, style),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join("\n")
}

/// Text for a reader, each of its lines wrapped to at most 100 columns.
pub fn wrapped(text: &str, style: Style) -> String {
    const READABLE_MAX: usize = 100;
    let style = Style {
        width: style.width.min(READABLE_MAX),
        ..style
    };
    text.lines()
        .map(|line| layout::paragraph(style, style::Tone::Plain, 0, line))
        .collect()
}

/// The report as pretty-printed JSON (`exactly.report/1`) with a newline at its
/// end. The order of fields is that of the types: the same report gives the
/// same bytes.
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report)
        .expect("a report holds only strings, numbers, lists and string-keyed structs");
    text.push('\n');
    text
}
