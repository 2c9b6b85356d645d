//! `exactly list`.

use crate::args::{Format, ListArgs};
use crate::failure::Failure;
use exactly_claims::Claim;
use exactly_model::{Cell, Need, Observer, exit};
use serde_json::json;
use std::fmt::Write as _;

pub(super) fn run(claims: &[Claim], args: &ListArgs) -> Result<u8, Failure> {
    super::print(&match args.format {
        Format::Human => human(claims),
        Format::Json => json(claims),
    })?;
    Ok(exit::DONE)
}

fn human(claims: &[Claim]) -> String {
    let variants = claims.iter().flat_map(|claim| &claim.variants);
    let longest = variants.map(|v| v.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for claim in claims {
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{separator}{}: “{}”", claim.id, claim.sentence);
        let _ = writeln!(text, "asserts {}\n", claim.asserted);
        for variant in &claim.variants {
            let _ = writeln!(
                text,
                "  {:<longest$}  {:<13}  {}",
                variant.id, variant.expected, variant.summary
            );
            for line in details(&variant.cell(claim)) {
                let _ = writeln!(text, "  {:<longest$}  {line}", "");
            }
        }
    }
    text.push_str(
        "\nThe second column is the guarantee that the catalogue predicts; `exactly evaluate`\n\
         finds out what is true. Run one with `exactly evaluate CLAIM/VARIANT`. A place that\n\
         lacks what a variant needs does not host it.\n",
    );
    text
}

/// What one column does not say: predictions that differ between sinks, needs.
fn details(cell: &Cell) -> Vec<String> {
    let mut lines = Vec::new();
    if !cell.expected_at.is_empty() {
        let at = |observer: &Observer| {
            let name = &observer.name;
            format!("{name} {}", cell.expected_at(name))
        };
        let sinks: Vec<String> = cell.observers.iter().map(at).collect();
        lines.push(format!("at {}", sinks.join(", ")));
    }
    if !cell.needs.is_empty() {
        let needs: Vec<String> = cell.needs.iter().map(Need::to_string).collect();
        lines.push(format!("needs {}", needs.join(", ")));
    }
    lines
}

fn json(claims: &[Claim]) -> String {
    let claims: Vec<_> = claims
        .iter()
        .map(|claim| {
            let variants: Vec<_> = claim
                .variants
                .iter()
                .map(|v| {
                    let cell = v.cell(claim);
                    json!({
                        "id": v.id,
                        "summary": v.summary,
                        "expected": v.expected,
                        "expected_at": cell.expected_at,
                        "predicted": v.predicted,
                        "needs": cell.needs,
                    })
                })
                .collect();
            json!({
                "id": claim.id,
                "sentence": claim.sentence,
                "asserted": claim.asserted,
                "forbidden": claim.forbidden,
                "variants": variants,
            })
        })
        .collect();
    let list = json!({ "schema": "exactly.list/1", "claims": claims });
    format!("{list:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_claims::catalogue;

    #[test]
    fn every_variant_is_listed_in_both_formats() {
        let claims = catalogue();
        let (text, value) = (human(&claims), json(&claims));
        let value: serde_json::Value = serde_json::from_str(&value).unwrap();
        for (i, claim) in claims.iter().enumerate() {
            assert!(text.contains(claim.sentence));
            assert_eq!(value["claims"][i]["id"], claim.id);
            for (j, variant) in claim.variants.iter().enumerate() {
                let line = text
                    .lines()
                    .find(|l| l.trim_start().starts_with(variant.id));
                let line = line.expect("each variant has a line");
                assert!(line.contains(variant.summary) && line.contains(variant.expected.name()));
                let listed = &value["claims"][i]["variants"][j];
                assert_eq!(listed["expected"], variant.expected.name());
                let cell = variant.cell(claim);
                assert_eq!(
                    listed["needs"].as_array().map(Vec::len),
                    Some(cell.needs.len())
                );
                for need in &cell.needs {
                    assert!(text.contains(&need.to_string()), "{need}");
                }
                for (sink, expected) in &cell.expected_at {
                    assert_eq!(listed["expected_at"][sink], expected.name());
                    assert!(text.contains(&format!("{sink} {expected}")), "{sink}");
                }
            }
        }
    }
}
