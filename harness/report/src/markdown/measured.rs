//! Claims that were measured.

use super::blocks::Block;
use super::escape::{html, plain};
use super::{counterexamples, coverage, list, remarks, table};
use crate::outcome::{Outcome, Remark, cell};
use crate::plain::counts;
use crate::words::{codes, guarantee_mark};
use exactly_model::{ClaimReport, Report, SinkResult, VariantReport, Verdict};

/// Verdicts first, then how they came about, then how far they reach.
pub(super) fn blocks(report: &Report, outcome: &Outcome) -> Vec<Block> {
    let mut blocks = vec![Block::new("the verdicts", head(report, outcome))];
    for claim in &report.claims {
        let what = format!("the table of {}", plain(&claim.id));
        blocks.push(Block::new(what, matrix(claim)));
    }
    let cells = || report.variants().map(|(claim, v)| (cell(&claim.id, v), v));
    for (id, variant) in cells() {
        for (number, told) in counterexamples(&id, variant).into_iter().enumerate() {
            let title = match number {
                0 => format!("### How {} was refuted\n\n", plain(&id)),
                _ => String::new(),
            };
            let what = format!("a counterexample of {}", plain(&id));
            blocks.push(Block::new(what, title + &told));
        }
    }
    for (id, variant) in cells() {
        let parts = [coverage(variant), remarks(variant)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let text = format!(
            "<details><summary>Coverage and bounds of {}</summary>\n\n{}\n</details>\n",
            html(&id),
            parts.join("\n")
        );
        blocks.push(Block::new(
            format!("coverage and bounds of {}", plain(&id)),
            text,
        ));
    }
    blocks
}

fn head(report: &Report, outcome: &Outcome) -> String {
    let said = |remarks: &[Remark]| -> Vec<String> {
        remarks.iter().map(|remark| plain(&remark.text)).collect()
    };
    let parts = [
        Some(format!(
            "## Exactly: {}\n",
            plain(&crate::summary::totals_text(report))
        )),
        list("**Does not hold:**", said(&outcome.broken)),
        list("**Not decided:**", said(&outcome.undecided)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn matrix(claim: &ClaimReport) -> String {
    let header = [
        "variant",
        "sink",
        "measured",
        "counted",
        "classes",
        "trials that violated",
        "verdict",
    ];
    let rows: Vec<Vec<String>> = claim.variants.iter().flat_map(rows).collect();
    format!(
        "### {}: “{}”\n\n{}",
        plain(&claim.id),
        plain(&claim.sentence),
        table(&header, &rows)
    )
}

fn rows(variant: &VariantReport) -> Vec<Vec<String>> {
    let hosted = variant.verdict != Verdict::NotHosted;
    let sinks: Vec<Option<&SinkResult>> = match variant.sinks.as_slice() {
        sinks if hosted && !sinks.is_empty() => sinks.iter().map(Some).collect(),
        _ => vec![None],
    };
    let points = &variant.points;
    let row = |(number, sink): (usize, Option<&SinkResult>)| {
        let once = |text: String| if number == 0 { text } else { String::new() };
        let (judged, violated) = variant.trials;
        vec![
            once(plain(&variant.id)),
            sink.map_or("–".into(), |sink| plain(&sink.id)),
            sink.map_or("–".into(), |sink| measured(variant, sink)),
            sink.map_or("–".into(), counts),
            once(match hosted {
                true => format!("{}/{}", points.classes_fired, points.classes),
                false => "–".into(),
            }),
            once(match hosted {
                true => format!("{violated} of {judged}"),
                false => "–".into(),
            }),
            once(verdict(variant)),
        ]
    };
    sinks.into_iter().enumerate().map(row).collect()
}

fn measured(variant: &VariantReport, sink: &SinkResult) -> String {
    match guarantee_mark(variant, sink) {
        _ if sink.tally.attempted == 0 => "nothing".into(),
        Some(expected) => format!("{} (the catalogue predicts {expected})", sink.guarantee),
        None => sink.guarantee.to_string(),
    }
}

fn verdict(variant: &VariantReport) -> String {
    match (variant.verdict, variant.reason) {
        (Verdict::Refuted, _) => format!("**refuted** {}", codes(variant)),
        (Verdict::NotHosted, _) => format!("not-hosted: {}", plain(&variant.bounds)),
        (verdict, Some(reason)) => format!("**{verdict}**: {reason}"),
        (verdict, None) => verdict.to_string(),
    }
}
