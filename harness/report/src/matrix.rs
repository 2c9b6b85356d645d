//! The claims matrix.

use crate::counters::{COUNTERS, Counter, Fit};
use crate::layout::{Cell, Column, Row, Table, hanging, paragraph};
use crate::plain::asserted_at;
use crate::style::{Style, Tone};
use crate::text::clean;
use crate::words::{codes, guarantee_mark, sink_kind, verdict_tone};
use exactly_model::{ClaimReport, Report, SinkResult, VariantReport, Verdict};

/// The matrix: one row per variant and sink, under its claim.
///
/// Where the width does not hold the table, the same facts come as a list.
/// Counters that are legal (redelivered, recovered) are left out of the table
/// first, then rare ones lose their columns; counters that are zero everywhere
/// are named below it instead.
pub fn matrix(report: &Report, style: Style) -> String {
    if report.variants().next().is_none() {
        return paragraph(
            style,
            Tone::Attention,
            0,
            "nothing was selected, nothing ran",
        );
    }
    let shape = Shape::of(report);
    let fitting = [Fit::Whole, Fit::WithoutLegal, Fit::Folded]
        .into_iter()
        .find_map(|fit| Some((table(report, &shape, fit).render(style)?, fit)));
    let (body, hidden) = match fitting {
        Some((table, fit)) => (table, fit != Fit::Whole && shape.has_legal()),
        None => (list(report, style), false),
    };
    body + &legend(report, &shape, hidden, style)
}

/// What this report needs of the table.
struct Shape {
    /// Whether one name does not do for all sinks.
    several_sinks: bool,
    /// Whether the claims' variants assert different guarantees.
    several_asserted: bool,
    /// Which of [`COUNTERS`] have something to say.
    counters: Vec<&'static Counter>,
    /// Whether some sink measured what the catalogue did not predict.
    surprise: bool,
}

impl Shape {
    fn of(report: &Report) -> Self {
        let sinks: Vec<&SinkResult> = report
            .variants()
            .flat_map(|(_, v)| measured_at(v))
            .collect();
        let name = sinks.first().map(|sink| &sink.id);
        let asserted = |claim: &ClaimReport| {
            let first = claim.variants.first().map(|v| v.asserted);
            claim.variants.iter().any(|v| Some(v.asserted) != first)
        };
        Self {
            several_sinks: sinks.iter().any(|sink| Some(&sink.id) != name)
                || report.variants().any(|(_, v)| measured_at(v).len() > 1),
            several_asserted: report.claims.iter().any(asserted),
            counters: COUNTERS
                .iter()
                .filter(|c| c.always || sinks.iter().any(|sink| (c.of)(&sink.tally) > 0))
                .collect(),
            surprise: report.variants().any(|(_, v)| {
                measured_at(v)
                    .iter()
                    .any(|s| guarantee_mark(v, s).is_some())
            }),
        }
    }

    fn has_legal(&self) -> bool {
        self.counters.iter().any(|c| c.legal)
    }

    fn columns(&self, fit: Fit) -> impl Iterator<Item = &'static Counter> + '_ {
        let counters = self.counters.iter().copied();
        counters.filter(move |counter| counter.has_column(fit))
    }
}

fn table(report: &Report, shape: &Shape, fit: Fit) -> Table {
    let fixed = |header, right| Column {
        header,
        right,
        narrowest: None,
    };
    let undecided = report
        .variants()
        .any(|(_, v)| v.verdict == Verdict::Inconclusive);
    let mut columns = vec![Column {
        header: &["variant"],
        right: false,
        // Legal counters are not worth a broken name.
        narrowest: if fit == Fit::Whole { None } else { Some(16) },
    }];
    if shape.several_sinks {
        columns.push(fixed(&["sink"], false));
    }
    if shape.several_asserted {
        columns.push(fixed(&["asserted"], false));
    }
    columns.push(fixed(&["measured"], false));
    columns.extend(shape.columns(fit).map(|c| fixed(c.header, true)));
    columns.push(fixed(&["classes", "fired"], true));
    columns.push(fixed(&["points", "fired"], true));
    columns.push(fixed(&["witness", "fired"], true));
    columns.push(fixed(&["trials", "violated"], true));
    columns.push(Column {
        header: &["verdict"],
        right: false,
        // `inconclusive` over `not-exercised`, or `refuted D3`.
        narrowest: Some(if undecided { 13 } else { 12 }),
    });
    let mut rows = Vec::new();
    for (number, claim) in report.claims.iter().enumerate() {
        if number > 0 {
            rows.push(Row::Span(vec![(Tone::Plain, String::new())]));
        }
        rows.push(Row::Span(heading(claim, shape)));
        for variant in &claim.variants {
            push_rows(&mut rows, variant, shape, fit);
        }
    }
    Table { columns, rows }
}

