//! What was run, what the words mean, and what limits the verdicts.

use crate::layout::{hanging, paragraph};
use crate::style::{Style, Tone};
use crate::text::{clean, plural};
use crate::words::{codes, guarantee_mark, verdict_tone};
use exactly_model::{CHECK_CLAIM, PointsReport, Report, SystemInfo, VariantReport, Verdict};

/// Entries of a list that are shown before "and n more".
const LISTED_MAX: usize = 6;

/// What the run was, each variant's verdict as a sentence with its bounds, the
/// remarks that limit it, and the count of verdicts as the last line.
pub fn summary(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let verdicts = verdicts(report, style);
    if !verdicts.is_empty() {
        out.push_str(&paragraph(
            style,
            Tone::Strong,
            0,
            "Verdicts and their bounds",
        ));
        out.push_str(&verdicts);
        out.push('\n');
    }
    out.push_str(&paragraph(style, Tone::Strong, 0, "The run"));
    for line in run_lines(report) {
        out.push_str(&hanging(style, Tone::Plain, 2, 2, &line));
    }
    out.push('\n');
    for line in MEANINGS {
        out.push_str(&hanging(style, Tone::Faint, 0, 2, line));
    }
    if count(report, Verdict::NotHosted) > 0 {
        out.push_str(&hanging(style, Tone::Faint, 0, 2, NOT_HOSTED));
    }
    out.push('\n');
    out.push_str(&totals(report, style));
    out
}

const MEANINGS: [&str; 3] = [
    "upheld: no forbidden anomaly within the bounds stated, which is no proof beyond them.",
    "refuted: at least one recorded violation of the asserted sentence, with complete evidence.",
    "inconclusive: neither; the reason stands beside it.",
];

const NOT_HOSTED: &str =
    "not-hosted: this place cannot hold the cell, so that nothing was run; `--on` names others.";

/// One line on a finished variant, for progress output.
pub fn verdict_line(claim: &str, variant: &VariantReport, style: Style) -> String {
    let verdict = style.paint(verdict_tone(variant.verdict), &variant.verdict.to_string());
    if variant.verdict == Verdict::NotHosted {
        let why = clean(&variant.bounds);
        return format!("{}/{}: {verdict}, {why}", clean(claim), clean(&variant.id));
    }
    let detail = match (variant.verdict, variant.reason) {
        (Verdict::Refuted, _) => format!(" ({})", codes(variant)),
        (_, Some(reason)) => format!(" ({reason})"),
        (_, None) => String::new(),
    };
    let measured: Vec<String> = variant
        .sinks
        .iter()
        .filter(|sink| sink.tally.attempted > 0)
        .map(|sink| format!("at {}: {}", clean(&sink.id), sink.guarantee))
        .collect();
    let measured = match measured.as_slice() {
        [] => "nothing measured".into(),
        all => format!("measured {}", all.join(", ")),
    };
    let promise = match claim {
        CHECK_CLAIM => "the config promises",
        _ => "the catalogue predicts",
    };
    let surprise = style.paint(Tone::Attention, &surprise(variant, promise));
    let points = &variant.points;
    format!(
        "{}/{}: {verdict}{detail}, {measured}; classes {}/{}, {}{surprise}",
        clean(claim),
        clean(&variant.id),
        points.classes_fired,
        points.classes,
        plural(variant.trials.0, "trial"),
    )
}

/// What was promised or predicted, where that is something else.
fn surprise(variant: &VariantReport, promise: &str) -> String {
    if variant.matches || variant.trials.0 == 0 {
        return String::new();
    }
    let predicted: Vec<String> = variant
        .sinks
        .iter()
        .filter_map(|sink| Some((sink, guarantee_mark(variant, sink)?)))
        .map(|(sink, expected)| match variant.sinks.len() {
            1 => expected.to_string(),
            _ => format!("{expected} at {}", clean(&sink.id)),
        })
        .collect();
    match predicted.as_slice() {
        [] => format!("; {promise} {}", variant.expected),
        all => format!("; {promise} {}", all.join(", ")),
    }
}

fn verdicts(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for (claim, variant) in report.variants() {
        let title = format!("{}/{}", clean(&claim.id), clean(&variant.id));
        out.push_str(&hanging(style, verdict_tone(variant.verdict), 2, 2, &title));
        for line in variant_lines(variant) {
            out.push_str(&hanging(style, Tone::Plain, 4, 2, &line));
        }
        for note in &variant.notes {
            let note = format!("note: {}", clean(note));
            out.push_str(&hanging(style, Tone::Attention, 4, 2, &note));
        }
    }
    out
}

