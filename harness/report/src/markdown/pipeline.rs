//! A check of somebody's own pipelines.

use super::blocks::Block;
use super::escape::plain;
use super::{counterexamples, coverage, list, remarks, table};
use crate::plain::{LEGEND, allowance, asserted_at, counts, firsts, next_step, sentence};
use exactly_model::{Report, SinkResult, VariantReport};

/// The verdict on each pipeline, then each in turn: what the sinks got, how
/// that came about, what was struck, what was allowed, the bounds.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let verdicts: Vec<String> = report.variants().map(|(_, v)| verdict(v)).collect();
    let head = match verdicts.is_empty() {
        true => "## No pipeline was checked\n".into(),
        false => verdicts.join("\n"),
    };
    let mut blocks = vec![Block::new("the verdicts", head)];
    let several = verdicts.len() > 1;
    for (_, variant) in report.variants() {
        let id = plain(&variant.id);
        let of = |what: &str| format!("{what} of {id}");
        let title = |text: &str| match several {
            true => format!("### {id}: {text}\n\n"),
            false => format!("### {text}\n\n"),
        };
        if !variant.sinks.is_empty() {
            let text = title("What the sinks got") + &sinks(variant);
            blocks.push(Block::new(of("the sinks"), text));
        }
        for (number, told) in counterexamples(&variant.id, variant)
            .into_iter()
            .enumerate()
        {
            let text = match number {
                0 => title("How that came about") + &told + "\n" + &plain(LEGEND) + "\n",
                _ => told,
            };
            blocks.push(Block::new(of("a counterexample"), text));
        }
        if let Some(text) = coverage(variant) {
            let text = title("What was struck") + &text;
            blocks.push(Block::new(of("coverage by class"), text));
        }
        let allowed = variant.allowed.iter().map(|a| plain(&allowance(a)));
        if let Some(text) = list(title("What is allowed, and why").trim_end(), allowed) {
            blocks.push(Block::new(of("what is allowed"), text));
        }
        if let Some(text) = remarks(variant) {
            let text = title("Bounds and remarks") + &text;
            blocks.push(Block::new(of("bounds and remarks"), text));
        }
    }
    blocks
}

fn verdict(variant: &VariantReport) -> String {
    let mut text = format!("## {}\n", plain(&sentence(variant)));
    if let Some(next) = next_step(variant) {
        text.push_str(&format!("\n{}\n", plain(next)));
    }
    text
}

fn sinks(variant: &VariantReport) -> String {
    let row = |sink: &SinkResult| {
        let measured = match sink.tally.attempted {
            0 => "nothing".into(),
            _ => sink.guarantee.to_string(),
        };
        let firsts: Vec<String> = firsts(variant, &sink.id).iter().map(|f| plain(f)).collect();
        vec![
            plain(&sink.id),
            asserted_at(variant, &sink.id).to_string(),
            measured,
            counts(sink),
            firsts.join("<br>"),
        ]
    };
    let rows: Vec<Vec<String>> = variant.sinks.iter().map(row).collect();
    let header = [
        "sink",
        "promised",
        "measured",
        "counted",
        "first messages (trial-message)",
    ];
    table(&header, &rows)
}