fn heading(claim: &ClaimReport, shape: &Shape) -> Vec<(Tone, String)> {
    let mut lines = vec![(
        Tone::Strong,
        format!("{}: “{}”", clean(&claim.id), clean(&claim.sentence)),
    )];
    if let Some(variant) = claim.variants.first().filter(|_| !shape.several_asserted) {
        lines.push((Tone::Faint, format!("asserts {}", variant.asserted)));
    }
    lines
}

fn push_rows(rows: &mut Vec<Row>, variant: &VariantReport, shape: &Shape, fit: Fit) {
    let none = [None];
    let sinks: Vec<Option<&SinkResult>> = match measured_at(variant) {
        [] => none.to_vec(),
        sinks => sinks.iter().map(Some).collect(),
    };
    let hosted = variant.verdict != Verdict::NotHosted;
    for (number, sink) in sinks.into_iter().enumerate() {
        let first = number == 0;
        let once = |cell: Cell| if first { cell } else { Cell::default() };
        let mut cells = vec![once(Cell::new(Tone::Plain, clean(&variant.id)))];
        if shape.several_sinks {
            let name = sink.map_or_else(String::new, |sink| clean(&sink.id));
            cells.push(Cell::new(Tone::Plain, name));
        }
        if shape.several_asserted {
            cells.push(once(Cell::new(Tone::Plain, variant.asserted.name())));
        }
        cells.push(folded(measured(variant, sink), sink, fit));
        cells.extend(shape.columns(fit).map(|counter| count(counter, sink)));
        match hosted {
            true => cells.extend(coverage(variant).into_iter().map(once)),
            false => cells.extend(std::iter::repeat_n(nothing(), COVERAGE)),
        }
        cells.push(once(verdict(variant)));
        rows.push(Row::Cells(cells));
    }
    if !hosted {
        let why = format!("  {}", clean(&variant.bounds));
        rows.push(Row::Span(vec![(Tone::Faint, why)]));
    }
}

/// The sinks at which something was measured: none where nothing ran.
fn measured_at(variant: &VariantReport) -> &[SinkResult] {
    match variant.verdict {
        Verdict::NotHosted => &[],
        _ => &variant.sinks,
    }
}

fn nothing() -> Cell {
    Cell::new(Tone::Faint, "–")
}

fn measured(variant: &VariantReport, sink: Option<&SinkResult>) -> Cell {
    if variant.verdict == Verdict::NotHosted {
        return nothing();
    }
    let Some(sink) = sink.filter(|sink| sink.tally.attempted > 0) else {
        return Cell::new(Tone::Attention, "nothing");
    };
    let cell = Cell::new(Tone::Plain, sink.guarantee.name());
    match guarantee_mark(variant, sink) {
        Some(expected) => cell.and(Tone::Attention, format!("≠ {expected}")),
        None => cell,
    }
}

/// What was measured, with the counters that have no column below it.
fn folded(measured: Cell, sink: Option<&SinkResult>, fit: Fit) -> Cell {
    let below = COUNTERS.iter().filter(|counter| counter.is_folded(fit));
    below.fold(measured, |cell, counter| {
        match sink.map_or(0, |sink| (counter.of)(&sink.tally)) {
            0 => cell,
            count => cell.and(Tone::Bad, format!("{count} {}", counter.name)),
        }
    })
}

fn count(counter: &Counter, sink: Option<&SinkResult>) -> Cell {
    let Some(sink) = sink else {
        return nothing();
    };
    let count = (counter.of)(&sink.tally);
    let tone = match (count, counter.legal) {
        (0, _) => Tone::Faint,
        (_, true) => Tone::Plain,
        (_, false) => Tone::Bad,
    };
    Cell::new(tone, count.to_string())
}

/// Columns that [`coverage`] fills.
const COVERAGE: usize = 4;

