//! Markdown for a step summary.

use crate::support::{
    check, claim, empty, golden, hostile, inconclusive, not_hosted, refuted, upheld,
};
use exactly_model::{CHECK_CLAIM, Code, Inconclusive, Report};
use exactly_report::{Outcome, Remark, STEP_SUMMARY_MAX, markdown};

fn measured() -> Report {
    Report {
        claims: vec![claim(
            "ack",
            "We ack after processing, so nothing is lost or doubled.",
            vec![
                refuted("foil", &[Code::L1, Code::D3]),
                upheld("cure"),
                inconclusive(Inconclusive::NotExercised),
                not_hosted("elsewhere", "no timeouts here"),
            ],
        )],
        ..empty()
    }
}

fn of_check(report: &Report, max: usize) -> String {
    markdown(report, &Outcome::of_check(report), max)
}

#[test]
fn as_files() {
    golden("check.md", &of_check(&check(), STEP_SUMMARY_MAX));
    let outcome = Outcome {
        broken: vec![Remark::on(
            "ack/foil",
            "ack/foil: expected upheld, found refuted",
        )],
        undecided: vec![Remark::on(
            "ack/silent-witness",
            "ack/silent-witness is inconclusive: not-exercised",
        )],
    };
    golden(
        "measured.md",
        &markdown(&measured(), &outcome, STEP_SUMMARY_MAX),
    );
    golden(
        "empty.md",
        &markdown(&empty(), &Outcome::default(), STEP_SUMMARY_MAX),
    );
}

#[test]
fn a_check_begins_with_its_verdict_and_holds_what_a_reader_needs() {
    let text = of_check(&check(), STEP_SUMMARY_MAX);
    assert!(text.starts_with("## orders does not hold: "), "{text}");
    for part in [
        "exactly replay orders-D3-",
        "worker#2 starts",
        "| worker | `postgres COMMIT` | 7 | 3 of 20 | **3** (D3 duplicate-effect) |",
        "9-3, 10-3, 11-0, 15-2, 16-2 and 4 more",
        "audit could not be decided (not-exercised): the pipeline did nothing",
        "`exactly judge r4821`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Left out"), "{text}");
}

#[test]
fn what_is_too_long_ends_with_what_is_missing_and_where_it_is() {
    for report in [check(), measured()] {
        let whole = of_check(&report, STEP_SUMMARY_MAX);
        for max in (1200..whole.len()).step_by(7) {
            let text = of_check(&report, max);
            assert!(text.len() <= max, "{max}: {}", text.len());
            let (shown, left_out) = text.split_once("\n> **Left out").unwrap();
            assert!(whole.starts_with(shown.trim_end_matches('\n')), "{max}");
            assert!(left_out.contains("what ran"), "{left_out}");
            assert!(
                left_out.ends_with("`exactly judge r4821` prints it again.\n"),
                "{left_out}"
            );
            // Nothing is cut in two: blocks of code that begin also end.
            assert_eq!(
                shown.lines().filter(|l| l.starts_with("```")).count() % 2,
                0,
                "{max}"
            );
            let opened = shown.matches("<details>").count();
            assert_eq!(opened, shown.matches("</details>").count(), "{max}");
        }
        assert_eq!(of_check(&report, whole.len()), whole);
    }
}

#[test]
fn a_large_report_stays_within_what_github_takes() {
    let mut report = measured();
    let variant = report.claims[0].variants[0].clone();
    report.claims[0].variants = vec![variant; 2000];
    let text = markdown(&report, &Outcome::default(), STEP_SUMMARY_MAX);
    assert!(text.len() <= STEP_SUMMARY_MAX && text.len() > STEP_SUMMARY_MAX / 2);
    assert!(text.contains("Left out"));
}

#[test]
fn hostile_text_is_no_markup() {
    for id in [CHECK_CLAIM, "ack"] {
        let report = hostile(id);
        let outcome = Outcome {
            broken: vec![Remark::on("x", report.run.clone())],
            ..Outcome::of_check(&report)
        };
        let text = markdown(&report, &outcome, STEP_SUMMARY_MAX);
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
        let mut fence = None;
        for line in text.lines() {
            let marks = line.len() - line.trim_start_matches('`').len();
            match fence {
                // Inside, only the fence itself ends the block.
                Some(open) if line == "`".repeat(open) => fence = None,
                Some(_) => {}
                None if marks >= 3 && line.ends_with("`text") => fence = Some(marks),
                None => outside(line),
            }
        }
        assert_eq!(fence, None, "{text}");
    }
}

/// A line outside blocks of code holds no markup that is not ours.
fn outside(line: &str) {
    // Within HTML Markdown's marks mean nothing.
    if line.starts_with("<details><summary>") {
        return assert_eq!(line.matches('<').count(), 3, "{line}");
    }
    let line = without_code(line);
    assert!(!line.contains("<x>") && !line.contains("[b](c)"), "{line}");
    assert!(!line.starts_with("# e"), "{line}");
    assert!(!line.contains("**a**"), "{line}");
    // A row of a table has as many cells as it has bars that are not escaped.
    if line.starts_with("| ") {
        let bars = line.replace("\\|", "").matches('|').count();
        assert!((5..=8).contains(&bars), "{bars}: {line}");
    }
}

/// Without what stands in code spans, as GFM finds them.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let marks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let escaped = rest[..at].ends_with('\\');
        let inside = &rest[at + marks..];
        let fence = "`".repeat(marks);
        let end = inside.match_indices(&fence).find(|(end, _)| {
            let after = inside[end + marks..].starts_with('`');
            !after && !inside[..*end].ends_with('`')
        });
        match end {
            Some((end, _)) if !escaped => {
                out.push_str(&rest[..at]);
                // Bars that are not escaped end a cell even there.
                let bars = inside[..end].replace("\\|", "").matches('|').count();
                out.push_str(&"|".repeat(bars));
                rest = &inside[end + marks..];
            }
            _ => {
                out.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}
