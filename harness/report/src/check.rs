//! A check of somebody's own pipelines, for a terminal.

use crate::classes::{faults, label};
use crate::counterexample::{by_trial, told};
use crate::layout::{Cell, Column, Row, Table, hanging, paragraph};
use crate::plain::{LEGEND, allowance, asserted_at, counts, firsts, next_step, sentence};
use crate::style::{Style, Tone};
use crate::summary::{run_lines, variant_lines};
use crate::text::{clean, plural};
use crate::words::{coded, sink_kind, verdict_tone};
use exactly_model::{ClassReport, Report, SinkResult, VariantReport, Verdict};

/// A check for a terminal, pipeline by pipeline: the verdict in a sentence,
/// what each sink got, how a violation came about, what was struck, what was
/// allowed, and how far the verdict reaches.
pub fn check_human(report: &Report, style: Style) -> String {
    if report.variants().next().is_none() {
        let text = "no pipeline was checked, so that nothing is decided";
        return paragraph(style, Tone::Attention, 0, text);
    }
    let mut parts: Vec<String> = Vec::new();
    for (_, variant) in report.variants() {
        parts.push(verdict(variant, style));
        parts.push(sinks(variant, style));
        parts.push(counterexamples(variant, style));
        parts.push(coverage(variant, style));
        parts.push(allowances(variant, style));
        parts.push(remarks(variant, style));
    }
    parts.push(run(report, style));
    // The verdicts once more, where a reader of a long log looks first.
    if report.variants().count() > 1 {
        let verdicts = report.variants().map(|(_, v)| line(v, style));
        parts.push(verdicts.collect());
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn verdict(variant: &VariantReport, style: Style) -> String {
    let mut out = line(variant, style);
    if let Some(next) = next_step(variant) {
        out.push_str(&paragraph(style, Tone::Plain, 0, next));
    }
    out
}

fn line(variant: &VariantReport, style: Style) -> String {
    hanging(
        style,
        verdict_tone(variant.verdict),
        0,
        2,
        &sentence(variant),
    )
}

fn title(text: &str, style: Style) -> String {
    paragraph(style, Tone::Strong, 0, text)
}

fn sinks(variant: &VariantReport, style: Style) -> String {
    if variant.sinks.is_empty() {
        return String::new();
    }
    let mut out = title(
        &format!(
            "What the sinks got, over {}",
            plural(variant.trials.0, "trial")
        ),
        style,
    );
    for sink in &variant.sinks {
        out.push_str(&of_sink(variant, sink, style));
    }
    out
}

fn of_sink(variant: &VariantReport, sink: &SinkResult, style: Style) -> String {
    let asserted = asserted_at(variant, &sink.id);
    let wrong = sink.tally.lost > 0 || sink.tally.duplicated > 0;
    let (measured, tone) = match sink.tally.attempted {
        0 => ("nothing", Tone::Attention),
        _ if wrong && sink.guarantee != asserted => (sink.guarantee.name(), Tone::Bad),
        _ => (sink.guarantee.name(), Tone::Plain),
    };
    let head = format!(
        "{} ({}): {measured} measured, {asserted} promised",
        clean(&sink.id),
        sink_kind(sink.kind)
    );
    let tally = &sink.tally;
    let counted = format!(
        "{} sent, {} seen: {}",
        plural(tally.attempted, "message"),
        plural(tally.effects, "effect"),
        counts(sink)
    );
    let mut out = hanging(style, tone, 2, 2, &head);
    out.push_str(&hanging(style, Tone::Plain, 4, 2, &counted));
    for first in firsts(variant, &sink.id) {
        out.push_str(&hanging(style, Tone::Plain, 4, 2, &first));
    }
    out
}

fn counterexamples(variant: &VariantReport, style: Style) -> String {
    if variant.counterexamples.is_empty() {
        return String::new();
    }
    let mut out = title(
        "How that came about: the shortest sequence for each code",
        style,
    );
    for examples in by_trial(&variant.counterexamples) {
        out.push('\n');
        out.push_str(&told(&clean(&variant.id), &examples, style));
    }
    out.push('\n');
    out.push_str(&paragraph(style, Tone::Faint, 0, LEGEND));
    out
}

fn coverage(variant: &VariantReport, style: Style) -> String {
    if variant.points.by_class.is_empty() {
        return String::new();
    }
    let points = &variant.points;
    let mut out = title(
        &format!(
            "What was struck: {} of {}, {} of {}",
            points.classes_fired,
            plural(u64::from(points.classes), "class"),
            points.fired,
            plural(u64::from(points.found), "point"),
        ),
        style,
    );
    match table(&variant.points.by_class).render(style) {
        Some(table) => out.push_str(&table),
        None => {
            for entry in &variant.points.by_class {
                let (violations, tone) = violations(entry);
                let text = format!(
                    "{} {}: {}, {violations}",
                    clean(&entry.class.process),
                    label(&entry.class),
                    plural(entry.faults(), "fault")
                );
                out.push_str(&hanging(style, tone, 2, 2, &text));
            }
        }
    }
    out
}

fn table(entries: &[ClassReport]) -> Table {
    let column = |header, right, narrowest| Column {
        header,
        right,
        narrowest,
    };
    let row = |entry: &ClassReport| {
        let (violations, tone) = violations(entry);
        let faults = plural(entry.faults(), "fault");
        Row::Cells(vec![
            Cell::new(Tone::Plain, clean(&entry.class.process)),
            Cell::new(Tone::Plain, label(&entry.class)),
            Cell::new(Tone::Plain, faults),
            Cell::new(Tone::Plain, format!("{}/{}", entry.fired, entry.found)),
            Cell::new(tone, violations),
            Cell::new(Tone::Faint, kinds(entry)),
        ])
    };
    Table {
        columns: vec![
            column(&["process"], false, None),
            column(&["exchange"], false, Some(20)),
            column(&["struck"], true, None),
            column(&["points"], true, None),
            column(&["violations"], false, Some(14)),
            column(&["kinds of fault"], false, Some(18)),
        ],
        rows: entries.iter().map(row).collect(),
    }
}

/// Trials that struck a class and showed something forbidden.
fn violations(entry: &ClassReport) -> (String, Tone) {
    match (entry.violated, entry.faults(), &entry.exempt) {
        (1.., _, _) => {
            let text = format!(
                "{}: {}",
                plural(entry.violated, "violation"),
                coded(&entry.codes)
            );
            (text, Tone::Bad)
        }
        (0, 0, None) => ("not struck".into(), Tone::Attention),
        (0, 0, Some(_)) => ("none to strike".into(), Tone::Faint),
        (0, _, _) => ("0 violations".into(), Tone::Plain),
    }
}

fn kinds(entry: &ClassReport) -> String {
    match (&entry.exempt, entry.faults()) {
        (Some(why), 0) => clean(why),
        _ => faults(entry),
    }
}

fn allowances(variant: &VariantReport, style: Style) -> String {
    if variant.allowed.is_empty() {
        return String::new();
    }
    let mut out = title("What is allowed, and why", style);
    for allowed in &variant.allowed {
        out.push_str(&hanging(style, Tone::Plain, 2, 2, &allowance(allowed)));
    }
    out
}

fn remarks(variant: &VariantReport, style: Style) -> String {
    let mut out = match variant.verdict {
        Verdict::NotHosted => return String::new(),
        _ => title("How far this reaches", style),
    };
    for line in variant_lines(variant) {
        out.push_str(&hanging(style, Tone::Plain, 2, 2, &line));
    }
    for note in &variant.notes {
        let note = format!("note: {}", clean(note));
        out.push_str(&hanging(style, Tone::Attention, 2, 2, &note));
    }
    out
}

fn run(report: &Report, style: Style) -> String {
    let mut out = title("The run", style);
    for line in run_lines(report) {
        out.push_str(&hanging(style, Tone::Plain, 2, 2, &line));
    }
    let text = format!(
        "`exactly judge {}` judges the record again; `exactly explain CODE` says what a code means.",
        clean(&report.run)
    );
    out.push_str(&hanging(style, Tone::Faint, 2, 2, &text));
    out
}