/// Classes, points, witnesses, trials.
fn coverage(variant: &VariantReport) -> [Cell; COVERAGE] {
    let points = &variant.points;
    // Points are gone through by representatives, so that only a class without
    // any fault and a silent witness are worth a colour.
    let of = |fired: u32, all: u32, whole: bool| {
        let tone = if whole && fired < all {
            Tone::Attention
        } else {
            Tone::Plain
        };
        Cell::new(tone, format!("{fired}/{all}"))
    };
    let (declared, fired) = points.witnesses;
    let (judged, violated) = variant.trials;
    [
        of(points.classes_fired, points.classes, true),
        of(points.fired, points.found, false),
        match declared {
            0 => nothing(),
            _ => of(fired, declared, true),
        },
        Cell::new(Tone::Plain, format!("{violated} of {judged}")),
    ]
}

fn verdict(variant: &VariantReport) -> Cell {
    let tone = verdict_tone(variant.verdict);
    let verdict = variant.verdict.to_string();
    match (variant.verdict, variant.reason) {
        (Verdict::Refuted, _) => {
            Cell::new(tone, format!("{verdict} {}", codes(variant)).trim_end())
        }
        (_, Some(reason)) => Cell::new(tone, verdict).and(tone, reason.to_string()),
        (_, None) => Cell::new(tone, verdict),
    }
}

/// The same facts where no table fits.
fn list(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for (number, claim) in report.claims.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let title = format!("{}: “{}”", clean(&claim.id), clean(&claim.sentence));
        out.push_str(&paragraph(style, Tone::Strong, 0, &title));
        for variant in &claim.variants {
            let line = |tone, text: &str| hanging(style, tone, 4, 2, text);
            out.push('\n');
            out.push_str(&hanging(style, Tone::Strong, 2, 2, &clean(&variant.id)));
            let verdict = verdict(variant).0;
            let words: Vec<&str> = verdict.iter().map(|(_, text)| text.as_str()).collect();
            out.push_str(&line(verdict_tone(variant.verdict), &words.join(": ")));
            if variant.verdict == Verdict::NotHosted {
                out.push_str(&line(Tone::Faint, &clean(&variant.bounds)));
                continue;
            }
            if variant.sinks.is_empty() {
                out.push_str(&line(Tone::Attention, "nothing measured"));
            }
            for sink in &variant.sinks {
                out.push_str(&line(Tone::Plain, &sink_line(variant, sink)));
            }
            out.push_str(&line(Tone::Plain, &coverage_line(variant)));
        }
    }
    out
}

pub(crate) fn sink_line(variant: &VariantReport, sink: &SinkResult) -> String {
    let measured: Vec<String> = measured(variant, Some(sink))
        .0
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let counts: Vec<String> = COUNTERS
        .iter()
        .map(|c| (c, (c.of)(&sink.tally)))
        .filter(|(c, count)| c.always || *count > 0)
        .map(|(c, count)| format!("{count} {}", c.name))
        .collect();
    format!(
        "measured at {}: {}; asserted {}; {}",
        clean(&sink.id),
        measured.join(" "),
        asserted_at(variant, &sink.id),
        counts.join(", ")
    )
}

fn coverage_line(variant: &VariantReport) -> String {
    let points = &variant.points;
    let (declared, fired) = points.witnesses;
    let witness = match declared {
        0 => String::new(),
        _ => format!(", witnesses {fired}/{declared}"),
    };
    let (judged, violated) = variant.trials;
    format!(
        "classes fired {}/{}, points {}/{}{witness}; {violated} of {judged} trials violated",
        points.classes_fired, points.classes, points.fired, points.found
    )
}

fn legend(report: &Report, shape: &Shape, hidden: bool, style: Style) -> String {
    let mut lines = Vec::new();
    if !shape.several_sinks
        && let Some(sink) = report.variants().find_map(|(_, v)| measured_at(v).first())
    {
        lines.push(format!(
            "Counted at sink {} ({}), over all trials of a variant.",
            clean(&sink.id),
            sink_kind(sink.kind)
        ));
    }
    let zero: Vec<&str> = COUNTERS
        .iter()
        .filter(|c| !c.always && !c.legal && !shape.counters.iter().any(|s| s.name == c.name))
        .map(|c| c.name)
        .collect();
    if !zero.is_empty() {
        lines.push(format!("Zero everywhere: {}.", zero.join(", ")));
    }
    if hidden {
        lines.push("Left out at this width: redelivered, recovered (legal; in the JSON).".into());
    }
    if shape.surprise {
        lines.push("≠: the catalogue predicts this instead of what was measured.".into());
    }
    let text: String = lines
        .iter()
        .map(|line| paragraph(style, Tone::Faint, 0, line))
        .collect();
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}