pub(crate) fn variant_lines(variant: &VariantReport) -> Vec<String> {
    let mut lines = vec![clean(&variant.bounds)];
    let anomalies: Vec<String> = variant
        .anomalies
        .iter()
        .map(|a| {
            let at = match a.sink.as_str() {
                "" => String::new(),
                sink => format!(" at {}", clean(sink)),
            };
            let allowed = if a.forbidden { "" } else { " (not forbidden)" };
            format!(
                "{} {}{at}: {} in {}{allowed}",
                a.code,
                a.code.name(),
                a.count,
                plural(a.trials, "trial")
            )
        })
        .collect();
    if !anomalies.is_empty() {
        lines.push(format!("seen: {}", anomalies.join("; ")));
    }
    let undecidable: Vec<String> = variant
        .undecidable
        .iter()
        .map(|u| format!("{} (missing: {})", u.code, clean(&u.missing)))
        .collect();
    push_list(&mut lines, "undecidable", &undecidable);
    push_coverage(&mut lines, &variant.points);
    push_list(&mut lines, "assisted", &variant.assists);
    lines
}

fn push_coverage(lines: &mut Vec<String>, points: &PointsReport) {
    let (planned, fired) = points.faults;
    if fired < planned {
        lines.push(format!(
            "{} of {} fired",
            fired,
            plural(u64::from(planned), "planned fault")
        ));
    }
    push_list(lines, "did not fire", &points.missed);
    push_list(lines, "not applicable", &points.not_applicable);
    push_list(lines, "comes and goes", &points.unstable);
    if points.max_in_flight > 1 {
        let (exist, tested) = points.cuts;
        lines.push(format!(
            "up to {} exchanges in flight: cuts {tested}/{exist}",
            points.max_in_flight
        ));
    }
    let (exist, fired) = points.pairs;
    if exist > 0 {
        lines.push(format!(
            "a second fault during recovery: pairs {fired}/{exist}"
        ));
    }
}

fn push_list(lines: &mut Vec<String>, name: &str, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    let shown: Vec<String> = entries.iter().take(LISTED_MAX).map(|e| clean(e)).collect();
    let more = match entries.len().saturating_sub(LISTED_MAX) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    lines.push(format!("{name}: {}{more}", shown.join("; ")));
}

pub(crate) fn run_lines(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "{}, run {}, plan {}, seed {}",
        clean(&report.tool),
        clean(&report.run),
        clean(&report.plan),
        report.seed
    )];
    lines.extend(report.systems.iter().map(system_line));
    lines
}

fn system_line(system: &SystemInfo) -> String {
    let emulator = if system.emulated {
        "; an emulator, so that a verdict on it is a verdict on the emulator"
    } else {
        ""
    };
    format!(
        "{}: {} {}, {}{emulator}",
        clean(&system.name),
        clean(&system.kind),
        clean(&system.version),
        clean(&system.place)
    )
}

fn count(report: &Report, verdict: Verdict) -> u64 {
    let of = report.variants().filter(|(_, v)| v.verdict == verdict);
    of.count() as u64
}

fn totals(report: &Report, style: Style) -> String {
    let count = |verdict| count(report, verdict);
    let tone = match (count(Verdict::Inconclusive), report.variants().count()) {
        (0, 1..) => Tone::Strong,
        _ => Tone::Attention,
    };
    paragraph(style, tone, 0, &totals_text(report))
}

/// How many verdicts there are of each kind.
pub(crate) fn totals_text(report: &Report) -> String {
    let count = |verdict| count(report, verdict);
    let surprises = report
        .variants()
        .filter(|(_, v)| !v.matches && v.trials.0 > 0)
        .count() as u64;
    let predicted = match surprises {
        0 => String::new(),
        n => format!("; {n} not as the catalogue predicts"),
    };
    let not_hosted = match count(Verdict::NotHosted) {
        0 => String::new(),
        n => format!(", {n} not hosted here"),
    };
    format!(
        "{}: {} refuted, {} upheld, {} inconclusive{not_hosted}{predicted}",
        plural(report.variants().count() as u64, "variant"),
        count(Verdict::Refuted),
        count(Verdict::Upheld),
        count(Verdict::Inconclusive),
    )
}
